/* The auth process: delays, bounds, and what PAM answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "auth/owner.h"
#include "t/unit/auth_house.h"

/* So many failures at once, "%u" in the name or not: ms to the last answer. */
static uint64_t
time_of_failures(unsigned n, const char *name, struct ask a)
{
	uint64_t begun = child_now();
	char user[32];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(user, sizeof(user), "%s%u", name, i);
		a.conn = i;
		a.user = strchr(name, '!') == NULL ? user : name;
		a.password = "wrong";
		ask(0, a);
	}
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(answer(0, 5000).why, IPC_NO_FAILED);
	return child_now() - begun;
}

static void
delays_grow_for_the_source_and_for_nobody_else(void **state)
{
	static const struct ask here = {.peer = "192.0.2.1"};
	static const struct ask there = {.peer = "2001:db8::1"};
	static const struct ask near = {.peer = "2001:db8::ffff:1"};
	static const struct ask far = {.peer = "2001:db8:0:1::1"};
	static const struct ask trusted = {
	    .peer = "192.0.2.9", .flags = IPC_ASK_TRUST};
	static const struct ask behind = {.peer = "192.0.2.9",
	    .flags = IPC_ASK_TRUST,
	    .claimed = "198.51.100.1"};
	uint64_t took;

	(void)state;
	boot.set.auth_floor_ms = FLOOR;
	begin();
	/* The seventh failure of an address waits four times the floor. */
	assert_true(time_of_failures(7, "a", here) >= 4 * FLOOR);
	assert_true(time_of_failures(1, "other", here) >= 4 * FLOOR);
	/* A /64 counts as one, and another one as another. */
	assert_true(time_of_failures(7, "b", there) >= 4 * FLOOR);
	assert_true(time_of_failures(1, "other-", near) >= 4 * FLOOR);
	took = time_of_failures(1, "fresh", far);
	assert_true(took >= FLOOR && took < 7 * FLOOR / 2);
	/* An account counts wherever it is tried from. */
	assert_true(time_of_failures(7, "carl!", trusted) >= 4 * FLOOR);
	assert_true(time_of_failures(1, "carl!",
			(struct ask){.peer = "192.0.2.77"}) >= 4 * FLOOR);
	/* A trusted peer has no level; whom it names has. */
	took = time_of_failures(7, "d", trusted);
	assert_true(took >= FLOOR && took < 7 * FLOOR / 2);
	assert_true(time_of_failures(7, "e", behind) >= 4 * FLOOR);
	assert_true(time_of_failures(1, "other.",
			(struct ask){.peer = "198.51.100.1"}) >= 4 * FLOOR);
}

static void
a_right_password_is_not_delayed_by_failures(void **state)
{
	(void)state;
	boot.set.auth_floor_ms = 60000;
	begin();
	for (uint64_t i = 0; i < 20; i++)
		ask(0, (struct ask){
			   .conn = i, .user = "anna", .password = "wrong"});
	ask(0, (struct ask){.conn = 99, .user = "anna"});
	assert_int_equal(answer(0, 5000).type, IPC_YES);
}

