/*
 * TLS and the relay: handshakes, ALPN, STARTTLS and what came before it, bytes
 * both ways with back pressure, half-closing, broken ends. The client's side is
 * OpenSSL too, turned by hand (net_house.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/mman.h>

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

static void
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
static int
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

static int
drop_cert(void **state)
{
	(void)state;
	EVP_PKEY_free(the_key);
	X509_free(the_cert);
	return 0;
}

static void
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
static bool
give_certs(int fd, char why[256])
{
	struct ipc_msg msg;
	struct ipc_put put;
	struct ipc_get g;
	uint32_t ok;

	ipc_begin(&put, IPC_CERTS);
	assert_int_equal(ipc_send(h.master, &put, &fd, 1), 0);
	(void)close(fd);
	assert_true(heard(h.master, BOOT_MASTER, &msg));
	assert_int_equal(msg.type, IPC_CERTS_OK);
	ipc_open(&g, &msg);
	ok = ipc_get_u32(&g);
	ipc_get_str(&g, why, 256);
	assert_int_equal(ipc_done(&g), 0);
	return ok != 0;
}

static int
tls_up(void **state)
{
	char why[256];
	int fd;

	assert_int_equal(house_up(state), 0);
	fd = memfd_create("certs", MFD_CLOEXEC);
	entry(fd, "cert", cert_pem);
	entry(fd, "key", key_pem);
	entry(fd, "ca", cert_pem);
	entry(fd, "cert.mail.example.org", "later");
	if (!give_certs(fd, why))
		fail_msg("%s", why);
	return 0;
}

static void
speaker_on(struct speaker *s, int fd)
{
	s->fd = fd;
	s->ctx = SSL_CTX_new(TLS_client_method());
	s->ssl = SSL_new(s->ctx);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	(void)SSL_set_fd(s->ssl, fd);
	SSL_set_connect_state(s->ssl);
}

static void
speaker_off(struct speaker *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	(void)close(s->fd);
	ERR_clear_error();
}

/* 1: shaken; -1: refused. */
static int
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

static void
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

static void
tell(struct speaker *s, const char *text)
{
	tell_n(s, text, strlen(text));
}

/* As line(); "EOF" for close_notify, "BROKEN" for an end without it. */
static const char *
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

static void
tls_greeted(struct speaker *s)
{
	const char *text = hear(s);

	assert_ptr_equal(strstr(text, "* OK [CAPABILITY IMAP4rev1"), text);
	assert_null(strstr(text, "STARTTLS"));
}

/* A TLS client of conn, greeted. */
static void
arrive(struct speaker *s, uint64_t conn)
{
	speaker_on(s, knock_with(conn, IPC_CLIENT_TLS, ""));
	assert_int_equal(shake(s), 1);
	tls_greeted(s);
}

/* ... logged in: the session's control channel. */
static int
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

static void
tls_from_the_first_byte(void **state)
{
	struct speaker s;

	(void)state;
	arrive(&s, 1);
	tell(&s, "a NOOP\r\nb STARTTLS\r\nc LOGOUT\r\n");
	assert_string_equal(hear(&s), "a OK NOOP completed");
	assert_string_equal(hear(&s), "b BAD STARTTLS is not available.");
	assert_string_equal(
	    hear(&s), "* BYE Corkboard IMAP server shutting down");
	assert_string_equal(hear(&s), "c OK LOGOUT completed");
	assert_string_equal(hear(&s), "EOF");
	speaker_off(&s);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
}

static void
alpn_is_imap_or_nothing(void **state)
{
	static const struct {
		const char *offer;
		int shaken;
	} t[] = {
	    {"\x04imap", 1},
	    {"\x08http/1.1\x04imap", 1},
	    {"\x08http/1.1", -1},
	    {"\x04imaq", -1},
	    {"\x05imaps", -1},
	    {"\x03imap", -1},
	};
	struct speaker s;

	(void)state;
	for (uint64_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		speaker_on(&s, knock_with(i, IPC_CLIENT_TLS, ""));
		if (SSL_set_alpn_protos(s.ssl,
			(const unsigned char *)t[i].offer,
			(unsigned)strlen(t[i].offer)) == 0)
			assert_int_equal(shake(&s), t[i].shaken);
		speaker_off(&s);
		turns(2);
	}
}

