/*
 * Power cuts: driver cut OP BASE SITE STEP records an operation and plays what
 * it did against a model of a disk that keeps only what was synced. At every
 *cut (before each recorded call, and after the last) a change counts as safe if
 *it was followed by data of a file: fsync or fdatasync of the file a name:
 *fsync of its directory a name moved from one directory to another: two
 *changes; the new name is safe by either directory's sync, the old one's end by
 *its own syncfs: everything Of those that are not safe any may have reached the
 *disk: none, all, each one alone, each one missing, the first so many; of a
 *write also its first half. A file whose data were not synced may be empty
 *under its name. Each different tree is laid out, and the judge compares it
 *with what the client was told up to there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/crash/crash.h"
#include "t/crash/run.h"
#include "t/crash/tree.h"

#define STATES_MAX 200 /* of one cut */

struct op {
	struct shim_record r;
	const char *name, *name2, *data;
	bool isdir; /* what it moves is a directory */
};

struct change { /* one thing that may reach the disk or not */
	size_t op;
	bool end; /* of a move: the old name's end */
	bool safe;
	bool in;   /* in the state that is being made */
	bool torn; /* its first half only */
};

struct model {
	const struct run *run;
	struct tree before;
	char *text; /* the log */
	struct op *ops;
	size_t nops;
	struct change *changes; /* of the cut under way */
	size_t nchanges, *open, nopen;
	size_t cut;
	uint64_t *seen;
	size_t nseen;
	unsigned states, step, turn;
	int bad;
};

static void read_log(struct model *, const char *);
static void list_changes(struct model *);
static bool is_safe(const struct model *, size_t, bool);
static void try_states(struct model *);
static void choose(struct model *, bool);
static void try_state(struct model *, const char *);
static void apply(struct tree *, const struct op *, const struct change *);
static void apply_name(struct tree *, uint64_t, const char *, uint64_t, bool);
static bool is_known(struct model *, uint64_t);
static void lay_out(struct model *, const struct tree *, const char *);
static void renumber(const struct model *, const struct tree *);
static uint64_t write_said(const struct model *, bool);

int
cut(struct run *r, unsigned step)
{
	struct model m = {.run = r, .step = step};
	struct shim_count count;
	char log[600];

	(void)snprintf(log, sizeof(log), "%s.log", r->said);
	(void)unlink(log);
	tree_remove(r->site);
	tree_load(&m.before, r->base);
	tree_store(&m.before, r->site);
	tree_free(&m.before);
	if (strcmp(r->op, "number") == 0)
		run_strangers(r->op, r->site);
	/* the numbers of the files that the log speaks of */
	tree_load(&m.before, r->site);
	r->log = log;
	r->class = SHIM_CLASSES;
	if (run_once(r, &count) != 0)
		die("%s was ended", r->op);
	r->log = NULL;
	r->power = true;
	read_log(&m, log);
	for (m.cut = 0; m.cut <= m.nops && m.bad < 20; m.cut++) {
		/* after a call that only told something the same may be lost */
		list_changes(&m);
		try_states(&m);
	}
	(void)printf("= %u states at %zu cuts\n", m.states, m.nops + 1);
	if (m.nops < 2) {
		(void)printf("# nothing was recorded\n");
		m.bad++;
	}
	tree_free(&m.before);
	free(m.text);
	free(m.ops);
	free(m.changes);
	free(m.open);
	free(m.seen);
	return m.bad;
}

static void
read_log(struct model *m, const char *path)
{
	struct stat st;
	struct op *op;
	char *p, *end;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		die("%s", path);
	m->text = p = malloc((size_t)st.st_size + 1);
	if (p == NULL || read(fd, p, (size_t)st.st_size) != st.st_size)
		die("%s", path);
	(void)close(fd);
	end = p + st.st_size;
	m->ops = calloc((size_t)st.st_size / sizeof(op->r) + 1, sizeof(*op));
	if (m->ops == NULL)
		die("memory");
	while (p < end) {
		op = &m->ops[m->nops++];
		memcpy(&op->r, p, sizeof(op->r));
		p += sizeof(op->r);
		op->name = strndup(p, op->r.nname);
		p += op->r.nname;
		op->name2 = strndup(p, op->r.nname2);
		p += op->r.nname2;
		op->data = p;
		p += op->r.ndata;
	}
	m->changes = calloc(2 * m->nops + 1, sizeof(*m->changes));
	m->open = calloc(2 * m->nops + 1, sizeof(*m->open));
}

