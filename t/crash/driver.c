/*
 * One operation of the store, for tracing and killing:
 *
 *	driver setup DIR			makes the fixture
 *	driver OP DIR				does it: READY, then OK or NO
 *	driver judge OP BEFORE AFTER SAID [power]
 *	driver halt DIR FLAG			disks.sh: no disk any more
 *	driver sweep OP BASE SITE FAULT STEP	sweep.c
 *	driver cut OP BASE SITE STEP		cut.c
 *	driver wire OP BASE SITE [WORD...]	wire.c: by a session
 *
 * READY and OK are written by write(2) at the very point where a session would
 * begin the command and send its tagged OK. With CRASH_INDEX set the account
 * has an index; with CRASH_IMAPD set to the program it is a session's command
 * that sweep and cut work on.
 */
#include "t/crash/crash.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/quota.h"
#include "t/crash/run.h"

#define TEXT_MAX 65536u /* bytes of a message, and one */
#define FOLDERS  9      /* of the fixture */

struct place { /* where an operation works, and what it has to tell */
	struct maildir *md;
	struct mailbox *mb;
	char told[2000];
};

struct operation {
	const char *name;
	const char *folder; /* opened before READY; NULL: none */
	int (*run)(struct place *);
};

static int append(struct place *);
static int append_flags(struct place *);
static int append_edge(struct place *);
static int append_courier(struct place *);
static int multiappend(struct place *);
static int copy(struct place *);
static int move(struct place *);
static int expunge(struct place *);
static int store_flags(struct place *);
static int store_keyword(struct place *);
static int store_many(struct place *);
static int number(struct place *);
static int create(struct place *);
static int create_special(struct place *);
static int delete (struct place *);
static int rename_folder(struct place *);
static int rename_inbox(struct place *);
static int subscribe(struct place *);
static int unsubscribe(struct place *);
static int look(struct place *);

static const struct operation operations[] = {
    {"append", NULL, append},
    {"append-flags", NULL, append_flags},
    {"append-edge", NULL, append_edge},
    {"append-courier", NULL, append_courier},
    {"multiappend", NULL, multiappend},
    {"copy", "", copy},
    {"move", "", move},
    {"expunge", "", expunge},
    {"close", "", expunge}, /* the library knows no difference */
    {"store-flags", "", store_flags},
    {"store-keyword", "", store_keyword},
    {"store-many", "", store_many},
    {"number", NULL, number},
    {"create", NULL, create},
    {"create-special", NULL, create_special},
    {"delete", NULL, delete},
    {"rename", NULL, rename_folder},
    {"rename-inbox", NULL, rename_inbox},
    {"subscribe", NULL, subscribe},
    {"unsubscribe", NULL, unsubscribe},
    {"look", NULL, look},
};

static int setup(const char *);
static void setup_list(int, const char *, const char *);
static void put(int, const char *, const char *, size_t);
static int run(const char *, const char *);
static int test(int, char **);
static int halt(const char *, uint32_t);
static void say(const char *);
static int tell(struct place *, uint32_t, const uint32_t *, size_t);
static int deliver(struct place *, const char *, unsigned, uint8_t);
static int change(struct place *, size_t, const struct mailbox_change *);
static int look_folder(struct maildir *, const char *);
static int look_message(struct mailbox *, uint32_t);
static bool is_whole(int, uint32_t);
static void expect(bool, const char *);
static size_t write_text(char *, unsigned);

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "setup") == 0)
		return setup(argv[2]);
	if ((argc == 6 || argc == 7) && strcmp(argv[1], "judge") == 0)
		return judge(argv[2], argv[3], argv[4], argv[5], argc == 7) > 0;
	if (argc == 4 && strcmp(argv[1], "halt") == 0)
		return halt(argv[2], (uint32_t)atoi(argv[3]));
	if (argc == 3)
		return run(argv[1], argv[2]);
	if (argc >= 5)
		return test(argc, argv);
	die("driver: see its source for what it can do");
}

/* The power goes: what is not on the device now is lost. */
static int
halt(const char *path, uint32_t flag)
{
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || ioctl(fd, _IOR('X', 125, uint32_t), &flag) == -1)
		die("halt %s", path);
	(void)close(fd);
	return 0;
}

