/* authdaemond as a module: its protocol, against a scripted peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/un.h>

#include "auth/authdaemon.h"
#include "auth/owner.h"
#include "t/unit/auth_house.h"

#define ACCOUNT                                                                \
	"UID=1000\nGID=100\nHOME=/home/anna\nADDRESS=anna@x.org\n"             \
	"MAILDIR=./M\nOPTIONS=disableshared=1\n"
#define ASKED "AUTH 23\nimap\nlogin\nanna\nsecret\n"

struct script {           /* one connection */
	const char *want; /* read exactly this first */
	const char *say;
	enum {
		CLOSE,
		BYTES, /* said byte by byte */
		HANG
	} how;
};

static char path[300];
static pid_t peer;

static void
play(int fd, const struct script *s)
{
	char got[AUTHDAEMON_REQUEST];
	size_t n = strlen(s->want), have = 0;
	ssize_t r;

	while (have < n && (r = read(fd, got + have, n - have)) > 0)
		have += (size_t)r;
	if (have != n || memcmp(got, s->want, n) != 0)
		_exit(1);
	for (size_t i = 0; s->how == BYTES && s->say[i] != '\0'; i++)
		if (write(fd, s->say + i, 1) != 1)
			_exit(1);
	n = strlen(s->say);
	if (s->how != BYTES && n > 0 && write(fd, s->say, n) != (ssize_t)n)
		_exit(1);
	if (s->how == HANG)
		(void)poll(NULL, 0, 3000);
	close(fd);
}

/* A daemon that plays these, one connection each, and ends. */
static void
daemon_with(const struct script *s, size_t n)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(path, sizeof(path), "%s/socket", dir);
	(void)unlink(path);
	assert_true(strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) <
		    sizeof(sun.sun_path));
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 5), 0);
	peer = fork();
	if (peer == 0) {
		(void)signal(SIGPIPE, SIG_IGN);
		(void)alarm(20);
		for (size_t i = 0; i < n; i++)
			play(accept(fd, NULL, NULL), &s[i]);
		_exit(0);
	}
	assert_true(peer > 0);
	close(fd);
}

/* Whether it saw all that it wanted to see. */
static bool
daemon_ended(void)
{
	int status;

	return waitpid(peer, &status, 0) == peer && status == 0;
}

static struct authdaemon_question
question(void)
{
	return (struct authdaemon_question){.socket = path,
	    .service = "imap",
	    .user = "anna",
	    .password = "secret",
	    .rhost = "",
	    .connect_ms = 2000,
	    .write_ms = 2000,
	    .read_ms = 2000};
}

static void
requests_are_as_the_protocol_has_them(void **state)
{
	struct authdaemon_question q = question();
	char out[AUTHDAEMON_REQUEST];

	(void)state;
	out[authdaemon_request(&q, out)] = '\0';
	assert_string_equal(out, ASKED);
	q.rhost = "192.0.2.1";
	out[authdaemon_request(&q, out)] = '\0';
	assert_string_equal(out, "TCPREMOTEIP=192.0.2.1\n" ASKED);
	q.plain = true;
	out[authdaemon_request(&q, out)] = '\0';
	assert_string_equal(out, ASKED);
	q.external = true;
	q.user = "a b";
	q.service = "imaps";
	out[authdaemon_request(&q, out)] = '\0';
	assert_string_equal(out, "PRE . imaps a b\n");
}

static void
control_bytes_are_not_sent(void **state)
{
	static const char *const bad[] = {"a\nb", "\t", "x\x1f", "\x01"};
	static const char *const good[] = {"a b", "\x7f", "\xc3\xb6", "="};
	struct authdaemon_question q = question();
	char out[AUTHDAEMON_REQUEST];
	struct authdaemon_answer a;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		q = question();
		q.user = bad[i];
		assert_int_equal(authdaemon_request(&q, out), 0);
		q.user = good[i];
		assert_int_not_equal(authdaemon_request(&q, out), 0);
		q.password = bad[i];
		assert_int_equal(authdaemon_request(&q, out), 0);
		/* Nobody listens: it is not even tried. */
		authdaemon_ask(&q, &a);
		assert_int_equal(a.verdict, AUTHDAEMON_WRONG);
		q.password = good[i];
		assert_int_not_equal(authdaemon_request(&q, out), 0);
	}
}

