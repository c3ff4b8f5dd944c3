/*
 * The order: everything that can be refused is refused before the first byte is
 * read; the message goes to tmp/ and is synced; then it is filed and synced
 * (maildir.h, delivery_*); only then there is a 0 for the mail system. Whatever
 * happens before leaves at most a file in tmp/.
 */
#include "master/agent.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "maildir/maildir.h"
#include "master/envelope.h"
#include "master/settings.h"
#include "shm/stir.h"

#define INBOX "INBOX"
#define INDEX "corkboard/index/data.mdb" /* made by a session */

struct work {
	const struct agent *a;
	const volatile int *stop;
	struct settings set;
	struct maildir *md;
	struct delivery *d;
	char folder[MAILDIR_NAME_MAX + 1]; /* of the store */
	bool some;                         /* the message has a byte */
};

static int check(const struct agent *, struct work *);
static bool is_address(const char *);
static bool is_keyword(const char *);
static int name_folder(const char *, char *out, size_t size);
static int open_mail(struct work *);
static int make_maildir(const char *);
static int make_folder(struct work *);
static int begin(struct work *, int fd);
static int copy(struct work *, int fd);
static int put(void *, const char *, size_t);
static int say_field(struct work *, const char *, const char *, const char *);
static int commit(struct work *);
static void post(struct work *);
static int fail(const struct work *, const char *what, int missing);
static int complain(int status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

int
agent_deliver(const struct agent *a, int fd, const volatile int *stop)
{
	static struct work w;
	struct notes notes = {.n = 0};
	int ret;

	w = (struct work){.a = a, .stop = stop};
	settings_environment(&w.set, &notes);
	note_done(&notes);
	ret = check(a, &w);
	if (ret == EX_OK)
		ret = open_mail(&w);
	if (ret == EX_OK)
		ret = begin(&w, fd);
	if (ret == EX_OK)
		ret = copy(&w, fd);
	if (ret == EX_OK)
		ret = commit(&w);
	delivery_close(w.d);
	if (ret == EX_OK)
		post(&w);
	if (w.md != NULL)
		maildir_close(w.md);
	return ret;
}

int
agent_flags(const char *letters)
{
	static const char all[] = "DFRST";
	const char *p;
	int flags = 0;

	for (; *letters != '\0'; letters++) {
		if ((p = strchr(all, *letters)) == NULL)
			return -1;
		flags |= 1 << (p - all);
	}
	return flags;
}

static int
check(const struct agent *a, struct work *w)
{
	if (geteuid() == 0)
		return complain(EX_USAGE, "run as the owner of the mail, never "
					  "as root");
	if (a->sender != NULL && a->sender[0] != '\0' && !is_address(a->sender))
		return complain(EX_USAGE, "not a sender");
	if (a->address != NULL && !is_address(a->address))
		return complain(EX_USAGE, "not an address");
	for (size_t i = 0; i < a->nkeywords; i++)
		if (!is_keyword(a->keywords[i]))
			return complain(EX_USAGE, "not a keyword");
	if (name_folder(a->folder, w->folder, sizeof(w->folder)) == -1)
		return complain(EX_USAGE, "not a folder's name");
	return EX_OK;
}

/* What can stand in one line of a header. */
static bool
is_address(const char *p)
{
	size_t n = strlen(p);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 127)
			return false;
	return n > 0 && n <= AGENT_ADDRESS;
}

/* RFC 3501: an atom, as flag-keyword is. */
static bool
is_keyword(const char *p)
{
	size_t n = strlen(p);

	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] == 127 ||
		    strchr("(){%*\"\\]", p[i]) != NULL)
			return false;
	return n > 0 && n <= MAILDIR_KEYWORD_LEN;
}

/* "Lists", "INBOX.Lists" and the directory's ".Lists" are one folder. */
static int
name_folder(const char *name, char *out, size_t size)
{
	size_t n = sizeof(INBOX) - 1;

	if (name[0] == '.')
		name++;
	else if (strncasecmp(name, INBOX, n) == 0 &&
		 (name[n] == '.' || name[n] == '\0'))
		name += name[n] == '.' ? n + 1 : n;
	n = strlen(name);
	if (strstr(name, "..") != NULL || strchr(name, '/') != NULL ||
	    name[0] == '.' || (n > 0 && name[n - 1] == '.'))
		return -1;
	return strlcpy(out, name, size) < size ? 0 : -1;
}

static int
open_mail(struct work *w)
{
	struct maildir_options options = {.hostname = w->set.hostname,
	    .uselocks = w->set.uselocks != 0,
	    .keywords = w->set.keywords != 0,
	    .umask = (mode_t)w->set.umask,
	    .lock_seconds = w->set.lock_timeout,
	    .trash = w->set.trashfolder};
	const char *path = w->a->maildir;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT && w->a->create &&
	    make_maildir(path) == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A home that is not there may not be mounted yet. */
	if (fd == -1)
		return fail(w, path, EX_TEMPFAIL);
	/* What is told of a message here nobody has to look for. */
	options.index = faccessat(fd, INDEX, F_OK, AT_EACCESS) == 0;
	w->md = maildir_open(fd, &options);
	if (w->md == NULL)
		return fail(w, path, EX_TEMPFAIL);
	w->d = delivery_open(w->md, w->folder);
	if (w->d == NULL && errno == ENOENT && w->a->create &&
	    make_folder(w) == 0)
		w->d = delivery_open(w->md, w->folder);
	return w->d != NULL ? EX_OK : fail(w, w->a->folder, EX_CANTCREAT);
}

