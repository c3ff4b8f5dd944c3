/*
 * Messages that are filed in a folder of which there is no picture (APPEND,
 * COPY): if the index knew the folder as it was before, it is told what came.
 */
#ifndef MAILDIR_HISTORY_FILE_H
#define MAILDIR_HISTORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maildir/history_record.h"

struct keywords;
struct maildir;
struct target;

struct history_file {
	bool known; /* rec is what the index has, and true */
	struct folder_record rec;
};

struct history_new {       /* a message, in cur/ */
	uint32_t uid, set; /* of keywords */
	uint8_t flags;
	const char *file; /* its name */
	size_t nbase;     /* bytes of the base name in it */
};

/* Does the index know the folder, whatever UIDVALIDITY it has? */
bool history_file_knows(const struct target *);
/*
 * Under the folder's lock, before anything moves. The next UID of the target's
 * list becomes no less than the index's.
 */
void history_file_begin(struct history_file *, struct target *);
/* When all is done and durable, still under the lock. */
void history_file_end(struct history_file *, const struct target *,
    const struct history_new *, size_t n);

#endif