static void
a_body_is_shorter_than_its_bound(void **state)
{
	struct authdaemon_question q = question();
	char out[AUTHDAEMON_REQUEST], *password = malloc(AUTHDAEMON_MAX + 1);
	size_t most = AUTHDAEMON_MAX - 1 - strlen("imap") - strlen("anna") - 16;

	(void)state;
	for (size_t n = most - 1; n <= most + 1; n++) {
		memset(password, 'p', n);
		password[n] = '\0';
		q.password = password;
		if ((authdaemon_request(&q, out) != 0) != (n <= most))
			fail_msg("%zu bytes", n);
	}
	free(password);
}

static void
answers_are_read_line_by_line(void **state)
{
	static const struct {
		const char *text, *why;
		enum authdaemon_verdict verdict;
	} cases[] = {
	    {ACCOUNT ".\n", "", AUTHDAEMON_RIGHT},
	    {"FAIL\n", "", AUTHDAEMON_WRONG},
	    {ACCOUNT "FAIL\n", "", AUTHDAEMON_WRONG},
	    {"", "closed without", AUTHDAEMON_UNAVAILABLE},
	    {"FAIL", "closed without", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT, "closed without", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT ".", "closed without", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT "..\n", "closed without", AUTHDAEMON_UNAVAILABLE},
	    {".\n", "no ADDRESS", AUTHDAEMON_UNAVAILABLE},
	    {"junk\nPASSWD=x\n=\nADDRESSX=y\n" ACCOUNT ".\n", "",
		AUTHDAEMON_RIGHT},
	    {ACCOUNT "HOME=\n.\n", "no HOME", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT "HOME=home\n.\n", "no HOME", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT "ADDRESS=\n.\n", "no ADDRESS", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT "ADDRESS=a/b\n.\n", "no login name",
		AUTHDAEMON_UNAVAILABLE},
	    {"GID=1\nHOME=/\nADDRESS=a\n.\n", "neither USERNAME nor UID",
		AUTHDAEMON_UNAVAILABLE},
	    {"UID=1\nHOME=/\nADDRESS=a\n.\n", "no GID", AUTHDAEMON_UNAVAILABLE},
	    {"USERNAME=u\nGID=1\nHOME=/\nADDRESS=a\n.\n", "", AUTHDAEMON_RIGHT},
	    {ACCOUNT "UID=\n.\n", "cannot be used", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT "UID=-1\n.\n", "cannot be used", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT "UID=4294967294\n.\n", "", AUTHDAEMON_RIGHT},
	    {ACCOUNT "UID=4294967295\n.\n", "cannot be used",
		AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT "GID=1x\n.\n", "cannot be used", AUTHDAEMON_UNAVAILABLE},
	    {ACCOUNT "GID=00000000001\n.\n", "cannot be used",
		AUTHDAEMON_UNAVAILABLE},
	};
	struct authdaemon_answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		authdaemon_read(cases[i].text, strlen(cases[i].text), &a);
		if (a.verdict != cases[i].verdict ||
		    strstr(a.why, cases[i].why) == NULL)
			fail_msg("%s: %u %s", cases[i].text, a.verdict, a.why);
	}
	authdaemon_read(ACCOUNT "A=\0\n.\n", sizeof(ACCOUNT) + 6, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_UNAVAILABLE);
	authdaemon_read(ACCOUNT "UID=7\nHOME=/last\n.\n",
	    strlen(ACCOUNT "UID=7\nHOME=/last\n.\n"), &a);
	assert_int_equal(a.uid, 7);
	assert_int_equal(a.gid, 100);
	assert_string_equal(a.home, "/last");
	assert_string_equal(a.user, "anna@x.org");
	assert_string_equal(a.maildir, "./M");
	assert_string_equal(a.options, "disableshared=1");
}

