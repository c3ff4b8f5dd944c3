/*
 * What settings name outside themselves: users, files; and what is announced.
 * For imapd-master -t, the start and a reload.
 */
#ifndef MASTER_CHECK_H
#define MASTER_CHECK_H

#include <stdbool.h>

#include "master/note.h"
#include "shm/settings.h"

/*
 * Resolves the users (if privileged) and looks whether what the settings name
 * can be used. 0, or -1 if errors were noted.
 */
int check_settings(struct settings *, bool privileged, struct notes *);
/*
 * Lets a jailed process of imapd-worker try the certificates: the master never
 * parses them. 0, or -1 if errors were noted; if young is true, what does not
 * fit while the files are younger than a minute is a warning only. If warn is
 * true (else workers log them), so are certificates that run out.
 */
int check_certs(const struct settings *, bool privileged, bool young, bool warn,
    struct notes *);
/* Whether all programs of the role table can be executed; 0 or -1. */
int check_programs(struct notes *);
/* Prints, for -t, what each listener announces, to stdout. */
void check_print(const struct settings *);

#endif
