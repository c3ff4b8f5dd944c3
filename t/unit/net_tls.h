/*
 * TLS clients for the house around a worker (net_house.h): a certificate of
 * our own, and OpenSSL's other end turned by hand.
 */
#ifndef T_UNIT_NET_TLS_H
#define T_UNIT_NET_TLS_H

#include <sys/mman.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "t/unit/net_house.h"
#include "worker/net/tls.h"

static char cert_pem[4096], key_pem[4096];
static EVP_PKEY *the_key;
static X509 *the_cert;

struct speaker { /* a TLS client */
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

static MAYBE void
pem_of(BIO *bio, char *out, size_t size)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	assert_true(n > 0 && (size_t)n < size);
	memcpy(out, p, (size_t)n);
	out[n] = '\0';
	BIO_free(bio);
}

/* A self-signed certificate of our own, made once. */
static MAYBE int
make_cert(void **state)
{
	X509_NAME *name;
	BIO *bio;

	(void)state;
	the_key = EVP_EC_gen("P-256");
	the_cert = X509_new();
	assert_non_null(the_key);
	name = X509_get_subject_name(the_cert);
	(void)X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)"anna", -1, -1, 0);
	(void)X509_NAME_add_entry_by_txt(name, "emailAddress", MBSTRING_ASC,
	    (const unsigned char *)"anna@example.org", -1, -1, 0);
	(void)X509_set_version(the_cert, 2);
	(void)X509_set_issuer_name(the_cert, name);
	(void)X509_gmtime_adj(X509_getm_notBefore(the_cert), -60);
	(void)X509_gmtime_adj(X509_getm_notAfter(the_cert), 3600);
	(void)X509_set_pubkey(the_cert, the_key);
	assert_true(X509_sign(the_cert, the_key, EVP_sha256()) > 0);
	bio = BIO_new(BIO_s_mem());
	(void)PEM_write_bio_X509(bio, the_cert);
	pem_of(bio, cert_pem, sizeof(cert_pem));
	bio = BIO_new(BIO_s_mem());
	(void)PEM_write_bio_PrivateKey(bio, the_key, NULL, NULL, 0, NULL, NULL);
	pem_of(bio, key_pem, sizeof(key_pem));
	return 0;
}

static MAYBE int
drop_cert(void **state)
{
	(void)state;
	EVP_PKEY_free(the_key);
	X509_free(the_cert);
	return 0;
}

static MAYBE void
entry(int fd, const char *name, const char *pem)
{
	uint32_t n = (uint32_t)strlen(name);

	assert_int_equal(write(fd, &n, 4), 4);
	assert_int_equal(write(fd, name, n), n);
	n = (uint32_t)strlen(pem);
	assert_int_equal(write(fd, &n, 4), 4);
	assert_int_equal(write(fd, pem, n), n);
}

/* Sends CERTS; whether the worker took it, and why not. */
static MAYBE bool
give_certs(int fd, char why[256])
{
	struct ipc_msg msg;
	struct ipc_put put;
	struct ipc_get g;
	uint32_t ok;

	ipc_begin(&put, IPC_CERTS);
	ipc_put_u32(&put, 1);
	assert_int_equal(ipc_send(h.master, &put, &fd, 1), 0);
	(void)close(fd);
	do /* clients that left meanwhile are told of first */
		assert_true(heard(h.master, BOOT_MASTER, &msg));
	while (msg.type == IPC_CLOSED);
	assert_int_equal(msg.type, IPC_CERTS_OK);
	ipc_open(&g, &msg);
	ok = ipc_get_u32(&g);
	ipc_get_str(&g, why, 256);
	assert_int_equal(ipc_done(&g), 0);
	return ok != 0;
}

