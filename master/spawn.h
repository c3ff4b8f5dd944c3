/*
 * Starting one of our own programs: fork and exec, with the descriptors of enum
 * boot_fd where the newborn expects them and nothing else.
 */
#ifndef MASTER_SPAWN_H
#define MASTER_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "shm/boot.h"

struct spawn {
	const char *program; /* path */
	const char *option;  /* its only argument, or NULL */
	const struct boot *boot;
	int parent, log;  /* become BOOT_FD_PARENT, BOOT_FD_LOG */
	int board;        /* BOOT_FD_BOARD, or -1 */
	const int *bells; /* BOOT_WORKERS of them, or NULL */
};

/*
 * Starts it; the pid, or -1 with errno. All descriptors stay the caller's. A
 * program that cannot be executed ends with status 127 and a log line.
 */
pid_t spawn_start(const struct spawn *);

/*
 * From now on spawn_start executes the programs that are installed at this
 * moment, whatever lies in their place later: those who talk to each other are
 * of one build until the master becomes a new one. A program that cannot be
 * opened is looked for again when it is wanted.
 */
void spawn_hold(void);
/* The spawner's: it was given the session's program, BOOT_FD_IMAPD. */
void spawn_held(void);

/*
 * Where our programs are: the directory of this program if imapd-worker is
 * there too (a build tree), else LIBEXECDIR; imapd-master itself is where it
 * is. Writes the path of "name" into out[size]; 0, or -1 with errno. After an
 * upgrade that is the new file.
 */
int spawn_path(const char *name, char *out, size_t size);

#endif
