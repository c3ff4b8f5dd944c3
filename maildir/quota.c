/*
 * The file maildirsize of Maildir++: a line of limits ("10000000S,1000C"), then
 * lines of two numbers each whose sums are the use. It is shared with delivery
 * agents and other servers, and belongs to the user: whatever is odd in it is
 * counted again, what cannot be understood is no quota. Counted again is also
 * a file of 5120 bytes, a negative sum, and a use beyond the limit that the
 * last count does not stand for: more than one line, or older than 15 minutes.
 */
#include "maildir/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maildir/private.h"
#include "maildir/usage.h"
#include "maildir/util.h"

#define SIZE_TO_COUNT 5120 /* bytes of the file, then it is written anew */
#define LIMITS_MAX    256  /* bytes of its first line */
#define STALE_SECONDS 900
#define LINE_FORMAT   "%12lld %12lld\n"
#define LINE_MAX_LEN  64

struct figures {
	char limits[LIMITS_MAX + 1]; /* the first line, byte for byte */
	uint64_t max_bytes, max_messages;
	int64_t bytes, messages;
	size_t lines; /* behind the first */
	bool odd;     /* not to be believed: to be counted */
	time_t written;
};

static bool load(struct maildir *, struct figures *);
static bool read_figures(int, const struct stat *, struct figures *);
static bool parse_limits(struct figures *);
static void parse_lines(struct figures *, const char *, const char *);
static bool parse_number(const char **, const char *, int64_t *);
static bool add(int64_t *, int64_t);
static void tell_once(struct maildir *, const char *);
static bool is_over(const struct figures *, const struct usage *);
static bool is_stale(const struct figures *, const struct usage *);
static bool recount(struct maildir *, struct figures *);
static int replace(struct maildir *, const struct figures *);
static void append(struct maildir *, const struct usage *);

int
maildir_quota(struct maildir *md, struct maildir_quota *out)
{
	const struct usage none = {.md = md};
	struct figures f;

	if (!load(md, &f))
		return 0;
	if (is_stale(&f, &none))
		(void)recount(md, &f);
	*out = (struct maildir_quota){
	    .bytes = f.bytes < 0 ? 0 : (uint64_t)f.bytes,
	    .messages = f.messages < 0 ? 0 : (uint64_t)f.messages,
	    .max_bytes = f.max_bytes,
	    .max_messages = f.max_messages,
	};
	return 1;
}

bool
usage_counts(const struct maildir *md, const char *folder)
{
	return md->trash == NULL || strcmp(md->trash, folder) != 0;
}

void
usage_begin(struct usage *u, struct maildir *md, bool counts)
{
	struct stat st;

	*u = (struct usage){.md = md};
	u->on = counts &&
		fstatat(md->rootfd, USAGE_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void
usage_add(struct usage *u, uint64_t size, uint8_t flags)
{
	if (!u->on || (flags & MESSAGE_DELETED) != 0)
		return;
	if (size > INT64_MAX || !add(&u->bytes, (int64_t)size))
		u->bytes = INT64_MAX;
	u->messages++;
}

void
usage_sub(struct usage *u, uint64_t size, uint8_t flags)
{
	if (!u->on || (flags & MESSAGE_DELETED) != 0)
		return;
	if (size > INT64_MAX || !add(&u->bytes, -(int64_t)size))
		u->bytes = INT64_MIN;
	u->messages--;
}

int
usage_room(const struct usage *u)
{
	struct figures f;

	if (!u->on || (u->bytes <= 0 && u->messages <= 0) || !load(u->md, &f))
		return 0;
	/* Figures that cannot be made sure of refuse nobody's mail. */
	if (is_stale(&f, u) && !recount(u->md, &f))
		return 0;
	if (!is_over(&f, u))
		return 0;
	errno = EDQUOT;
	return -1;
}

void
usage_end(struct usage *u)
{
	struct figures f;
	int saved = errno;

	if (u->on && (u->bytes != 0 || u->messages != 0) && load(u->md, &f)) {
		if (f.odd || f.lines == 0 || !add(&f.bytes, u->bytes) ||
		    !add(&f.messages, u->messages) || f.bytes < 0 ||
		    f.messages < 0)
			(void)recount(u->md, &f);
		else
			append(u->md, u);
	}
	u->bytes = u->messages = 0;
	errno = saved;
}

void
usage_recount(struct maildir *md)
{
	struct figures f;
	int saved = errno;

	if (load(md, &f))
		(void)recount(md, &f);
	errno = saved;
}

int64_t
usage_name_size(const char *file)
{
	const char *end = strchr(file, ':'), *p, *at = NULL;
	int64_t size;

	if (end == NULL)
		end = file + strlen(file);
	for (p = file; p + 3 < end; p++)
		if (memcmp(p, ",S=", 3) == 0)
			at = p + 3;
	if (at == NULL || *at == '-' || !parse_number(&at, end, &size))
		return -1;
	return at == end || *at == ',' ? size : -1;
}

/* False: there is no quota. */
static bool
load(struct maildir *md, struct figures *f)
{
	struct stat st;
	bool understood;
	int fd;

	fd = util_open_regular(md->rootfd, USAGE_FILE, &st);
	if (fd == -1) {
		if (errno != ENOENT)
			tell_once(md, strerror(errno));
		return false;
	}
	memset(f, 0, sizeof(*f));
	understood = read_figures(fd, &st, f);
	util_close(fd);
	if (!understood)
		tell_once(md, "its first line is not understood");
	return understood;
}

static bool
read_figures(int fd, const struct stat *st, struct figures *f)
{
	char text[SIZE_TO_COUNT];
	const char *nl;
	size_t len;
	ssize_t n;

	f->written = st->st_mtime;
	f->odd = st->st_size >= SIZE_TO_COUNT;
	if ((n = util_pread(fd, text, sizeof(text), 0)) == -1)
		return false;
	nl = memchr(text, '\n', (size_t)n);
	len = nl == NULL ? (size_t)n : (size_t)(nl - text);
	if (len > LIMITS_MAX)
		return false;
	memcpy(f->limits, text, len);
	if (strlen(f->limits) != len || !parse_limits(f))
		return false;
	if (nl != NULL && !f->odd)
		parse_lines(f, nl + 1, text + n);
	return true;
}

/* "10000000S,1000C": either kind may be absent, 0 is no limit. */
static bool
parse_limits(struct figures *f)
{
	const char *p = f->limits, *end = p + strlen(p);
	int64_t value;
	char kind;

	for (;;) {
		if (*p == '-' || !parse_number(&p, end, &value))
			return false;
		kind = *p;
		p += kind != '\0';
		if (kind == 'S')
			f->max_bytes = (uint64_t)value;
		else if (kind == 'C')
			f->max_messages = (uint64_t)value;
		while (*p == ' ' || *p == '\r')
			p++;
		if (*p == '\0')
			return kind != '\0';
		if (*p++ != ',')
			return false;
	}
}

static void
parse_lines(struct figures *f, const char *p, const char *end)
{
	int64_t bytes, messages;

	while (p < end && !f->odd) {
		if (!parse_number(&p, end, &bytes) ||
		    !parse_number(&p, end, &messages) ||
		    !add(&f->bytes, bytes) || !add(&f->messages, messages)) {
			f->odd = true;
			return;
		}
		while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
			p++;
		/* Without its end a line would take the next one along. */
		f->odd = p == end || *p++ != '\n';
		f->lines++;
	}
}

/* Blanks, a sign perhaps, digits; never beyond end. */
static bool
parse_number(const char **at, const char *end, int64_t *out)
{
	const char *p = *at;
	int64_t value = 0;
	bool minus;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	minus = p < end && *p == '-';
	p += minus;
	if (p == end || *p < '0' || *p > '9')
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *p - '0', &value))
			return false;
	*out = minus ? -value : value;
	*at = p;
	return true;
}

