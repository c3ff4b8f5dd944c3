/*
 * userdb, read whole into memory: the texts of its files as they are, and one
 * sorted array of accounts that points into them. Every file and directory
 * that was looked at leaves a stamp; when one moved all is read again. A broken
 * line costs its own account only.
 */
#include "auth/userdb.h"

#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/sasl.h"

#define REPORTS_MAX 100        /* of one reading; the rest is counted */
#define YOUNG_NS    1000000000 /* a stamp so young may hide a later change */

struct stamp {
	int error; /* errno of stat, then the rest is 0 */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};

struct node { /* a file or directory that was looked at */
	char *path;
	struct stamp stamp;
	char *text; /* of a file, owned; NULL for a directory */
	size_t len;
};

struct entry {
	struct userdb_account account;
	uint32_t node, line; /* where it came from, and the order */
};

struct userdb {
	char *path;
	bool strict;
	void (*report)(const char *, unsigned, const char *);
	bool loaded;
	bool incomplete; /* something could not be read */
	bool young;      /* read too soon after a change */
	bool quiet;      /* read again although nothing seems changed */
	unsigned readings;
	unsigned reports;
	struct node *nodes;
	size_t nnodes, bytes;
	struct entry *entries;
	size_t nentries, room;
};

static void refresh(struct userdb *);
static bool has_changed(struct userdb *);
static void take_stamp(const char *, struct stamp *);
static bool same_stamp(const struct stamp *, const struct stamp *);
static bool is_young(const struct stamp *);
static void forget(struct userdb *);
static void load(struct userdb *);
static void read_node(struct userdb *, const char *, unsigned);
static struct node *add_node(struct userdb *, const char *);
static const char *refusal(const struct userdb *, const struct stat *);
static void read_tree(struct userdb *, const char *, int, unsigned);
static void read_file(struct userdb *, struct node *, int, off_t);
static ssize_t read_all(int, char *, size_t);
static void cut_lines(struct userdb *, size_t);
static void add_line(struct userdb *, size_t, unsigned, char *);
static int add_entry(struct userdb *, const struct entry *);
static void drop_doubles(struct userdb *);
static int compare_entries(const void *, const void *);
static int compare_login(const void *, const void *);
static void tell(struct userdb *, const char *, unsigned, const char *);
static const char *check_fields(struct userdb_account *);
static int read_id(const char *, const char *, uint32_t *);
static const char *find_field(const char *, const char *, size_t *);

struct userdb *
userdb_open(const char *path, bool strict,
    void (*report)(const char *, unsigned, const char *))
{
	struct userdb *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return NULL;
	db->path = strdup(path);
	db->strict = strict;
	db->report = report;
	if (db->path != NULL)
		return db;
	free(db);
	return NULL;
}

void
userdb_close(struct userdb *db)
{
	if (db == NULL)
		return;
	forget(db);
	free(db->path);
	free(db);
}

int
userdb_find(struct userdb *db, const char *login, struct userdb_account *out)
{
	const struct entry *e = NULL;

	refresh(db);
	if (db->nentries > 0)
		e = bsearch(login, db->entries, db->nentries,
		    sizeof(*db->entries), compare_login);
	if (e == NULL)
		return db->incomplete ? -1 : 0;
	*out = e->account;
	return 1;
}

static void
refresh(struct userdb *db)
{
	if (!db->loaded || db->young || db->incomplete || has_changed(db)) {
		db->quiet = db->loaded && !has_changed(db);
		load(db);
	}
}

unsigned
userdb_settled(struct userdb *db)
{
	refresh(db);
	if (db->young || db->incomplete || db->nnodes == 0 ||
	    db->nodes[0].stamp.error != 0)
		return 0;
	return db->readings;
}

static bool
has_changed(struct userdb *db)
{
	struct stamp now;

	for (size_t i = 0; i < db->nnodes; i++) {
		take_stamp(db->nodes[i].path, &now);
		if (!same_stamp(&now, &db->nodes[i].stamp))
			return true;
	}
	return false;
}

static void
take_stamp(const char *path, struct stamp *out)
{
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (stat(path, &st) == -1) {
		out->error = errno;
		return;
	}
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	out->size = st.st_size;
	out->mtime = st.st_mtim;
	out->ctime = st.st_ctim;
}