static void
questions_in_hand_are_bounded(void **state)
{
	struct reply r;
	int unread = 1;

	(void)state;
	boot.set.auth_floor_ms = 60000;
	begin();
	for (uint64_t i = 0; i < DESK_REQUESTS / 2; i++)
		ask(0,
		    (struct ask){.conn = i, .user = "x", .password = "wrong"});
	/* All are in hand before the next is sent. */
	for (int i = 0; i < 500 && unread > 0; i++) {
		assert_int_equal(ioctl(h.worker[0], SIOCOUTQ, &unread), 0);
		(void)usleep(10000);
	}
	assert_int_equal(answer(0, 50).type, IPC_NONE);
	ask(0, (struct ask){.conn = 9999, .user = "anna"});
	r = answer(0, 5000);
	assert_int_equal(r.why, IPC_NO_UNAVAILABLE);
	assert_int_equal(r.conn, 9999);
	/* That was its share: others have theirs, and half of what is left. */
	ask(1, (struct ask){.conn = 9999, .user = "anna"});
	assert_int_equal(answer(1, 5000).type, IPC_YES);
	for (uint64_t i = 0; i < DESK_REQUESTS / 4; i++)
		ask(1,
		    (struct ask){.conn = i, .user = "x", .password = "wrong"});
	assert_int_equal(answer(1, 50).type, IPC_NONE);
	ask(1, (struct ask){.conn = 9999, .user = "anna"});
	assert_int_equal(answer(1, 5000).why, IPC_NO_UNAVAILABLE);
	/* The worker goes, its questions go, there is room again. */
	shut(&h.worker[0]);
	do {
		ask(1, (struct ask){.conn = 9999, .user = "anna"});
		r = answer(1, 5000);
	} while (r.type == IPC_NO);
	assert_int_equal(r.type, IPC_YES);
}

static void
answers_wait_for_room_in_the_channel(void **state)
{
	static bool seen[1000];
	struct reply r;

	(void)state;
	begin();
	memset(seen, 0, sizeof(seen));
	for (uint64_t i = 0; i < 1000; i++)
		ask(0, (struct ask){.conn = i, .user = "anna"});
	for (int i = 0; i < 1000; i++) {
		r = answer(0, 5000);
		assert_int_equal(r.type, IPC_YES);
		assert_true(r.conn < 1000 && !seen[r.conn]);
		seen[r.conn] = true;
	}
}

static void
with_pam(bool userdb_too)
{
	boot.set.authmodules[0] = SETTINGS_AUTH_PAM;
	boot.set.authmodules[1] =
	    userdb_too ? SETTINGS_AUTH_USERDB : SETTINGS_AUTH_NONE;
	begin();
	h.pam = give_peer(BOOT_PAM, 0, 1);
}

static bool
get_question(struct pam_question *q, int ms)
{
	struct ipc_msg msg = {.nfds = 0};
	const uint8_t *bytes;
	struct ipc_get g;
	size_t n;

	if (!readable(h.pam, ms))
		return false;
	assert_int_equal(ipc_recv(h.pam, BOOT_PAM, BOOT_AUTH, &msg), 1);
	assert_int_equal(msg.type, IPC_QUESTION);
	ipc_open(&g, &msg);
	bytes = ipc_get_bytes(&g, &n, sizeof(*q));
	assert_int_equal(n, sizeof(*q));
	assert_int_equal(ipc_done(&g), 0);
	memcpy(q, bytes, n);
	return true;
}

static struct pam_answer
right_answer(uint64_t id)
{
	struct pam_answer a;

	memset(&a, 0, sizeof(a));
	a.id = id;
	a.verdict = PAM_IS_RIGHT;
	a.uid = 5000;
	a.gid = 500;
	a.ngroups = a.allgroups = 2;
	a.groups[0] = 500;
	a.groups[1] = 501;
	strcpy(a.user, "canonical");
	strcpy(a.home, "/home/c");
	return a;
}

static void
send_answer(const struct pam_answer *a, size_t n)
{
	struct ipc_put m;

	ipc_begin(&m, IPC_ANSWER);
	ipc_put_bytes(&m, a, n);
	assert_int_equal(ipc_send_wait(h.pam, &m, NULL, 0, 2000), 0);
}