static bool
add(int64_t *sum, int64_t value)
{
	return !__builtin_add_overflow(*sum, value, sum);
}

static void
tell_once(struct maildir *md, const char *why)
{
	if (!md->quota_told)
		maildir_note(md, "no quota: " USAGE_FILE ": %s", why);
	md->quota_told = true;
}

/* Would this go beyond a limit? What shrinks is never refused. */
static bool
is_over(const struct figures *f, const struct usage *u)
{
	int64_t bytes = f->bytes, messages = f->messages;

	if (!add(&bytes, u->bytes) || !add(&messages, u->messages))
		return true;
	return (f->max_bytes != 0 && bytes > 0 &&
		   (uint64_t)bytes > f->max_bytes) ||
	       (f->max_messages != 0 && messages > 0 &&
		   (uint64_t)messages > f->max_messages);
}

static bool
is_stale(const struct figures *f, const struct usage *u)
{
	if (f->odd || f->lines == 0 || f->bytes < 0 || f->messages < 0)
		return true;
	return is_over(f, u) &&
	       (f->lines > 1 || time(NULL) - f->written > STALE_SECONDS);
}

/* False: it could not be counted; the file is as it was. */
static bool
recount(struct maildir *md, struct figures *f)
{
	if (usage_count(md, &f->bytes, &f->messages) == -1)
		return false;
	f->lines = 1;
	f->odd = false;
	(void)replace(md, f);
	return true;
}

/*
 * Synced before it takes the place of the old one: use can be counted again,
 * but the limits stand nowhere else. A rename that is lost leaves the old ones.
 */
static int
replace(struct maildir *md, const struct figures *f)
{
	const int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char temp[128], text[LIMITS_MAX + LINE_MAX_LEN + 2];
	int fd, n;

	(void)snprintf(temp, sizeof(temp), "tmp/%lld.%ld_NeWmAiLdIrSiZe.%.64s",
	    (long long)time(NULL), (long)getpid(), md->hostname);
	n = snprintf(text, sizeof(text), "%s\n" LINE_FORMAT, f->limits,
	    (long long)f->bytes, (long long)f->messages);
	fd = openat(md->rootfd, temp, how, 0644);
	if (fd == -1)
		return -1;
	if (util_write(fd, text, (size_t)n) == -1 || util_fsync(fd) == -1) {
		util_close(fd);
		util_unlink(md->rootfd, temp);
		return -1;
	}
	util_close(fd);
	if (renameat(md->rootfd, temp, md->rootfd, USAGE_FILE) == 0)
		return 0;
	util_unlink(md->rootfd, temp);
	return -1;
}

/* One write to the end, so that others' lines and ours stay whole. */
static void
append(struct maildir *md, const struct usage *u)
{
	const int how = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK |
			O_NOCTTY | O_CLOEXEC;
	char line[LINE_MAX_LEN];
	struct stat st;
	int fd, n;

	n = snprintf(line, sizeof(line), LINE_FORMAT, (long long)u->bytes,
	    (long long)u->messages);
	fd = openat(md->rootfd, USAGE_FILE, how);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)util_write(fd, line, (size_t)n);
	util_close(fd);
}
