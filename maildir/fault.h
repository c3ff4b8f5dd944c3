/*
 * Faults in a map of a file that somebody cut off or spoilt (SIGBUS, SIGSEGV):
 * the reader of the map comes back with an error instead of dying. A part of
 * the index.
 */
#ifndef MAILDIR_FAULT_H
#define MAILDIR_FAULT_H

#include <stdbool.h>

/*
 * Runs fn(arg); one at a time in a process. false: a fault or fault_leave ended
 * it in the middle, and what it held is left to the caller. The handlers are
 * set at the first call and stay, since a call of the kernel each time would
 * cost more than what is read; any other fault goes to who had them before.
 */
bool fault_guard(void (*fn)(void *), void *arg);
/* Ends the fn of now. */
_Noreturn void fault_leave(void);

#endif
