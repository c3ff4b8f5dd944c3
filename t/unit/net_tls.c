/*
 * TLS: handshakes, ALPN, certificates, STARTTLS and what came before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/net_tls.h"
#include <malloc.h>
#include <signal.h>

#include "shm/limits.h"
#include "worker/net/bundle.h"
#include "worker/net/ticketkey.h"

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
	assert_int_equal(ftruncate(fd, BUNDLE_MAX + 1), 0);
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
	struct tls_context *context;
	char why[256];
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fd = memfd_create("certs", MFD_CLOEXEC);
		entry(fd, "protocol", t[i].word);
		entry(fd, "cert", cert_pem);
		entry(fd, "key", key_pem);
		context = tls_load(fd, why, sizeof(why));
		if ((context != NULL) != t[i].ok)
			fail_msg("%s: %s", t[i].word, why);
		tls_forget(context);
		(void)close(fd);
	}
	fd = memfd_create("certs", MFD_CLOEXEC);
	entry(fd, "cert", cert_pem);
	entry(fd, "key", key_pem);
	entry(fd, "ciphers", "NONSENSE");
	assert_null(tls_load(fd, why, sizeof(why)));
	assert_ptr_equal(strstr(why, "TLS_CIPHER_LIST"), why);
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

/* IPC_TICKETS with two keys that are a letter each. */
static void
give_tickets(char now, char before)
{
	uint8_t keys[2 * TICKETKEY_SIZE];
	struct ipc_put put;

	memset(keys, now, TICKETKEY_SIZE);
	memset(keys + TICKETKEY_SIZE, before, TICKETKEY_SIZE);
	ipc_begin(&put, IPC_TICKETS);
	ipc_put_bytes(&put, keys, sizeof(keys));
	assert_int_equal(ipc_send(h.master, &put, NULL, 0), 0);
	turn();
}

/*
 * A connection that offers session (NULL: none) and takes another in exchange;
 * whether it was resumed.
 */
static bool
visit(uint64_t conn, uint32_t flags, int version, SSL_SESSION **session)
{
	struct speaker s;
	bool reused;

	speaker_on(&s, knock_with(conn, IPC_CLIENT_TLS | flags, ""));
	(void)SSL_set_max_proto_version(s.ssl, version);
	if (*session != NULL)
		(void)SSL_set_session(s.ssl, *session);
	assert_int_equal(shake(&s), 1);
	tls_greeted(&s);
	reused = SSL_session_reused(s.ssl) == 1;
	SSL_SESSION_free(*session);
	*session = SSL_get1_session(s.ssl);
	assert_int_equal(SSL_SESSION_is_resumable(*session), 1);
	(void)SSL_shutdown(s.ssl);
	speaker_off(&s);
	turns(2);
	return reused;
}

static void
certs_again(const char *verify)
{
	int fd = memfd_create("certs", MFD_CLOEXEC);
	char why[256];

	entry(fd, "cert", cert_pem);
	entry(fd, "key", key_pem);
	entry(fd, "ca", cert_pem);
	entry(fd, "verify", verify);
	assert_true(give_certs(fd, why));
}

static void
a_session_is_resumed_as_long_as_its_key_lives(void **state)
{
	static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
	SSL_SESSION *session, *old;
	uint64_t conn = 1;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		session = NULL;
		certs_again("N");
		give_tickets('a', 'z');
		assert_false(visit(conn++, 0, versions[i], &session));
		assert_true(visit(conn++, 0, versions[i], &session));
		old = SSL_SESSION_dup(session);
		/* Certificates that are read again; the next key. */
		certs_again("N");
		give_tickets('b', 'a');
		assert_true(visit(conn++, 0, versions[i], &session));
		/* It was given a new ticket, which outlives the old key. */
		give_tickets('c', 'b');
		assert_true(visit(conn++, 0, versions[i], &session));
		assert_false(visit(conn++, 0, versions[i], &old));
		SSL_SESSION_free(session);
		SSL_SESSION_free(old);
	}
}

static void
another_rule_for_clients_ends_old_sessions(void **state)
{
	SSL_SESSION *session = NULL;

	(void)state;
	certs_again("N");
	assert_false(visit(1, 0, TLS1_3_VERSION, &session));
	/* A listener that asks for certificates. */
	assert_false(visit(2, IPC_CLIENT_CERT, TLS1_3_VERSION, &session));
	assert_true(visit(3, IPC_CLIENT_CERT, TLS1_3_VERSION, &session));
	assert_false(visit(4, 0, TLS1_3_VERSION, &session));
	certs_again("P");
	assert_false(visit(5, 0, TLS1_3_VERSION, &session));
	assert_true(visit(6, 0, TLS1_3_VERSION, &session));
	SSL_SESSION_free(session);
}

