/*
 * Thousands of random changes by two sessions and strangers, the index lost now
 * and then, beside clients that come back with what they knew before and ask
 * for the difference: each ends with what a plain count of the Maildir gives.
 */
#include "t/unit/maildir_store.h"

#define UIDS    4096
#define CLIENTS 5
#define STEPS   2000

static const struct maildir_options options = {.hostname = "host.example",
    .keywords = true,
    .umask = 022,
    .lock_seconds = 5,
    .index = true};

struct client { /* that is away most of the time */
	uint64_t modseq;
	bool has[UIDS];
	uint8_t flags[UIDS];
};

static struct client clients[CLIENTS];
static unsigned seed, names;

static unsigned
dice(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

/* A name in cur/ by chance, or "". */
static const char *
any_file(void)
{
	static char out[300];
	struct dirent *d;
	DIR *dir = opendir(at("cur"));
	unsigned n = 0;

	out[0] = '\0';
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && dice(++n) == 0)
			(void)snprintf(out, sizeof(out), "%s", d->d_name);
	(void)closedir(dir);
	return out;
}

static void
stranger(void)
{
	static const char *const infos[] = {"", "S", "F", "RS", "FT", "DF"};
	char from[400], to[400];
	const char *name = any_file();

	if (dice(3) == 0 || *name == '\0') {
		(void)snprintf(to, sizeof(to), "%s/%u.s",
		    dice(2) ? "new" : "cur", ++names + 1000);
		tree_write(to, "Subject: x\n\nx\n");
		return;
	}
	(void)snprintf(from, sizeof(from), "cur/%s", name);
	if (dice(4) == 0) {
		assert_int_equal(unlink(at(from)), 0);
		return;
	}
	(void)snprintf(to, sizeof(to), "cur/%.*s:2,%s", (int)strcspn(name, ":"),
	    name, infos[dice(6)]);
	assert_int_equal(rename(at(from), at(to)), 0);
}

static void
own_change(struct mailbox *mb)
{
	static const uint8_t bits[] = {MESSAGE_SEEN, MESSAGE_FLAGGED,
	    MESSAGE_DRAFT, MESSAGE_SEEN | MESSAGE_DELETED};
	struct mailbox_change change = {
	    .op = (enum mailbox_op)dice(3), .flags = bits[dice(4)]};
	const struct message *m;
	uint32_t uids[8];
	bool which[8];
	size_t n, i, k = 0;

	m = mailbox_messages(mb, &n);
	for (i = n == 0 ? 0 : dice((unsigned)n); i < n && k < 8; i++)
		if (dice(3) == 0)
			uids[k++] = m[i].uid;
	if (k == 0)
		return;
	if (dice(6) == 0)
		assert_int_equal(mailbox_expunge(mb, uids, k, which), 0);
	else
		assert_int_equal(mailbox_store(mb, uids, k, &change, which), 0);
}

static void
lose_index(void)
{
	(void)unlink(at("corkboard/index/data.mdb"));
	if (dice(2) == 0)
		(void)unlink(at("corkboard/index/lock.mdb"));
}

/* RFC 7162 section 6: asks for the difference, and is then up to date. */
static void
come_back(struct client *c, struct mailbox *mb)
{
	const struct message *m;
	const uint32_t *uids;
	uint64_t highest = mailbox_modseq(mb);
	size_t n, i, k;

	assert_true(highest != 0);
	assert_true(highest >= c->modseq);
	if (mailbox_vanished_since(mb, c->modseq, &uids, &n) == 1) {
		for (i = 0; i < n; i++)
			if (uids[i] < UIDS)
				c->has[uids[i]] = false;
	} else
		for (k = 0; k < UIDS; k++)
			c->has[k] =
			    c->has[k] && mailbox_find(mb, (uint32_t)k) != NULL;
	m = mailbox_messages(mb, &n);
	for (i = 0; i < n; i++) {
		assert_true(m[i].modseq != 0 && m[i].modseq <= highest);
		if (m[i].modseq <= c->modseq)
			continue;
		assert_true(m[i].uid < UIDS);
		c->has[m[i].uid] = true;
		c->flags[m[i].uid] = m[i].flags;
	}
	c->modseq = highest;
}

static void
compare(const struct client *c, struct mailbox *mb, unsigned step)
{
	const struct message *m;
	size_t n, i, k, count = 0;

	m = mailbox_messages(mb, &n);
	for (k = 0; k < UIDS; k++)
		count += c->has[k];
	if (count != n)
		fail_msg("step %u: it has %zu of %zu", step, count, n);
	for (i = 0; i < n; i++)
		if (!c->has[m[i].uid] || c->flags[m[i].uid] != m[i].flags)
			fail_msg("step %u: uid %u is another", step, m[i].uid);
}

/* The picture against the directory itself. */
static void
recount(struct mailbox *mb, unsigned step)
{
	size_t n;

	(void)mailbox_messages(mb, &n);
	if (n != tree_count("cur", ".s") + tree_count("new", ".s"))
		fail_msg("step %u: %zu messages shown", step, n);
}

static void
look(struct mailbox *mb)
{
	struct mailbox_diff diff;

	assert_int_equal(mailbox_sync(mb, true, &diff), 0);
}

static void
play(unsigned with)
{
	struct maildir *a, *b;
	struct mailbox *mba, *mbb;
	struct client *c;
	uint64_t last = 0;
	unsigned step;

	seed = with;
	memset(clients, 0, sizeof(clients));
	a = maildir_open(tree_fd(""), &options);
	b = maildir_open(tree_fd(""), &options);
	mba = mailbox_open(a, "", false);
	mbb = mailbox_open(b, "", false);
	for (step = 0; step < STEPS; step++) {
		switch (dice(7)) {
		case 0:
		case 1:
			stranger();
			break;
		case 2:
		case 3:
			own_change(mba);
			break;
		case 4:
		case 5:
			own_change(mbb);
			break;
		default:
			if (dice(12) == 0)
				lose_index();
			break;
		}
		if (dice(24) != 0)
			continue;
		tree_settle();
		look(mba);
		recount(mba, step);
		assert_true(mailbox_modseq(mba) >= last);
		last = mailbox_modseq(mba);
		c = &clients[dice(CLIENTS)];
		come_back(c, mba);
		compare(c, mba, step);
	}
	mailbox_close(mba);
	mailbox_close(mbb);
	maildir_close(a);
	maildir_close(b);
}

static void
who_comes_back_ends_with_what_is_there(void **state)
{
	(void)state;
	play(4711);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		who_comes_back_ends_with_what_is_there, tree_setup,
		tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
