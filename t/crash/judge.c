/*
 * The oracle. It opens the site as the next session would, looks at all that
 * can be told to a client, and compares with the site before: RELIABILITY's
 * invariants I1 to I6 and I10; $CRASH_PEERS asks others for I11. A message's
 * number is proven by all its bytes.
 */
#include "t/crash/crash.h"

#include <sys/stat.h>

#include <bsd/string.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct seen_message {
	uint32_t uid;
	unsigned id; /* 0: not what anybody sent */
	uint64_t modseq;
	uint8_t flags;
	char keywords[100];
};

struct seen_folder {
	char name[64];
	uint32_t uidvalidity, uidnext, use;
	uint64_t modseq; /* the highest */
	struct seen_message *m;
	size_t n;
};

struct seen {
	struct seen_folder f[24];
	size_t n;
	char subscribed[2000]; /* lines */
};

/* What an operation is for; what is not here must not happen. */
struct purpose {
	const char *op;
	const char *into;  /* folder that gets messages */
	unsigned ids[4];   /* which */
	bool removes;      /* CRASH_SOME from INBOX */
	const char *fresh; /* folder that appears */
	const char *gone;  /* folder that disappears */
	uint8_t flags;     /* set */
	const char *keyword;
	size_t n; /* of how many messages, 3: CRASH_SOME */
	const char *line;
	bool on;
};

static const uint32_t some[] = CRASH_SOME;
static const char *const keywords[] = {"Foo", "Later"};
static const struct purpose purposes[] = {
    {.op = "append", .into = "", .ids = {101}},
    {.op = "append-flags", .into = "", .ids = {101}},
    {.op = "append-edge", .into = "Edge", .ids = {101}},
    {.op = "append-courier", .into = "Courier", .ids = {101}},
    {.op = "multiappend", .into = "", .ids = {101, 102, 103}},
    {.op = "copy", .into = "Dest", .ids = CRASH_SOME},
    {.op = "move", .into = "Dest", .ids = CRASH_SOME, .removes = true},
    /* a session has marked them first */
    {.op = "expunge", .removes = true, .flags = MESSAGE_DELETED, .n = 3},
    {.op = "close", .removes = true, .flags = MESSAGE_DELETED, .n = 3},
    {.op = "store-flags", .flags = MESSAGE_ANSWERED, .n = 3},
    {.op = "store-keyword", .keyword = "Later", .n = 3},
    {.op = "store-many", .keyword = "Later", .n = INBOX_MESSAGES},
    {.op = "number", .into = "", .ids = {101, 102, 103}},
    {.op = "create", .fresh = "Fresh"},
    {.op = "create-special", .fresh = "Fresh"},
    {.op = "delete", .gone = "Gone"},
    {.op = "rename"},
    {.op = "rename-inbox", .fresh = "Fresh", .into = "Fresh"},
    {.op = "subscribe", .line = "INBOX.Fresh", .on = true},
    {.op = "unsubscribe", .line = "INBOX.Old"},
    {.op = "look"},
};

enum outcome {
	CUT, /* nothing was said: all or nothing of each message */
	DONE,
	REFUSED
};

struct trial {
	const struct purpose *why;
	enum outcome outcome;
	bool power; /* was cut off: STORE's changes may be lost though told */
	uint32_t uidvalidity, uids[10]; /* told with OK */
	size_t nuids;
	uint64_t modseq; /* told, 0: none */
	char lie[40];    /* told by what only looks */
	struct seen before, after;
	int complaints;
};

