/*
 * TLS towards the client. Stateless tickets only, no cache, no renegotiation,
 * no early data; read and write buffers are given back while a connection is
 * quiet. OpenSSL's socket BIO trusts O_NONBLOCK and raises SIGPIPE, so a small
 * BIO of our own uses MSG_DONTWAIT.
 */
#include "worker/net/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bsd/string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

struct tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *socket;
	unsigned users; /* connections, and the worker while it is current */
};

struct tls {
	SSL *ssl;
	struct tls_context *context;
	int fd;
	bool ended;  /* the socket has no more */
	bool broken; /* after TLS_ERROR: nothing may be called but free */
	char why[128];
};

struct pem { /* lent from the memfd's bytes */
	const uint8_t *p;
	size_t n;
};

struct certs {
	struct pem cert, key, ca;
};

static int socket_write(BIO *, const char *, int);
static int socket_read(BIO *, char *, int);
static long socket_ctrl(BIO *, int, long, void *);
static BIO_METHOD *socket_method(void);
static uint8_t *slurp(int, size_t *, const char **);
static int certs_parse(const uint8_t *, size_t, struct certs *);
static const uint8_t *take(const uint8_t **, const uint8_t *, size_t *);
static const char *context_fill(
    SSL_CTX *, const struct certs *, const struct settings *);
static const char *context_options(SSL_CTX *, const struct settings *);
static int minimum(const char *);
static int load_chain(SSL_CTX *, const struct pem *);
static int load_key(SSL_CTX *, const struct pem *);
static int load_anchors(SSL_CTX *, const struct pem *);
static int no_password(char *, int, int, void *);
static int alpn(SSL *, const unsigned char **, unsigned char *,
    const unsigned char *, unsigned int, void *);
static enum tls_result result(struct tls *, int);

/*
 * Forward secrecy and authenticated encryption for TLS 1.2; what TLS 1.3 has
 * is good as it is.
 */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:"
			      "DHE+CHACHA20:!aNULL:!PSK:!DSS";

int
tls_init(void)
{
	return OPENSSL_init_ssl(0, NULL) == 1 ? 0 : -1;
}

struct tls_context *
tls_load(int fd, const struct settings *set, char *why, size_t size)
{
	struct tls_context *context = calloc(1, sizeof(*context));
	struct certs certs = {0};
	const char *wrong = "out of memory";
	uint8_t *bytes = NULL;
	size_t n = 0;

	ERR_clear_error();
	if (context == NULL)
		goto out;
	context->users = 1;
	if ((context->ssl = SSL_CTX_new(TLS_server_method())) == NULL ||
	    (context->socket = socket_method()) == NULL)
		goto out;
	if ((bytes = slurp(fd, &n, &wrong)) == NULL)
		goto out;
	wrong = "malformed certificate message";
	if (certs_parse(bytes, n, &certs) == -1)
		goto out;
	wrong = context_fill(context->ssl, &certs, set);
out:
	if (bytes != NULL)
		explicit_bzero(bytes, n);
	free(bytes);
	if (wrong == NULL)
		return context;
	if (ERR_peek_error() != 0)
		(void)snprintf(why, size, "%s: %s", wrong,
		    ERR_reason_error_string(ERR_peek_error()));
	else
		(void)strlcpy(why, wrong, size);
	tls_forget(context);
	return NULL;
}

void
tls_forget(struct tls_context *context)
{
	if (context == NULL || --context->users > 0)
		return;
	SSL_CTX_free(context->ssl);
	BIO_meth_free(context->socket);
	free(context);
}