static bool
same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->error == b->error && a->dev == b->dev && a->ino == b->ino &&
	       a->size == b->size && a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec &&
	       a->ctime.tv_sec == b->ctime.tv_sec &&
	       a->ctime.tv_nsec == b->ctime.tv_nsec;
}

/* Changed within the last second: a change to come may leave it as it is. */
static bool
is_young(const struct stamp *s)
{
	struct timespec now;
	int64_t age;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	age = (int64_t)(now.tv_sec - s->ctime.tv_sec) * 1000000000 +
	      (now.tv_nsec - s->ctime.tv_nsec);
	return s->error == 0 && age >= 0 && age < YOUNG_NS;
}

/* Frees what was read; the texts held secrets. */
static void
forget(struct userdb *db)
{
	for (size_t i = 0; i < db->nnodes; i++) {
		free(db->nodes[i].path);
		freezero(db->nodes[i].text, db->nodes[i].len);
	}
	free(db->nodes);
	free(db->entries);
	db->nodes = NULL;
	db->entries = NULL;
	db->nnodes = db->nentries = db->room = db->bytes = 0;
}

static void
load(struct userdb *db)
{
	char note[64];

	forget(db);
	db->loaded = true;
	db->readings++;
	db->incomplete = db->young = false;
	db->reports = 0;
	read_node(db, db->path, 0);
	if (db->nentries > 0)
		qsort(db->entries, db->nentries, sizeof(*db->entries),
		    compare_entries);
	drop_doubles(db);
	if (db->reports > REPORTS_MAX && !db->quiet) {
		(void)snprintf(note, sizeof(note), "and %u more broken lines",
		    db->reports - REPORTS_MAX);
		db->report(db->path, 0, note);
	}
}

/* A file or a directory of the tree. */
static void
read_node(struct userdb *db, const char *path, unsigned depth)
{
	struct node *node = add_node(db, path);
	const char *why;
	struct stat st;
	int fd;

	if (node == NULL)
		return;
	/* The stamp is older than what is read: a change shows next time. */
	if (is_young(&node->stamp))
		db->young = true;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		/* No userdb at all is an empty one. */
		db->incomplete = db->incomplete ||
				 (errno != ENOENT && errno != ENOTDIR) ||
				 depth > 0;
		tell(db, path, 0, strerror(errno));
		if (fd != -1)
			(void)close(fd);
		return;
	}
	if ((why = refusal(db, &st)) != NULL) {
		db->incomplete = true;
		tell(db, path, 0, why);
		(void)close(fd);
	} else if (S_ISDIR(st.st_mode)) {
		read_tree(db, path, fd, depth);
	} else {
		read_file(db, node, fd, st.st_size);
		(void)close(fd);
	}
}

static struct node *
add_node(struct userdb *db, const char *path)
{
	struct node *nodes;

	if (db->nnodes == USERDB_FILES) {
		tell(db, path, 0, "too many files");
		db->incomplete = true;
		return NULL;
	}
	nodes = reallocarray(db->nodes, db->nnodes + 1, sizeof(*nodes));
	if (nodes == NULL) {
		db->incomplete = true;
		return NULL;
	}
	db->nodes = nodes;
	nodes += db->nnodes;
	memset(nodes, 0, sizeof(*nodes));
	if ((nodes->path = strdup(path)) == NULL) {
		db->incomplete = true;
		return NULL;
	}
	take_stamp(path, &nodes->stamp);
	db->nnodes++;
	return nodes;
}

/* Why a file or directory is not trusted, or NULL. */
static const char *
refusal(const struct userdb *db, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return "neither a file nor a directory";
	if (!db->strict)
		return NULL;
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "must belong to root or to the user of auth";
	if (S_ISREG(st->st_mode) && (st->st_mode & 077) != 0)
		return "must have no permissions for group and others";
	if (S_ISDIR(st->st_mode) && (st->st_mode & 022) != 0)
		return "must not be writable for group and others";
	return NULL;
}