static void
pam_is_asked_and_believed(void **state)
{
	struct pam_question q;
	struct pam_answer a;
	struct reply r;

	(void)state;
	with_pam(false);
	ask(0, (struct ask){.conn = 1, .user = "alias", .password = "pw"});
	assert_true(get_question(&q, 2000));
	assert_int_equal(q.kind, PAM_PASSWORD);
	assert_string_equal(q.user, "alias");
	assert_string_equal(q.password, "pw");
	assert_string_equal(q.rhost, "192.0.2.1");
	a = right_answer(q.id);
	send_answer(&a, sizeof(a));
	r = answer(0, 5000);
	assert_int_equal(r.type, IPC_YES);
	assert_string_equal(r.user, "canonical");
	assert_string_equal(r.ticket.owner.user, "canonical");
	assert_int_equal(r.ticket.owner.uid, 5000);
	assert_int_equal(r.ticket.owner.ngroups, 2);
	assert_int_equal(r.ticket.owner.groups[1], 501);
	assert_string_equal(r.ticket.owner.maildir, "/home/c/Maildir");

	ask(0, (struct ask){.conn = 1, .user = "alias", .password = "pw"});
	assert_true(get_question(&q, 2000));
	a = right_answer(q.id);
	a.verdict = PAM_IS_EXPIRED;
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 5000).why, IPC_NO_EXPIRED);
	ask(0, (struct ask){.conn = 1, .user = "alias", .password = "pw"});
	assert_true(get_question(&q, 2000));
	a = right_answer(q.id);
	a.verdict = PAM_IS_WRONG;
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 5000).why, IPC_NO_FAILED);
	ask(0, (struct ask){.conn = 1, .user = "alias", .password = "pw"});
	assert_true(get_question(&q, 2000));
	a = right_answer(q.id);
	a.uid = 0;
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 5000).why, IPC_NO_FAILED);
}

static void
an_answer_that_lies_is_unavailable(void **state)
{
	struct pam_question q;
	struct pam_answer a;

	(void)state;
	with_pam(false);
	for (int i = 0; i < 9; i++) {
		ask(0, (struct ask){.conn = 1, .user = "anna"});
		assert_true(get_question(&q, 2000));
		a = right_answer(q.id);
		if (i == 0)
			a.verdict = 0;
		if (i == 1)
			a.verdict = PAM_VERDICTS;
		if (i == 2)
			memset(a.user, 'u', sizeof(a.user));
		if (i == 3)
			a.user[0] = '\0';
		if (i == 4)
			strcpy(a.user, "a/b");
		if (i == 5)
			memset(a.home, '/', sizeof(a.home));
		if (i == 6)
			strcpy(a.home, "home");
		if (i == 7)
			a.ngroups = TICKET_GROUPS + 1;
		send_answer(&a, i == 8 ? sizeof(a) - 1 : sizeof(a));
		if (answer(0, 5000).why != IPC_NO_UNAVAILABLE)
			fail_msg("case %d", i);
	}
	/* The last one, malformed, cost it its channel. */
	shut(&h.pam);
	assert_int_equal(login("anna", "secret").why, IPC_NO_UNAVAILABLE);
	h.pam = give_peer(BOOT_PAM, 0, 2);
	ask(0, (struct ask){.conn = 1, .user = "anna"});
	assert_true(get_question(&q, 2000));
	/* An id that nobody asked for changes nothing. */
	a = right_answer(q.id + 1);
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 50).type, IPC_NONE);
	a = right_answer(q.id);
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 5000).type, IPC_YES);
	/* Nor does the same answer again. */
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 50).type, IPC_NONE);
}

static void
rejected_means_the_next_module_and_trouble_means_stop(void **state)
{
	struct pam_question q;
	struct pam_answer a;

	(void)state;
	with_pam(true);
	ask(0, (struct ask){.conn = 1, .user = "anna"});
	assert_true(get_question(&q, 2000));
	a = right_answer(q.id);
	a.verdict = PAM_IS_WRONG;
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 5000).type, IPC_YES);
	ask(0, (struct ask){.conn = 1, .user = "slow"});
	assert_true(get_question(&q, 2000));
	a.id = q.id;
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 5000).type, IPC_YES);
	ask(0, (struct ask){.conn = 1, .user = "anna"});
	assert_true(get_question(&q, 2000));
	a.id = q.id;
	a.verdict = PAM_IS_UNAVAILABLE;
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 5000).why, IPC_NO_UNAVAILABLE);
	/* PAM goes away in the middle. */
	ask(0, (struct ask){.conn = 1, .user = "anna"});
	assert_true(get_question(&q, 2000));
	shut(&h.pam);
	assert_int_equal(answer(0, 5000).why, IPC_NO_UNAVAILABLE);
}