static uint8_t *
slurp(int fd, size_t *n, const char **wrong)
{
	struct stat st;
	uint8_t *p;
	ssize_t got;

	*wrong = "cannot read the certificate message";
	if (fstat(fd, &st) == -1 || st.st_size < 0 ||
	    st.st_size > TLS_CERTS_MAX)
		return NULL;
	if ((p = malloc((size_t)st.st_size + 1)) == NULL)
		return NULL;
	for (*n = 0; *n < (size_t)st.st_size; *n += (size_t)got) {
		got = pread(fd, p + *n, (size_t)st.st_size - *n, (off_t)*n);
		if (got == -1 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			break;
	}
	if (*n == (size_t)st.st_size)
		return p;
	explicit_bzero(p, *n);
	free(p);
	return NULL;
}

static int
certs_parse(const uint8_t *p, size_t size, struct certs *out)
{
	const uint8_t *end = p + size, *name, *pem;
	size_t nname, npem;
	static const struct {
		const char *name;
		size_t at;
	} known[] = {
	    {"cert", offsetof(struct certs, cert)},
	    {"key", offsetof(struct certs, key)},
	    {"ca", offsetof(struct certs, ca)},
	};

	while (p < end) {
		name = take(&p, end, &nname);
		if (name == NULL || (pem = take(&p, end, &npem)) == NULL)
			return -1;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (nname == strlen(known[i].name) &&
			    memcmp(name, known[i].name, nname) == 0)
				*(struct pem *)(void *)((char *)out +
							known[i].at) =
				    (struct pem){pem, npem};
	}
	return 0;
}

static const uint8_t *
take(const uint8_t **p, const uint8_t *end, size_t *n)
{
	uint32_t len;
	const uint8_t *bytes;

	if ((size_t)(end - *p) < sizeof(len))
		return NULL;
	memcpy(&len, *p, sizeof(len));
	bytes = *p + sizeof(len);
	if (len > (size_t)(end - bytes))
		return NULL;
	*n = len;
	*p = bytes + len;
	return bytes;
}

/* NULL, or what is wrong; OpenSSL's queue may say more. */
static const char *
context_fill(
    SSL_CTX *ssl, const struct certs *certs, const struct settings *set)
{
	const char *wrong = context_options(ssl, set);

	if (wrong != NULL)
		return wrong;
	if (load_chain(ssl, &certs->cert) == -1)
		return "certificate";
	if (load_key(ssl, certs->key.n > 0 ? &certs->key : &certs->cert) == -1)
		return "private key";
	if (SSL_CTX_check_private_key(ssl) != 1)
		return "private key does not fit the certificate";
	if (certs->ca.n > 0 && load_anchors(ssl, &certs->ca) == -1)
		return "trust anchors";
	return NULL;
}

static const char *
context_options(SSL_CTX *ssl, const struct settings *set)
{
	static const unsigned char id[] = "imapd";
	const char *word = set->tls_protocol;
	const char *list =
	    set->tls_cipher_list[0] != '\0' ? set->tls_cipher_list : ciphers;
	int min = minimum(word);

	if (min == -1)
		return "unknown word in TLS_PROTOCOL";
	/* TLS before 1.2 signs with SHA-1: OpenSSL's level 0 only. */
	if (min < TLS1_2_VERSION)
		SSL_CTX_set_security_level(ssl, 0);
	if (SSL_CTX_set_min_proto_version(ssl, min) != 1)
		return "TLS_PROTOCOL";
	if (SSL_CTX_set_cipher_list(ssl, list) != 1)
		return "TLS_CIPHER_LIST";
	(void)SSL_CTX_set_options(
	    ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	if (strstr(word, "++") != NULL || word[0] == '\0')
		(void)SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
	(void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS |
					SSL_MODE_ENABLE_PARTIAL_WRITE |
					SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_session_id_context(ssl, id, sizeof(id) - 1);
	(void)SSL_CTX_set_num_tickets(ssl, 1);
	(void)SSL_CTX_set_max_early_data(ssl, 0);
	(void)SSL_CTX_set_recv_max_early_data(ssl, 0);
	(void)SSL_CTX_set_dh_auto(ssl, 1);
	SSL_CTX_set_alpn_select_cb(ssl, alpn, NULL);
	return NULL;
}

/* Courier's words: with or without "+" the oldest version that is taken. */
static int
minimum(const char *word)
{
	static const struct {
		const char *name;
		int version;
	} words[] = {
	    {"TLSv1.3", TLS1_3_VERSION},
	    {"TLSv1.2", TLS1_2_VERSION},
	    {"TLSv1.1", TLS1_1_VERSION},
	    {"TLSv1", TLS1_VERSION},
	    {"TLS1", TLS1_VERSION},
	    {"", TLS1_2_VERSION},
	};
	size_t n = strcspn(word, "+");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (n == strlen(words[i].name) &&
		    strncasecmp(word, words[i].name, n) == 0)
			return words[i].version;
	return -1;
}

static int
load_chain(SSL_CTX *ssl, const struct pem *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->p, (int)pem->n);
	X509 *x = NULL;
	int r = -1;

	if (bio == NULL)
		return -1;
	x = PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL);
	if (x == NULL || SSL_CTX_use_certificate(ssl, x) != 1)
		goto out;
	X509_free(x);
	while ((x = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(ssl, x) != 1)
			goto out;
	/* The end of the file is an error to OpenSSL; any other is to us. */
	if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		r = 0;
	}
out:
	X509_free(x);
	BIO_free(bio);
	return r;
}

static int
load_key(SSL_CTX *ssl, const struct pem *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->p, (int)pem->n);
	EVP_PKEY *key = NULL;
	int r = -1;

	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	if (key != NULL && SSL_CTX_use_PrivateKey(ssl, key) == 1)
		r = 0;
	EVP_PKEY_free(key);
	BIO_free(bio);
	return r;
}

static int
load_anchors(SSL_CTX *ssl, const struct pem *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->p, (int)pem->n);
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	unsigned n = 0;
	X509 *x;

	if (bio == NULL)
		return -1;
	while ((x = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, x) == 1;
		(void)SSL_CTX_add_client_CA(ssl, x);
		X509_free(x);
	}
	BIO_free(bio);
	if (n > 0)
		ERR_clear_error();
	return n > 0 ? 0 : -1;
}

