/*
 * Several processes with a folder open, strangers beside them, the index
 * removed under all: who pays the look that is owed sees what a plain count of
 * the Maildir gives, no UID is given twice, no change number goes back. SEED=n
 * and ROUNDS=n play another game, a longer one.
 */
#define TREE_SYNC 0 /* no power is cut here */
#include "t/unit/maildir_store.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define UIDS    65536
#define PLAYERS 4   /* processes */
#define BOXES   2   /* that each has open */
#define OWN     125 /* operations of a player in a round */
#define FOREIGN 20  /* by strangers in a round */

static const struct maildir_options options = {.hostname = "host.example",
    .keywords = true,
    .umask = 022,
    .lock_seconds = 30,
    .index = true};

struct shared {
	atomic_uint given[UIDS]; /* how often by a delivery */
	uint64_t name[UIDS];     /* sum of its base name, once it was seen */
	uint64_t modseq;         /* highest at the last count */
};

static struct shared *shared;
static uint64_t state;
static unsigned seed, names;

static unsigned
dice(unsigned n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % n;
}

static uint64_t
sum(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037ull;

	while (n-- > 0)
		h = (h ^ (unsigned char)*p++) * 1099511628211ull;
	return h;
}

/* ---- a player ---- */

/*
 * A box that had only a glance, when the index was lost, may have to be opened
 * again; no other.
 */
static void
reopened(struct maildir *md, struct mailbox **mb, bool loaded)
{
	bool readonly = mailbox_readonly(*mb);

	if (errno != ESTALE || loaded)
		fail_msg("seed %u: %s", seed, strerror(errno));
	mailbox_close(*mb);
	*mb = mailbox_glance(md, "", readonly);
	assert_non_null(*mb);
}

static void
deliver(struct maildir *md)
{
	struct delivery *d = delivery_open(md, "");
	uint32_t uids[3], uidvalidity;
	unsigned i, n = 1 + dice(3);

	assert_non_null(d);
	for (i = 0; i < n; i++) {
		assert_int_equal(
		    delivery_begin(d, 0, 0,
			(uint8_t)(dice(2) ? MESSAGE_SEEN : 0), NULL, 0),
		    0);
		assert_int_equal(delivery_write(d, "A: b\r\n\r\nc\r\n", 11), 0);
		assert_int_equal(delivery_end(d), 0);
	}
	assert_int_equal(delivery_commit(d, uids, &uidvalidity), 0);
	for (i = 0; i < n; i++) {
		assert_true(uids[i] < UIDS);
		if (atomic_fetch_add(&shared->given[uids[i]], 1) != 0)
			fail_msg("seed %u: UID %u given twice", seed, uids[i]);
	}
	delivery_close(d);
}

static void
change(struct maildir *md, struct mailbox **box)
{
	static const char *const words[] = {"$Work", "$Home"};
	struct mailbox_change c = {.op = (enum mailbox_op)dice(3),
	    .flags = (uint8_t)dice(MESSAGE_FLAGS + 1)};
	const struct message *m;
	uint32_t uids[8];
	bool which[8], failed[8];
	struct mailbox *mb;
	size_t n, i, k = 0;

	if (mailbox_load(*box) == -1) {
		reopened(md, box, false);
		return;
	}
	mb = *box;
	m = mailbox_messages(mb, &n);
	for (i = n == 0 ? 0 : dice((unsigned)n); i < n && k < 8; i++)
		if (dice(3) == 0)
			uids[k++] = m[i].uid;
	if (k == 0)
		return;
	if (n > 120 && dice(3) == 0) {
		assert_int_equal(mailbox_expunge(mb, uids, k, which), 0);
		return;
	}
	if (dice(10) == 0) {
		c.keywords = words;
		c.nkeywords = 1 + dice(2);
	}
	if (dice(6) == 0) {
		c.failed = failed;
		c.unchangedsince = mailbox_modseq(mb);
	}
	if (mailbox_store(mb, uids, k, &c, which) == -1 &&
	    (c.failed == NULL || (errno != EBUSY && errno != EIO)))
		fail_msg("seed %u: store: %s", seed, strerror(errno));
}

static void
play(struct maildir *md, struct mailbox *boxes[BOXES])
{
	struct mailbox_diff diff;
	unsigned i, b;
	bool loaded;

	for (i = 0; i < OWN; i++) {
		b = dice(BOXES);
		if (dice(40) == 0) {
			mailbox_close(boxes[b]);
			boxes[b] = mailbox_glance(md, "", dice(3) == 0);
			assert_non_null(boxes[b]);
		} else if (dice(12) == 0) {
			deliver(md);
		} else if (dice(3) == 0) {
			loaded = mailbox_loaded(boxes[b]);
			if (mailbox_sync(boxes[b], dice(8) == 0, &diff) == -1)
				reopened(md, &boxes[b], loaded);
		} else if (!mailbox_readonly(boxes[b])) {
			change(md, &boxes[b]);
		}
	}
}