static void
a_value_has_its_bound(void **state)
{
	char text[AUTHDAEMON_MAX];
	struct authdaemon_answer a;
	int n;

	(void)state;
	for (int len = TICKET_TEXT - 2; len <= TICKET_TEXT; len++) {
		n = snprintf(
		    text, sizeof(text), ACCOUNT "MAILDIR=%0*d\n.\n", len, 1);
		authdaemon_read(text, (size_t)n, &a);
		assert_int_equal(a.verdict, len < TICKET_TEXT
						? AUTHDAEMON_RIGHT
						: AUTHDAEMON_UNAVAILABLE);
	}
}

static void
every_split_of_an_answer_is_read(void **state)
{
	static const struct script s[] = {{ASKED, ACCOUNT ".\n", BYTES},
	    {ASKED, "FAIL\n", BYTES}, {ASKED, ACCOUNT ".\n", HANG}};
	struct authdaemon_question q = question();
	struct authdaemon_answer a;

	(void)state;
	daemon_with(s, 3);
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_RIGHT);
	assert_int_equal(a.plain, 0);
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_WRONG);
	/* The end of the text is enough. */
	q.read_ms = 500;
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_RIGHT);
	(void)kill(peer, SIGKILL);
	(void)daemon_ended();
}

static void
trouble_is_temporary(void **state)
{
	static const struct script s[] = {{ASKED, "", CLOSE},
	    {ASKED, ACCOUNT, CLOSE}, {ASKED, "UID=1\n", HANG}};
	struct authdaemon_question q = question();
	struct authdaemon_answer a;
	uint64_t begun;
	char text[200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/nobody", dir);
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_UNAVAILABLE);
	assert_string_equal(a.why, "connect: No such file or directory");
	memset(text, '/', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	q.socket = text;
	authdaemon_ask(&q, &a);
	assert_string_equal(a.why, "connect: File name too long");
	q.socket = path;
	daemon_with(s, 3);
	authdaemon_ask(&q, &a);
	assert_string_equal(a.why, "closed without an answer");
	authdaemon_ask(&q, &a);
	assert_string_equal(a.why, "closed without an answer");
	q.read_ms = 200;
	begun = child_now();
	authdaemon_ask(&q, &a);
	assert_string_equal(a.why, "no answer: Connection timed out");
	assert_true(child_now() - begun >= 200 && child_now() - begun < 2000);
	(void)kill(peer, SIGKILL);
	(void)daemon_ended();
}

static void
too_long_an_answer_is_none(void **state)
{
	static char text[AUTHDAEMON_MAX + 2];
	struct script s = {ASKED, text, CLOSE};
	struct authdaemon_question q = question();
	struct authdaemon_answer a;
	size_t pad;

	(void)state;
	for (size_t len = AUTHDAEMON_MAX - 2; len <= AUTHDAEMON_MAX; len++) {
		pad = len - strlen(ACCOUNT ".\n") - strlen("X=\n");
		(void)snprintf(
		    text, sizeof(text), "X=%0*d\n" ACCOUNT ".\n", (int)pad, 0);
		assert_int_equal(strlen(text), len);
		daemon_with(&s, 1);
		authdaemon_ask(&q, &a);
		(void)daemon_ended();
		assert_int_equal(a.verdict, len < AUTHDAEMON_MAX
						? AUTHDAEMON_RIGHT
						: AUTHDAEMON_UNAVAILABLE);
	}
}

static void
an_old_daemon_is_asked_without_metadata(void **state)
{
	static const struct script s[] = {
	    {"TCPREMOTEIP=192.0.2.1\n", "", CLOSE}, {ASKED, "FAIL\n", CLOSE},
	    {"TCPREMOTEIP=192.0.2.1\n" ASKED, "", CLOSE}, {ASKED, "", CLOSE},
	    {"TCPREMOTEIP=192.0.2.1\n" ASKED, ACCOUNT, CLOSE},
	    {ASKED, ACCOUNT ".\n", CLOSE}};
	struct authdaemon_question q = question();
	struct authdaemon_answer a;

	(void)state;
	q.rhost = "192.0.2.1";
	daemon_with(s, 6);
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_WRONG);
	assert_int_equal(a.plain, 1);
	/* One that is only in trouble is not taken for an old one. */
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_UNAVAILABLE);
	assert_int_equal(a.plain, 0);
	/* Nor is one that had begun to answer. */
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_UNAVAILABLE);
	q.plain = true;
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_RIGHT);
	assert_true(daemon_ended());
}

