/*
 * What a newborn process receives: its role, its number, its descriptors, and
 * the settings, as one fixed struct in a sealed memfd. Programs are executed,
 * not only forked, so an upgraded file is used from the next start on.
 */
#ifndef SHM_BOOT_H
#define SHM_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/settings.h"

#define BOOT_MAGIC   0x436f726bu /* "Cork" */
#define BOOT_WORKERS 64 /* worker numbers: two generations of WORKERS <= 32 */
/* Numbers from here on: workers of listeners with EXTERNAL, and no others. */
#define BOOT_WORKERS_CERT 62

enum boot_role {
	BOOT_ANY,
	BOOT_MASTER,
	BOOT_LOG,
	BOOT_AUTH,
	BOOT_PAM,
	BOOT_SPAWNER,
	BOOT_TEMPLATE,
	BOOT_SESSION,
	BOOT_WATCH,
	BOOT_WORKER,
	BOOT_ADMIN, /* imapctl, at the control socket: none of ours */
	BOOT_ROLES
};

/* Where an executed child finds what it inherits; all else is closed. */
enum boot_fd {
	BOOT_FD_PARENT = 3, /* channel to the master (template: spawner) */
	BOOT_FD_BOOT = 4,   /* memfd with struct boot */
	BOOT_FD_LOG = 5,    /* channel to the log process (log: its master's) */
	BOOT_FD_BOARD = 6,  /* worker, watch: the board; else absent */
	BOOT_FD_IMAPD = 6,  /* spawner: the session's program, if it is held */
	BOOT_FD_BELLS = 7,  /* worker, watch: BOOT_WORKERS eventfds */
};

struct boot {
	uint32_t magic;
	uint32_t version;    /* IPC_VERSION */
	uint32_t size;       /* sizeof(struct boot) */
	uint32_t role;       /* enum boot_role */
	uint32_t number;     /* worker number, else 0 */
	uint32_t privileged; /* 1: started by root, change uids and jail */
	uint64_t
	    incarnation; /* of this process: unique while the master lives */
	uint64_t board_key[2]; /* for the keyed hash of folder identities */
	struct settings set;
};

/*
 * What an executed child does first: boot_read of BOOT_FD_BOOT, and its name is
 * its program's. (Executed by a descriptor, it has that one's number for it.)
 */
int boot_take(struct boot *out);
/*
 * Reads the struct from fd into *out and closes fd. 0, or -1 with errno: EPROTO
 * if magic, version or size are not ours.
 */
int boot_read(int fd, struct boot *out);
/* A sealed, read-only memfd that holds *b; the descriptor or -1 with errno. */
int boot_write(const struct boot *b);
/* The name of a role for the log and the process title. */
const char *boot_role_name(enum boot_role);

#endif