static void
slow_questions_are_bounded_per_user_and_address(void **state)
{
	struct pam_question q, first;
	char user[16], peer[32];
	struct pam_answer a;
	unsigned n;

	(void)state;
	with_pam(false);
	for (uint64_t i = 0; i < QUEUE_USER + 1; i++) {
		(void)snprintf(peer, sizeof(peer), "192.0.2.%u", (unsigned)i);
		ask(0, (struct ask){.conn = i, .user = "anna", .peer = peer});
	}
	assert_true(get_question(&first, 2000));
	for (n = 1; get_question(&q, 50); n++)
		;
	assert_int_equal(n, QUEUE_USER);
	a = right_answer(first.id);
	send_answer(&a, sizeof(a));
	assert_int_equal(answer(0, 5000).type, IPC_YES);
	assert_true(get_question(&q, 2000));
	assert_string_equal(q.rhost, "192.0.2.3");
	for (uint64_t i = 0; i < QUEUE_ADDRESS + 1; i++) {
		(void)snprintf(user, sizeof(user), "u%u", (unsigned)i);
		ask(0, (struct ask){.conn = 100 + i, .user = user});
	}
	/* 192.0.2.1 has one question of anna's under way. */
	for (n = 1; get_question(&q, 50); n++)
		;
	assert_int_equal(n, QUEUE_ADDRESS);
	/* Others are not held up by those who wait; all is bounded by 16. */
	for (uint64_t i = 0; i < 20; i++) {
		(void)snprintf(user, sizeof(user), "t%u", (unsigned)i);
		ask(0,
		    (struct ask){
			.conn = 200 + i, .user = user, .flags = IPC_ASK_TRUST});
	}
	for (n = QUEUE_USER + QUEUE_ADDRESS - 1; get_question(&q, 50); n++)
		;
	assert_int_equal(n, QUEUE_PLACES - QUEUE_KEPT);
}

static void
who_waits_in_vain_is_told_unavailable(void **state)
{
	struct pam_question q;
	uint64_t begun;

	(void)state;
	with_pam(false);
	for (uint64_t i = 0; i < QUEUE_USER + QUEUE_USER_WAIT; i++)
		ask(0, (struct ask){
			   .conn = i, .user = "anna", .flags = IPC_ASK_TRUST});
	while (get_question(&q, 50))
		;
	/* The queue of this user is full: at once. */
	begun = child_now();
	ask(1,
	    (struct ask){.conn = 99, .user = "anna", .flags = IPC_ASK_TRUST});
	assert_int_equal(answer(1, 5000).why, IPC_NO_UNAVAILABLE);
	assert_true(child_now() - begun < 500);
	/* Another one's is not. */
	ask(1, (struct ask){.conn = 99, .user = "bob", .flags = IPC_ASK_TRUST});
	assert_true(get_question(&q, 2000));
	assert_string_equal(q.user, "bob");
}

/* The next question, answered. Its client's address in rhost. */
static bool
get_and_say(enum pam_verdict verdict, char rhost[64])
{
	struct pam_question q;
	struct pam_answer a;

	if (!get_question(&q, 2000))
		return false;
	(void)strlcpy(rhost, q.rhost, 64);
	a = right_answer(q.id);
	a.verdict = verdict;
	send_answer(&a, sizeof(a));
	return true;
}

static void
let_in_from(const char *peer)
{
	char rhost[64];

	ask(1, (struct ask){.conn = 1, .user = "anna", .peer = peer});
	assert_true(get_and_say(PAM_IS_RIGHT, rhost));
	assert_int_equal(answer(1, 5000).type, IPC_YES);
}