/* ---- what is safe at the cut ---- */

static bool
was_dir(const struct model *m, uint64_t ino)
{
	const struct tree_node *node = tree_find(&m->before, ino);
	size_t i;

	for (i = 0; node == NULL && i < m->nops; i++) {
		if (m->ops[i].r.op == SHIM_MKDIR && m->ops[i].r.ino == ino)
			return true;
	}
	return node != NULL && node->dir;
}

static void
list_changes(struct model *m)
{
	const struct shim_record *r;
	struct change *c;
	size_t i;

	m->nchanges = m->nopen = 0;
	for (i = 0; i < m->cut; i++) {
		r = &m->ops[i].r;
		if (r->op == SHIM_SAY || r->op == SHIM_SYNC ||
		    r->op == SHIM_SYNC_ALL)
			continue;
		c = &m->changes[m->nchanges++];
		*c = (struct change){.op = i, .safe = is_safe(m, i, false)};
		m->ops[i].isdir = was_dir(m, r->ino);
		if (r->op != SHIM_RENAME || r->dir == r->dir2 ||
		    m->ops[i].isdir)
			continue;
		c = &m->changes[m->nchanges++];
		*c = (struct change){
		    .op = i, .end = true, .safe = is_safe(m, i, true)};
	}
	for (i = 0; i < m->nchanges; i++) {
		if (!m->changes[i].safe)
			m->open[m->nopen++] = i;
	}
}

/* Was the change of op i made to last before the cut? */
static bool
is_safe(const struct model *m, size_t i, bool end)
{
	const struct shim_record *r = &m->ops[i].r, *s;
	size_t k;

	for (k = i + 1; k < m->cut; k++) {
		s = &m->ops[k].r;
		if (s->op == SHIM_SYNC_ALL)
			return true;
		if (s->op != SHIM_SYNC)
			continue;
		switch ((enum shim_op)r->op) {
		case SHIM_WRITE:
		case SHIM_TRUNC:
			if (s->ino == r->ino)
				return true;
			break;
		case SHIM_RENAME:
			if (s->ino == r->dir || (!end && s->ino == r->dir2))
				return true;
			break;
		case SHIM_LINK:
			if (s->ino == r->dir2)
				return true;
			break;
		case SHIM_MAKE:
		case SHIM_MKDIR:
		case SHIM_UNLINK:
			if (s->ino == r->dir)
				return true;
			break;
		case SHIM_SYNC:
		case SHIM_SYNC_ALL:
		case SHIM_SAY:
			break;
		}
	}
	return false;
}

/* ---- the states of a cut ---- */

static void
choose(struct model *m, bool in)
{
	size_t i;

	for (i = 0; i < m->nchanges; i++) {
		m->changes[i].in = m->changes[i].safe || in;
		m->changes[i].torn = false;
	}
}

static void
try_states(struct model *m)
{
	size_t i, n = 0;
	bool all = 4 * m->nopen <= STATES_MAX;
	struct change *c;

	choose(m, false);
	try_state(m, "none");
	choose(m, true);
	try_state(m, "all");
	for (i = 0; i < m->nopen; i++) {
		if (!all && i % (4 * m->nopen / STATES_MAX + 1) != 0)
			continue;
		c = &m->changes[m->open[i]];
		choose(m, false);
		c->in = true;
		try_state(m, "alone");
		choose(m, true);
		c->in = false;
		try_state(m, "missing");
		choose(m, false);
		for (n = 0; n < i; n++)
			m->changes[m->open[n]].in = true;
		try_state(m, "first");
		if (m->ops[c->op].r.op != SHIM_WRITE)
			continue;
		choose(m, true);
		c->torn = true;
		try_state(m, "torn");
	}
}

static void
try_state(struct model *m, const char *what)
{
	struct tree t;
	size_t i;

	/* a file that is moved never loses both names */
	for (i = 0; i + 1 < m->nchanges; i++) {
		if (m->changes[i + 1].end && m->changes[i + 1].in)
			m->changes[i].in = true;
	}
	tree_copy(&m->before, &t);
	for (i = 0; i < m->nchanges; i++) {
		if (m->changes[i].in)
			apply(&t, &m->ops[m->changes[i].op], &m->changes[i]);
	}
	if (!is_known(m, tree_hash(&t) ^ write_said(m, false)) &&
	    m->turn++ % m->step == 0)
		lay_out(m, &t, what);
	tree_free(&t);
}