/* sweep, cut, wire: run operations in programs of their own. */
static int
test(int argc, char **argv)
{
	struct shim_count count;
	char said[600], words[300] = "";
	struct run r = {.self = argv[0],
	    .imapd = getenv("CRASH_IMAPD"),
	    .op = argv[2],
	    .base = argv[3],
	    .site = argv[4],
	    .said = said,
	    .class = SHIM_CLASSES};
	int i;

	(void)snprintf(said, sizeof said, "%s.said", r.site);
	if (strcmp(argv[1], "sweep") == 0 && argc == 7)
		return sweep(&r, argv[5], (unsigned)atoi(argv[6])) > 0;
	if (strcmp(argv[1], "cut") == 0 && argc == 6)
		return cut(&r, (unsigned)atoi(argv[5])) > 0;
	if (strcmp(argv[1], "wire") != 0 || r.imapd == NULL)
		die("driver: see its source for what it can do");
	for (i = 5; i < argc; i++) {
		(void)strlcat(words, argv[i], sizeof words);
		(void)strlcat(words, " ", sizeof words);
	}
	r.prefix = words;
	return run_fresh(&r, &count) + run_judge(&r, "by a session") > 0;
}

void
die(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	(void)printf("Bail out! ");
	(void)vprintf(fmt, ap);
	(void)printf(": %s\n", strerror(error));
	va_end(ap);
	exit(2);
}

struct maildir *
crash_open(const char *path)
{
	struct maildir_options options = {
	    .hostname = "crash", .keywords = true, .lock_seconds = 1};
	struct maildir *md;
	int fd;

	options.index = getenv("CRASH_INDEX") != NULL;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (md = maildir_open(fd, &options)) == NULL)
		die("open %s", path);
	return md;
}

char *
crash_text(unsigned id, size_t *n)
{
	char *text = malloc(TEXT_MAX);

	if (text == NULL)
		die("memory");
	*n = write_text(text, id);
	return text;
}

/* No stream: it may be a test of what happens without memory. */
static size_t
write_text(char *text, unsigned id)
{
	unsigned lines = id % 3 == 0 ? 1200 : id % 5, i;
	size_t n;

	n = (size_t)snprintf(text, TEXT_MAX,
	    "X-Crash: %u\nSubject: message %u\n\nbody of %u\n", id, id, id);
	for (i = 0; i < lines; i++)
		n += (size_t)snprintf(
		    text + n, TEXT_MAX - n, "line %u of %u\n", i, id);
	n += (size_t)snprintf(text + n, TEXT_MAX - n, "end of %u\n", id);
	return n;
}

unsigned
crash_id(const char *text, size_t n)
{
	static const char head[] = "X-Crash: ";
	static char want[TEXT_MAX];
	unsigned id;
	size_t len;

	if (n < sizeof head || memcmp(text, head, sizeof head - 1) != 0)
		return 0;
	id = (unsigned)strtoul(text + sizeof head - 1, NULL, 10);
	len = write_text(want, id);
	return len == n && memcmp(text, want, n) == 0 ? id : 0;
}

int
crash_deliver(struct maildir *md, const char *folder, unsigned id, unsigned n,
    uint8_t flags, uint32_t *uids, uint32_t *uidvalidity)
{
	struct delivery *d;
	char *text;
	size_t len;
	int r = 0, error;

	d = delivery_open(md, folder);
	if (d == NULL)
		return -1;
	for (; r == 0 && n > 0; id++, n--) {
		text = crash_text(id, &len);
		r = delivery_begin(
		    d, len, 1700000000 + (int)id, flags, NULL, 0);
		if (r == 0)
			r = delivery_write(d, text, len);
		if (r == 0)
			r = delivery_end(d);
		free(text);
	}
	if (r == 0)
		r = delivery_commit(d, uids, uidvalidity);
	error = errno;
	delivery_close(d);
	errno = error;
	return r;
}

/* ---- the fixture ---- */