static void
fail_from(const char *peer)
{
	char rhost[64];

	ask(1, (struct ask){.conn = 1, .user = "anna", .peer = peer});
	assert_true(get_and_say(PAM_IS_WRONG, rhost));
	assert_int_equal(answer(1, 5000).why, IPC_NO_FAILED);
}

/* n questions for anna from there; their connections from first on. */
static void
crowd(uint64_t first, unsigned n, const char *peer)
{
	for (uint64_t i = 0; i < n; i++)
		ask(0, (struct ask){
			   .conn = first + i, .user = "anna", .peer = peer});
}

static void
the_owner_comes_before_those_who_guess(void **state)
{
	struct pam_question q;
	char rhost[64];

	(void)state;
	with_pam(false);
	let_in_from("192.0.2.50");
	fail_from("198.51.100.1");
	crowd(100, QUEUE_USER, "203.0.113.1");
	for (unsigned i = 0; i < QUEUE_USER; i++)
		assert_true(get_question(&q, 2000));
	crowd(200, 20, "198.51.100.1");
	assert_false(get_question(&q, 50));
	/* From where he was: at once. Another account from there is not he. */
	ask(1, (struct ask){.conn = 2, .user = "anna", .peer = "192.0.2.50"});
	assert_true(get_and_say(PAM_IS_RIGHT, rhost));
	assert_string_equal(rhost, "192.0.2.50");
	assert_int_equal(answer(1, 5000).type, IPC_YES);
	/* From a new address: the next place is his. */
	ask(1, (struct ask){.conn = 3, .user = "anna", .peer = "192.0.2.51"});
	assert_false(get_question(&q, 50));
	send_answer(&(struct pam_answer){.id = q.id, .verdict = PAM_IS_WRONG},
	    sizeof(struct pam_answer));
	assert_true(get_and_say(PAM_IS_RIGHT, rhost));
	assert_string_equal(rhost, "192.0.2.51");
	assert_int_equal(answer(1, 5000).type, IPC_YES);
	assert_true(get_and_say(PAM_IS_WRONG, rhost));
	assert_string_equal(rhost, "198.51.100.1");
}

static void
a_full_line_drops_a_guesser_for_a_new_address(void **state)
{
	struct pam_question q;
	struct reply r;

	(void)state;
	with_pam(false);
	fail_from("198.51.100.1");
	fail_from("198.51.100.2");
	crowd(100, QUEUE_USER, "203.0.113.1");
	for (unsigned i = 0; i < QUEUE_USER; i++)
		assert_true(get_question(&q, 2000));
	crowd(200, QUEUE_ADDR_WAIT, "198.51.100.1");
	crowd(300, QUEUE_ADDR_WAIT, "198.51.100.2");
	assert_int_equal(answer(0, 50).type, IPC_NONE);
	ask(1, (struct ask){.conn = 2, .user = "anna", .peer = "192.0.2.51"});
	r = answer(0, 2000);
	assert_int_equal(r.conn, 300 + QUEUE_ADDR_WAIT - 1);
	assert_int_equal(r.why, IPC_NO_UNAVAILABLE);
	assert_int_equal(answer(1, 50).type, IPC_NONE);
}

static void
what_strangers_did_does_not_slow_the_owners_slip(void **state)
{
	static const char home[] = "192.0.2.50";
	uint64_t took;

	(void)state;
	boot.set.auth_floor_ms = FLOOR;
	begin();
	ask(0, (struct ask){.conn = 1, .user = "anna", .peer = home});
	assert_int_equal(answer(0, 5000).type, IPC_YES);
	for (uint64_t i = 0; i < 7; i++)
		ask(0, (struct ask){.conn = i,
			   .user = "anna",
			   .password = "wrong",
			   .peer = "198.51.100.1"});
	for (int i = 0; i < 7; i++)
		assert_int_equal(answer(0, 5000).why, IPC_NO_FAILED);
	took = child_now();
	ask(0,
	    (struct ask){
		.conn = 1, .user = "anna", .password = "wrong", .peer = home});
	assert_int_equal(answer(0, 5000).why, IPC_NO_FAILED);
	took = child_now() - took;
	assert_true(took >= FLOOR && took < 7 * FLOOR / 2);
}

