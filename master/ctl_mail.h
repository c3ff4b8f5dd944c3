/*
 * imapctl's commands on a user's Maildir: names, restored, index. As root each
 * becomes the owner of the mail before it touches anything in it.
 */
#ifndef MASTER_CTL_MAIL_H
#define MASTER_CTL_MAIL_H

#include <stdbool.h>

/*
 * who: a login name (looked up in the userdb file, then among the system's
 * accounts), or, with a slash in it, the path of a Maildir. They print what
 * they do and return imapctl's exit status: 0; 1 if something is left or
 * failed.
 */
int ctl_names(const char *userdb, const char *who, bool convert);
int ctl_restored(const char *userdb, const char *who);

enum ctl_index {
	CTL_INDEX_CHECK,
	CTL_INDEX_REBUILD,
	CTL_INDEX_DROP
};
/* settings: the server's file, NULL: the usual one, if it is there. */
int ctl_index(
    const char *settings, const char *userdb, const char *who, enum ctl_index);

#endif