static void complain(struct trial *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
static void read_said(struct trial *, const char *);
static void look(struct maildir *, bool, struct seen *);
static void look_folder(
    struct maildir *, const struct folder_info *, bool, struct seen_folder *);
static void look_message(
    struct mailbox *, const struct message *, struct seen_message *);
static void forget(struct seen *);
static const struct seen_folder *folder(const struct seen *, const char *);
static const struct seen_message *message(const struct seen_folder *, uint32_t);
static size_t count_id(const struct seen_folder *, unsigned);
static bool is_some(uint32_t);
static const struct seen_folder *home(
    struct trial *, const struct seen_folder *);
static void check_folders(struct trial *);
static void check_old(
    struct trial *, const struct seen_folder *, const struct seen_folder *);
static void check_lost(
    struct trial *, const struct seen_folder *, const struct seen_message *);
static void check_marks(struct trial *, const struct seen_folder *,
    const struct seen_message *, const struct seen_message *);
static void check_numbers(
    struct trial *, const struct seen_folder *, const struct seen_folder *);
static void check_new(
    struct trial *, const struct seen_folder *, const struct seen_folder *);
static void check_fresh(struct trial *, const struct seen_folder *);
static void check_told(struct trial *);
static void check_lines(struct trial *);
static void check_litter(struct trial *, const char *);
static void probe(struct trial *, struct maildir *);
static double now(void);

int
judge(const char *op, const char *before, const char *after, const char *said,
    bool power)
{
	static struct trial t;
	struct maildir *md;
	double start;
	size_t i;

	for (i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
		if (strcmp(purposes[i].op, op) == 0)
			t.why = &purposes[i];
	}
	if (t.why == NULL)
		die("no purpose of %s", op);
	t.power = power;
	read_said(&t, said);
	md = crash_open(before);
	look(md, true, &t.before);
	maildir_close(md);
	start = now();
	md = crash_open(after);
	look(md, false, &t.after);
	if (now() - start > 1)
		complain(&t, "opening took %.1f s", now() - start);
	if (t.lie[0] != '\0')
		complain(&t, "%s", t.lie);
	check_folders(&t);
	check_told(&t);
	check_lines(&t);
	check_litter(&t, after);
	probe(&t, md);
	maildir_close(md);
	forget(&t.before);
	forget(&t.after);
	return t.complaints;
}

static void
complain(struct trial *t, const char *fmt, ...)
{
	static const char *const outcomes[] = {"cut", "done", "refused"};
	va_list ap;

	(void)printf("# %s, %s: ", t->why->op, outcomes[t->outcome]);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
	t->complaints++;
}

/* Seconds, without those that other processes had the processor. */
static double
now(void)
{
	unsigned long long ran, waited = 0;
	struct timespec ts;
	FILE *f;

	f = fopen("/proc/self/schedstat", "re");
	if (f != NULL) {
		if (fscanf(f, "%llu %llu", &ran, &waited) != 2)
			waited = 0;
		(void)fclose(f);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + ((double)ts.tv_nsec - (double)waited) / 1e9;
}

static void
read_said(struct trial *t, const char *path)
{
	char line[2100], *p, *end;
	unsigned long v;
	FILE *f;

	f = fopen(path, "re");
	if (f == NULL)
		die("%s", path);
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "NO", 2) == 0)
			t->outcome = REFUSED;
		if (strncmp(line, "LIE ", 4) == 0)
			(void)strlcpy(t->lie, line, sizeof t->lie);
		if (strncmp(line, "MODSEQ ", 7) == 0)
			t->modseq = strtoull(line + 7, NULL, 10);
		if (strncmp(line, "OK", 2) != 0)
			continue;
		t->outcome = DONE;
		t->uidvalidity = (uint32_t)strtoul(line + 2, &end, 10);
		for (p = end; t->nuids < 10; p = end) {
			v = strtoul(p, &end, 10);
			if (end == p)
				break;
			t->uids[t->nuids++] = (uint32_t)v;
		}
	}
	(void)fclose(f);
}

/* ---- looking ---- */

static void
look(struct maildir *md, bool readonly, struct seen *seen)
{
	const struct folder_info *info;
	const char *const *lines;
	ssize_t n, i;

	n = maildir_list(md, &info);
	if (n == -1 || (size_t)n > sizeof seen->f / sizeof seen->f[0])
		die("list");
	seen->n = (size_t)n;
	for (i = 0; i < n; i++)
		look_folder(md, &info[i], readonly, &seen->f[i]);
	n = maildir_subscriptions(md, &lines);
	if (n == -1)
		die("subscriptions");
	seen->subscribed[0] = '\0';
	for (i = 0; i < n; i++) {
		(void)strcat(seen->subscribed, lines[i]);
		(void)strcat(seen->subscribed, "\n");
	}
}

static void
look_folder(struct maildir *md, const struct folder_info *info, bool readonly,
    struct seen_folder *f)
{
	const struct message *m;
	struct mailbox *mb;
	size_t i;

