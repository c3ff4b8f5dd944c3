/*
 * An account: its root, its options, the notices for the admin, and the way
 * from a folder's name to its directory.
 */
#include "maildir/maildir.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>
#define LIBBSD_OPENBSD_VIS /* strnvis has two meanings; strvis one */
#include <bsd/vis.h>

#include "maildir/account.h"
#include "maildir/folder.h"
#include "maildir/folder_intent.h"
#include "maildir/highwater.h"
#include "maildir/import_dovecot.h"
#include "maildir/index.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/util.h"

#define HOST_MAX 64 /* bytes of the host name in message file names */

static char *fit_hostname(const char *);
static int recover(struct maildir *);

struct maildir *
maildir_open(int rootfd, const struct maildir_options *options)
{
	struct maildir *md;
	int save;

	md = calloc(1, sizeof *md);
	if (md == NULL) {
		(void)close(rootfd);
		return NULL;
	}
	md->rootfd = rootfd;
	md->options = *options;
	md->hostname = fit_hostname(options->hostname);
	md->options.hostname = md->hostname;
	if (options->trash != NULL && options->trash[0] != '\0')
		md->trash = strdup(options->trash);
	md->options.trash = md->trash;
	if (md->hostname != NULL && folder_is_at(rootfd, ".") == 1 &&
	    (!options->index || index_new(md) == 0) && recover(md) == 0)
		return md;
	save = errno;
	maildir_close(md);
	errno = save;
	return NULL;
}

/*
 * The host's part of a file name: a slash would be a directory, a colon begin
 * the flags (written as qmail does), and blanks end a name in the UID file.
 */
static char *
fit_hostname(const char *name)
{
	char own[256] = "", host[HOST_MAX + 1];
	size_t n = 0;
	int k;

	if (name == NULL || *name == '\0') {
		(void)gethostname(own, sizeof own - 1);
		name = own[0] != '\0' ? own : "localhost";
	}
	host[0] = '\0';
	for (; *name != '\0'; name++) {
		if (*name == '/' || *name == ':')
			k = snprintf(host + n, sizeof host - n, "\\%03o",
			    (unsigned)*name);
		else if (*name <= ' ' || *name > '~')
			k = snprintf(host + n, sizeof host - n, "_");
		else
			k = snprintf(host + n, sizeof host - n, "%c", *name);
		if ((size_t)k >= sizeof host - n) {
			host[n] = '\0';
			break;
		}
		n += (size_t)k;
	}
	return strdup(host);
}

/*
 * Finishes a RENAME, then removes litter. Mail must be readable whatever is
 * wrong here: what cannot be done now is told and tried again.
 */
static int
recover(struct maildir *md)
{
	int fd;

	if (import_dovecot_subscriptions(md) == -1)
		maildir_note(md, "subscriptions of Dovecot not imported: %s",
		    strerror(errno));
	fd = account_look(md);
	if (fd == -1) {
		if (errno != ENOENT)
			maildir_note(md, "cannot open %s: %s", ACCOUNT_DIR,
			    strerror(errno));
		return 0;
	}
	if (intent_is_left(fd)) {
		(void)close(fd);
		/* this waits for a live one that holds the lock */
		fd = folder_begin(md);
		if (fd == -1)
			maildir_note(md, "a rename waits to be finished: %s",
			    strerror(errno));
	}
	if (fd != -1)
		(void)close(fd);
	account_clean(md);
	return 0;
}

void
maildir_close(struct maildir *md)
{
	if (md == NULL)
		return;
	index_free(md);
	folder_list_free(md->folders);
	free(md->subscriptions);
	free(md->trash);
	free(md->hostname);
	(void)close(md->rootfd);
	free(md);
}

void
maildir_note(struct maildir *md, const char *fmt, ...)
{
	char text[MAILDIR_NOTICE], printable[4 * MAILDIR_NOTICE + 1];
	va_list ap;
	unsigned at;

	if (md->nnotices == MAILDIR_NOTICES) {
		md->lost_notices++;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	at = (md->first_notice + md->nnotices++) % MAILDIR_NOTICES;
	(void)strvis(printable, text, VIS_CSTYLE | VIS_NL | VIS_TAB);
	(void)strlcpy(md->notices[at], printable, MAILDIR_NOTICE);
}

const char *
maildir_notice(struct maildir *md)
{
	if (md->nnotices == 0 && md->lost_notices == 0)
		return NULL;
	if (md->nnotices == 0) {
		(void)snprintf(md->lent_notice, sizeof md->lent_notice,
		    "%lu more notices were not kept", md->lost_notices);
		md->lost_notices = 0;
		return md->lent_notice;
	}
	memcpy(md->lent_notice, md->notices[md->first_notice], MAILDIR_NOTICE);
	md->first_notice = (md->first_notice + 1) % MAILDIR_NOTICES;
	md->nnotices--;
	return md->lent_notice;
}

int
maildir_folder_fd(struct maildir *md, const char *folder)
{
	char dir[NAME_DIR_MAX];

	if (name_check(folder) == -1)
		return -1;
	name_to_dir(dir, folder);
	return util_open_dir(md->rootfd, dir, false);
}

uint32_t
maildir_new_uidvalidity(struct maildir *md)
{
	uint32_t value;
	int fd;

	fd = account_lock(md);
	if (fd == -1)
		return 0;
	value = highwater_take(md, fd);
	util_close(fd);
	return value;
}
