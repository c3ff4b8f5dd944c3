/*
 * Certificates and keys as bytes: the master reads the files as root, never
 * parses them, and hands them to the workers in a sealed memfd, together with
 * the settings of TLS, so that one message makes a whole context.
 */
#ifndef MASTER_CERTS_H
#define MASTER_CERTS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "master/note.h"
#include "shm/settings.h"

#define CERTS_MAX   (4u << 20) /* bytes of all files together */
#define CERTS_NAMES 256        /* files beside TLS_CERTFILE, and the key's */
#define CERTS_YOUNG 60         /* s: the other of the two may be on its way */

/*
 * Reads what the settings name into a memfd (worker/net/bundle.h): besides
 * TLS_CERTFILE and TLS_PRIVATE_KEYFILE the files beside them of the same name
 * with .NAME at the end, NAME being a host's or an address. 0: *out is the
 * memfd, the caller's, or -1 if TLS_CERTFILE is unset. -1: errors are in notes.
 */
int certs_read(const struct settings *, int *out, struct notes *);
/* Whether two such memfds (or -1) hold the same bytes. */
bool certs_same(int, int);
/*
 * Looks at the same files without reading: a stamp that changes when one of
 * them does, comes or goes, and the time at which the youngest was made.
 */
void certs_look(const struct settings *, uint64_t *stamp, time_t *youngest);
/* Whether files made then are younger than CERTS_YOUNG seconds. */
bool certs_young(time_t youngest, time_t now);
/*
 * Whether what a worker said of these certificates is no error, since one of
 * the files is young and the other may be on its way.
 */
bool certs_excused(const struct settings *, const char *why, time_t now);
/*
 * Whether NAME behind TLS_CERTFILE may be a host's name or an address, not an
 * editor's or a packager's copy.
 */
bool certs_suffix(const char *name);

#endif