static void
bad_ticket_keys_are_no_message(void **state)
{
	SSL_SESSION *session = NULL;
	uint8_t keys[2 * TICKETKEY_SIZE] = {0};
	struct ipc_put put;

	(void)state;
	give_tickets('a', 'b');
	assert_false(visit(1, 0, TLS1_3_VERSION, &session));
	ipc_begin(&put, IPC_TICKETS);
	ipc_put_bytes(&put, keys, sizeof(keys) - 1);
	assert_int_equal(ipc_send(h.master, &put, NULL, 0), 0);
	turn();
	assert_true(h.alive);
	assert_true(visit(2, 0, TLS1_3_VERSION, &session));
	SSL_SESSION_free(session);
}

/* KeyUpdates in a row (RFC 8446 4.6.3), then a command: is it answered? */
static bool
survives_updates(struct speaker *s, unsigned many)
{
	for (unsigned i = 0; i < many; i++) {
		(void)SSL_key_update(s->ssl, SSL_KEY_UPDATE_REQUESTED);
		(void)SSL_do_handshake(s->ssl);
	}
	ERR_clear_error();
	if (SSL_write(s->ssl, "a NOOP\r\n", 8) != 8)
		return false;
	return strcmp(hear(s), "a OK NOOP completed") == 0;
}

static void
messages_without_data_end_at_their_limit(void **state)
{
	struct speaker s;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	speaker_on(&s, knock_with(1, IPC_CLIENT_TLS, ""));
	assert_int_equal(shake(&s), 1);
	tls_greeted(&s);
	/* Data in between begins the count anew. */
	for (int i = 0; i < 20; i++)
		assert_true(survives_updates(&s, TLS_MESSAGES_MAX));
	assert_false(survives_updates(&s, TLS_MESSAGES_MAX + 1));
	speaker_off(&s);
	(void)logged("messages without data");
}

static void
one_byte_records_are_served_in_turns(void **state)
{
	static const char text[] = "a NOOP\r\n";
	struct speaker s, other;

	(void)state;
	speaker_on(&s, knock_with(1, IPC_CLIENT_TLS, ""));
	assert_int_equal(shake(&s), 1);
	tls_greeted(&s);
	for (int i = 0; i < 100; i++)
		for (size_t k = 0; k < sizeof(text) - 1; k++)
			tell_n(&s, text + k, 1);
	speaker_on(&other, knock_with(2, IPC_CLIENT_TLS, ""));
	assert_int_equal(shake(&other), 1);
	tls_greeted(&other);
	for (int i = 0; i < 100; i++)
		assert_string_equal(hear(&s), "a OK NOOP completed");
	speaker_off(&s);
	speaker_off(&other);
}

/* A5: none is kept, none is a path. Their number is torture's when FULL. */
static void
a_hundred_thousand_names_leave_nothing_behind(void **state)
{
	static const int most = 100000;
	int many = getenv("FULL") != NULL ? most : 200;
	size_t before = 0;
	struct speaker s;
	char name[64];

	(void)state;
	for (int i = 0; i < many; i++) {
		speaker_on(&s, knock_with((uint64_t)i, IPC_CLIENT_TLS, ""));
		for (size_t k = 0; k < sizeof(name) - 1; k++)
			name[k] = (char)(1 + (rand() & 0xff) % 255);
		name[sizeof(name) - 1] = '\0';
		(void)SSL_set_tlsext_host_name(s.ssl, name);
		assert_int_equal(shake(&s), 1);
		speaker_off(&s);
		turns(2);
		house_swallow();
		if (i == many / 4)
			before = mallinfo2().uordblks;
	}
	assert_true(mallinfo2().uordblks < before + 262144);
}

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
	    TLS(external_takes_the_certificates_name),
	    TLS(server_names_are_only_names),
	    TLS(a_session_is_resumed_as_long_as_its_key_lives),
	    TLS(another_rule_for_clients_ends_old_sessions),
	    TLS(bad_ticket_keys_are_no_message),
	    TLS(messages_without_data_end_at_their_limit),
	    TLS(one_byte_records_are_served_in_turns),
	    TLS(a_hundred_thousand_names_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, make_cert, drop_cert);
}
