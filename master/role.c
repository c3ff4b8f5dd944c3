/*
 * THE table of roles, and who talks to whom.
 */
#include "master/role.h"

#include <stddef.h>

#include "master/logger.h"
#include "master/spawner.h"
#include "master/watch.h"

static const struct role roles[] = {
    {BOOT_LOG, "imapd-master", "--role", false, false, logger_serve},
    {BOOT_PAM, "imapd-auth", "pam", false, false, NULL},
    {BOOT_AUTH, "imapd-auth", "auth", false, true, NULL},
    {BOOT_SPAWNER, "imapd-master", "--role", false, true, spawner_serve},
    {BOOT_TEMPLATE, "imapd", "--role", false, false, NULL},
    {BOOT_WATCH, "imapd-master", "--role", true, false, watch_serve},
    {BOOT_WORKER, "imapd-worker", NULL, true, false, NULL},
};

static const enum boot_role peers[][2] = {
    {BOOT_AUTH, BOOT_PAM},
    {BOOT_AUTH, BOOT_WORKER},
    {BOOT_SPAWNER, BOOT_WORKER},
    {BOOT_WATCH, BOOT_WORKER},
};

const struct role *
role_find(enum boot_role role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (roles[i].role == role)
			return &roles[i];
	return NULL;
}

bool
role_peers(enum boot_role a, enum boot_role b)
{
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++)
		if ((peers[i][0] == a && peers[i][1] == b) ||
		    (peers[i][0] == b && peers[i][1] == a))
			return true;
	return false;
}
