/*
 * PAM for real, with the service files of t/pam.d: verdicts, expired accounts,
 * and modules that die, hang, garble and fork.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/child.h"
#include "auth/pam.h"
#include "auth/pool.h"

#define SOURCE "t/pam.d/" /* make runs the tests from the top */

static char dir[200], me[SASL_NAME];
static struct passwd myself;
static struct boot boot;
static bool has_evil;

static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Copies a file of t/pam.d with @DIR@ and @ARG@ replaced. */
static void
install(const char *name, const char *as, const char *arg, mode_t mode)
{
	char path[300], line[512], text[4096] = "";
	char *at;
	FILE *f;

	(void)snprintf(path, sizeof(path), SOURCE "%s", name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: run from the top of the tree", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		char *p = line;

		while (line[0] != '#' && (at = strchr(p, '@')) != NULL) {
			(void)strncat(text, p, (size_t)(at - p));
			(void)strlcat(text,
			    strncmp(at, "@DIR@", 5) == 0 ? dir : arg,
			    sizeof(text));
			p = at + 5;
		}
		(void)strlcat(text, p, sizeof(text));
	}
	fclose(f);
	write_file(as, text, mode);
}

static int
prepare(void **state)
{
	static const char *const services[] = {"imap-permit", "imap-deny",
	    "imap-locked", "imap-expired", "imap-newpass", "imap-noinfo",
	    "imap-check", "imap-sleep"};
	const char *tmp = getenv("TMPDIR");
	const struct passwd *pw = getpwuid(getuid());
	char command[700];

	(void)state;
	assert_non_null(pw);
	(void)strlcpy(me, pw->pw_name, sizeof(me));
	myself = *pw;
	myself.pw_dir = strdup(pw->pw_dir);
	(void)snprintf(
	    dir, sizeof(dir), "%s/pam.XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		install(services[i], services[i], "", 0644);
	install("check.sh", "check.sh", "", 0755);
	install("sleep.sh", "sleep.sh", "", 0755);
	(void)snprintf(command, sizeof(command),
	    "${CC:-cc} -shared -fPIC -o '%s/evil.so' " SOURCE "evil.c", dir);
	has_evil = system(command) == 0;
	boot.magic = BOOT_MAGIC;
	boot.version = IPC_VERSION;
	boot.size = sizeof(boot);
	boot.role = BOOT_PAM;
	(void)strlcpy(boot.set.pamconfdir, dir, sizeof(boot.set.pamconfdir));
	return 0;
}

static int
clean(void **state)
{
	char command[256];

	(void)state;
	free(myself.pw_dir);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static struct pam_question
question(const char *password)
{
	struct pam_question q;

	memset(&q, 0, sizeof(q));
	q.id = 42;
	(void)strlcpy(q.user, me, sizeof(q.user));
	(void)strlcpy(q.password, password, sizeof(q.password));
	(void)strlcpy(q.rhost, "192.0.2.1", sizeof(q.rhost));
	return q;
}

static void
service(const char *name)
{
	(void)strlcpy(boot.set.pamservice, name, sizeof(boot.set.pamservice));
}

static enum pam_verdict
ask(const char *name, const char *password, struct pam_answer *a)
{
	struct pam_question q = question(password);

	service(name);
	pam_ask(&boot.set, &q, a);
	assert_true(a->id == 42);
	return (enum pam_verdict)a->verdict;
}

static void
verdicts_are_those_of_the_modules(void **state)
{
	static const struct {
		const char *service;
		enum pam_verdict want;
	} cases[] = {
	    {"imap-permit", PAM_IS_RIGHT},
	    {"imap-deny", PAM_IS_WRONG},
	    {"imap-locked", PAM_IS_WRONG},
	    {"imap-expired", PAM_IS_EXPIRED},
	    {"imap-newpass", PAM_IS_EXPIRED},
	    {"imap-noinfo", PAM_IS_UNAVAILABLE},
	};
	struct pam_answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ask(cases[i].service, "x", &a) != cases[i].want)
			fail_msg("%s: verdict %u", cases[i].service, a.verdict);
}

static void
a_question_may_name_its_service(void **state)
{
	struct pam_question q = question("x");
	struct pam_answer a;

	(void)state;
	service("imap-deny");
	(void)strlcpy(q.service, "imap-permit", sizeof(q.service));
	pam_ask(&boot.set, &q, &a);
	assert_int_equal(a.verdict, PAM_IS_RIGHT);
	q.service[0] = '\0';
	pam_ask(&boot.set, &q, &a);
	assert_int_equal(a.verdict, PAM_IS_WRONG);
}

static void
the_answer_brings_the_account(void **state)
{
	struct pam_answer a;
	bool own = false;

	(void)state;
	assert_int_equal(ask("imap-permit", "x", &a), PAM_IS_RIGHT);
	assert_string_equal(a.user, me);
	assert_int_equal(a.uid, getuid());
	assert_int_equal(a.gid, myself.pw_gid);
	assert_string_equal(a.home, myself.pw_dir);
	assert_true(a.ngroups >= 1 && a.ngroups <= a.allgroups);
	for (uint32_t i = 0; i < a.ngroups; i++)
		own |= a.groups[i] == a.gid;
	assert_true(own);
}

static void
an_account_that_does_not_exist_is_wrong(void **state)
{
	struct pam_question q = question("x");
	struct pam_answer a;

	(void)state;
	service("imap-permit");
	(void)strlcpy(q.user, "no-such-user-here", sizeof(q.user));
	pam_ask(&boot.set, &q, &a);
	assert_int_equal(a.verdict, PAM_IS_WRONG);
	assert_int_equal(a.uid, 0);
}

static void
modules_see_password_address_and_terminal(void **state)
{
	struct pam_question q = question("secret");
	struct pam_answer a;

	(void)state;
	assert_int_equal(ask("imap-check", "secret", &a), PAM_IS_RIGHT);
	assert_int_equal(ask("imap-check", "Secret", &a), PAM_IS_WRONG);
	(void)strlcpy(q.rhost, "192.0.2.2", sizeof(q.rhost));
	pam_ask(&boot.set, &q, &a);
	assert_int_equal(a.verdict, PAM_IS_WRONG);
}

static void
a_refusal_takes_no_time_of_pams_own(void **state)
{
	uint64_t begun = child_now();
	struct pam_answer a;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask("imap-deny", "x", &a), PAM_IS_WRONG);
	assert_true(child_now() - begun < 1000);
}

