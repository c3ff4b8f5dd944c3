/*
 * THE table of roles: which program a role is, how it is begun, what it is
 * given. What it keeps of its rights is in shm/jail.c.
 */
#ifndef MASTER_ROLE_H
#define MASTER_ROLE_H

#include <stdbool.h>

#include "shm/boot.h"

struct role {
	enum boot_role role;
	const char *program;
	const char *option; /* its argument (a name for ps), or NULL */
	bool board;         /* gets the board and the bells */
	bool key;           /* gets the ticket key */
	/* What it does, where the program is imapd-master itself. */
	int (*serve)(const struct boot *);
};

/* The row of a role that the master or the spawner starts; NULL for others. */
const struct role *role_find(enum boot_role);
/* Whether these two talk to each other over a channel that the master makes. */
bool role_peers(enum boot_role, enum boot_role);

#endif