static void
old_protocols_and_weak_ciphers_are_refused(void **state)
{
	struct speaker s;

	(void)state;
	for (int version = TLS1_1_VERSION; version <= TLS1_3_VERSION;
	     version++) {
		speaker_on(
		    &s, knock_with((uint64_t)version, IPC_CLIENT_TLS, ""));
		SSL_set_security_level(s.ssl, 0);
		(void)SSL_set_min_proto_version(s.ssl, TLS1_1_VERSION);
		(void)SSL_set_max_proto_version(s.ssl, version);
		assert_int_equal(shake(&s), version < TLS1_2_VERSION ? -1 : 1);
		speaker_off(&s);
		turns(2);
	}
	speaker_on(&s, knock_with(9, IPC_CLIENT_TLS, ""));
	(void)SSL_set_max_proto_version(s.ssl, TLS1_2_VERSION);
	assert_int_equal(
	    SSL_set_cipher_list(s.ssl, "ECDHE-ECDSA-AES128-SHA"), 1);
	assert_int_equal(shake(&s), -1);
	speaker_off(&s);
}

static void
renegotiation_is_refused(void **state)
{
	struct speaker s;

	(void)state;
	speaker_on(&s, knock_with(1, IPC_CLIENT_TLS, ""));
	(void)SSL_set_max_proto_version(s.ssl, TLS1_2_VERSION);
	assert_int_equal(shake(&s), 1);
	tls_greeted(&s);
	(void)SSL_renegotiate(s.ssl);
	assert_int_not_equal(shake(&s), 1);
	speaker_off(&s);
	turns(3);
	assert_true(h.alive);
}

static void
starttls_begins_afresh(void **state)
{
	struct served served;
	struct started start;
	struct speaker s;
	struct asked q;
	int fd = knock_with(1, IPC_CLIENT_TRUST, ""), control;

	(void)state;
	assert_non_null(strstr(line(fd), " STARTTLS"));
	say(fd, "a ID (\"x-originating-ip\" \"203.0.113.9\")\r\n");
	assert_string_equal(line(fd), "* ID NIL");
	assert_string_equal(line(fd), "a OK ID completed");
	say(fd, "b starttls\r\n");
	assert_string_equal(line(fd), "b OK Begin SSL/TLS negotiation now.");
	speaker_on(&s, fd);
	assert_int_equal(shake(&s), 1);
	/* No second greeting. */
	tell(&s, "c CAPABILITY\r\n");
	assert_ptr_equal(
	    strstr(hear(&s), "CAPABILITY IMAP4rev1") != NULL, (void *)1);
	assert_string_equal(hear(&s), "c OK CAPABILITY completed");
	tell(&s, "d LOGIN anna pw\r\n");
	expect_ask(&q);
	assert_string_equal(q.claimed, ""); /* it was said in clear */
	assert_int_equal(q.flags, IPC_ASK_TLS | IPC_ASK_TRUST);
	auth_yes(1, "anna");
	expect_start(&start);
	control = start.control;
	spawner_started(1);
	expect_serve(control, &served);
	assert_int_equal(served.flags, IPC_SERVE_TLS | IPC_SERVE_STARTTLS);
	assert_string_equal(logged("LOGIN, "),
	    "LOGIN, user=anna, ip=[::ffff:192.0.2.1], port=[4711], "
	    "protocol=IMAP, starttls=1");
	(void)close(served.stream);
	(void)close(control);
	speaker_off(&s);
}

