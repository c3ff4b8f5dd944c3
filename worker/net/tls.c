/*
 * TLS towards the client. Stateless tickets only, no cache, no renegotiation,
 * no early data; read and write buffers are given back while a connection is
 * quiet. OpenSSL's socket BIO trusts O_NONBLOCK and raises SIGPIPE, so a small
 * BIO of our own uses MSG_DONTWAIT.
 */
#include "worker/net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "shm/limits.h"
#include "worker/net/bundle.h"
#include "worker/net/ticketkey.h"
#include "worker/net/wipe.h"

#define ANCHORS_TOLD 64 /* authorities that a client is told of */
#define POLICY       32 /* bytes of a session id context */

struct named { /* a certificate for a name or a local address */
	char name[BUNDLE_NAME];
	SSL_CTX *ssl; /* NULL: passed over */
	char why[96]; /* ... because of this */
};

struct tls_context {
	SSL_CTX *ssl;
	struct named *named;
	size_t nnamed;
	BIO_METHOD *socket;
	enum settings_verify verify;
	char field[SETTINGS_WORD];
	uint8_t policy[POLICY]; /* who was let in under another starts anew */
	unsigned users; /* connections, and the worker while it is current */
};

struct tls {
	SSL *ssl;
	struct tls_context *context;
	int fd;
	unsigned messages; /* of the handshake's kind, since the last data */
	bool shaken;       /* the handshake is over */
	bool ended;        /* the socket has no more */
	bool cut;          /* ... and said nothing of it */
	bool broken;       /* after TLS_ERROR: nothing may be called but free */
	char why[128];
};

static int socket_write(BIO *, const char *, int);
static int socket_read(BIO *, char *, int);
static long socket_ctrl(BIO *, int, long, void *);
static void count_message(int, int, int, const void *, size_t, SSL *, void *);
static BIO_METHOD *socket_method(void);
static const char *fill(
    struct tls_context *, const struct bundle *, const char **of);
static const char *fill_named(
    struct tls_context *, const struct bundle *, struct named *, size_t);
static const char *make(SSL_CTX **, const struct bundle *,
    const struct bundle_name *, struct tls_context *);
static const char *options(
    SSL_CTX *, const struct bundle *, const uint8_t policy[POLICY]);
static int policy_of(const struct bundle *, uint8_t out[POLICY]);
static int minimum(const char *);
static int load_chain(SSL_CTX *, const struct bundle_pem *);
static int load_key(SSL_CTX *, const struct bundle_pem *);
static const struct bundle_pem *choose_key(
    const struct bundle *, const struct bundle_name *);
static int load_anchors(SSL_CTX *, const struct bundle *);
static int choose_name(SSL *, int *, void *);
static SSL_CTX *find_named(const struct tls_context *, const char *);
static void canonical(char *, size_t);
static void subject(X509 *, char *, size_t);
static bool is_field(const X509_NAME_ENTRY *, const char *);
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
	return wipe_init() == 0 && OPENSSL_init_ssl(0, NULL) == 1 ? 0 : -1;
}

struct tls_context *
tls_load(int fd, char *why, size_t size)
{
	struct tls_context *context = calloc(1, sizeof(*context));
	const char *wrong = "out of memory", *of = "";
	struct bundle b = {0};

	ERR_clear_error();
	if (context == NULL)
		goto out;
	context->users = 1;
	if ((context->socket = socket_method()) == NULL ||
	    bundle_read(fd, &b, &wrong) == -1)
		goto out;
	wrong = fill(context, &b, &of);
out:
	if (wrong != NULL && ERR_peek_error() != 0)
		(void)snprintf(why, size, "%s%s%s: %s", wrong,
		    of[0] != '\0' ? " of " : "", of,
		    ERR_reason_error_string(ERR_peek_error()));
	else if (wrong != NULL)
		(void)snprintf(why, size, "%s%s%s", wrong,
		    of[0] != '\0' ? " of " : "", of);
	bundle_done(&b);
	ERR_clear_error();
	if (wrong == NULL)
		return context;
	tls_forget(context);
	return NULL;
}

void
tls_forget(struct tls_context *context)
{
	if (context == NULL || --context->users > 0)
		return;
	for (size_t i = 0; i < context->nnamed; i++)
		SSL_CTX_free(context->named[i].ssl);
	free(context->named);
	SSL_CTX_free(context->ssl);
	BIO_meth_free(context->socket);
	free(context);
}