static int
setup(const char *path)
{
	static const char *const folders[] = {"Dest", "Old", "Old.kid",
	    "Old.kid.deep", "Gone", "Edge", "Courier"};
	static const char subscribed[] = "INBOX\n#shared.joe.Pub\nINBOX.Old\n";
	static const char *const keyword[] = {"Foo"};
	static const struct mailbox_change keep = {
	    .op = MAILBOX_ADD, .keywords = keyword, .nkeywords = 1};
	uint32_t uids[INBOX_MESSAGES], uidvalidity;
	struct maildir *md;
	struct mailbox *mb;
	bool changed;
	unsigned i;
	int fd;

	if (mkdir(path, 0700) == -1 ||
	    (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    mkdirat(fd, "cur", 0700) == -1 || mkdirat(fd, "new", 0700) == -1 ||
	    mkdirat(fd, "tmp", 0700) == -1)
		die("make %s", path);
	put(fd, "courierimapsubscribed", subscribed, sizeof subscribed - 1);
	md = crash_open(path);
	if (maildir_create(md, "Sent", MAILDIR_USE_SENT) == -1)
		die("create Sent");
	for (i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		if (maildir_create(md, folders[i], 0) == -1 ||
		    crash_deliver(md, folders[i], 30 + 2 * i, 2, MESSAGE_SEEN,
			uids, &uidvalidity) == -1)
			die("make %s", folders[i]);
	}
	setup_list(fd, ".Edge", "1 795000001 0000000003\n");
	setup_list(fd, ".Courier", "1 795000002 3\n");
	if (crash_deliver(md, "", 1, INBOX_MESSAGES, MESSAGE_SEEN, uids,
		&uidvalidity) == -1 ||
	    (mb = mailbox_open(md, "", false)) == NULL ||
	    mailbox_store(mb, &uids[4], 1, &keep, &changed) == -1)
		die("fill INBOX");
	mailbox_close(mb);
	maildir_close(md);
	(void)close(fd);
	return 0;
}

/* The folder's UID list with another first line. */
static void
setup_list(int rootfd, const char *dir, const char *head)
{
	char path[100], text[4000], *rest;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof path, "%s/courierimapuiddb", dir);
	fd = openat(rootfd, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || (n = read(fd, text, sizeof text - 1)) <= 0)
		die("%s", path);
	text[n] = '\0';
	(void)close(fd);
	rest = strchr(text, '\n');
	if (rest == NULL)
		die("%s", path);
	put(rootfd, path, head, strlen(head));
	fd = openat(rootfd, path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd == -1 || write(fd, rest + 1, strlen(rest + 1)) == -1)
		die("%s", path);
	(void)close(fd);
}

static void
put(int dirfd, const char *path, const char *text, size_t n)
{
	int fd;

	fd =
	    openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, text, n) != (ssize_t)n || close(fd) == -1)
		die("%s", path);
}

/* ---- the operations ---- */

static int
run(const char *name, const char *path)
{
	struct place at = {0};
	const struct operation *op = operations, *end;
	char said[2100];

	end = operations + sizeof operations / sizeof operations[0];
	while (op < end && strcmp(op->name, name) != 0)
		op++;
	if (op == end)
		die("no operation %s", name);
	run_strangers(name, path);
	at.md = crash_open(path);
	if (op->folder != NULL &&
	    (at.mb = mailbox_open(at.md, op->folder, false)) == NULL)
		die("open %s", op->folder);
	say("READY\n");
	if (op->run(&at) == 0) {
		(void)snprintf(said, sizeof said, "OK%s\nMODSEQ %llu\n",
		    at.told,
		    at.mb == NULL ? 0ULL
				  : (unsigned long long)mailbox_modseq(at.mb));
		say(said);
	} else {
		(void)snprintf(said, sizeof said, "NO %d\n", errno);
		say(said);
	}
	mailbox_close(at.mb);
	maildir_close(at.md);
	return 0;
}

/* For "number": what a delivery agent left that knows nothing of us. */
void
run_strangers(const char *op, const char *path)
{
	char name[100], *text;
	unsigned i;
	size_t n;
	int fd;

	if (strcmp(op, "number") != 0)
		return;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < 3; i++) {
		(void)snprintf(
		    name, sizeof name, "new/17000009%02u.M1P1.foreign", i);
		if (faccessat(fd, name, F_OK, 0) == 0)
			continue;
		text = crash_text(NEW_ID + i, &n);
		put(fd, name, text, n);
		free(text);
	}
	/* whoever delivers has to see to that */
	(void)syncfs(fd);
	(void)close(fd);
}