	(void)snprintf(f->name, sizeof f->name, "%s", info->name);
	f->use = info->use;
	mb = mailbox_open(md, f->name, readonly);
	if (mb == NULL)
		die("open folder \"%s\"", f->name);
	f->uidvalidity = mailbox_uidvalidity(mb);
	f->uidnext = mailbox_uidnext(mb);
	f->modseq = mailbox_modseq(mb);
	m = mailbox_messages(mb, &f->n);
	f->m = calloc(f->n + 1, sizeof *f->m);
	if (f->m == NULL)
		die("memory");
	for (i = 0; i < f->n; i++)
		look_message(mb, &m[i], &f->m[i]);
	mailbox_close(mb);
}

static void
look_message(
    struct mailbox *mb, const struct message *m, struct seen_message *s)
{
	const char *const *names;
	struct message_file file;
	const uint16_t *set;
	size_t n, i, k;
	ssize_t got;
	char *text;

	s->uid = m->uid;
	s->flags = m->flags;
	s->modseq = m->modseq;
	(void)mailbox_keywords(mb, &names);
	n = m->kwset == 0 ? 0 : mailbox_kwset(mb, m->kwset, &set);
	for (k = 0; k < sizeof keywords / sizeof keywords[0]; k++) {
		for (i = 0; i < n; i++) {
			if (strcmp(names[set[i]], keywords[k]) != 0)
				continue;
			(void)strcat(s->keywords, keywords[k]);
			(void)strcat(s->keywords, " ");
		}
	}
	if (mailbox_message(mb, m->uid, &file) == -1)
		die("open UID %u", (unsigned)m->uid);
	text = malloc(file.size + 1);
	if (text == NULL)
		die("memory");
	got = pread(file.fd, text, file.size + 1, 0);
	s->id = got >= 0 ? crash_id(text, (size_t)got) : 0;
	free(text);
	(void)close(file.fd);
}

static void
forget(struct seen *seen)
{
	size_t i;

	for (i = 0; i < seen->n; i++)
		free(seen->f[i].m);
}

static const struct seen_folder *
folder(const struct seen *seen, const char *name)
{
	size_t i;

	for (i = 0; i < seen->n; i++) {
		if (strcmp(seen->f[i].name, name) == 0)
			return &seen->f[i];
	}
	return NULL;
}

static const struct seen_message *
message(const struct seen_folder *f, uint32_t uid)
{
	size_t i;

	for (i = 0; f != NULL && i < f->n; i++) {
		if (f->m[i].uid == uid)
			return &f->m[i];
	}
	return NULL;
}

static size_t
count_id(const struct seen_folder *f, unsigned id)
{
	size_t i, n = 0;

	for (i = 0; f != NULL && i < f->n; i++)
		n += f->m[i].id == id;
	return n;
}

static bool
is_some(uint32_t uid)
{
	return uid == some[0] || uid == some[1] || uid == some[2];
}

/* ---- comparing ---- */

/* Where a folder of before is now; NULL: nowhere. */
static const struct seen_folder *
home(struct trial *t, const struct seen_folder *old)
{
	const struct seen_folder *top, *f;
	char name[100];

	if (strcmp(t->why->op, "rename") != 0 ||
	    strncmp(old->name, "Old", 3) != 0)
		return folder(&t->after, old->name);
	/* all or none of them have their new name */
	(void)snprintf(name, sizeof name, "Fresh%s", old->name + 3);
	f = folder(&t->after, name);
	top = folder(&t->after, "Fresh");
	if ((f == NULL) != (top == NULL) ||
	    (f != NULL && folder(&t->after, old->name) != NULL))
		complain(t, "%s: half renamed", old->name);
	if (t->outcome == DONE && f == NULL)
		complain(t, "%s: not renamed", old->name);
	if (t->outcome == REFUSED && f != NULL)
		complain(t, "%s: renamed", old->name);
	return f != NULL ? f : folder(&t->after, old->name);
}

