/* Accounts that may not stay: what auth tells the master, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/recheck.h"
#include "t/unit/auth_house.h"

#define LOOKS_MS 5000 /* until a kick at the latest */
#define NONE_MS  2200 /* a second of youth, and a look each second */

static int
setup_quick(void **state)
{
	int ret = setup(state);

	boot.set.auth_recheck = 1;
	return ret;
}

#define Q(name) cmocka_unit_test_setup_teardown(name, setup_quick, teardown)

/* Whether the clients of that user ("": of anybody) are ended within ms. */
static bool
kicked(const char *user, int ms)
{
	uint64_t until = child_now() + (uint64_t)ms;
	struct ipc_msg msg = {.nfds = 0};
	struct ipc_get g;
	char who[256];
	uint64_t now;

	while ((now = child_now()) < until) {
		if (!readable(h.master, (int)(until - now)) ||
		    ipc_recv(h.master, BOOT_MASTER, BOOT_AUTH, &msg) != 1)
			break;
		assert_int_equal(msg.type, IPC_KICK);
		ipc_open(&g, &msg);
		assert_int_equal(ipc_get_u64(&g), 0);
		ipc_get_str(&g, who, sizeof(who));
		assert_int_equal(ipc_done(&g), 0);
		if (user[0] == '\0' || strcmp(who, user) == 0)
			return true;
		fail_msg("%s was ended", who);
	}
	return false;
}

/* The file with only this line, and what comes after the hash in it. */
static void
rewrite(const char *line, const char *hash, const char *after)
{
	char tmp[300];
	FILE *f;

	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", dir);
	f = fopen(tmp, "w");
	assert_non_null(f);
	fprintf(f, "%s%s%s\n", line, hash, after);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(tmp, 0600), 0);
	assert_int_equal(rename(tmp, file), 0);
}

#define ANNA "anna\thome=/home/anna|uid=1000|gid=100|systempw="
#define EDGE "edge\thome=/r|uid=100|gid=1|systempw="

static void
what_counts_of_an_entry(void **state)
{
	static const char *const same[] = {
	    "uid=1|gid=2|home=/h|mail=m|systempw=s|options=o",
	    "gecos=A|options=o|systempw=s|mail=m|home=/h|gid=2|uid=1|pop3pw=x",
	    "uid=1|gid=2|home=/h|mail=m|imappw=s|systempw=old|options=o"};
	static const char *const others[] = {
	    "uid=2|gid=2|home=/h|mail=m|systempw=s|options=o",
	    "uid=1|gid=1|home=/h|mail=m|systempw=s|options=o",
	    "uid=1|gid=2|home=/i|mail=m|systempw=s|options=o",
	    "uid=1|gid=2|home=/h|mail=|systempw=s|options=o",
	    "uid=1|gid=2|home=/h|mail=m|systempw=t|options=o",
	    "uid=1|gid=2|home=/h|mail=m|systempw=s|imappw=t|options=o",
	    "uid=1|gid=2|home=/h|mail=m|systempw=s",
	    "uid=1|gid=2|home=/hm|systempw=s|options=o"};
	uint8_t print[STANDING_PRINT], other[STANDING_PRINT];
	struct userdb_account a = {.login = "anna", .fields = same[0]};

	(void)state;
	recheck_print(&a, "imap", print);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		a.fields = same[i];
		recheck_print(&a, "imap", other);
		assert_memory_equal(print, other, sizeof(print));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		a.fields = others[i];
		recheck_print(&a, "imap", other);
		assert_memory_not_equal(print, other, sizeof(print));
	}
}

static void
who_has_gone_or_changed_is_ended(void **state)
{
	static char other[PASSWORD_TEXT];
	struct reply r;
	uint64_t before;

	(void)state;
	assert_int_equal(password_make("md5", "other", other), 0);
	begin();
	assert_int_equal(login("anna", "secret").type, IPC_YES);
	assert_int_equal(login("edge", "secret").type, IPC_YES);
	before = (uint64_t)time(NULL);
	rewrite(EDGE, other, "");
	assert_true(kicked("", LOOKS_MS));
	assert_true(kicked("", LOOKS_MS));
	assert_true(logged(": its entry in userdb has changed"));
	assert_int_equal(login("anna", "secret").why, IPC_NO_FAILED);
	/* Whoever comes now has a ticket above those that are void. */
	r = login("edge", "other");
	assert_int_equal(r.type, IPC_YES);
	assert_true(r.ticket.time >= before + 2);
	/* No file at all, or one that cannot be read, says nothing. */
	assert_int_equal(unlink(file), 0);
	assert_false(kicked("edge", NONE_MS));
}

