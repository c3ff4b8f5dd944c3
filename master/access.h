/*
 * IMAPACCESSFILE: who may connect, as Courier's makeimapaccess reads it. The
 * text itself is read, no compiled copy. Pure but for reading the files.
 */
#ifndef MASTER_ACCESS_H
#define MASTER_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "master/note.h"

#define ACCESS_LINES 65536      /* of all files */
#define ACCESS_FILE  (4u << 20) /* bytes of one file */

struct access;

struct access_rule {
	bool deny;
	uint32_t maxperip; /* MAXCPERIP; 0: as for everybody */
};

/*
 * Reads the file, or all files of the directory but for those that end in "~".
 * NULL with errors in notes; a file that does not exist is an empty list. The
 * caller's, for access_free.
 */
struct access *access_load(const char *path, struct notes *);
/* NULL is accepted. */
void access_free(struct access *);
/*
 * The one rule for a client: the longest prefix of its address; else, if local,
 * "*.PORT" of our port, else "*"; else allow. A NULL list allows.
 */
void access_find(const struct access *, const uint8_t addr[16], uint16_t port,
    bool local, struct access_rule *out);

#endif
