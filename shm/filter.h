/*
 * System-call filters by role: what a process may ask of the kernel once it is
 * jailed. One table (filter.c) says which calls each role may make; any other
 * ends the process. A filter is for life and for every child.
 */
#ifndef SHM_FILTER_H
#define SHM_FILTER_H

#include "shm/boot.h"

/*
 * NULL when processes are filtered here; else why not, for the log: a kernel
 * without seccomp, a sanitizers build, valgrind.
 */
const char *filter_off(void);
/* True for the roles that have a filter: not the master, not pam. */
bool filter_has(enum boot_role);
/*
 * Makes role's filter ready, so that filter_enter of this process and of those
 * forked from it takes microseconds. 0, or -1 with errno.
 */
int filter_prepare(enum boot_role);
/*
 * Filters the calling thread as role from now on. Needs no_new_privs. 0, also
 * where filters are off and for a role without one; -1 with errno: then the
 * process must not go on. EINVAL: a session's is for a process forked from one
 * that has made it ready and then entered the template's.
 */
int filter_enter(enum boot_role);

#endif