/* ---- strangers ---- */

static bool
any_file(char out[300])
{
	struct dirent *d;
	DIR *dir = opendir(at("cur"));
	unsigned n = 0;

	out[0] = '\0';
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && dice(++n) == 0)
			(void)snprintf(out, 300, "%s", d->d_name);
	(void)closedir(dir);
	return out[0] != '\0';
}

/* They lose races with the players: then it was no change. */
static void
stranger(void)
{
	static const char *const infos[] = {
	    ":2,", ":2,S", ":2,F", ":2,RS", ":2,FT", ":2,D", ":2,FRSZ", ""};
	char from[400], to[400], name[300];

	if (dice(3) == 0 || !any_file(name)) {
		(void)snprintf(to, sizeof(to), "%s/%u.s",
		    dice(2) ? "new" : "cur", ++names + 1000);
		tree_write(to, "A: x\n\nx\n");
		return;
	}
	(void)snprintf(from, sizeof(from), "cur/%s", name);
	(void)snprintf(to, sizeof(to), "cur/%.*s%s", (int)strcspn(name, ":"),
	    name, infos[dice(8)]);
	if (dice(4) == 0)
		(void)unlink(at(from));
	else
		(void)rename(at(from), at(to));
}

static void
lose_index(void)
{
	(void)unlink(at("corkboard/index/data.mdb"));
	if (dice(2) == 0)
		(void)unlink(at("corkboard/index/lock.mdb"));
}

/* ---- the count ---- */

struct plain { /* by UID */
	bool there;
	uint8_t flags;
};

static uint8_t
flags_of(const char *name)
{
	static const char letters[] = "DFRST";
	const char *p = strstr(name, ":2,");
	uint8_t flags = 0;
	const char *at_letter;

	for (p = p == NULL ? "" : p + 3; *p != '\0'; p++)
		if ((at_letter = strchr(letters, *p)) != NULL)
			flags |= (uint8_t)(1u << (at_letter - letters));
	return flags;
}

/* UID of a base name by the UID file's lines; the last line counts. */
static uint32_t
uid_of(const char *list, const char *base, size_t len)
{
	const char *p, *end;
	uint32_t uid = 0;

	for (p = strchr(list, '\n'); p != NULL && p[1] != '\0'; p = end) {
		end = strchr(++p, '\n');
		p = strchr(p, ' ');
		if (end == NULL || p == NULL || p > end)
			break;
		if ((size_t)(end - p - 1) == len &&
		    memcmp(p + 1, base, len) == 0) {
			while (p > list && p[-1] >= '0' && p[-1] <= '9')
				p--;
			uid = (uint32_t)strtoul(p, NULL, 10);
		}
	}
	return uid;
}

static char *
read_list(void)
{
	char *text = calloc(1, 1 << 20);
	int fd = open(at("courierimapuiddb"), O_RDONLY);

	assert_non_null(text);
	assert_true(fd != -1 && read(fd, text, (1 << 20) - 1) > 0);
	(void)close(fd);
	return text;
}

static size_t
count_dir(const char *dir, const char *list, struct plain *out)
{
	DIR *d = opendir(at(dir));
	struct dirent *e;
	uint32_t uid;
	size_t n = 0, len;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		len = strcspn(e->d_name, ":");
		uid = uid_of(list, e->d_name, len);
		if (uid == 0 || uid >= UIDS)
			fail_msg(
			    "seed %u: %s has UID %u", seed, e->d_name, uid);
		if (shared->name[uid] == 0)
			shared->name[uid] = sum(e->d_name, len);
		if (shared->name[uid] != sum(e->d_name, len) || out[uid].there)
			fail_msg("seed %u: UID %u of two", seed, uid);
		out[uid].there = true;
		out[uid].flags = flags_of(e->d_name);
		n++;
	}
	(void)closedir(d);
	return n;
}

static void
pay(struct maildir *md, struct mailbox **mb)
{
	struct mailbox_diff diff;
	bool loaded;
	int i;

	/* As a session does whose client is quiet, or is about to be parked. */
	for (i = 0; i < 4 && (i == 0 || mailbox_owes(*mb)); i++) {
		loaded = mailbox_loaded(*mb);
		while (mailbox_sync(*mb, mailbox_owes(*mb), &diff) == -1)
			reopened(md, mb, loaded);
		if (mailbox_owes(*mb))
			tree_settle();
	}
}