static void
username_is_looked_up_and_gid_stays(void **state)
{
	static const struct script s[] = {
	    {ASKED, "USERNAME=root\nUID=5\nGID=77\nHOME=/r\nADDRESS=r\n.\n",
		CLOSE},
	    {ASKED, "USERNAME=no-such-one\nGID=7\nHOME=/r\nADDRESS=r\n.\n",
		CLOSE}};
	struct authdaemon_question q = question();
	struct authdaemon_answer a;

	(void)state;
	daemon_with(s, 2);
	authdaemon_ask(&q, &a);
	assert_int_equal(a.verdict, AUTHDAEMON_RIGHT);
	assert_int_equal(a.uid, 0);
	assert_int_equal(a.gid, 77);
	assert_true(a.ngroups >= 1);
	assert_int_equal(a.groups[0], 77);
	authdaemon_ask(&q, &a);
	assert_string_equal(a.why, "USERNAME: no such system account");
	assert_true(daemon_ended());
}

static void
an_account_becomes_an_owner(void **state)
{
	struct authdaemon_answer a;
	struct owner o;

	(void)state;
	authdaemon_read(ACCOUNT ".\n", strlen(ACCOUNT ".\n"), &a);
	assert_int_equal(owner_from_daemon(&a, "Mail", &o), 0);
	assert_string_equal(o.user, "anna@x.org");
	assert_string_equal(o.maildir, "/home/anna/M");
	assert_string_equal(o.options, "disableshared=1");
	assert_int_equal(o.uid, 1000);
	assert_int_equal(o.ngroups, 0);
	a.maildir[0] = '\0';
	assert_int_equal(owner_from_daemon(&a, "Mail", &o), 0);
	assert_string_equal(o.maildir, "/home/anna/Mail");
	memset(a.maildir, 'x', sizeof(a.maildir) - 1);
	assert_int_equal(owner_from_daemon(&a, "Mail", &o), -1);
	a.maildir[0] = '\0';
	a.ngroups = TICKET_GROUPS + 1;
	assert_int_equal(owner_from_daemon(&a, "Mail", &o), -1);
}

