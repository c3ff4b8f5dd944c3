/*
 * Certificates by name and by address, of clients, and what is told of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "t/unit/net_tls.h"
#include "worker/net/bundle.h"

#define DAY 86400

static char other_pem[4096], other_key[4096];

/* A certificate of that name, with a key of its own in other_key. */
static const char *
made(const char *name, long seconds)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *bio;

	(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
	    MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	(void)X509_set_version(x, 2);
	(void)X509_set_issuer_name(x, X509_get_subject_name(x));
	(void)X509_gmtime_adj(X509_getm_notBefore(x), -60);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), seconds);
	(void)X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	bio = BIO_new(BIO_s_mem());
	(void)PEM_write_bio_X509(bio, x);
	pem_of(bio, other_pem, sizeof(other_pem));
	bio = BIO_new(BIO_s_mem());
	(void)PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	pem_of(bio, other_key, sizeof(other_key));
	EVP_PKEY_free(key);
	X509_free(x);
	return other_pem;
}

static int
base(void)
{
	int fd = memfd_create("certs", MFD_CLOEXEC);

	entry(fd, "cert", cert_pem);
	entry(fd, "key", key_pem);
	return fd;
}

static void
give(int fd)
{
	char why[256];

	if (!give_certs(fd, why))
		fail_msg("%s", why);
}

static void
entry_both(int fd, const char *name)
{
	char both[2 * sizeof(other_pem)];

	(void)snprintf(both, sizeof(both), "%s%s", other_key, other_pem);
	entry(fd, name, both);
}

/* The common name that a client who asks for "name" is shown. */
static const char *
shown(uint64_t conn, const char *name)
{
	static char text[128];
	struct speaker s;
	char asked[128];
	X509 *x;

	speaker_on(&s, knock_with(conn, IPC_CLIENT_TLS, ""));
	if (name != NULL) {
		(void)strlcpy(asked, name, sizeof(asked));
		(void)SSL_set_tlsext_host_name(s.ssl, asked);
	}
	assert_int_equal(shake(&s), 1);
	x = SSL_get1_peer_certificate(s.ssl);
	(void)X509_NAME_get_text_by_NID(
	    X509_get_subject_name(x), NID_commonName, text, sizeof(text));
	X509_free(x);
	speaker_off(&s);
	turns(2);
	return text;
}

static void
a_name_has_its_own_certificate(void **state)
{
	static const struct {
		const char *asked, *shown;
	} t[] = {{"mail.example.org", "Mail"}, {"MAIL.Example.ORG", "Mail"},
	    {"imap.example.org", "Imap"}, {"example.org", "anna"},
	    {"mail.example.orgg", "anna"}, {"192.0.2.77", "anna"},
	    {NULL, "anna"}, {"", "anna"}, {"../mail.example.org", "anna"}};
	int fd = base();

	(void)state;
	(void)made("Mail", DAY);
	entry_both(fd, "cert.mail.example.org");
	/* The key in a file of its own, which comes first. */
	(void)made("Imap", DAY);
	entry(fd, "key.imap.example.org", other_key);
	entry(fd, "cert.imap.example.org", other_pem);
	entry(fd, "key.nobody.example.org", other_key);
	give(fd);
	for (uint64_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (strcmp(shown(i, t[i].asked), t[i].shown) != 0)
			fail_msg("%s", t[i].asked);
}

static void
a_name_comes_before_the_address_that_was_called(void **state)
{
	int fd = base();

	(void)state;
	(void)made("Mail", DAY);
	entry_both(fd, "cert.mail.example.org");
	(void)made("Here", DAY);
	entry_both(fd, "cert.192.0.2.2"); /* the house's address */
	(void)made("There", DAY);
	entry_both(fd, "cert.192.0.2.3");
	give(fd);
	assert_string_equal(shown(1, NULL), "Here");
	assert_string_equal(shown(2, "elsewhere.example.org"), "Here");
	assert_string_equal(shown(3, "mail.example.org"), "Mail");
}

static void
addresses_have_one_form(void **state)
{
	static const char *const names[] = {
	    "cert.::ffff:192.0.2.2", "cert.192.0.2.2"};
	int fd;

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		fd = base();
		(void)made("Here", DAY);
		entry_both(fd, names[i]);
		give(fd);
		assert_string_equal(shown(i, NULL), "Here");
	}
}

static void
a_name_without_a_key_uses_the_one_for_all(void **state)
{
	char why[256];
	int fd = memfd_create("certs", MFD_CLOEXEC);

	(void)state;
	(void)made("All", DAY);
	entry(fd, "cert", other_pem);
	entry(fd, "key", other_key);
	entry(fd, "cert.mail.example.org", other_pem);
	give(fd);
	fd = base();
	entry(fd, "cert.mail.example.org", other_pem);
	assert_false(give_certs(fd, why));
	assert_ptr_equal(strstr(why, "private key"), why);
	assert_non_null(strstr(why, "of mail.example.org"));
	/* Nothing has changed. */
	assert_string_equal(shown(1, "mail.example.org"), "All");
}

static void
a_copy_that_is_none_is_passed_over(void **state)
{
	char why[256];
	int fd = base();

	(void)state;
	entry(fd, "cert.old", "not a certificate");
	give(fd);
	assert_string_equal(logged("passed over"),
	    "worker: the file for old beside TLS_CERTFILE is passed over: "
	    "certificate");
	assert_string_equal(shown(1, "old"), "anna");
	fd = base();
	entry(fd, "cert.old.example.org", "not a certificate");
	assert_false(give_certs(fd, why));
	assert_non_null(strstr(why, "certificate of old.example.org"));
}