static MAYBE int
tls_up(void **state)
{
	char why[256];
	int fd;

	assert_int_equal(house_up(state), 0);
	fd = memfd_create("certs", MFD_CLOEXEC);
	entry(fd, "cert", cert_pem);
	entry(fd, "key", key_pem);
	entry(fd, "ca", cert_pem);
	entry(fd, "another word", "of another time");
	if (!give_certs(fd, why))
		fail_msg("%s", why);
	return 0;
}

static MAYBE void
speaker_on(struct speaker *s, int fd)
{
	s->fd = fd;
	s->ctx = SSL_CTX_new(TLS_client_method());
	s->ssl = SSL_new(s->ctx);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	(void)SSL_set_fd(s->ssl, fd);
	SSL_set_connect_state(s->ssl);
}

static MAYBE void
speaker_off(struct speaker *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	(void)close(s->fd);
	ERR_clear_error();
}

/* 1: shaken; -1: refused. */
static MAYBE int
shake(struct speaker *s)
{
	int r = 0;

	for (int i = 0; i < TURNS; i++) {
		ERR_clear_error();
		r = SSL_do_handshake(s->ssl);
		if (r == 1)
			return 1;
		r = SSL_get_error(s->ssl, r);
		if (r != SSL_ERROR_WANT_READ && r != SSL_ERROR_WANT_WRITE)
			return -1;
		turn();
	}
	return 0;
}

static MAYBE void
tell_n(struct speaker *s, const char *p, size_t n)
{
	size_t put;

	while (n > 0) {
		ERR_clear_error();
		if (SSL_write_ex(s->ssl, p, n, &put) == 1) {
			p += put;
			n -= put;
		} else {
			assert_int_equal(
			    SSL_get_error(s->ssl, 0), SSL_ERROR_WANT_WRITE);
			turn();
		}
	}
}

static MAYBE void
tell(struct speaker *s, const char *text)
{
	tell_n(s, text, strlen(text));
}

/* As line(); "EOF" for close_notify, "BROKEN" for an end without it. */
static MAYBE const char *
hear(struct speaker *s)
{
	static char text[4096];
	size_t n = 0, got;

	for (int i = 0; i < TURNS && n + 1 < sizeof(text);) {
		ERR_clear_error();
		if (SSL_read_ex(s->ssl, text + n, 1, &got) != 1) {
			switch (SSL_get_error(s->ssl, 0)) {
			case SSL_ERROR_WANT_READ:
			case SSL_ERROR_WANT_WRITE:
				turn();
				i++;
				continue;
			case SSL_ERROR_ZERO_RETURN:
				return "EOF";
			default:
				return "BROKEN";
			}
		}
		if (text[n++] != '\n')
			continue;
		text[n - (n > 1 && text[n - 2] == '\r' ? 2 : 1)] = '\0';
		return text;
	}
	return "";
}

static MAYBE void
tls_greeted(struct speaker *s)
{
	const char *text = hear(s);

	assert_ptr_equal(strstr(text, "* OK [CAPABILITY IMAP4rev1"), text);
	assert_null(strstr(text, "STARTTLS"));
}

/* A TLS client of conn, greeted. */
static MAYBE void
arrive(struct speaker *s, uint64_t conn)
{
	speaker_on(s, knock_with(conn, IPC_CLIENT_TLS, ""));
	assert_int_equal(shake(s), 1);
	tls_greeted(s);
}

/* ... logged in: the session's control channel. */
static MAYBE int
tls_log_in(struct speaker *s, uint64_t conn, struct served *served)
{
	struct started start;
	struct asked q;

	tell(s, "t1 LOGIN anna secret\r\n");
	expect_ask(&q);
	assert_int_equal(q.flags, IPC_ASK_TLS);
	auth_yes(conn, "anna");
	expect_start(&start);
	spawner_started(conn);
	expect_serve(start.control, served);
	expect_conn(h.master, BOOT_MASTER, IPC_LOGGEDIN, conn);
	return start.control;
}

#define TLS(test) cmocka_unit_test_setup_teardown(test, tls_up, house_down)

#endif