static void
a_certificate_needs_the_account_only(void **state)
{
	struct pam_question q = question("");
	struct pam_answer a;

	(void)state;
	q.kind = PAM_ACCOUNT;
	service("imap-deny");
	pam_ask(&boot.set, &q, &a);
	assert_int_equal(a.verdict, PAM_IS_RIGHT);
	service("imap-expired");
	pam_ask(&boot.set, &q, &a);
	assert_int_equal(a.verdict, PAM_IS_EXPIRED);
}

struct work {
	const struct pam_question *q;
};

static int
ask_in_child(const void *arg, void *record)
{
	const struct work *work = arg;

	pam_ask(&boot.set, work->q, record);
	return 0;
}

/* As the PAM process does it; a child has so many ms. */
static enum pam_verdict
ask_evil(const char *name, uint32_t ms, struct pam_answer *a)
{
	struct pam_question q = question("secret");
	struct work work = {&q};
	struct pollfd fds[POOL_MAX];
	enum pool_end end;
	struct pool p;
	uint64_t id;

	service(name);
	pool_init(&p, sizeof(*a), ms);
	assert_int_equal(
	    pool_start(&p, q.id, ask_in_child, &work, child_now()), 0);
	while ((end = pool_take(&p, child_now(), &id, a)) == POOL_NONE)
		(void)poll(fds, (nfds_t)pool_poll(&p, fds),
		    child_timeout(pool_deadline(&p), child_now()));
	return end == POOL_ANSWER ? (enum pam_verdict)a->verdict
				  : PAM_IS_UNAVAILABLE;
}

static void
without_the_service_file_nothing_can_be_said(void **state)
{
	struct pam_answer a;

	(void)state;
	assert_int_equal(
	    ask_evil("imap-nowhere", 2000, &a), PAM_IS_UNAVAILABLE);
}