/* NULL, or what is wrong (OpenSSL's queue may say more), and of which name. */
static const char *
fill(struct tls_context *context, const struct bundle *b, const char **of)
{
	const char *wrong = "out of memory";

	if (policy_of(b, context->policy) == 0)
		wrong = make(&context->ssl, b, NULL, context);
	context->verify = b->verify;
	(void)strlcpy(context->field, b->field, sizeof(context->field));
	if (wrong != NULL)
		return wrong;
	if (b->nca > 0 && load_anchors(context->ssl, b) == -1)
		return "trust anchors";
	context->named = calloc(b->nnames + 1, sizeof(*context->named));
	if (context->named == NULL)
		return "out of memory";
	for (size_t i = 0; i < b->nnames; i++) {
		if (b->names[i].cert.n == 0)
			continue; /* a key for a name without certificate */
		wrong = fill_named(
		    context, b, &context->named[context->nnamed++], i);
		if (wrong == NULL)
			continue;
		*of = b->names[i].name;
		return wrong;
	}
	return NULL;
}

/*
 * A bad certificate is an error if its name has a dot or a colon, as all that
 * clients ask for; else the file may be somebody's copy, imapd.pem.old.
 */
static const char *
fill_named(struct tls_context *context, const struct bundle *b, struct named *n,
    size_t i)
{
	const char *wrong = make(&n->ssl, b, &b->names[i], context);

	(void)strlcpy(n->name, b->names[i].name, sizeof(n->name));
	if (wrong != NULL) {
		SSL_CTX_free(n->ssl);
		n->ssl = NULL;
		if (strpbrk(n->name, ".:") != NULL)
			return wrong;
		(void)strlcpy(n->why, wrong, sizeof(n->why));
		ERR_clear_error();
		return NULL;
	}
	canonical(n->name, sizeof(n->name));
	SSL_CTX_set1_cert_store(n->ssl, SSL_CTX_get_cert_store(context->ssl));
	SSL_CTX_set_client_CA_list(
	    n->ssl, SSL_dup_CA_list(SSL_CTX_get_client_CA_list(context->ssl)));
	return NULL;
}

/* One certificate with its key; name NULL: the one without a name. */
static const char *
make(SSL_CTX **out, const struct bundle *b, const struct bundle_name *name,
    struct tls_context *context)
{
	SSL_CTX *ssl = *out = SSL_CTX_new(TLS_server_method());
	const char *wrong;

	if (ssl == NULL)
		return "out of memory";
	if ((wrong = options(ssl, b, context->policy)) != NULL)
		return wrong;
	(void)SSL_CTX_set_tlsext_servername_callback(ssl, choose_name);
	(void)SSL_CTX_set_tlsext_servername_arg(ssl, context);
	if (load_chain(ssl, name != NULL ? &name->cert : &b->cert) == -1)
		return "certificate";
	if (load_key(ssl, choose_key(b, name)) == -1)
		return "private key";
	if (SSL_CTX_check_private_key(ssl) != 1)
		return "private key does not fit the certificate";
	return NULL;
}

/* Its own file, its own certificate's file, then what the base has. */
static const struct bundle_pem *
choose_key(const struct bundle *b, const struct bundle_name *name)
{
	static const char begin[] = "PRIVATE KEY-----";

	if (name != NULL && name->key.n > 0)
		return &name->key;
	if (name != NULL && memmem(name->cert.p, name->cert.n, begin,
				sizeof(begin) - 1) != NULL)
		return &name->cert;
	return b->key.n > 0 ? &b->key : &b->cert;
}

/*
 * A ticket carries the client's certificate as it was verified then: it must be
 * worth nothing where something else is asked of clients by now.
 */
static int
policy_of(const struct bundle *b, uint8_t out[POLICY])
{
	const char *const texts[] = {b->protocol, b->ciphers, b->field};
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int r = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(md, &b->verify, sizeof(b->verify)) == 1 &&
		EVP_DigestUpdate(md, b->cert.p, b->cert.n) == 1;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		r = r && EVP_DigestUpdate(md, texts[i], strlen(texts[i]) + 1);
	for (size_t i = 0; i < b->nca; i++)
		r = r && EVP_DigestUpdate(md, b->ca[i].p, b->ca[i].n);
	r = r && EVP_DigestFinal_ex(md, out, NULL) == 1;
	EVP_MD_CTX_free(md);
	return r ? 0 : -1;
}

