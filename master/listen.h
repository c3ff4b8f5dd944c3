/*
 * The listening sockets: opened from ADDRESS, PORT and their SSL twins, or
 * taken over from systemd; and accepting on them.
 */
#ifndef MASTER_LISTEN_H
#define MASTER_LISTEN_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "master/note.h"
#include "shm/settings.h"

#define LISTEN_MAX (2 * SETTINGS_LISTS)

struct listener {
	int fd;
	unsigned view; /* 0 PORT, 1 SSLPORT */
};

struct listeners {
	struct listener v[LISTEN_MAX];
	size_t n;
};

struct listen_peer { /* an accepted connection */
	int fd;      /* the caller's */
	uint8_t addr[16];
	char peer[INET6_ADDRSTRLEN]; /* IPv4 as ::ffff:192.0.2.1 */
	char local[INET6_ADDRSTRLEN];
	uint16_t peer_port, local_port;
};

/*
 * Opens all that the settings name, or, when systemd hands sockets over
 * (LISTEN_FDS), takes those instead: a socket belongs to SSLPORT if its name or
 * its port says so. 0; -1 with errors in notes, none is left open then.
 */
int listen_open(const struct settings *, struct listeners *, struct notes *);
/* After a reload: -listen of TCPDOPTS may have changed. */
void listen_again(const struct listeners *, const struct settings *);
void listen_close(struct listeners *);
/*
 * Accepts one, with TCP_NODELAY and keep-alive set; 0, or -1 with errno: EAGAIN
 * if nobody waits (also for one that gave up meanwhile).
 */
int listen_accept(
    const struct listener *, const struct settings *, struct listen_peer *);

#endif
