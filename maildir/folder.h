/*
 * What the files about folders share.
 */
#ifndef MAILDIR_FOLDER_H
#define MAILDIR_FOLDER_H

#include <sys/types.h>

struct folder_list;
struct maildir;

/*
 * Is the directory, which must not be a symlink itself, a folder: has it cur,
 * new and tmp, all directories? 1, 0 with ENOENT, or -1.
 */
int folder_is_at(int rootfd, const char *dir);
/* Has a folder no message at all? 1, 0 or -1. */
int folder_is_empty(struct maildir *, const char *folder);
/* Locks the account and finishes what a crashed RENAME left; corkfd or -1. */
int folder_begin(struct maildir *);
void folder_list_free(struct folder_list *);

#endif
