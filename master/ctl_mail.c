/*
 * imapctl on a user's Maildir. Root's part ends with spare_become, before a
 * byte of the mail is looked at: of a login the path is resolved as the user,
 * of a path only its own last component is looked at, for its owner.
 */
#include "master/ctl_mail.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/owner.h"
#include "auth/userdb.h"
#include "maildir/audit.h"
#include "maildir/maildir.h"
#include "maildir/moving.h"
#include "master/indexdir.h"
#include "master/settings.h"
#include "master/spare.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define SETTINGS     SYSCONFDIR "/imapd"
#define LOCK_SECONDS 30
#define MAILDIR      "Maildir" /* in the home of who has no other */

static struct maildir *open_mail(
    const char *, const char *, const struct settings *);
static int load_settings(const char *, struct settings *);
static int open_path(const char *, struct owner *);
static int open_login(const char *, const char *, struct owner *);
static int find_login(const char *, const char *, struct owner *);
static int find_passwd(const char *, struct owner *);
static void report_userdb(const char *, unsigned, const char *);
static int become(const struct owner *);
static void tell_name(void *, const struct moving *);
static void tell_restored(void *, const struct moving *);
static void tell_index(void *, const struct audit *);
static const char *describe(const struct audit *);
static void put_name(const char *);
static int finish(struct maildir *, int);

int
ctl_names(const char *userdb, const char *who, bool convert)
{
	const struct moving_report report = {tell_name, &convert};
	struct maildir *md;

	if ((md = open_mail(userdb, who, NULL)) == NULL)
		return 1;
	return finish(md, maildir_names(md, convert, &report));
}

int
ctl_restored(const char *userdb, const char *who)
{
	const struct moving_report report = {tell_restored, NULL};
	struct maildir *md;

	if ((md = open_mail(userdb, who, NULL)) == NULL)
		return 1;
	return finish(md, maildir_restored(md, &report));
}

int
ctl_index(
    const char *file, const char *userdb, const char *who, enum ctl_index what)
{
	const struct audit_report report = {tell_index, NULL};
	static struct settings set;
	struct maildir *md;
	int r = -1;

	if (load_settings(file, &set) == -1 ||
	    (md = open_mail(userdb, who, &set)) == NULL)
		return 1;
	switch (what) {
	case CTL_INDEX_CHECK:
		r = maildir_index_check(md, &report);
		break;
	case CTL_INDEX_REBUILD:
		r = maildir_index_rebuild(md, &report);
		break;
	case CTL_INDEX_DROP:
		r = maildir_index_drop(md);
		break;
	}
	return finish(md, r);
}

/* As root, before anybody else is become: where indexes lie, what is read. */
static int
load_settings(const char *file, struct settings *set)
{
	static struct notes notes;
	int r = 0;

	if (file == NULL && access(SETTINGS, R_OK) == -1) {
		settings_default(set);
		return 0;
	}
	file = file == NULL ? SETTINGS : file;
	if ((r = settings_load(file, set, &notes)) == -1)
		(void)fprintf(stderr,
		    "imapctl: %s: imapd-master -t tells what is wrong with "
		    "these settings\n",
		    file);
	note_done(&notes);
	return r;
}

/* set: with an index. */
static struct maildir *
open_mail(const char *userdb, const char *who, const struct settings *set)
{
	struct maildir_options options = {.uselocks = true,
	    .keywords = true,
	    .umask = 022,
	    .lock_seconds = LOCK_SECONDS};
	static char index[SETTINGS_PATH + 64];
	struct owner owner = {0};
	struct maildir *md;
	int fd;

	fd = strchr(who, '/') != NULL ? open_path(who, &owner)
				      : open_login(userdb, who, &owner);
	if (fd == -1)
		return NULL;
	if (set != NULL) {
		options.index = true;
		options.umask = (mode_t)set->umask;
		(void)umask(options.umask);
		options.keywords = set->keywords != 0;
		if (indexdir_path(set, &owner, index, sizeof(index)))
			options.indexdir = index;
	}
	if ((md = maildir_open(fd, &options)) == NULL)
		(void)fprintf(stderr, "imapctl: %s: %s\n", who,
		    errno == ENOENT ? "no Maildir" : strerror(errno));
	return md;
}