/* RELIABILITY A1, A2: at every split point nothing of it is executed. */
static void
what_came_before_the_handshake_is_thrown_away(void **state)
{
	static const char text[] = "a STARTTLS\r\nb LOGIN anna pw\r\n"
				   "c CAPABILITY\r\n";
	struct ipc_msg msg = {.nfds = 0};
	struct speaker s;

	(void)state;
	for (size_t at = 12; at <= sizeof(text) - 1; at++) {
		int fd = knock(at);

		(void)line(fd);
		say_n(fd, text, at);
		/* Of the rest TLS makes nothing. */
		assert_string_equal(
		    line(fd), "a OK Begin SSL/TLS negotiation now.");
		if (at % 3 == 0)
			say_n(fd, text + at, sizeof(text) - 1 - at);
		speaker_on(&s, fd);
		if (shake(&s) == 1) {
			tell(&s, "d NOOP\r\n");
			assert_string_equal(hear(&s), "d OK NOOP completed");
		} else {
			assert_true(at % 3 == 0 && at < sizeof(text) - 1);
		}
		speaker_off(&s);
		turns(2);
		while (ipc_recv(h.auth, BOOT_AUTH, BOOT_WORKER, &msg) == 1)
			assert_int_not_equal(msg.type, IPC_ASK);
		while (ipc_recv(h.master, BOOT_MASTER, BOOT_WORKER, &msg) == 1)
			;
	}
}

static void
certificates_are_checked_before_the_old_are_forgotten(void **state)
{
	static const struct {
		const char *cert, *key, *why;
	} t[] = {
	    {"", "", "certificate"},
	    {"-----BEGIN CERTIFICATE-----\nAAAA\n"
	     "-----END CERTIFICATE-----\n",
		key_pem, "certificate"},
	    {cert_pem, cert_pem, "private key"},
	};
	struct speaker s;
	char why[256];
	EVP_PKEY *other = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char text[sizeof(cert_pem) + sizeof(key_pem)];
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fd = memfd_create("certs", 0);
		entry(fd, "cert", t[i].cert);
		entry(fd, "key", t[i].key);
		assert_false(give_certs(fd, why));
		assert_ptr_equal(strstr(why, t[i].why), why);
	}
	(void)PEM_write_bio_PrivateKey(bio, other, NULL, NULL, 0, NULL, NULL);
	pem_of(bio, text, sizeof(text));
	EVP_PKEY_free(other);
	fd = memfd_create("certs", 0);
	entry(fd, "cert", cert_pem);
	entry(fd, "key", text);
	assert_false(give_certs(fd, why));
	/* A message cut short, and one that lies about its lengths. */
	fd = memfd_create("certs", 0);
	entry(fd, "cert", cert_pem);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_false(give_certs(fd, why));
	fd = memfd_create("certs", 0);
	assert_int_equal(write(fd, "\xff\xff\xff\xff", 4), 4);
	assert_false(give_certs(fd, why));
	fd = memfd_create("certs", 0);
	assert_int_equal(ftruncate(fd, TLS_CERTS_MAX + 1), 0);
	assert_false(give_certs(fd, why));
	arrive(&s, 1); /* with what it had */
	/* Courier's way: one file with both; running clients stay. */
	fd = memfd_create("certs", 0);
	(void)snprintf(text, sizeof(text), "%s%s", key_pem, cert_pem);
	entry(fd, "cert", text);
	assert_true(give_certs(fd, why));
	tell(&s, "a NOOP\r\n");
	assert_string_equal(hear(&s), "a OK NOOP completed");
	speaker_off(&s);
	arrive(&s, 2);
	speaker_off(&s);
}

static void
protocol_words_are_couriers(void **state)
{
	static const struct {
		const char *word;
		bool ok;
	} t[] = {{"", true}, {"TLSv1.2", true}, {"TLSv1.2+", true},
	    {"TLSv1.2++", true}, {"TLSv1.3", true}, {"TLSv1", true},
	    {"TLSv1.1++", true}, {"SSL3", false}, {"SSL23", false},
	    {"TLSv1.4", false}, {"TLSv1.", false}};
	struct settings set = {.starttls = 1};
	struct tls_context *context;
	char why[256];
	int fd = memfd_create("certs", MFD_CLOEXEC);

	(void)state;
	entry(fd, "cert", cert_pem);
	entry(fd, "key", key_pem);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)strlcpy(set.tls_protocol, t[i].word, 64);
		context = tls_load(fd, &set, why, sizeof(why));
		if ((context != NULL) != t[i].ok)
			fail_msg("%s: %s", t[i].word, why);
		tls_forget(context);
	}
	set.tls_protocol[0] = '\0';
	(void)strlcpy(set.tls_cipher_list, "NONSENSE", 64);
	assert_null(tls_load(fd, &set, why, sizeof(why)));
	(void)close(fd);
}