/* A key with a pass phrase cannot be used by a server; never ask a terminal. */
static int
no_password(char *buf, int size, int rw, void *arg)
{
	(void)buf;
	(void)size;
	(void)rw;
	(void)arg;
	return -1;
}

/* RFC 7301 3.2: "imap" if it is offered, else no_application_protocol. */
static int
alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned int inlen, void *arg)
{
	(void)ssl;
	(void)arg;
	for (unsigned int i = 0; i < inlen; i += 1u + in[i])
		if (in[i] == 4 && inlen - i > 4 &&
		    memcmp(in + i + 1, "imap", 4) == 0) {
			*out = in + i + 1;
			*outlen = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static BIO_METHOD *
socket_method(void)
{
	BIO_METHOD *m =
	    BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client");

	if (m == NULL)
		return NULL;
	(void)BIO_meth_set_write(m, socket_write);
	(void)BIO_meth_set_read(m, socket_read);
	(void)BIO_meth_set_ctrl(m, socket_ctrl);
	return m;
}

static int
socket_write(BIO *bio, const char *p, int n)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t r;

	BIO_clear_retry_flags(bio);
	do
		r = send(t->fd, p, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (r == -1 && errno == EINTR);
	if (r == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		BIO_set_retry_write(bio);
	return (int)r;
}

static int
socket_read(BIO *bio, char *p, int n)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t r;

	BIO_clear_retry_flags(bio);
	do
		r = recv(t->fd, p, (size_t)n, MSG_DONTWAIT);
	while (r == -1 && errno == EINTR);
	if (r == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		BIO_set_retry_read(bio);
	else if (r == 0)
		t->ended = true;
	return (int)r;
}

static long
socket_ctrl(BIO *bio, int command, long number, void *pointer)
{
	struct tls *t = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_EOF)
		return t->ended;
	return command == BIO_CTRL_FLUSH;
}

struct tls *
tls_new(struct tls_context *context, int fd, bool certificate)
{
	struct tls *t = calloc(1, sizeof(*t));
	BIO *bio;

	ERR_clear_error();
	if (t == NULL)
		return NULL;
	t->fd = fd;
	if ((t->ssl = SSL_new(context->ssl)) == NULL ||
	    (bio = BIO_new(context->socket)) == NULL) {
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_accept_state(t->ssl);
	if (certificate)
		SSL_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
	t->context = context;
	context->users++;
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	tls_forget(t->context);
	free(t);
}

enum tls_result
tls_handshake(struct tls *t)
{
	ERR_clear_error();
	return result(t, SSL_do_handshake(t->ssl));
}

enum tls_result
tls_read(struct tls *t, void *p, size_t n, size_t *got)
{
	if (t->broken)
		return TLS_ERROR;
	ERR_clear_error();
	return result(t, SSL_read_ex(t->ssl, p, n, got));
}

enum tls_result
tls_write(struct tls *t, const void *p, size_t n, size_t *put)
{
	if (t->broken)
		return TLS_ERROR;
	ERR_clear_error();
	return result(t, SSL_write_ex(t->ssl, p, n, put));
}

static enum tls_result
result(struct tls *t, int r)
{
	const char *reason;
	unsigned long e;

	if (r == 1)
		return TLS_OK;
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_EOF;
	default:
		break;
	}
	t->broken = true;
	e = ERR_peek_error();
	reason = e != 0 ? ERR_reason_error_string(e) : NULL;
	if (reason == NULL)
		reason = errno != 0 ? strerror(errno) : "connection ended";
	(void)strlcpy(t->why, reason, sizeof(t->why));
	ERR_clear_error();
	return TLS_ERROR;
}

bool
tls_pending(const struct tls *t)
{
	return !t->broken && SSL_pending(t->ssl) > 0;
}

void
tls_close(struct tls *t)
{
	if (t->broken || !SSL_is_init_finished(t->ssl))
		return;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

const char *
tls_why(const struct tls *t)
{
	return t->why;
}

int
tls_peer_name(const struct tls *t, char *out, size_t size)
{
	static const int fields[] = {NID_pkcs9_emailAddress, NID_commonName};
	X509 *x = SSL_get0_peer_certificate(t->ssl);
	X509_NAME *subject;
	unsigned char *text = NULL;
	int at = -1, next = -1, len, r = -1;

	if (x == NULL || SSL_get_verify_result(t->ssl) != X509_V_OK)
		return -1;
	subject = X509_get_subject_name(x);
	for (size_t i = 0; i < 2 && at == -1; i++)
		for (next = -1; (next = X509_NAME_get_index_by_NID(
				     subject, fields[i], next)) >= 0;)
			at = next;
	if (at == -1)
		return -1;
	len = ASN1_STRING_to_UTF8(
	    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (len > 0 && (size_t)len < size &&
	    memchr(text, '\0', (size_t)len) == NULL) {
		memcpy(out, text, (size_t)len);
		out[len] = '\0';
		r = 0;
	}
	OPENSSL_free(text);
	return r;
}