/* The owner of the directory is who we become; then it is opened for good. */
static int
open_path(const char *path, struct owner *owner)
{
	char *real = realpath(path, NULL);
	struct stat st;
	int at, fd = -1;

	if (real != NULL)
		(void)strlcpy(owner->maildir, real, sizeof(owner->maildir));
	free(real);
	at = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (at != -1 && fstat(at, &st) == 0) {
		owner->uid = st.st_uid;
		owner->gid = st.st_gid;
		if (become(owner) == 0)
			fd = openat(at, ".",
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd == -1)
		(void)fprintf(
		    stderr, "imapctl: %s: %s\n", path, strerror(errno));
	if (at != -1)
		(void)close(at);
	return fd;
}

static int
open_login(const char *userdb, const char *login, struct owner *owner)
{
	int fd;

	if (find_login(userdb, login, owner) == -1) {
		(void)fprintf(stderr,
		    "imapctl: %s: no such user; a Maildir is named by a path "
		    "with a slash in it\n",
		    login);
		return -1;
	}
	if (become(owner) == -1) {
		(void)fprintf(
		    stderr, "imapctl: %s: %s\n", login, strerror(errno));
		return -1;
	}
	fd = open(owner->maildir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		(void)fprintf(stderr, "imapctl: %s: %s\n", owner->maildir,
		    strerror(errno));
	return fd;
}

/* A site's userdb is root's to read; without it a user has one login. */
static int
find_login(const char *userdb, const char *login, struct owner *out)
{
	struct userdb_account account;
	struct userdb *db;
	int r;

	if (access(userdb, R_OK) == -1)
		return find_passwd(login, out);
	if ((db = userdb_open(userdb, true, report_userdb)) == NULL)
		return -1;
	r = userdb_find(db, login, &account);
	if (r == 1)
		r = owner_from_userdb(&account, MAILDIR, out);
	else if (r == 0)
		r = find_passwd(login, out);
	userdb_close(db);
	return r;
}

static int
find_passwd(const char *login, struct owner *out)
{
	struct pam_answer answer = {0};
	gid_t groups[TICKET_GROUPS];
	int n = TICKET_GROUPS;
	const struct passwd *pw;

	if ((pw = getpwnam(login)) == NULL)
		return -1;
	(void)strlcpy(answer.user, login, sizeof(answer.user));
	(void)strlcpy(answer.home, pw->pw_dir, sizeof(answer.home));
	answer.uid = pw->pw_uid;
	answer.gid = pw->pw_gid;
	/* of more groups than fit the own one will do */
	if (getgrouplist(login, pw->pw_gid, groups, &n) == -1)
		n = 0;
	for (answer.ngroups = 0; answer.ngroups < (uint32_t)n; answer.ngroups++)
		answer.groups[answer.ngroups] = groups[answer.ngroups];
	return owner_from_pam(&answer, MAILDIR, out);
}

static void
report_userdb(const char *file, unsigned line, const char *why)
{
	(void)fprintf(stderr, "imapctl: %s:%u: %s\n", file, line, why);
}

/* EPERM also for mail that belongs to root. */
static int
become(const struct owner *owner)
{
	return geteuid() != 0 ? 0 : spare_become(owner, true);
}

static void
tell_name(void *arg, const struct moving *m)
{
	const bool *convert = arg;

	(void)printf(m->kind == MOVING_FOLDER ? "folder " : "subscription ");
	put_name(m->from);
	(void)printf(" -> ");
	put_name(m->to);
	if (m->error != 0)
		(void)printf(": %s", m->error == EEXIST ? "that name is taken"
							: strerror(m->error));
	(void)printf("%s\n", *convert && m->error != 0 ? ", left" : "");
}

static void
tell_restored(void *arg, const struct moving *m)
{
	(void)arg;
	(void)printf("folder ");
	put_name(m->from[0] == '\0' ? "INBOX" : m->from);
	if (m->error != 0)
		(void)printf(": %s\n", strerror(m->error));
	else
		(void)printf(
		    ": UIDVALIDITY %lu\n", (unsigned long)m->uidvalidity);
}

static void
tell_index(void *arg, const struct audit *a)
{
	(void)arg;
	if (a->folder == NULL) {
		(void)printf("index: ");
	} else {
		(void)printf("folder ");
		put_name(a->folder[0] == '\0' ? "INBOX" : a->folder);
		(void)printf(": ");
	}
	if (a->uid != 0)
		(void)printf("UID %lu: ", (unsigned long)a->uid);
	(void)printf("%s%s%s\n", describe(a), a->text == NULL ? "" : ": ",
	    a->text == NULL ? "" : a->text);
}

static const char *
describe(const struct audit *a)
{
	switch (a->kind) {
	case AUDIT_OLD:
		return "not used, it will be made anew";
	case AUDIT_PENDING:
		return "it was changed since the server looked last, which "
		       "will find what follows";
	case AUDIT_BROKEN:
		return "broken";
	case AUDIT_FAILED:
		return strerror(a->error);
	case AUDIT_UIDVALIDITY:
		return "the UID file has another UIDVALIDITY";
	case AUDIT_NEXT:
		return "the UID file would give UIDs a second time";
	case AUDIT_COUNTS:
		return "the counts are not those of its messages";
	case AUDIT_NO_FILE:
		return "there is no file";
	case AUDIT_NO_LINE:
		return "it is not in the UID file";
	case AUDIT_OTHER_UID:
		return "the UID file gives another UID to its file";
	case AUDIT_OTHER_FILE:
		return "the UID file gives it to another file";
	case AUDIT_NO_RECORD:
		return "it is not in the index";
	case AUDIT_FLAGS:
		return "its flags are others";
	case AUDIT_KEYWORDS:
		return "its keywords are others";
	case AUDIT_NAME:
		return "its file has another name or place";
	}
	return "";
}

/* UTF-8 as it is; the store shows no name with control characters. */
static void
put_name(const char *name)
{
	for (; *name != '\0'; name++)
		if (*(const unsigned char *)name >= ' ' && *name != 127)
			(void)putchar(*name);
		else
			(void)printf("\\%03o", *(const unsigned char *)name);
}

static int
finish(struct maildir *md, int r)
{
	const char *notice;
	int saved = errno;

	while ((notice = maildir_notice(md)) != NULL)
		if (strstr(notice, "imapctl names") == NULL) /* it is at it */
			(void)fprintf(stderr, "imapctl: %s\n", notice);
	if (r == -1)
		(void)fprintf(stderr, "imapctl: %s\n", strerror(saved));
	maildir_close(md);
	if (fflush(stdout) == EOF)
		r = -1;
	return r == 0 ? 0 : 1;
}