static void
auth_asks_it_like_the_other_modules(void **state)
{
	static const struct script s[] = {
	    {"TCPREMOTEIP=192.0.2.1\n" ASKED, ACCOUNT ".\n", CLOSE},
	    {"TCPREMOTEIP=192.0.2.1\n" ASKED, "FAIL\n", CLOSE},
	    {"TCPREMOTEIP=192.0.2.1\n" ASKED,
		"UID=0\nGID=0\nHOME=/\nADDRESS=anna\n.\n", CLOSE},
	    {"TCPREMOTEIP=192.0.2.1\n" ASKED,
		"UID=99\nGID=0\nHOME=/\nADDRESS=anna\n.\n", CLOSE},
	    {"TCPREMOTEIP=192.0.2.1\n" ASKED,
		ACCOUNT "OPTIONS=disableimap\n.\n", CLOSE},
	    {"TCPREMOTEIP=192.0.2.1\nPRE . imap anna\n", ACCOUNT ".\n", CLOSE},
	    {"TCPREMOTEIP=192.0.2.1\nAUTH 23\npop3", "", CLOSE},
	    {"AUTH 23\npop3\nlogin\nanna\nsecret\n", ACCOUNT ".\n", CLOSE},
	    {ASKED, "FAIL\n", CLOSE}};
	struct reply r;

	(void)state;
	boot.set.authmodules[0] = SETTINGS_AUTH_DAEMON;
	boot.set.nservices = 1;
	boot.set.services[0] = (struct settings_service){110, "pop3"};
	daemon_with(s, 9);
	(void)strlcpy(boot.set.authdaemonsocket, path, SETTINGS_PATH);
	begin();
	r = login("anna", "secret");
	assert_int_equal(r.type, IPC_YES);
	assert_string_equal(r.user, "anna@x.org");
	assert_string_equal(r.ticket.owner.maildir, "/home/anna/M");
	assert_int_equal(login("anna", "secret").why, IPC_NO_FAILED);
	assert_int_equal(login("anna", "secret").type, IPC_NO);
	assert_true(logged("uid 0 is refused"));
	assert_int_equal(login("anna", "secret").type, IPC_NO);
	assert_true(logged("uid 99 is refused"));
	assert_int_equal(login("anna", "secret").why, IPC_NO_DISABLED);
	/* Refused before it is sent: the daemon sees nothing of it. */
	assert_int_equal(login("anna", "a\tb").why, IPC_NO_FAILED);
	ask(1, (struct ask){.conn = 1,
		   .user = "",
		   .password = "anna",
		   .mechanism = "EXTERNAL",
		   .flags = IPC_ASK_CERT | IPC_ASK_TLS});
	assert_int_equal(answer(1, 5000).type, IPC_YES);
	/* The service of a port; an old daemon, remembered as such. */
	ask(0, (struct ask){.conn = 1, .user = "anna", .port = 110});
	assert_int_equal(answer(0, 5000).type, IPC_YES);
	assert_int_equal(login("anna", "secret").why, IPC_NO_FAILED);
	assert_true(daemon_ended());
	assert_int_equal(login("anna", "secret").why, IPC_NO_UNAVAILABLE);
	assert_true(logged("authdaemond at"));
}

static void
rejected_there_the_next_module_is_asked(void **state)
{
	static const struct script s[] = {
	    {"TCPREMOTEIP=192.0.2.1\n" ASKED, "FAIL\n", CLOSE}};

	(void)state;
	boot.set.authmodules[0] = SETTINGS_AUTH_DAEMON;
	boot.set.authmodules[1] = SETTINGS_AUTH_USERDB;
	daemon_with(s, 1);
	(void)strlcpy(boot.set.authdaemonsocket, path, SETTINGS_PATH);
	begin();
	assert_int_equal(login("anna", "secret").type, IPC_YES);
	assert_true(daemon_ended());
	/* Trouble stops the search: it is not known whose account it is. */
	assert_int_equal(login("anna", "secret").why, IPC_NO_UNAVAILABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(requests_are_as_the_protocol_has_them),
	    T(control_bytes_are_not_sent),
	    T(a_body_is_shorter_than_its_bound),
	    T(answers_are_read_line_by_line),
	    T(a_value_has_its_bound),
	    T(every_split_of_an_answer_is_read),
	    T(trouble_is_temporary),
	    T(too_long_an_answer_is_none),
	    T(an_old_daemon_is_asked_without_metadata),
	    T(username_is_looked_up_and_gid_stays),
	    T(an_account_becomes_an_owner),
	    T(auth_asks_it_like_the_other_modules),
	    T(rejected_there_the_next_module_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
