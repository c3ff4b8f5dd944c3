/* Steps of the world outside: what other programs do to a Maildir. */
#include "t/talk.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <netinet/in.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *dir;
static int *lineno;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

bool
talk_remove(const char *path)
{
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0
		   ? true
		   : talk_fail("%s: %s", path, strerror(errno));
}

static void
folder_path(char *out, size_t size, const char *folder)
{
	if (strcmp(folder, "INBOX") == 0)
		(void)snprintf(out, size, "%s/mail/demo/Maildir", dir);
	else
		(void)snprintf(
		    out, size, "%s/mail/demo/Maildir/.%s", dir, folder);
}

/* Reads a block up to "." with the line end given. */
static char *
block(FILE *in, const char *eol, size_t *n)
{
	char line[8192], *out = talk_must(calloc(1, 1));

	*n = 0;
	while (fgets(line, sizeof(line), in) != NULL) {
		(*lineno)++;
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, ".") == 0)
			break;
		out = talk_must(realloc(out, *n + strlen(line) + 3));
		*n += (size_t)sprintf(out + *n, "%s%s", line, eol);
	}
	return out;
}

/* As root the mail belongs to the owner of the account's folder. */
static void
give(const char *path)
{
	char owner[300];
	struct stat st;

	(void)snprintf(owner, sizeof(owner), "%s/mail/demo", dir);
	if (geteuid() == 0 && stat(owner, &st) == 0)
		(void)!lchown(path, st.st_uid, st.st_gid);
}

static bool
put_file(const char *path, const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd != -1 && write(fd, p, n) == (ssize_t)n;

	if (fd != -1)
		(void)close(fd);
	give(path);
	return ok ? true : talk_fail("%s: %s", path, strerror(errno));
}

static bool
do_deliver(char *arg, FILE *in)
{
	static unsigned serial;
	char *folder = strsep(&arg, " "), base[300], tmp[1200], to[1200],
	     box[400];
	size_t n;
	char *text = block(in, "\n", &n);
	bool ok;

	if (arg != NULL)
		(void)snprintf(base, sizeof(base), "%s", arg);
	else
		(void)snprintf(base, sizeof(base), "%ld.M%uP%d.talk",
		    (long)time(NULL), ++serial, (int)getpid());
	folder_path(box, sizeof(box), folder);
	(void)snprintf(tmp, sizeof(tmp), "%s/tmp/%s", box, base);
	(void)snprintf(to, sizeof(to), "%s/new/%s", box, base);
	ok = put_file(tmp, text, n);
	free(text);
	if (ok && rename(tmp, to) == -1)
		return talk_fail("%s: %s", to, strerror(errno));
	return ok;
}

/* The path of a message file by its base name. */
static bool
find_file(const char *folder, const char *base, char *out, size_t size)
{
	static const char *const subs[] = {"new", "cur"};
	char box[400], sub[900];
	struct dirent *e;
	size_t i, n = strlen(base);
	DIR *d;

	folder_path(box, sizeof(box), folder);
	for (i = 0; i < 2; i++) {
		(void)snprintf(sub, sizeof(sub), "%s/%s", box, subs[i]);
		if ((d = opendir(sub)) == NULL)
			continue;
		while ((e = readdir(d)) != NULL)
			if (strncmp(e->d_name, base, n) == 0 &&
			    (e->d_name[n] == '\0' || e->d_name[n] == ':')) {
				(void)snprintf(
				    out, size, "%s/%s", sub, e->d_name);
				(void)closedir(d);
				return true;
			}
		(void)closedir(d);
	}
	return talk_fail("no file %s in %s", base, folder);
}

static bool
do_flags(char *arg)
{
	char *folder = strsep(&arg, " "), *file = strsep(&arg, " ");
	char from[1200], to[1200], box[400];

	if (!find_file(folder, file, from, sizeof(from)))
		return false;
	folder_path(box, sizeof(box), folder);
	(void)snprintf(to, sizeof(to), "%s/cur/%s:2,%s", box, file,
	    arg == NULL ? "" : arg);
	return rename(from, to) == 0 ? true : talk_fail("%s", strerror(errno));
}

/* How many entries of a folder's subdirectory ("": of itself) match. */
static long
count_in(const char *folder, const char *sub, const char *glob)
{
	char box[400], path[900], name[1200];
	struct dirent *e;
	long count = 0;
	DIR *d;

	folder_path(box, sizeof(box), folder);
	(void)snprintf(path, sizeof(path), "%s/%s", box, sub);
	if ((d = opendir(path)) == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		(void)snprintf(name, sizeof(name), "%s%s%s", sub,
		    *sub == '\0' ? "" : "/", e->d_name);
		count += e->d_name[0] != '.' &&
			 fnmatch(glob, name, FNM_PATHNAME) == 0;
	}
	(void)closedir(d);
	return count;
}