static void
a_refused_tls_client_reads_why(void **state)
{
	struct speaker s;
	int many[60], i, ended = 0;
	char c;

	(void)state;
	speaker_on(&s, knock_with(1, IPC_CLIENT_TLS | IPC_CLIENT_REFUSE,
			   "Too many connections."));
	assert_int_equal(shake(&s), 1);
	assert_string_equal(hear(&s), "* BYE [ALERT] Too many connections.");
	assert_string_equal(hear(&s), "EOF");
	speaker_off(&s);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	for (i = 0; i < 60; i++)
		many[i] = knock_with(
		    (uint64_t)i, IPC_CLIENT_TLS | IPC_CLIENT_REFUSE, "x");
	turns(3);
	for (i = 0; i < 60; i++) {
		ended += recv(many[i], &c, 1, MSG_DONTWAIT) == 0;
		(void)close(many[i]);
	}
	assert_int_equal(ended, 10); /* the 51st and later */
	turns(3);
	/* Their places are free again. */
	speaker_on(&s, knock_with(99, IPC_CLIENT_TLS | IPC_CLIENT_REFUSE, "y"));
	assert_int_equal(shake(&s), 1);
	assert_string_equal(hear(&s), "* BYE [ALERT] y");
	speaker_off(&s);
}

static void
a_handshake_has_a_deadline(void **state)
{
	int fd, byte;

	(void)state;
	h.boot.set.handshake_timeout = 1;
	house_settle();
	fd = knock_with(1, IPC_CLIENT_TLS, "");
	byte = 0x16;
	say_n(fd, (char *)&byte, 1);
	assert_string_equal(line(fd), "EOF");
	(void)logged("couriertls: accept: timed out");
	(void)close(fd);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
}

static void
a_failed_handshake_is_logged(void **state)
{
	int fd = knock_with(1, IPC_CLIENT_TLS, "");
	char text[4096];

	(void)state;
	say(fd, "a LOGIN anna pw\r\n");
	turns(3);
	/* An alert, and the end. */
	assert_true(recv(fd, text, sizeof(text), MSG_DONTWAIT) < 20);
	(void)logged("ip=[::ffff:192.0.2.1], couriertls: accept: ");
	(void)close(fd);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
}

static void
bytes_pass_both_ways(void **state)
{
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	assert_int_equal(served.flags, IPC_SERVE_TLS);
	say(served.stream, "t1 OK LOGIN Ok.\r\n");
	assert_string_equal(hear(&s), "t1 OK LOGIN Ok.");
	tell(&s, "t2 NOOP\r\n");
	assert_string_equal(line(served.stream), "t2 NOOP");
	/* END may overtake nothing: the last words arrive, then the end. */
	say(served.stream, "* BYE\r\n");
	session_end(control, 1, IPC_END_LOGOUT);
	assert_string_equal(hear(&s), "* BYE");
	assert_string_equal(hear(&s), "EOF");
	(void)SSL_shutdown(s.ssl);
	speaker_off(&s);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 1);
	assert_non_null(strstr(logged("LOGOUT, "), ", starttls=1"));
	(void)close(served.stream);
	(void)close(control);
}

static void
pipelined_bytes_of_a_record_are_not_lost(void **state)
{
	struct served served;
	struct started start;
	struct speaker s;
	struct asked q;

	(void)state;
	arrive(&s, 1);
	/* More than one read of the worker's first buffer. */
	tell(&s, "a LOGIN anna pw\r\n");
	for (int i = 0; i < 1000; i++)
		tell(&s, "b NOOP\r\n");
	expect_ask(&q);
	turns(3);
	auth_yes(1, "anna");
	expect_start(&start);
	spawner_started(1);
	expect_serve(start.control, &served);
	assert_true(served.ninput > 0 && served.ninput % 8 == 0);
	for (size_t i = served.ninput / 8; i < 1000; i++)
		assert_string_equal(line(served.stream), "b NOOP");
	assert_silent(served.stream);
	(void)close(served.stream);
	(void)close(start.control);
	speaker_off(&s);
}