static void
say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) == -1)
		_exit(3);
}

/* For the OK: " UIDVALIDITY UID UID...". */
static int
tell(struct place *at, uint32_t uidvalidity, const uint32_t *uids, size_t n)
{
	size_t i, len;

	len = (size_t)snprintf(
	    at->told, sizeof at->told, " %u", (unsigned)uidvalidity);
	for (i = 0; i < n && len < sizeof at->told - 20; i++)
		len += (size_t)snprintf(at->told + len, sizeof at->told - len,
		    " %u", (unsigned)uids[i]);
	return 0;
}

static int
deliver(struct place *at, const char *folder, unsigned n, uint8_t flags)
{
	uint32_t uids[10], uidvalidity;

	if (crash_deliver(
		at->md, folder, NEW_ID, n, flags, uids, &uidvalidity) == -1)
		return -1;
	return tell(at, uidvalidity, uids, n);
}

static int
append(struct place *at)
{
	return deliver(at, "", 1, 0);
}

static int
append_flags(struct place *at)
{
	return deliver(at, "", 1, MESSAGE_SEEN | MESSAGE_DRAFT);
}

static int
append_edge(struct place *at)
{
	return deliver(at, "Edge", 1, MESSAGE_SEEN);
}

static int
append_courier(struct place *at)
{
	return deliver(at, "Courier", 1, MESSAGE_SEEN);
}

static int
multiappend(struct place *at)
{
	return deliver(at, "", 3, MESSAGE_SEEN);
}

static const uint32_t some[] = CRASH_SOME;

static int
copy(struct place *at)
{
	uint32_t uids[3], uidvalidity;

	if (mailbox_copy(at->mb, some, 3, "Dest", false, uids, &uidvalidity) ==
	    -1)
		return -1;
	return tell(at, uidvalidity, uids, 3);
}

static int
move(struct place *at)
{
	uint32_t uids[3], uidvalidity;

	if (mailbox_copy(at->mb, some, 3, "Dest", true, uids, &uidvalidity) ==
	    -1)
		return -1;
	return tell(at, uidvalidity, uids, 3);
}

static int
expunge(struct place *at)
{
	bool gone[3];

	return mailbox_expunge(at->mb, some, 3, gone);
}

static int
change(struct place *at, size_t n, const struct mailbox_change *how)
{
	uint32_t uids[INBOX_MESSAGES];
	bool changed[INBOX_MESSAGES];
	uint32_t i;

	for (i = 0; i < INBOX_MESSAGES; i++)
		uids[i] = i + 1;
	return n == 3 ? mailbox_store(at->mb, some, 3, how, changed)
		      : mailbox_store(at->mb, uids, n, how, changed);
}

static const char *const later[] = {"Later"};

static int
store_flags(struct place *at)
{
	return change(at, 3,
	    &(struct mailbox_change){
		.op = MAILBOX_ADD, .flags = MESSAGE_ANSWERED});
}

static int
store_keyword(struct place *at)
{
	return change(at, 3,
	    &(struct mailbox_change){
		.op = MAILBOX_ADD, .keywords = later, .nkeywords = 1});
}

static int
store_many(struct place *at)
{
	return change(at, INBOX_MESSAGES,
	    &(struct mailbox_change){
		.op = MAILBOX_ADD, .keywords = later, .nkeywords = 1});
}

/* Strangers' messages in new/ get their UIDs and are told. */
static int
number(struct place *at)
{
	const struct message *m;
	uint32_t uids[10];
	size_t n, i, k = 0;

	at->mb = mailbox_open(at->md, "", false);
	if (at->mb == NULL)
		return -1;
	m = mailbox_messages(at->mb, &n);
	for (i = 0; i < n; i++) {
		if (m[i].uid > INBOX_MESSAGES && k < 10)
			uids[k++] = m[i].uid;
	}
	return tell(at, mailbox_uidvalidity(at->mb), uids, k);
}

static int
create(struct place *at)
{
	return maildir_create(at->md, "Fresh", 0);
}