static int
make_maildir(const char *path)
{
	static const char *const subs[] = {"", "/tmp", "/cur", "/new"};
	char sub[4096];
	int n;

	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++) {
		n = snprintf(sub, sizeof(sub), "%s%s", path, subs[i]);
		if (n < 0 || (size_t)n >= sizeof(sub)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		/* Another delivery may be at it. */
		if (mkdir(sub, 0700) == -1 && errno != EEXIST)
			return -1;
	}
	return 0;
}

/* Its parents, too, so that clients can walk down to it. */
static int
make_folder(struct work *w)
{
	char name[sizeof(w->folder)];

	for (char *p = w->folder; p != NULL; p = p != NULL ? p + 1 : NULL) {
		p = strchr(p, '.');
		(void)strlcpy(name, w->folder,
		    p == NULL ? sizeof(name) : (size_t)(p - w->folder) + 1);
		if (maildir_create(w->md, name, 0) == -1 && errno != EEXIST)
			return -1;
		if (p == NULL)
			break;
	}
	return 0;
}

/* The size is known of a file, not of a pipe: then the quota is asked at the
 * end once more (delivery_end). */
static int
begin(struct work *w, int fd)
{
	uint64_t size = 0;
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		size = (uint64_t)st.st_size;
	if (delivery_begin(w->d, size, 0, w->a->flags, w->a->keywords,
		w->a->nkeywords) == -1 ||
	    say_field(w, "Return-Path: <", w->a->sender, ">\n") == -1 ||
	    say_field(w, "Delivered-To: ", w->a->address, "\n") == -1)
		return fail(w, "message", EX_TEMPFAIL);
	return EX_OK;
}

static int
say_field(struct work *w, const char *name, const char *value, const char *end)
{
	char line[AGENT_ADDRESS + 32];
	int n;

	if (value == NULL)
		return 0;
	/* The shell's way of saying <>. */
	if (strcmp(value, "<>") == 0)
		value = "";
	n = snprintf(line, sizeof(line), "%s%s%s", name, value, end);
	return delivery_write(w->d, line, (size_t)n);
}

static int
copy(struct work *w, int fd)
{
	const struct envelope_sink sink = {put, w};
	static char buf[65536];
	struct envelope e;
	ssize_t n = 1;

	envelope_begin(&e, w->a->sender != NULL);
	while (n > 0 && !*w->stop) {
		n = read(fd, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			n = 1;
		else if (n == -1)
			return complain(EX_TEMPFAIL,
			    "cannot read the message: "
			    "%s",
			    strerror(errno));
		else if (envelope_feed(&e, buf, (size_t)n, &sink) == -1)
			return fail(w, "message", EX_TEMPFAIL);
	}
	if (*w->stop)
		return complain(EX_TEMPFAIL, "given up by signal %d", *w->stop);
	if (envelope_end(&e, &sink) == -1)
		return fail(w, "message", EX_TEMPFAIL);
	if (!w->some)
		return complain(EX_DATAERR, "no message on standard input");
	return EX_OK;
}

static int
put(void *arg, const char *p, size_t n)
{
	struct work *w = arg;

	w->some = w->some || n > 0;
	return delivery_write(w->d, p, n);
}

static int
commit(struct work *w)
{
	uint32_t uid, uidvalidity;

	if (delivery_end(w->d) == -1)
		return fail(w, "message", EX_TEMPFAIL);
	if (*w->stop)
		return complain(EX_TEMPFAIL, "given up by signal %d", *w->stop);
	if (delivery_commit(w->d, &uid, &uidvalidity) == -1)
		return fail(w, "message", EX_TEMPFAIL);
	return EX_OK;
}

/* Without a server, or without room there, nobody needs it. */
static void
post(struct work *w)
{
	int fd = -1;

	if (w->a->notify[0] != '\0')
		fd = maildir_folder(w->md, w->folder);
	if (fd == -1)
		return;
	(void)stir_send(w->a->notify, fd);
	(void)close(fd);
}

/* errno as an exit code; missing: what ENOENT means here. */
static int
fail(const struct work *w, const char *what, int missing)
{
	int status = EX_TEMPFAIL, error = errno;

	switch (error) {
	case ENOENT:
		status = missing;
		break;
	case EACCES:
	case EPERM:
		status = EX_NOPERM;
		break;
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		status = EX_CANTCREAT;
		break;
	case EINVAL:
		status = EX_USAGE;
		break;
	case EMLINK: /* keywords or folders without end */
		status = EX_CANTCREAT;
		break;
	case EDQUOT:
		status = w->a->bounce ? EX_UNAVAILABLE : EX_TEMPFAIL;
		return complain(status, "%s: over quota", what);
	default:
		break;
	}
	return complain(
	    status, "%s: %s", what[0] != '\0' ? what : INBOX, strerror(error));
}

static int
complain(int status, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "imapd-deliver: ");
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\n");
	return status;
}