/* Back pressure both ways: nothing is lost, nothing out of order. */
static void
a_slow_side_holds_the_other(void **state)
{
	enum {
		SIZE = 3 << 20
	};
	struct served served;
	struct speaker s;
	unsigned char *out = malloc(SIZE), *in = malloc(SIZE);
	size_t put = 0, got = 0, n;
	ssize_t r;
	int control;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		out[i] = (unsigned char)(i * 2654435761u >> 13);
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	/* Down: the client reads nothing for a while. */
	while (put < SIZE) {
		r = send(served.stream, out + put, SIZE - put, MSG_DONTWAIT);
		if (r == -1) {
			turns(3);
			r = send(
			    served.stream, out + put, SIZE - put, MSG_DONTWAIT);
			if (r == -1)
				break;
		}
		put += (size_t)r;
	}
	assert_true(put < SIZE); /* it was held */
	for (int i = 0; i < 100000 && got < SIZE; i++) {
		ERR_clear_error();
		if (SSL_read_ex(s.ssl, in + got, SIZE - got, &n) == 1)
			got += n;
		else
			turn();
		r = put < SIZE ? send(served.stream, out + put, SIZE - put,
				     MSG_DONTWAIT)
			       : 0;
		put += r > 0 ? (size_t)r : 0;
	}
	assert_int_equal(got, SIZE);
	assert_memory_equal(in, out, SIZE);
	/* Up: the session reads nothing for a while. */
	(void)SSL_set_mode(s.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	put = got = 0;
	for (int i = 0; i < 200 && put < SIZE; i++) {
		ERR_clear_error();
		if (SSL_write_ex(s.ssl, out + put, SIZE - put, &n) == 1)
			put += n;
		else
			turn();
	}
	assert_true(put < SIZE);
	for (int i = 0; i < 100000 && got < SIZE; i++) {
		r = recv(served.stream, in + got, SIZE - got, MSG_DONTWAIT);
		got += r > 0 ? (size_t)r : 0;
		ERR_clear_error();
		if (put < SIZE &&
		    SSL_write_ex(s.ssl, out + put, SIZE - put, &n) == 1)
			put += n;
		else if (r <= 0)
			turn();
	}
	assert_int_equal(got, SIZE);
	assert_memory_equal(in, out, SIZE);
	free(in);
	free(out);
	(void)close(served.stream);
	(void)close(control);
	speaker_off(&s);
}

static void
a_half_closed_client_hears_its_answers(void **state)
{
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	tell(&s, "a LOGOUT\r\n");
	(void)SSL_shutdown(s.ssl);
	/* Bytes in clear behind close_notify are nobody's (A4). */
	(void)send(s.fd, "b DELETE x\r\n", 12, MSG_DONTWAIT);
	assert_string_equal(line(served.stream), "a LOGOUT");
	assert_string_equal(line(served.stream), "EOF");
	say(served.stream, "a OK\r\n");
	assert_string_equal(hear(&s), "a OK");
	(void)close(served.stream);
	session_end(control, 1, IPC_END_LOGOUT);
	assert_string_equal(hear(&s), "EOF");
	speaker_off(&s);
	(void)close(control);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
}

static void
a_broken_client_is_an_end_to_its_session(void **state)
{
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	for (uint64_t i = 1; i <= 2; i++) {
		arrive(&s, i);
		control = tls_log_in(&s, i, &served);
		if (i == 1) /* gone without close_notify */
			(void)shutdown(s.fd, SHUT_WR);
		else /* not TLS */
			(void)send(s.fd, "a LOGOUT\r\n", 10, MSG_DONTWAIT);
		assert_string_equal(line(served.stream), "EOF");
		expect_none(h.master, BOOT_MASTER);
		session_end(control, i, IPC_END_DISCONNECTED);
		expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, i);
		(void)close(served.stream);
		(void)close(control);
		speaker_off(&s);
		expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, i);
	}
}

static void
a_crashed_session_ends_a_tls_client(void **state)
{
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	say(served.stream, "* 1 FETCH (\r\n");
	assert_string_equal(hear(&s), "* 1 FETCH (");
	(void)close(control);
	(void)close(served.stream);
	assert_true(hear(&s)[0] != '\0');
	(void)logged("session died");
	speaker_off(&s);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
}