static void
a_login_by_the_new_entry_ends_the_others_and_stays(void **state)
{
	static char other[PASSWORD_TEXT];
	uint64_t begun, before;
	struct reply r;

	(void)state;
	assert_int_equal(password_make("md5", "other", other), 0);
	begin();
	assert_int_equal(login("anna", "secret").type, IPC_YES);
	(void)usleep(1100000); /* the file is not young */
	before = (uint64_t)time(NULL);
	rewrite(ANNA, other, "");
	begun = child_now();
	ask(0, (struct ask){.conn = 2, .user = "anna", .password = "other"});
	assert_true(kicked("anna", LOOKS_MS));
	r = answer(0, 2000);
	assert_int_equal(r.type, IPC_YES);
	assert_true(child_now() - begun >= RECHECK_KICK_MS);
	assert_true(r.ticket.time >= before + 2);
	assert_false(kicked("anna", NONE_MS));
}

static void
thousands_are_ended_a_few_at_a_time(void **state)
{
	char name[16];
	uint64_t begun;
	FILE *f;

	(void)state;
	f = fopen(file, "w");
	assert_non_null(f);
	for (int i = 0; i < 3 * RECHECK_AT_ONCE; i++)
		fprintf(
		    f, "u%03d\thome=/h|uid=1000|gid=1|systempw=%s\n", i, fast);
	assert_int_equal(fclose(f), 0);
	begin();
	for (int i = 0; i < 3 * RECHECK_AT_ONCE; i++) {
		(void)snprintf(name, sizeof(name), "u%03d", i);
		assert_int_equal(login(name, "secret").type, IPC_YES);
	}
	rewrite("# ", "nobody", "");
	assert_true(kicked("", LOOKS_MS));
	begun = child_now();
	for (int i = 1; i < 3 * RECHECK_AT_ONCE; i++)
		assert_true(kicked("", 2000));
	assert_true(child_now() - begun >= RECHECK_GO_MS / 2);
}

/* The next question to PAM, answered with a verdict. */
static uint32_t
pam_says(enum pam_verdict verdict, uint32_t uid)
{
	struct pam_answer a = {.verdict = verdict, .uid = uid, .gid = 1};
	struct ipc_msg msg = {.nfds = 0};
	struct pam_question q;
	const uint8_t *p;
	struct ipc_get g;
	struct ipc_put m;
	size_t n;

	if (!readable(h.pam, 5000) ||
	    ipc_recv(h.pam, BOOT_PAM, BOOT_AUTH, &msg) != 1)
		return 0;
	ipc_open(&g, &msg);
	p = ipc_get_bytes(&g, &n, sizeof(q));
	assert_int_equal(n, sizeof(q));
	memcpy(&q, p, sizeof(q));
	assert_string_equal(q.user, "paul");
	a.id = q.id;
	(void)strlcpy(a.user, q.user, sizeof(a.user));
	(void)strlcpy(a.home, "/home/paul", sizeof(a.home));
	ipc_begin(&m, IPC_ANSWER);
	ipc_put_bytes(&m, &a, sizeof(a));
	assert_int_equal(ipc_send(h.pam, &m, NULL, 0), 0);
	return q.kind + 1;
}

static void
begin_with_pam(void)
{
	boot.set.authmodules[0] = SETTINGS_AUTH_PAM;
	begin();
	h.pam = give_peer(BOOT_PAM, 0, 1);
	ask(0, (struct ask){.conn = 1, .user = "paul"});
	assert_int_equal(pam_says(PAM_IS_RIGHT, 500), PAM_PASSWORD + 1);
	assert_int_equal(answer(0, 5000).type, IPC_YES);
}

static void
two_refusals_in_a_row_end_an_account(void **state)
{
	(void)state;
	begin_with_pam();
	assert_int_equal(pam_says(PAM_IS_WRONG, 0), PAM_ACCOUNT + 1);
	/* It was a slip of the directory. */
	assert_int_equal(pam_says(PAM_IS_RIGHT, 500), PAM_ACCOUNT + 1);
	assert_int_equal(pam_says(PAM_IS_EXPIRED, 0), PAM_ACCOUNT + 1);
	/* What cannot be said counts neither way. */
	assert_int_equal(pam_says(PAM_IS_UNAVAILABLE, 0), PAM_ACCOUNT + 1);
	assert_false(kicked("paul", 300));
	assert_int_equal(pam_says(PAM_IS_RIGHT, 99), PAM_ACCOUNT + 1);
	assert_true(kicked("paul", 2000));
	assert_true(logged("user=paul: its uid is refused"));
	assert_false(readable(h.pam, 1200)); /* asked about no more */
}

static void
nobody_is_asked_about_while_pam_is_away(void **state)
{
	(void)state;
	begin_with_pam();
	shut(&h.pam);
	assert_false(kicked("paul", 1500));
	assert_false(logged("user=paul: no PAM process"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    Q(what_counts_of_an_entry),
	    Q(who_has_gone_or_changed_is_ended),
	    Q(a_login_by_the_new_entry_ends_the_others_and_stays),
	    Q(thousands_are_ended_a_few_at_a_time),
	    Q(two_refusals_in_a_row_end_an_account),
	    Q(nobody_is_asked_about_while_pam_is_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