static void
names_are_bounded(void **state)
{
	char why[256], name[BUNDLE_NAME + 16];
	int fd;

	(void)state;
	(void)made("Mail", DAY);
	for (int extra = -1; extra <= 1; extra++) {
		fd = base();
		memset(name, 'n', sizeof(name));
		memcpy(name, "cert.", 5);
		name[5 + BUNDLE_NAME - 1 + extra] = '\0';
		entry_both(fd, name);
		assert_int_equal(give_certs(fd, why), extra <= 0);
	}
	for (int extra = -1; extra <= 1; extra++) {
		fd = base();
		for (int i = 0; i < BUNDLE_NAMES + extra; i++) {
			(void)snprintf(name, sizeof(name), "key.n%d", i);
			entry(fd, name, other_key);
		}
		assert_int_equal(give_certs(fd, why), extra <= 0);
	}
	for (int extra = -1; extra <= 1; extra++) {
		fd = base();
		for (int i = 0; i < BUNDLE_CA + extra; i++)
			entry(fd, "ca", i == 3 ? cert_pem : "nothing");
		assert_int_equal(give_certs(fd, why), extra <= 0);
	}
}

static void
each_load_tells_name_and_expiry(void **state)
{
	static const struct {
		long seconds;
		const char *says;
	} t[] = {{-30, "certificate of Mail for mail.example.org has expired"},
	    {DAY - 60, "expires in 0 days"}, {2 * DAY - 60, "expires in 1 day"},
	    {14 * DAY - 60, "expires in 13 days"},
	    {14 * DAY + 60, "is valid until "}, {40 * DAY, "is valid until "}};
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fd = base();
		(void)made("Mail", t[i].seconds);
		entry_both(fd, "cert.mail.example.org");
		give(fd);
		(void)logged("certificate of anna expires in 0 days, 20");
		assert_non_null(strstr(logged("Mail"), t[i].says));
	}
}

static void
present(struct speaker *s, const char *cert, const char *key)
{
	BIO *bio = BIO_new_mem_buf(cert, -1);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	EVP_PKEY *k;

	BIO_free(bio);
	bio = BIO_new_mem_buf(key, -1);
	k = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	(void)SSL_use_certificate(s->ssl, x);
	(void)SSL_use_PrivateKey(s->ssl, k);
	X509_free(x);
	EVP_PKEY_free(k);
}

/* Whether a client with nothing, our authority's, or a stranger's may speak. */
static void
clients_certificates_are_asked_for_as_verifypeer_says(void **state)
{
	static const struct {
		const char *word;
		bool none, ours, strange;
	} t[] = {{"N", true, true, true}, {"P", true, true, false},
	    {"R", false, true, false}};
	struct speaker s;
	bool may;
	int fd;

	(void)state;
	(void)made("stranger", DAY);
	for (uint64_t i = 0; i < 9; i++) {
		fd = base();
		entry(fd, "ca", cert_pem);
		entry(fd, "verify", t[i / 3].word);
		give(fd);
		may = i % 3 == 0   ? t[i / 3].none
		      : i % 3 == 1 ? t[i / 3].ours
				   : t[i / 3].strange;
		speaker_on(&s, knock_with(i, IPC_CLIENT_TLS, ""));
		if (i % 3 == 1)
			present(&s, cert_pem, key_pem);
		else if (i % 3 == 2)
			present(&s, other_pem, other_key);
		/* In TLS 1.3 a refusal comes after the client's handshake. */
		(void)shake(&s);
		if ((strncmp(hear(&s), "* OK ", 5) == 0) != may)
			fail_msg("%s %u", t[i / 3].word, (unsigned)(i % 3));
		speaker_off(&s);
		turns(2);
	}
}

static void
the_field_of_the_subject_is_chosen(void **state)
{
	static const struct {
		const char *field, *name; /* NULL: nobody */
	} t[] = {{"", "anna@example.org"}, {"emailaddress", "anna@example.org"},
	    {"EmailAddress", "anna@example.org"}, {"CN", "anna"},
	    {"commonname", "anna"}, {"2.5.4.3", "anna"}, {"UID", NULL},
	    {"nonsense", NULL}};
	struct speaker s;
	struct asked q;
	int fd;

	(void)state;
	for (uint64_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fd = base();
		entry(fd, "ca", cert_pem);
		entry(fd, "field", t[i].field);
		give(fd);
		speaker_on(
		    &s, knock_with(i, IPC_CLIENT_TLS | IPC_CLIENT_CERT, ""));
		present(&s, cert_pem, key_pem);
		assert_int_equal(shake(&s), 1);
		(void)hear(&s);
		tell(&s, "a AUTHENTICATE EXTERNAL =\r\n");
		if (t[i].name != NULL) {
			expect_ask(&q);
			assert_string_equal(q.b, t[i].name);
		} else {
			assert_string_equal(hear(&s),
			    "a NO [AUTHENTICATIONFAILED] Login failed.");
		}
		speaker_off(&s);
		turns(2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TLS(a_name_has_its_own_certificate),
	    TLS(a_name_comes_before_the_address_that_was_called),
	    TLS(addresses_have_one_form),
	    TLS(a_name_without_a_key_uses_the_one_for_all),
	    TLS(a_copy_that_is_none_is_passed_over),
	    TLS(names_are_bounded),
	    TLS(each_load_tells_name_and_expiry),
	    TLS(clients_certificates_are_asked_for_as_verifypeer_says),
	    TLS(the_field_of_the_subject_is_chosen),
	};

	return cmocka_run_group_tests(tests, make_cert, drop_cert);
}