/* In the order of names, so that a double account is always the same one. */
static void
read_tree(struct userdb *db, const char *path, int fd, unsigned depth)
{
	struct dirent **names = NULL;
	char *child;
	int n;

	n = depth < USERDB_DEPTH ? scandirat(fd, ".", &names, NULL, alphasort)
				 : -1;
	(void)close(fd);
	if (n == -1) {
		db->incomplete = true;
		tell(db, path, 0, "cannot be listed, or too deep");
		return;
	}
	for (int i = 0; i < n; i++) {
		/* Courier: names starting with a dot are skipped. */
		if (names[i]->d_name[0] != '.') {
			if (asprintf(&child, "%s/%s", path, names[i]->d_name) ==
			    -1) {
				db->incomplete = true;
			} else {
				read_node(db, child, depth + 1);
				free(child);
			}
		}
		free(names[i]);
	}
	free(names);
}

static void
read_file(struct userdb *db, struct node *node, int fd, off_t size)
{
	const char *why = NULL;
	ssize_t n;

	if ((uint64_t)size > USERDB_BYTES - db->bytes) {
		why = "too large";
	} else if ((node->text = malloc((size_t)size + 1)) == NULL) {
		why = "no memory";
	} else {
		node->len = (size_t)size + 1;
		n = read_all(fd, node->text, (size_t)size);
		if (n == -1)
			why = strerror(errno);
		else
			memset(node->text + n, 0, node->len - (size_t)n);
	}
	if (why != NULL) {
		db->incomplete = true;
		tell(db, node->path, 0, why);
		return;
	}
	db->bytes += node->len;
	cut_lines(db, (size_t)(node - db->nodes));
}

static ssize_t
read_all(int fd, char *p, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size) {
		n = read(fd, p + got, size - got);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static void
cut_lines(struct userdb *db, size_t node)
{
	char *p = db->nodes[node].text, *nl;
	char *end = p + db->nodes[node].len - 1;
	unsigned line = 1;

	for (; p < end; p = nl + 1, line++) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		*nl = '\0';
		if (nl - p > USERDB_LINE)
			tell(db, db->nodes[node].path, line, "line too long");
		else if (memchr(p, '\0', (size_t)(nl - p)) != NULL)
			tell(db, db->nodes[node].path, line, "NUL in the line");
		else
			add_line(db, node, line, p);
	}
}

static void
add_line(struct userdb *db, size_t node, unsigned line, char *text)
{
	struct entry e = {.node = (uint32_t)node, .line = line};
	const char *why = NULL;

	switch (userdb_parse(text, &e.account, &why)) {
	case -1:
		tell(db, db->nodes[node].path, line, why);
		break;
	case 1:
		if (add_entry(db, &e) == -1) {
			db->incomplete = true;
			tell(db, db->nodes[node].path, line, "no memory");
		}
		break;
	}
}

static int
add_entry(struct userdb *db, const struct entry *e)
{
	struct entry *more;
	size_t room;

	if (db->nentries == db->room) {
		room = db->room == 0 ? 64 : db->room * 2;
		more = reallocarray(db->entries, room, sizeof(*more));
		if (more == NULL)
			return -1;
		db->entries = more;
		db->room = room;
	}
	db->entries[db->nentries++] = *e;
	return 0;
}

/* Of two lines for one login the first counts. */
static void
drop_doubles(struct userdb *db)
{
	size_t kept = 0;

	for (size_t i = 0; i < db->nentries; i++) {
		const struct entry *e = &db->entries[i];

		if (kept > 0 && strcmp(db->entries[kept - 1].account.login,
				    e->account.login) == 0)
			tell(db, db->nodes[e->node].path, e->line,
			    "this account has a line already");
		else
			db->entries[kept++] = *e;
	}
	db->nentries = kept;
}

static int
compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int c = strcmp(a->account.login, b->account.login);

	if (c == 0)
		c = (a->node > b->node) - (a->node < b->node);
	if (c == 0)
		c = (a->line > b->line) - (a->line < b->line);
	return c;
}

static int
compare_login(const void *login, const void *entry)
{
	const struct entry *e = entry;

	return strcmp(login, e->account.login);
}

static void
tell(struct userdb *db, const char *file, unsigned line, const char *why)
{
	if (!db->quiet && db->reports++ < REPORTS_MAX)
		db->report(file, line, why);
}