static bool
do_ls(char *arg)
{
	char *folder = strsep(&arg, " "), *glob = strsep(&arg, " ");
	long count;

	if (strchr(glob, '/') == NULL)
		count = count_in(folder, "", glob);
	else
		count = count_in(folder, "cur", glob) +
			count_in(folder, "new", glob) +
			count_in(folder, "tmp", glob);
	if (arg == NULL ? count > 0 : count == atol(arg))
		return true;
	return talk_fail("%ld files", count);
}

static bool
do_mkdir(const char *folder)
{
	static const char *const subs[] = {"", "/cur", "/new", "/tmp"};
	char box[400], path[500];
	size_t i;

	folder_path(box, sizeof(box), folder);
	for (i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", box, subs[i]);
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return talk_fail("%s: %s", path, strerror(errno));
		give(path);
	}
	(void)snprintf(path, sizeof(path), "%s/maildirfolder", box);
	return put_file(path, "", 0);
}

static bool
do_has(char *arg)
{
	char *file = strsep(&arg, " "), path[900], line[8192];
	bool found = false;
	FILE *f;

	(void)snprintf(
	    path, sizeof(path), "%s/mail/demo/Maildir/%s", dir, file);
	if ((f = fopen(path, "re")) == NULL)
		return talk_fail("%s: %s", path, strerror(errno));
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = talk_matches(arg, line);
	}
	(void)fclose(f);
	return found ? true : talk_fail("no line of %s matches", file);
}

static bool
do_text(const char *arg, FILE *in)
{
	size_t n;
	char *p = block(in, "\r\n", &n);

	talk_define(arg, p, n);
	return true;
}

static bool
do_set(char *arg)
{
	char *name = strsep(&arg, " "), *v;
	size_t n;

	if ((v = talk_expand(arg == NULL ? "" : arg, &n)) == NULL)
		return false;
	talk_bind(name, strlen(name), v, n);
	free(v);
	return true;
}

static bool
do_file(const char *verb, char *arg, FILE *in)
{
	char path[1200], *folder, *text;
	size_t n;
	bool ok;

	if (strcmp(verb, "unlink") == 0) {
		folder = strsep(&arg, " ");
		if (!find_file(folder, arg, path, sizeof(path)))
			return false;
		return unlink(path) == 0 ? true
					 : talk_fail("%s", strerror(errno));
	}
	if (strcmp(verb, "rmdir") == 0) {
		folder_path(path, sizeof(path), arg);
		return talk_remove(path);
	}
	(void)snprintf(path, sizeof(path), "%s/mail/demo/Maildir/%s", dir, arg);
	if (strcmp(verb, "touch") == 0) {
		ok = utimensat(AT_FDCWD, path, NULL, 0) == 0;
		return ok ? true : put_file(path, "", 0);
	}
	text = block(in, "\n", &n);
	ok = put_file(path, text, n);
	free(text);
	return ok;
}

bool
talk_outside(const char *site, char *line, FILE *in, int *at)
{
	char *arg = line, *verb = strsep(&arg, " ");

	dir = site;
	lineno = at;
	if (arg == NULL)
		arg = line + strlen(line);
	if (strcmp(verb, "text") == 0)
		return do_text(arg, in);
	if (strcmp(verb, "deliver") == 0)
		return do_deliver(arg, in);
	if (strcmp(verb, "flags") == 0)
		return do_flags(arg);
	if (strcmp(verb, "ls") == 0)
		return do_ls(arg);
	if (strcmp(verb, "mkdir") == 0)
		return do_mkdir(arg);
	if (strcmp(verb, "has") == 0)
		return do_has(arg);
	if (strcmp(verb, "set") == 0)
		return do_set(arg);
	if (strcmp(verb, "sleep") == 0)
		return usleep((useconds_t)atol(arg) * 1000) == 0;
	if (strcmp(verb, "write") == 0 || strcmp(verb, "touch") == 0 ||
	    strcmp(verb, "unlink") == 0 || strcmp(verb, "rmdir") == 0)
		return do_file(verb, arg, in);
	return talk_fail("unknown step @%s", verb);
}

/* A datagram socket on the same port keeps our other runs away from it. */
static bool
take_port(int n, int *keep)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	bool ok;

	*keep = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	a.sin_port = htons((uint16_t)n);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok = *keep != -1 && fd != -1 &&
	     bind(*keep, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	     setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	     bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	     listen(fd, 1) == 0;
	if (fd != -1)
		(void)close(fd);
	if (!ok && *keep != -1)
		(void)close(*keep);
	return ok;
}

int
talk_free_port(int which)
{
	enum {
		FIRST = 12000,
		COUNT = 7000
	};
	static int last = -1, kept[2] = {-1, -1};
	int i;

	if (last == -1)
		last = (int)getpid() * 17 % COUNT;
	if (kept[which] != -1)
		(void)close(kept[which]);
	for (i = 0; i < COUNT; i++) {
		last = (last + 1) % COUNT;
		if (take_port(FIRST + last, &kept[which]))
			return FIRST + last;
	}
	(void)fprintf(stderr, "talk: no free port\n");
	exit(2);
}
