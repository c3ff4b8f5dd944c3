/*
 * Certificates and keys as bytes: the master reads the files as root, never
 * parses them, and hands them to the workers in a sealed memfd.
 */
#ifndef MASTER_CERTS_H
#define MASTER_CERTS_H

#include <stdbool.h>

#include "master/note.h"
#include "shm/settings.h"

#define CERTS_MAX (1u << 20) /* bytes of all files together */

/*
 * Reads what the settings name into a memfd: entries of a 32-bit length and a
 * name ("cert", "key", "ca"), a 32-bit length and the file's bytes, in the
 * machine's byte order (worker/net/tls.h). 0: *out is the memfd, the caller's,
 * or -1 if TLS_CERTFILE is unset. -1: errors are in notes.
 */
int certs_read(const struct settings *, int *out, struct notes *);
/* Whether two such memfds (or -1) hold the same bytes. */
bool certs_same(int, int);

#endif