static void
check_folders(struct trial *t)
{
	const struct seen_folder *old, *new;
	size_t i;

	for (i = 0; i < t->before.n; i++) {
		old = &t->before.f[i];
		new = home(t, old);
		if (new != NULL) {
			check_old(t, old, new);
			check_new(t, old, new);
			check_numbers(t, old, new);
		}
		if (t->why->gone != NULL &&
		    strcmp(t->why->gone, old->name) == 0) {
			if (t->outcome == DONE && new != NULL)
				complain(t, "%s is still there", old->name);
			if (t->outcome != REFUSED)
				continue;
		}
		if (new == NULL)
			complain(t, "folder %s is gone", old->name);
	}
	for (i = 0; i < t->after.n; i++) {
		new = &t->after.f[i];
		if (folder(&t->before, new->name) != NULL ||
		    (strcmp(t->why->op, "rename") == 0 &&
			strncmp(new->name, "Fresh", 5) == 0))
			continue;
		/* messages that came to the new folder of INBOX keep it */
		if (t->why->fresh == NULL ||
		    strcmp(t->why->fresh, new->name) != 0 ||
		    (t->outcome == REFUSED &&
			(strcmp(t->why->op, "rename-inbox") != 0 ||
			    new->n == 0)))
			complain(t, "a folder %s appeared", new->name);
		else
			check_fresh(t, new);
	}
	if (t->why->fresh != NULL && t->outcome == DONE &&
	    folder(&t->after, t->why->fresh) == NULL)
		complain(t, "no folder %s", t->why->fresh);
}

/* I2, I3, I6: what was there is there, under its UID, as it was. */
static void
check_old(struct trial *t, const struct seen_folder *old,
    const struct seen_folder *new)
{
	const struct seen_message *m, *is;
	size_t i;

	if (old->uidvalidity != new->uidvalidity)
		complain(t, "%s: UIDVALIDITY %u became %u", old->name,
		    (unsigned)old->uidvalidity, (unsigned)new->uidvalidity);
	if (new->uidnext < old->uidnext)
		complain(t, "%s: UIDNEXT %u became %u", old->name,
		    (unsigned)old->uidnext, (unsigned)new->uidnext);
	if (old->use != new->use)
		complain(t, "%s: special use changed", old->name);
	for (i = 0; i < old->n; i++) {
		m = &old->m[i];
		is = message(new, m->uid);
		if (is == NULL)
			check_lost(t, old, m);
		else if (is->id != m->id)
			complain(t, "%s: UID %u was %u, is %u", old->name,
			    (unsigned)m->uid, m->id, is->id);
		else
			check_marks(t, old, m, is);
	}
}

static void
check_lost(struct trial *t, const struct seen_folder *old,
    const struct seen_message *m)
{
	bool inbox = old->name[0] == '\0';

	if (inbox && t->why->removes && is_some(m->uid)) {
		if (t->why->into == NULL ||
		    count_id(folder(&t->after, t->why->into), m->id) == 1)
			return;
	} else if (inbox && strcmp(t->why->op, "rename-inbox") == 0) {
		if (count_id(folder(&t->after, "Fresh"), m->id) == 1)
			return;
	}
	complain(t, "%s: message %u is lost", old->name, m->id);
}

/* Flags and keywords: as they were, or as the operation sets them. */
static void
check_marks(struct trial *t, const struct seen_folder *old,
    const struct seen_message *m, const struct seen_message *is)
{
	bool meant, set, same;
	char want[200];

	meant = old->name[0] == '\0' &&
		(t->why->n == INBOX_MESSAGES || is_some(m->uid));
	if (meant && t->outcome == DONE &&
	    (t->why->removes || strcmp(t->why->op, "rename-inbox") == 0))
		complain(t, "message %u was not removed", m->id);
	same = is->flags == m->flags && strcmp(is->keywords, m->keywords) == 0;
	(void)snprintf(want, sizeof want, "%s%s%s", m->keywords,
	    t->why->keyword != NULL ? t->why->keyword : "",
	    t->why->keyword != NULL ? " " : "");
	set = is->flags == (m->flags | t->why->flags) &&
	      strcmp(is->keywords, want) == 0;
	if (meant && t->why->n > 0 && set)
		return;
	if (!same ||
	    (meant && t->why->n > 0 && t->outcome == DONE && !t->power))
		complain(t, "%s: message %u has flags %x, keywords \"%s\"",
		    old->name, m->id, is->flags, is->keywords);
}