static void
a_module_that_misbehaves_costs_its_login_only(void **state)
{
	static const struct {
		const char *arg;
		enum pam_verdict want;
	} cases[] = {
	    {"good", PAM_IS_RIGHT},
	    {"exit", PAM_IS_UNAVAILABLE},
	    {"abort", PAM_IS_UNAVAILABLE},
	    {"kill", PAM_IS_UNAVAILABLE},
	    {"hang", PAM_IS_UNAVAILABLE},
	    {"garbage", PAM_IS_UNAVAILABLE},
	    {"twice", PAM_IS_UNAVAILABLE},
	    {"close", PAM_IS_UNAVAILABLE},
	    {"prompts", PAM_IS_UNAVAILABLE},
	    {"fork", PAM_IS_RIGHT},
	    {"echo", PAM_IS_RIGHT},
	    {"user=", PAM_IS_UNAVAILABLE},
	    {"user=a/b", PAM_IS_UNAVAILABLE},
	    {"user=no-such-user-here", PAM_IS_WRONG},
	};
	uint64_t begun = child_now();
	struct pam_answer a;

	(void)state;
	if (!has_evil)
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		install("imap-evil", "imap-evil", cases[i].arg, 0644);
		if (ask_evil("imap-evil", 300, &a) != cases[i].want)
			fail_msg("%s", cases[i].arg);
	}
	assert_true(child_now() - begun < 2500);
}

static void
the_name_that_counts_is_the_one_the_modules_left(void **state)
{
	struct pam_question q = question("x");
	struct pam_answer a;
	char arg[300];

	(void)state;
	if (!has_evil)
		skip();
	(void)snprintf(arg, sizeof(arg), "user=%s", me);
	install("imap-evil", "imap-evil", arg, 0644);
	service("imap-evil");
	(void)strlcpy(q.user, "alias", sizeof(q.user));
	pam_ask(&boot.set, &q, &a);
	assert_int_equal(a.verdict, PAM_IS_RIGHT);
	assert_string_equal(a.user, me);
	assert_int_equal(a.uid, getuid());
}

/* The PAM process itself, and both ends of what it talks to. */
struct process {
	pid_t pid;
	int master, auth;
};

static struct process
begin(const char *name)
{
	int master[2], channel[2];
	struct ipc_msg msg = {.nfds = 0};
	struct process p;
	struct ipc_put m;
	struct pollfd fd;

	service(name);
	assert_int_equal(ipc_pair(master), 0);
	p.pid = fork();
	if (p.pid == 0) {
		(void)close(master[0]);
		if (dup2(master[1], BOOT_FD_PARENT) == -1)
			_exit(9);
		_exit(pam_main(&boot));
	}
	assert_true(p.pid > 0);
	close(master[1]);
	p.master = master[0];
	fd = (struct pollfd){.fd = p.master, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 5000), 1);
	assert_int_equal(ipc_recv(p.master, BOOT_MASTER, BOOT_PAM, &msg), 1);
	assert_int_equal(msg.type, IPC_HELLO);
	assert_int_equal(ipc_pair(channel), 0);
	ipc_begin(&m, IPC_PEER);
	ipc_put_u32(&m, BOOT_AUTH);
	ipc_put_u32(&m, 0);
	ipc_put_u64(&m, 1);
	assert_int_equal(ipc_send(p.master, &m, &channel[1], 1), 0);
	close(channel[1]);
	p.auth = channel[0];
	return p;
}

static void
send_question(const struct process *p, const struct pam_question *q, size_t n)
{
	struct ipc_put m;

	ipc_begin(&m, IPC_QUESTION);
	ipc_put_bytes(&m, q, n);
	assert_int_equal(ipc_send_wait(p->auth, &m, NULL, 0, 2000), 0);
}

/* 1: an answer; 0: the channel has ended; -1: nothing within ms. */
static int
get_answer(const struct process *p, struct pam_answer *a, int ms)
{
	struct pollfd fd = {.fd = p->auth, .events = POLLIN};
	struct ipc_msg msg = {.nfds = 0};
	struct ipc_get g;
	const uint8_t *bytes;
	size_t n;

	if (poll(&fd, 1, ms) != 1)
		return -1;
	if (ipc_recv(p->auth, BOOT_AUTH, BOOT_PAM, &msg) != 1)
		return 0;
	assert_int_equal(msg.type, IPC_ANSWER);
	ipc_open(&g, &msg);
	bytes = ipc_get_bytes(&g, &n, sizeof(*a));
	assert_int_equal(n, sizeof(*a));
	assert_int_equal(ipc_done(&g), 0);
	memcpy(a, bytes, n);
	return 1;
}

