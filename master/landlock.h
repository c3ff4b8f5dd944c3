/*
 * Landlock around a session: its Maildir with all rights, a few files of the
 * system to read, nothing else; where the kernel can, no TCP, no abstract
 * sockets and no signals beyond itself either. The wall behind the wall of
 * uids, and the only one between accounts that share a uid.
 */
#ifndef MASTER_LANDLOCK_H
#define MASTER_LANDLOCK_H

/* The kernel's Landlock version, 0 if it has none. */
int landlock_version(void);
/*
 * Shuts the process in: all rights under rootfd (a directory; -1: none) and,
 * if it is not NULL, under the directory extra; reading under those that time
 * zones, character sets and libraries need. Needs no_new_privs. The kernel's
 * Landlock version; 0 if it has none or too old a one (before 2 no rename from
 * directory to directory would be possible): nothing is shut then; -1 with
 * errno.
 */
int landlock_enter(int rootfd, const char *extra);

#endif