static int
create_special(struct place *at)
{
	return maildir_create(at->md, "Fresh", MAILDIR_USE_JUNK);
}

static int delete (struct place *at)
{
	return maildir_delete(at->md, "Gone");
}

static int
rename_folder(struct place *at)
{
	return maildir_rename(at->md, "Old", "Fresh");
}

static int
rename_inbox(struct place *at)
{
	return maildir_rename(at->md, "", "Fresh");
}

static int
subscribe(struct place *at)
{
	return maildir_subscribe(at->md, "INBOX.Fresh", true);
}

static int
unsubscribe(struct place *at)
{
	return maildir_subscribe(at->md, "INBOX.Old", false);
}

/*
 * All that only looks. It may fail, but what it tells is all there is: else the
 * program says what was a lie, and no OK.
 */
static int
look(struct place *at)
{
	static char names[FOLDERS][64];
	const struct folder_info *info;
	const char *const *lines;
	struct maildir_quota quota;
	struct mailbox_diff diff;
	ssize_t n, i;
	uint32_t uid;
	size_t k;

	if ((n = maildir_list(at->md, &info)) == -1)
		return -1;
	expect(n == FOLDERS, "LIST");
	for (i = 0; i < n; i++)
		(void)strlcpy(names[i], info[i].name, sizeof names[i]);
	for (i = 0; i < n; i++) {
		if (look_folder(at->md, names[i]) == -1)
			return -1;
	}
	if ((n = maildir_subscriptions(at->md, &lines)) == -1)
		return -1;
	expect(n == 3, "LSUB");
	if (maildir_quota(at->md, &quota) == -1 ||
	    (at->mb = mailbox_open(at->md, "", true)) == NULL)
		return -1;
	(void)mailbox_messages(at->mb, &k);
	expect(k == INBOX_MESSAGES, "messages");
	for (uid = 1; uid <= INBOX_MESSAGES; uid++) {
		if (look_message(at->mb, uid) == -1)
			return -1;
	}
	if (mailbox_sync(at->mb, true, &diff) == -1)
		return -1;
	(void)mailbox_messages(at->mb, &k);
	expect(k == INBOX_MESSAGES, "messages later");
	return 0;
}

static int
look_folder(struct maildir *md, const char *name)
{
	struct mailbox_status st;
	uint64_t dev, ino, stamp;
	uint32_t want = 2;
	int r;

	if ((r = maildir_exists(md, name)) == -1)
		return -1;
	expect(r == 1, "exists");
	if (maildir_identity(md, name, &dev, &ino, &stamp) == -1 ||
	    (r = maildir_marked(md, name)) == -1)
		return -1;
	expect(r == 0, "marked");
	if (maildir_status(md, name, true, &st) == -1)
		return -1;
	if (name[0] == '\0')
		want = INBOX_MESSAGES;
	else if (strcmp(name, "Sent") == 0)
		want = 0;
	expect(st.messages == want && st.unseen == 0 && st.uidvalidity != 0 &&
		   (st.size != 0) == (want != 0),
	    "STATUS");
	return 0;
}

static int
look_message(struct mailbox *mb, uint32_t uid)
{
	struct message_file file;
	uint64_t size;
	time_t date;

	if (mailbox_size(mb, uid, &size) == -1 ||
	    mailbox_date(mb, uid, &date) == -1 ||
	    mailbox_message(mb, uid, &file) == -1)
		return -1;
	expect(date == 1700000000 + (time_t)uid && file.date == date &&
		   size > file.size && is_whole(file.fd, uid),
	    "message");
	(void)close(file.fd);
	return 0;
}

/* The file has all of the message's bytes. */
static bool
is_whole(int fd, uint32_t uid)
{
	static char text[TEXT_MAX];
	size_t n = 0;
	ssize_t k;

	while ((k = read(fd, text + n, sizeof text - n)) != 0) {
		if (k == -1 && errno != EINTR)
			return true; /* the fault was ours: nothing is told */
		n += k == -1 ? 0 : (size_t)k;
	}
	return crash_id(text, n) == uid;
}

static void
expect(bool so, const char *what)
{
	if (so)
		return;
	say("LIE ");
	say(what);
	_exit(0);
}