/* I4: a change number that was told is no other state's. */
static void
check_numbers(struct trial *t, const struct seen_folder *old,
    const struct seen_folder *new)
{
	const struct seen_message *m, *was;
	uint64_t told = old->modseq;
	size_t i;

	if (t->modseq > told && old->name[0] == '\0')
		told = t->modseq;
	if (new->modseq < told)
		complain(t, "%s: HIGHESTMODSEQ %llu became %llu", old->name,
		    (unsigned long long)told, (unsigned long long)new->modseq);
	for (i = 0; i < new->n; i++) {
		m = &new->m[i];
		was = message(old, m->uid);
		if (m->modseq > old->modseq ||
		    (was != NULL && was->flags == m->flags &&
			strcmp(was->keywords, m->keywords) == 0))
			continue;
		complain(t, "%s: UID %u changed, its MODSEQ is %llu", old->name,
		    (unsigned)m->uid, (unsigned long long)m->modseq);
	}
}

/* I5: what came is whole, meant, and above all UIDs told before. */
static void
check_new(struct trial *t, const struct seen_folder *old,
    const struct seen_folder *new)
{
	const struct seen_message *m;
	bool meant;
	size_t i, k;

	for (i = 0; i < new->n; i++) {
		m = &new->m[i];
		if (message(old, m->uid) != NULL)
			continue;
		meant = false;
		for (k = 0; k < 4 && t->why->ids[k] != 0; k++)
			meant |= m->id == t->why->ids[k];
		if (!meant || t->why->into == NULL ||
		    strcmp(t->why->into, new->name) != 0)
			complain(t, "%s: message %u appeared as UID %u",
			    new->name, m->id, (unsigned)m->uid);
		if (m->uid < old->uidnext)
			complain(t, "%s: UID %u for a new message, UIDNEXT %u",
			    new->name, (unsigned)m->uid,
			    (unsigned)old->uidnext);
		if (count_id(new, m->id) != 1)
			complain(t, "%s: message %u twice", new->name, m->id);
		/* strangers' mail is there anyway; MOVE may leave copies */
		if (t->outcome == REFUSED && !t->why->removes &&
		    strcmp(t->why->op, "number") != 0)
			complain(t, "%s: message %u although refused",
			    new->name, m->id);
	}
}

static void
check_fresh(struct trial *t, const struct seen_folder *new)
{
	uint32_t use;
	size_t i;

	use = strcmp(t->why->op, "create-special") == 0 ? MAILDIR_USE_JUNK : 0;
	if (new->use != use)
		complain(
		    t, "%s: special use %u", new->name, (unsigned)new->use);
	for (i = 0; i < t->before.n; i++) {
		if (new->uidvalidity <= t->before.f[i].uidvalidity)
			complain(t, "%s: UIDVALIDITY %u is %s's or below",
			    new->name, (unsigned)new->uidvalidity,
			    t->before.f[i].name);
	}
	for (i = 0; i < new->n; i++) {
		if (strcmp(t->why->op, "rename-inbox") != 0 ||
		    count_id(&t->before.f[0], new->m[i].id) != 1 ||
		    count_id(new, new->m[i].id) != 1)
			complain(t, "%s: message %u", new->name, new->m[i].id);
	}
}

/* I1: what was told with OK is so. */
static void
check_told(struct trial *t)
{
	const struct seen_message *m;
	const struct seen_folder *f;
	size_t i, n;

	f = t->why->into == NULL ? NULL : folder(&t->after, t->why->into);
	for (n = 0; n < 4 && t->why->ids[n] != 0; n++)
		;
	/* deliveries of strangers are never lost, whatever was said */
	for (i = 0; strcmp(t->why->op, "number") == 0 && i < n; i++) {
		if (count_id(f, t->why->ids[i]) != 1)
			complain(t, "message %u is lost", t->why->ids[i]);
	}
	if (t->outcome != DONE || n == 0)
		return;
	/* what cannot be numbered is not shown: a full disk can be read */
	if (f == NULL || f->uidvalidity != t->uidvalidity ||
	    (t->nuids != n && strcmp(t->why->op, "number") != 0))
		complain(t, "%zu UIDs told, UIDVALIDITY %u", t->nuids,
		    (unsigned)t->uidvalidity);
	for (i = 0; i < n && i < t->nuids; i++) {
		m = message(f, t->uids[i]);
		if (m == NULL || m->id != t->why->ids[i])
			complain(t, "UID %u told for message %u is %u",
			    (unsigned)t->uids[i], t->why->ids[i],
			    m != NULL ? m->id : 0);
	}
}