static void
apply(struct tree *t, const struct op *op, const struct change *c)
{
	const struct shim_record *r = &op->r;
	struct tree_node *node;

	switch ((enum shim_op)r->op) {
	case SHIM_MAKE:
	case SHIM_MKDIR:
		apply_name(t, r->dir, op->name, r->ino, r->op == SHIM_MKDIR);
		break;
	case SHIM_WRITE:
		node = tree_node(t, r->ino, false);
		tree_write(
		    node, op->data, c->torn ? r->ndata / 2 : r->ndata, r->off);
		break;
	case SHIM_TRUNC:
		node = tree_node(t, r->ino, false);
		tree_write(node, "", 0, r->off);
		node->n = (size_t)r->off;
		break;
	case SHIM_RENAME:
		/* the new name, which may be all of it */
		if (!c->end)
			apply_name(t, r->dir2, op->name2, r->ino, op->isdir);
		if (c->end || r->dir == r->dir2 || op->isdir)
			apply_name(t, r->dir, op->name, 0, false);
		break;
	case SHIM_LINK:
		apply_name(t, r->dir2, op->name2, r->ino, false);
		break;
	case SHIM_UNLINK:
		apply_name(t, r->dir, op->name, 0, false);
		break;
	case SHIM_SYNC:
	case SHIM_SYNC_ALL:
	case SHIM_SAY:
		break;
	}
}

static void
apply_name(
    struct tree *t, uint64_t dir, const char *name, uint64_t ino, bool isdir)
{
	struct tree_node *node;

	node = ino == 0 ? NULL : tree_node(t, ino, isdir);
	tree_enter(tree_node(t, dir, true), name, node);
}

static bool
is_known(struct model *m, uint64_t hash)
{
	size_t i;

	for (i = 0; i < m->nseen; i++) {
		if (m->seen[i] == hash)
			return true;
	}
	m->seen = reallocarray(m->seen, m->nseen + 1, sizeof(uint64_t));
	if (m->seen == NULL)
		die("memory");
	m->seen[m->nseen++] = hash;
	return false;
}

/* What was said before the cut, as a number, and to the file. */
static uint64_t
write_said(const struct model *m, bool file)
{
	uint64_t told = 0;
	size_t i, k;
	int fd = -1;

	if (file)
		fd = open(m->run->said,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (i = 0; i < m->cut; i++) {
		if (m->ops[i].r.op != SHIM_SAY)
			continue;
		for (k = 0; k < m->ops[i].r.ndata; k++)
			told = told * 31 + (unsigned char)m->ops[i].data[k];
		if (file && write(fd, m->ops[i].data, m->ops[i].r.ndata) == -1)
			die("%s", m->run->said);
	}
	if (file)
		(void)close(fd);
	return told;
}

static void
lay_out(struct model *m, const struct tree *t, const char *what)
{
	static const char *const names[] = {"create", "mkdir", "write",
	    "truncate", "rename", "link", "unlink", "sync", "syncfs", "say"};
	char label[200];
	const struct op *op;
	int bad;

	m->states++;
	tree_remove(m->run->site);
	tree_store(t, m->run->site);
	renumber(m, t);
	(void)write_said(m, true);
	(void)snprintf(
	    label, sizeof(label), "power cut after call %zu, %s", m->cut, what);
	bad = run_judge(m->run, label);
	m->bad += bad;
	for (size_t i = 0; bad != 0 && i < m->nchanges; i++) {
		op = &m->ops[m->changes[i].op];
		if (m->changes[i].safe)
			continue;
		(void)printf("# ...... %s: %s%s %s %s\n",
		    m->changes[i].in ? "kept" : "lost", names[op->r.op],
		    m->changes[i].end ? "'s end" : "", op->name, op->name2);
	}
}

/* A RENAME's intent names directories by their numbers: what they are now. */
static void
renumber(const struct model *m, const struct tree *t)
{
	const struct tree_node *dir;
	char path[600], text[4000], *p, *end;
	uint64_t ino;
	ssize_t n;
	FILE *f;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/corkboard/rename", m->run->site);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0 || (f = fopen(path, "we")) == NULL)
		return;
	text[n] = '\0';
	for (p = text; p < text + n; p += strlen(p) + 1) {
		ino = strtoull(p, &end, 10);
		dir = *end == '\0' ? tree_find(t, ino) : NULL;
		if (dir != NULL)
			(void)fprintf(f, "%llu", (unsigned long long)dir->now);
		else
			(void)fputs(p, f);
		if (p + strlen(p) < text + n)
			(void)putc('\0', f);
	}
	(void)fclose(f);
}