int
userdb_parse(char *line, struct userdb_account *out, const char **why)
{
	char *tab;

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	*why = "no TAB after the login name";
	if ((tab = strchr(line, '\t')) == NULL)
		return -1;
	*why = "a control character";
	for (const char *p = tab + 1; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return -1;
	*tab = '\0';
	out->login = line;
	out->fields = tab + 1;
	*why = sasl_is_name(line) ? check_fields(out) : "not a login name";
	return *why == NULL ? 1 : -1;
}

/* What is wrong with the right side, or NULL; sets uid and gid. */
static const char *
check_fields(struct userdb_account *a)
{
	static const char *const secrets[] = {"systempw", "imappw"};
	char text[TICKET_TEXT];
	size_t len;

	if (!userdb_field(a->fields, "home", text, sizeof(text)) ||
	    text[0] != '/')
		return "home must be an absolute path";
	if (read_id(a->fields, "uid", &a->uid) == -1)
		return "uid must be a number";
	if (read_id(a->fields, "gid", &a->gid) == -1)
		return "gid must be a number";
	if (find_field(a->fields, "mail", &len) != NULL &&
	    (!userdb_field(a->fields, "mail", text, sizeof(text)) ||
		text[0] == '\0'))
		return "mail must be a path";
	if (find_field(a->fields, "options", &len) != NULL &&
	    !userdb_field(a->fields, "options", text, sizeof(text)))
		return "options too long";
	for (size_t i = 0; i < 2; i++) {
		if (find_field(a->fields, secrets[i], &len) == NULL)
			continue;
		if (!userdb_field(a->fields, secrets[i], text, PASSWORD_TEXT))
			return "password text too long";
		if (!password_is_known(text))
			return "unknown scheme of a password text";
	}
	return NULL;
}

/* Decimal; the largest number is no id (it means "unchanged" to setuid). */
static int
read_id(const char *fields, const char *name, uint32_t *out)
{
	const char *p;
	size_t len;
	uint64_t v = 0;

	p = find_field(fields, name, &len);
	if (p == NULL || len == 0 || len > 10)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (uint64_t)(p[i] - '0');
	}
	if (v >= UINT32_MAX)
		return -1;
	*out = (uint32_t)v;
	return 0;
}

bool
userdb_field(const char *fields, const char *name, char *out, size_t size)
{
	size_t len;
	const char *p = find_field(fields, name, &len);

	out[0] = '\0';
	if (p == NULL || len >= size)
		return false;
	memcpy(out, p, len);
	out[len] = '\0';
	return true;
}

/* The value of the first field of that name, and its length; or NULL. */
static const char *
find_field(const char *fields, const char *name, size_t *len)
{
	size_t n = strlen(name);

	for (;;) {
		size_t field = strcspn(fields, "|");

		if (field > n && fields[n] == '=' &&
		    memcmp(fields, name, n) == 0) {
			*len = field - n - 1;
			return fields + n + 1;
		}
		if (fields[field] == '\0')
			return NULL;
		fields += field + 1;
	}
}

bool
userdb_secret(const struct userdb_account *a, const char *service,
    char out[PASSWORD_TEXT])
{
	char name[64];
	size_t len;

	/* A service's own password wins, even one that nothing fits. */
	(void)strlcpy(name, service, sizeof(name) - 2);
	(void)strlcat(name, "pw", sizeof(name));
	if (find_field(a->fields, name, &len) != NULL)
		return userdb_field(a->fields, name, out, PASSWORD_TEXT);
	return userdb_field(a->fields, "systempw", out, PASSWORD_TEXT);
}

bool
userdb_decoy(struct userdb *db, const char *login, const char *service,
    char out[PASSWORD_TEXT])
{
	uint32_t hash = 2166136261u; /* FNV-1a: spreads, need not be secret */
	size_t at;

	for (; *login != '\0'; login++)
		hash = (hash ^ (unsigned char)*login) * 16777619u;
	for (size_t i = 0; i < db->nentries; i++) {
		at = (hash + i) % db->nentries;
		if (userdb_secret(&db->entries[at].account, service, out))
			return true;
	}
	return false;
}