/* What a box shows against the directories, everybody being quiet. */
static void
count(struct maildir *md, struct mailbox **box, unsigned player, unsigned round)
{
	struct mailbox *mb;

	struct plain *plain = calloc(UIDS, sizeof(*plain));
	const struct message *m;
	size_t n, i, files;
	char *list;

	pay(md, box);
	while (mailbox_load(*box) == -1)
		reopened(md, box, false);
	mb = *box;
	list = read_list();
	assert_non_null(plain);
	files = count_dir("cur", list, plain) + count_dir("new", list, plain);
	m = mailbox_messages(mb, &n);
	if (n != files)
		fail_msg("seed %u round %u player %u: %zu shown, %zu there",
		    seed, round, player, n, files);
	for (i = 0; i < n; i++)
		if (!plain[m[i].uid].there ||
		    plain[m[i].uid].flags != m[i].flags)
			fail_msg("seed %u round %u player %u: UID %u is other",
			    seed, round, player, m[i].uid);
	if (mailbox_modseq(mb) != 0 && mailbox_modseq(mb) < shared->modseq)
		fail_msg("seed %u round %u: change numbers fell", seed, round);
	if (mailbox_modseq(mb) != 0)
		shared->modseq = mailbox_modseq(mb);
	free(list);
	free(plain);
}

/* ---- the game ---- */

struct player {
	pid_t pid;
	int in,
	    out; /* one byte each way begins and ends each half of a round */
};

static void
turn(int in, int out)
{
	char c = 'x';

	if (write(out, &c, 1) != 1 || read(in, &c, 1) != 1)
		_exit(3);
}

static void
player_run(unsigned number, unsigned rounds, int in, int out)
{
	struct mailbox *boxes[BOXES];
	struct maildir *md;
	unsigned round, i;

	/* A failure ends this process, not only the test in it. */
	(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
	state = seed * 100u + number;
	md = maildir_open(tree_fd(""), &options);
	assert_non_null(md);
	for (i = 0; i < BOXES; i++) {
		boxes[i] = mailbox_open(md, "", false);
		assert_non_null(boxes[i]);
	}
	for (round = 0; round < rounds; round++) {
		turn(in, out); /* all play */
		play(md, boxes);
		turn(in, out); /* one after the other counts */
		for (i = 0; i < BOXES; i++)
			count(md, &boxes[i], number, round);
	}
	turn(in, out);
	for (i = 0; i < BOXES; i++)
		mailbox_close(boxes[i]);
	maildir_close(md);
}

static void
player_start(struct player *p, unsigned number, unsigned rounds)
{
	int to[2], from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	if ((p->pid = fork()) == 0) {
		(void)close(to[1]);
		(void)close(from[0]);
		player_run(number, rounds, to[0], from[1]);
		_exit(0);
	}
	assert_true(p->pid != -1);
	(void)close(to[0]);
	(void)close(from[1]);
	p->out = to[1];
	p->in = from[0];
}

static void
await(struct player *p)
{
	char c;

	if (read(p->in, &c, 1) != 1)
		fail_msg("seed %u: a player gave up", seed);
}

static void
let(struct player *p)
{
	assert_int_equal(write(p->out, "x", 1), 1);
}

static void
referee(struct player *p, unsigned rounds)
{
	const struct timespec pause = {0, 1000000};
	unsigned round, i;

	for (i = 0; i < PLAYERS; i++)
		await(&p[i]);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < PLAYERS; i++)
			let(&p[i]);
		for (i = 0; i < FOREIGN; i++) {
			stranger();
			if (dice(30) == 0)
				lose_index();
			(void)nanosleep(&pause, NULL);
		}
		for (i = 0; i < PLAYERS; i++)
			await(&p[i]);
		tree_settle();
		for (i = 0; i < PLAYERS; i++) {
			if (dice(10) == 0)
				lose_index();
			let(&p[i]);
			await(&p[i]);
		}
	}
}

static unsigned
number_of(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : (unsigned)strtoul(text, NULL, 10);
}

static void
whoever_pays_sees_what_is_there(void **unused)
{
	unsigned rounds = number_of("ROUNDS", 20), i;
	struct player p[PLAYERS];
	int status, bad = 0;

	(void)unused;
	seed = number_of("SEED", (unsigned)time(NULL) % 100000);
	print_message("# SEED=%u, %u operations, %u foreign\n", seed,
	    rounds * PLAYERS * OWN, rounds * FOREIGN);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	(void)signal(SIGPIPE, SIG_IGN);
	state = seed;
	for (i = 0; i < 60; i++)
		stranger();
	for (i = 0; i < PLAYERS; i++)
		player_start(&p[i], i + 1, rounds);
	referee(p, rounds);
	for (i = 0; i < PLAYERS; i++) {
		let(&p[i]);
		assert_int_equal(waitpid(p[i].pid, &status, 0), p[i].pid);
		bad |= status;
	}
	assert_int_equal(bad, 0);
	assert_int_equal(munmap(shared, sizeof(*shared)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		whoever_pays_sees_what_is_there, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