static void
defaults_are_the_options_that_an_account_has_not(void **state)
{
	static const struct {
		const char *own, *defaults, *want;
	} cases[] = {
	    {"", "", ""},
	    {"a=1", "", "a=1"},
	    {"", "a=1,b", "a=1,b"},
	    {"a=1", "a=2,b=3", "a=1,b=3"},
	    {"A=1", "a=2", "A=1"},
	    {"ab=1", "a=2", "ab=1,a=2"},
	    {"a", "a=2,=x,,b", "a,b"},
	    {"b=0", "c=1,b=1,", "b=0,c=1"},
	    /* group may repeat: of the defaults too. */
	    {"", "group=x,group=y", "group=x,group=y"},
	};
	char text[TICKET_TEXT + 1];
	struct owner o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)strlcpy(o.options, cases[i].own, sizeof(o.options));
		assert_int_equal(owner_defaults(&o, cases[i].defaults), 0);
		assert_string_equal(o.options, cases[i].want);
	}
	for (size_t n = TICKET_TEXT - 4; n <= TICKET_TEXT - 2; n++) {
		(void)strlcpy(o.options, "a", sizeof(o.options));
		memset(text, 'x', n);
		text[n] = '\0';
		assert_int_equal(
		    owner_defaults(&o, text), n + 2 < TICKET_TEXT ? 0 : -1);
		assert_int_equal(
		    strlen(o.options), n + 2 < TICKET_TEXT ? n + 2 : 1);
	}
}

static void
default_options_count_for_a_login(void **state)
{
	(void)state;
	(void)strlcpy(boot.set.defaultoptions,
	    "disableshared=1,disableinsecureimap=1",
	    sizeof(boot.set.defaultoptions));
	begin();
	assert_int_equal(login("anna", "secret").why, IPC_NO_INSECURE);
	ask(0, (struct ask){.conn = 1, .user = "anna", .flags = IPC_ASK_TLS});
	assert_string_equal(answer(0, 5000).ticket.owner.options,
	    "disableshared=1,disableinsecureimap=1");
	assert_int_equal(login("off", "secret").why, IPC_NO_DISABLED);
}

static void
a_port_has_its_pam_service(void **state)
{
	struct pam_question q;

	(void)state;
	boot.set.nservices = 1;
	boot.set.services[0] = (struct settings_service){993, "imap-ssl"};
	with_pam(false);
	ask(0, (struct ask){.conn = 1, .user = "anna"});
	assert_true(get_question(&q, 2000));
	assert_string_equal(q.service, "");
	ask(0, (struct ask){.conn = 2, .user = "anna", .port = 993});
	assert_true(get_question(&q, 2000));
	assert_string_equal(q.service, "imap-ssl");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(delays_grow_for_the_source_and_for_nobody_else),
	    T(a_right_password_is_not_delayed_by_failures),
	    T(questions_in_hand_are_bounded),
	    T(answers_wait_for_room_in_the_channel),
	    T(pam_is_asked_and_believed),
	    T(an_answer_that_lies_is_unavailable),
	    T(rejected_means_the_next_module_and_trouble_means_stop),
	    T(slow_questions_are_bounded_per_user_and_address),
	    T(who_waits_in_vain_is_told_unavailable),
	    T(the_owner_comes_before_those_who_guess),
	    T(a_full_line_drops_a_guesser_for_a_new_address),
	    T(what_strangers_did_does_not_slow_the_owners_slip),
	    cmocka_unit_test(defaults_are_the_options_that_an_account_has_not),
	    T(default_options_count_for_a_login),
	    T(a_port_has_its_pam_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