static void
a_client_that_reads_nothing_is_let_go_of(void **state)
{
	struct served served;
	struct speaker s;
	int control, i;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	for (i = 0; i < 100; i++) {
		static char block[16384];

		if (send(served.stream, block, sizeof(block), MSG_DONTWAIT) ==
		    -1)
			turn();
	}
	stop_worker(1, 0);
	for (i = 0; i < TURNS && h.alive; i++)
		turn();
	assert_false(h.alive);
	(void)close(served.stream);
	(void)close(control);
	speaker_off(&s);
}

static void
external_takes_the_certificates_name(void **state)
{
	struct speaker s;
	struct asked q;

	(void)state;
	speaker_on(&s, knock_with(1, IPC_CLIENT_TLS | IPC_CLIENT_CERT, ""));
	(void)SSL_use_certificate(s.ssl, the_cert);
	(void)SSL_use_PrivateKey(s.ssl, the_key);
	assert_int_equal(shake(&s), 1);
	assert_non_null(strstr(hear(&s), "AUTH=EXTERNAL"));
	tell(&s, "a AUTHENTICATE EXTERNAL YW5uYQ==\r\n");
	expect_ask(&q);
	assert_string_equal(q.mech, "EXTERNAL");
	assert_string_equal(q.a, "anna");
	assert_string_equal(q.b, "anna@example.org");
	assert_int_equal(q.flags, IPC_ASK_TLS | IPC_ASK_CERT);
	speaker_off(&s);
	/* No certificate: nobody. */
	speaker_on(&s, knock_with(2, IPC_CLIENT_TLS | IPC_CLIENT_CERT, ""));
	assert_int_equal(shake(&s), 1);
	(void)hear(&s);
	tell(&s, "a AUTHENTICATE EXTERNAL =\r\n");
	assert_string_equal(
	    hear(&s), "a NO [AUTHENTICATIONFAILED] Login failed.");
	(void)logged("LOGIN FAILED, method=EXTERNAL");
	speaker_off(&s);
}

static void
server_names_are_only_names(void **state)
{
	static const char *const names[] = {
	    "x", "..", "a\\", "\xff\xfe", "../../etc/passwd"};
	struct speaker s;
	char name[256] = "";

	(void)state;
	for (uint64_t i = 0; i < 6; i++) {
		speaker_on(&s, knock_with(i, IPC_CLIENT_TLS, ""));
		if (i < 5)
			(void)strlcpy(name, names[i], sizeof(name));
		else
			memset(name, 'n', 255);
		(void)SSL_set_tlsext_host_name(s.ssl, name);
		assert_int_equal(shake(&s), 1);
		speaker_off(&s);
		turns(2);
	}
}

#define TLS(test) cmocka_unit_test_setup_teardown(test, tls_up, house_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TLS(tls_from_the_first_byte),
	    TLS(alpn_is_imap_or_nothing),
	    TLS(old_protocols_and_weak_ciphers_are_refused),
	    TLS(renegotiation_is_refused),
	    TLS(starttls_begins_afresh),
	    TLS(what_came_before_the_handshake_is_thrown_away),
	    TLS(certificates_are_checked_before_the_old_are_forgotten),
	    cmocka_unit_test(protocol_words_are_couriers),
	    TLS(a_refused_tls_client_reads_why),
	    TLS(a_handshake_has_a_deadline),
	    TLS(a_failed_handshake_is_logged),
	    TLS(bytes_pass_both_ways),
	    TLS(pipelined_bytes_of_a_record_are_not_lost),
	    TLS(a_slow_side_holds_the_other),
	    TLS(a_half_closed_client_hears_its_answers),
	    TLS(a_broken_client_is_an_end_to_its_session),
	    TLS(a_crashed_session_ends_a_tls_client),
	    TLS(a_client_that_reads_nothing_is_let_go_of),
	    TLS(external_takes_the_certificates_name),
	    TLS(server_names_are_only_names),
	};

	return cmocka_run_group_tests(tests, make_cert, drop_cert);
}