/* The master goes, so must it. */
static void
end(struct process *p)
{
	int status = -1;

	close(p->master);
	for (int i = 0; i < 200; i++) {
		if (waitpid(p->pid, &status, WNOHANG) == p->pid)
			break;
		(void)usleep(10000);
	}
	if (status == -1 && p->pid > 1)
		(void)kill(p->pid, SIGKILL);
	assert_int_equal(status, 0);
	close(p->auth);
}

static void
the_process_answers_each_question(void **state)
{
	struct process p = begin("imap-check");
	struct pam_question q = question("secret");
	struct pam_answer a;
	unsigned right = 0;

	(void)state;
	for (uint64_t i = 0; i < 10; i++) {
		q.id = 100 + i;
		(void)strlcpy(q.password, i % 2 == 0 ? "secret" : "wrong",
		    sizeof(q.password));
		send_question(&p, &q, sizeof(q));
	}
	for (int i = 0; i < 10; i++) {
		assert_int_equal(get_answer(&p, &a, 5000), 1);
		assert_true(a.id >= 100 && a.id < 110);
		assert_int_equal(
		    a.verdict, a.id % 2 == 0 ? PAM_IS_RIGHT : PAM_IS_WRONG);
		right += a.verdict == PAM_IS_RIGHT;
	}
	assert_int_equal(right, 5);
	end(&p);
}

static void
more_than_sixteen_are_unavailable_at_once(void **state)
{
	struct process p = begin("imap-sleep");
	struct pam_question q = question("secret");
	struct pam_answer a;

	(void)state;
	for (uint64_t i = 0; i < 17; i++) {
		q.id = i;
		send_question(&p, &q, sizeof(q));
	}
	assert_int_equal(get_answer(&p, &a, 2000), 1);
	assert_int_equal(a.id, 16);
	assert_int_equal(a.verdict, PAM_IS_UNAVAILABLE);
	assert_int_equal(get_answer(&p, &a, 100), -1);
	/* It ends with its master although sixteen sleep. */
	end(&p);
}

static void
a_malformed_question_ends_the_channel(void **state)
{
	struct pam_question q = question("secret");
	struct pam_answer a;

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct process p = begin("imap-permit");
		struct pam_question bad = q;

		if (i == 1)
			memset(bad.user, 'u', sizeof(bad.user));
		if (i == 2)
			memset(bad.password, 'p', sizeof(bad.password));
		if (i == 3)
			memset(bad.rhost, 'r', sizeof(bad.rhost));
		if (i == 4)
			bad.kind = 2;
		if (i == 5)
			bad.user[0] = '\0';
		send_question(&p, &bad, i == 0 ? sizeof(q) - 1 : sizeof(q));
		assert_int_equal(get_answer(&p, &a, 2000), 0);
		end(&p);
	}
}

int
main(void)
{
	if (getpwuid(getuid()) == NULL) { /* PAM would not know us either */
		puts("ok 1 - PAM # SKIP this uid has no name\n1..1");
		return 0;
	}
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verdicts_are_those_of_the_modules),
	    cmocka_unit_test(a_question_may_name_its_service),
	    cmocka_unit_test(the_answer_brings_the_account),
	    cmocka_unit_test(an_account_that_does_not_exist_is_wrong),
	    cmocka_unit_test(modules_see_password_address_and_terminal),
	    cmocka_unit_test(a_refusal_takes_no_time_of_pams_own),
	    cmocka_unit_test(a_certificate_needs_the_account_only),
	    cmocka_unit_test(without_the_service_file_nothing_can_be_said),
	    cmocka_unit_test(a_module_that_misbehaves_costs_its_login_only),
	    cmocka_unit_test(the_name_that_counts_is_the_one_the_modules_left),
	    cmocka_unit_test(the_process_answers_each_question),
	    cmocka_unit_test(more_than_sixteen_are_unavailable_at_once),
	    cmocka_unit_test(a_malformed_question_ends_the_channel),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}
