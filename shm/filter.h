/*
 * System-call filters by role: what a process may ask of the kernel once it is
 * jailed. Two tables (filter.c) say what each role may do, or may not. A filter
 * is for life and for every child.
 */
#ifndef SHM_FILTER_H
#define SHM_FILTER_H

#include "shm/boot.h"

/*
 * NULL when processes are filtered here; else why not, for the log: a kernel
 * without seccomp, a sanitizers build, valgrind.
 */
const char *filter_off(void);
/* True for the roles that load a filter: all but pam and the template. */
bool filter_has(enum boot_role);
/*
 * Makes role's filter ready, so that filter_enter of this process and of those
 * forked from it takes microseconds. 0, or -1 with errno.
 */
int filter_prepare(enum boot_role);
/*
 * Filters the calling thread as role from now on. Needs no_new_privs, or
 * CAP_SYS_ADMIN. 0, also where filters are off and for a role without one; -1
 * with errno: then the process must not go on.
 */
int filter_enter(enum boot_role);

#endif
