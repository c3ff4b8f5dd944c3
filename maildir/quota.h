/*
 * The Maildir++ quota of an account, for who shows it: limits and use as the
 * file maildirsize has them. The store keeps that file up to date by itself and
 * refuses with EDQUOT what would go beyond it (maildir.h); it never makes one.
 * The file is its user's: a hard limit needs the file system's quotas.
 */
#ifndef MAILDIR_QUOTA_H
#define MAILDIR_QUOTA_H

#include <stdint.h>

struct maildir;

struct maildir_quota {
	uint64_t bytes, messages;         /* in use */
	uint64_t max_bytes, max_messages; /* 0: not limited */
};

/*
 * Fills *out, counting again where the file asks for it. 1; 0 if the account
 * has no quota (no file, or one that cannot be understood: told by a notice).
 */
int maildir_quota(struct maildir *, struct maildir_quota *out);

#endif
