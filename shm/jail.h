/*
 * The jail of an executed process, by its role: empty root directory, groups,
 * uid, capabilities, no_new_privs, not dumpable, rlimits, system-call filter.
 * Entered by the child itself once it holds what it needs and before the first
 * byte of a stranger.
 */
#ifndef SHM_JAIL_H
#define SHM_JAIL_H

#include "shm/boot.h"

/*
 * Jails the process by boot->role as ARCHITECTURE.md's role table says. Started
 * without root only what needs no privilege is done. Returns 0; -1 with errno:
 * then the caller must not go on.
 */
int jail_enter(const struct boot *boot);
/*
 * What the master gives up for itself and for all others: cores, being looked
 * into and, as root, capabilities that none of them needs. 0, -1 with errno:
 * then it must not start.
 */
int jail_master(bool privileged);
/*
 * Sets how readily the kernel ends this process, as role, when memory is short.
 * What a parent was refused its children are refused too. 0, -1 with errno.
 */
int jail_oom(uint32_t role);

#endif