static const char *
options(SSL_CTX *ssl, const struct bundle *b, const uint8_t policy[POLICY])
{
	const char *word = b->protocol;
	const char *list = b->ciphers[0] != '\0' ? b->ciphers : ciphers;
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
	(void)SSL_CTX_set_session_id_context(ssl, policy, POLICY);
	(void)SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, ticketkey_use);
	(void)SSL_CTX_set_num_tickets(ssl, 1);
	(void)SSL_CTX_set_max_early_data(ssl, 0);
	(void)SSL_CTX_set_recv_max_early_data(ssl, 0);
	(void)SSL_CTX_set_dh_auto(ssl, 1);
	SSL_CTX_set_alpn_select_cb(ssl, alpn, NULL);
	return NULL;
}

/*
 * RFC 6066 3: the name is compared with those that the master found beside
 * TLS_CERTFILE, never with anything else. An unknown one changes nothing.
 */
static int
choose_name(SSL *ssl, int *alert, void *arg)
{
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *other = NULL;

	(void)alert;
	if (asked != NULL)
		other = find_named(arg, asked);
	if (other == NULL || SSL_set_SSL_CTX(ssl, other) == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
find_named(const struct tls_context *context, const char *name)
{
	for (size_t i = 0; i < context->nnamed; i++)
		if (context->named[i].ssl != NULL &&
		    strcasecmp(context->named[i].name, name) == 0)
			return context->named[i].ssl;
	return NULL;
}

/* An address in the one form that inet_ntop has for it, IPv4 unmapped. */
static void
canonical(char *name, size_t size)
{
	struct in6_addr in6;
	struct in_addr in;

	if (strncasecmp(name, "::ffff:", 7) == 0 &&
	    inet_pton(AF_INET, name + 7, &in) == 1)
		memmove(name, name + 7, strlen(name + 7) + 1);
	if (inet_pton(AF_INET6, name, &in6) == 1)
		(void)inet_ntop(AF_INET6, &in6, name, (socklen_t)size);
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
load_chain(SSL_CTX *ssl, const struct bundle_pem *pem)
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
load_key(SSL_CTX *ssl, const struct bundle_pem *pem)
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

/* Files that hold no certificate are passed over, if one of them does. */
static int
load_anchors(SSL_CTX *ssl, const struct bundle *b)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	unsigned n = 0;
	BIO *bio;
	X509 *x;

	for (size_t i = 0; i < b->nca; i++) {
		bio = BIO_new_mem_buf(b->ca[i].p, (int)b->ca[i].n);
		if (bio == NULL)
			return -1;
		while ((x = PEM_read_bio_X509(bio, NULL, no_password, NULL)) !=
		       NULL) {
			n += X509_STORE_add_cert(store, x) == 1;
			/* RFC 8446 4.2.4: a hint, and no use if it is long. */
			if (n <= ANCHORS_TOLD)
				(void)SSL_CTX_add_client_CA(ssl, x);
			X509_free(x);
		}
		BIO_free(bio);
	}
	if (n > ANCHORS_TOLD)
		SSL_CTX_set_client_CA_list(ssl, sk_X509_NAME_new_null());
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

/*
 * KeyUpdate (RFC 8446 4.6.3), ClientHello (renegotiation): each costs us much
 * more than the client, and OpenSSL takes one after the other in one call.
 */
static void
count_message(int written, int version, int type, const void *p, size_t n,
    SSL *ssl, void *arg)
{
	struct tls *t = arg;

	(void)version;
	(void)p;
	(void)n;
	(void)ssl;
	if (t->shaken && written == 0 && type == SSL3_RT_HANDSHAKE)
		t->messages++;
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
	if (t->messages > TLS_MESSAGES_MAX) { /* back to who called OpenSSL */
		BIO_set_retry_read(bio);
		return -1;
	}
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
tls_new(
    struct tls_context *context, int fd, bool certificate, const char *local)
{
	struct tls *t = calloc(1, sizeof(*t));
	enum settings_verify verify = context->verify;
	char name[BUNDLE_NAME];
	uint8_t policy[POLICY];
	SSL_CTX *ssl;
	BIO *bio;

	ERR_clear_error();
	if (t == NULL)
		return NULL;
	t->fd = fd;
	(void)strlcpy(name, local, sizeof(name));
	canonical(name, sizeof(name));
	ssl = find_named(context, name);
	if ((t->ssl = SSL_new(ssl != NULL ? ssl : context->ssl)) == NULL ||
	    (bio = BIO_new(context->socket)) == NULL) {
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_accept_state(t->ssl);
	SSL_set_msg_callback(t->ssl, count_message);
	SSL_set_msg_callback_arg(t->ssl, t);
	/* Who was not asked for a certificate is asked where one counts. */
	memcpy(policy, context->policy, POLICY);
	policy[0] ^= certificate;
	(void)SSL_set_session_id_context(t->ssl, policy, POLICY);
	if (certificate || verify != SETTINGS_VERIFY_NONE)
		SSL_set_verify(t->ssl,
		    verify == SETTINGS_VERIFY_REQUIRE
			? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
			: SSL_VERIFY_PEER,
		    NULL);
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
	enum tls_result r;

	ERR_clear_error();
	r = result(t, SSL_do_handshake(t->ssl));
	if (r == TLS_OK)
		t->shaken = true;
	return r;
}

enum tls_result
tls_read(struct tls *t, void *p, size_t n, size_t *got)
{
	enum tls_result r;

	if (t->broken)
		return TLS_ERROR;
	ERR_clear_error();
	r = result(t, SSL_read_ex(t->ssl, p, n, got));
	if (r == TLS_OK)
		t->messages = 0;
	return r;
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
		if (t->messages <= TLS_MESSAGES_MAX)
			return TLS_WANT_READ;
		t->broken = true;
		(void)strlcpy(t->why, "messages without data", sizeof(t->why));
		return TLS_ERROR;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_EOF;
	default:
		break;
	}
	t->broken = true;
	e = ERR_peek_error();
	t->cut = ERR_GET_REASON(e) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
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

bool
tls_is_cut(const struct tls *t)
{
	return t->cut;
}

const char *
tls_why(const struct tls *t)
{
	return t->why;
}

int
tls_peer_name(const struct tls *t, char *out, size_t size)
{
	static const char *const usual[] = {"emailAddress", "commonName"};
	const char *field = t->context->field;
	X509 *x = SSL_get0_peer_certificate(t->ssl);
	X509_NAME *names;
	unsigned char *text = NULL;
	int at = -1, len, r = -1;

	if (x == NULL || SSL_get_verify_result(t->ssl) != X509_V_OK)
		return -1;
	names = X509_get_subject_name(x);
	for (size_t k = 0; k < (field[0] != '\0' ? 1 : 2) && at == -1; k++)
		for (int i = 0; i < X509_NAME_entry_count(names); i++)
			if (is_field(X509_NAME_get_entry(names, i),
				field[0] != '\0' ? field : usual[k]))
				at = i; /* the last one */
	if (at == -1)
		return -1;
	len = ASN1_STRING_to_UTF8(
	    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(names, at)));
	if (len > 0 && (size_t)len < size &&
	    memchr(text, '\0', (size_t)len) == NULL) {
		memcpy(out, text, (size_t)len);
		out[len] = '\0';
		r = 0;
	}
	OPENSSL_free(text);
	return r;
}

/* By its long or short name, or its number; upper and lower case are one. */
static bool
is_field(const X509_NAME_ENTRY *entry, const char *field)
{
	const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
	int nid = OBJ_obj2nid(object);
	char number[80];

	if (nid != NID_undef && (strcasecmp(OBJ_nid2ln(nid), field) == 0 ||
				    strcasecmp(OBJ_nid2sn(nid), field) == 0))
		return true;
	return OBJ_obj2txt(number, sizeof(number), object, 1) > 0 &&
	       strcmp(number, field) == 0;
}

bool
tls_certificate(
    const struct tls_context *context, size_t i, struct tls_certificate *out)
{
	const struct named *n = i > 0 ? &context->named[i - 1] : NULL;
	SSL_CTX *ssl = n != NULL ? n->ssl : context->ssl;
	struct tm tm;
	X509 *x;

	if (i > context->nnamed)
		return false;
	memset(out, 0, sizeof(*out));
	out->name = n != NULL ? n->name : "";
	out->why = n != NULL ? n->why : "";
	x = ssl != NULL ? SSL_CTX_get0_certificate(ssl) : NULL;
	if (x == NULL)
		return true;
	subject(x, out->subject, sizeof(out->subject));
	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1)
		out->until = timegm(&tm);
	return true;
}

/* The first name in the DNS, else the common name. */
static void
subject(X509 *x, char *out, size_t size)
{
	GENERAL_NAMES *list =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	const GENERAL_NAME *name;
	const ASN1_STRING *dns;

	(void)strlcpy(out, "without a name", size);
	(void)X509_NAME_get_text_by_NID(
	    X509_get_subject_name(x), NID_commonName, out, (int)size);
	for (int i = sk_GENERAL_NAME_num(list); i-- > 0;) {
		name = sk_GENERAL_NAME_value(list, i);
		if (name->type != GEN_DNS)
			continue;
		dns = name->d.dNSName;
		(void)snprintf(out, size, "%.*s", ASN1_STRING_length(dns),
		    (const char *)ASN1_STRING_get0_data(dns));
	}
	GENERAL_NAMES_free(list);
}