static void
check_lines(struct trial *t)
{
	char want[2100], line[100], *at;

	if (t->why->line == NULL) {
		if (strcmp(t->before.subscribed, t->after.subscribed) != 0)
			complain(t, "subscriptions changed");
		return;
	}
	(void)strcpy(want, t->before.subscribed);
	(void)snprintf(line, sizeof line, "%s\n", t->why->line);
	if (t->why->on)
		(void)strcat(want, line);
	else if ((at = strstr(want, line)) != NULL)
		memmove(at, at + strlen(line), strlen(at + strlen(line)) + 1);
	if (t->outcome != REFUSED && strcmp(t->after.subscribed, want) == 0)
		return;
	if (t->outcome == DONE ||
	    strcmp(t->after.subscribed, t->before.subscribed) != 0)
		complain(t, "subscriptions are \"%s\"", t->after.subscribed);
}

/* Opening has cleaned up ours; a refusal, unlike a crash, leaves no tmp. */
static void
check_litter(struct trial *t, const char *path)
{
	char name[200];
	struct dirent *e;
	size_t i;
	DIR *d;

	(void)snprintf(name, sizeof name, "%s/corkboard", path);
	d = opendir(name);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, "building.", 9) == 0 ||
		    strncmp(e->d_name, "removing.", 9) == 0 ||
		    strcmp(e->d_name, "rename") == 0 ||
		    strstr(e->d_name, ".broken.") != NULL)
			complain(t, "corkboard/%s is left", e->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	for (i = 0; t->outcome == REFUSED && i < t->after.n; i++) {
		(void)snprintf(name, sizeof name, "%s/%s%s/tmp", path,
		    i > 0 ? "." : "", t->after.f[i].name);
		d = opendir(name);
		while (d != NULL && (e = readdir(d)) != NULL) {
			if (e->d_name[0] != '.')
				complain(t, "%s/%s is left", name, e->d_name);
		}
		if (d != NULL)
			(void)closedir(d);
	}
}

/* I2, I3: what comes next gets UIDs and a UIDVALIDITY that nobody had. */
static void
probe(struct trial *t, struct maildir *md)
{
	static struct seen again;
	const struct seen_folder *f, *was;
	uint32_t uid, uidvalidity;
	size_t i, k;

	for (i = 0; i < t->after.n; i++) {
		f = &t->after.f[i];
		if (crash_deliver(md, f->name, PROBE_ID, 1, MESSAGE_SEEN, &uid,
			&uidvalidity) == -1)
			die("deliver to %s", f->name);
		if (uidvalidity != f->uidvalidity || uid < f->uidnext)
			complain(t, "%s: the next is %u %u", f->name,
			    (unsigned)uidvalidity, (unsigned)uid);
		for (k = 0; k < f->n; k++) {
			if (f->m[k].uid >= uid)
				complain(t, "%s: UID %u is above the next",
				    f->name, (unsigned)f->m[k].uid);
		}
	}
	if (maildir_create(md, "Probe", 0) == -1)
		die("create Probe");
	look(md, false, &again);
	for (i = 0; i < t->after.n; i++) {
		f = folder(&again, t->after.f[i].name);
		if (f != NULL && f->n > 0 &&
		    f->m[f->n - 1].modseq <= t->after.f[i].modseq)
			complain(t, "%s: MODSEQ %llu is given again", f->name,
			    (unsigned long long)f->m[f->n - 1].modseq);
		if (f == NULL || f->n != t->after.f[i].n + 1)
			complain(t, "%s: a message more, not %zu for %zu",
			    t->after.f[i].name, f == NULL ? 0 : f->n,
			    t->after.f[i].n);
	}
	f = folder(&again, "Probe");
	for (i = 0; i < t->before.n + t->after.n; i++) {
		was = i < t->before.n ? &t->before.f[i]
				      : &t->after.f[i - t->before.n];
		if (f == NULL || f->uidvalidity <= was->uidvalidity)
			complain(t, "UIDVALIDITY of %s given again", was->name);
	}
	forget(&again);
}
