/*
 * Certificates are tried by the workers before the old ones are forgotten: what
 * they are given, what they say, and what becomes of it.
 */
#include "master/brood.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shm/log.h"

static char certs_why[256]; /* of the last refusal */

void
brood_try_certs(struct brood *b, int fd)
{
	if (b->new_certs != -1)
		close(b->new_certs);
	b->new_certs = fd;
	certs_why[0] = '\0';
	b->told = false;
	for (int i = BROOD_SERVANTS; i < BROOD_MAX && fd != -1; i++)
		if (b->v[i].pid != 0 && !b->v[i].old) {
			b->v[i].tls = false;
			brood_send_certs(b, &b->v[i], fd, !b->told);
			b->told = true;
		}
}

void
brood_send_certs(struct brood *b, struct child *c, int fd, bool tell)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_CERTS);
	ipc_put_u32(&put, tell);
	brood_send(b, c, &put, fd);
}

int
brood_hear_certs(const struct brood *b, struct child *c, struct ipc_msg *msg)
{
	struct ipc_get get;
	char why[sizeof(certs_why)];
	uint32_t ok;

	ipc_open(&get, msg);
	ok = ipc_get_u32(&get);
	ipc_get_str(&get, why, sizeof(why));
	if (ipc_done(&get) == -1)
		return -1;
	c->tls = ok == 1;
	if (c->tls)
		return 0;
	memcpy(certs_why, why, sizeof(why));
	/* A try ends in the master's own words. */
	if (b->new_certs == -1 && log_rare(&c->strays))
		log_line(LOG_LEVEL_ERR, "certificates refused: %s", why);
	return 0;
}

enum brood_certs
brood_certs(const struct brood *b, char *why, size_t size)
{
	if (b->new_certs == -1)
		return BROOD_CERTS_NONE;
	if (certs_why[0] != '\0') {
		snprintf(why, size, "%s", certs_why);
		return BROOD_CERTS_BAD;
	}
	for (int i = BROOD_SERVANTS; i < BROOD_MAX; i++)
		if (b->v[i].pid != 0 && !b->v[i].old && !b->v[i].tls)
			return BROOD_CERTS_TRYING;
	return BROOD_CERTS_GOOD;
}

void
brood_settle_certs(struct brood *b, bool good)
{
	int *out = good ? &b->certs : &b->new_certs;

	if (*out != -1)
		close(*out);
	if (good)
		b->certs = b->new_certs;
	b->new_certs = -1;
	for (int i = BROOD_SERVANTS; i < BROOD_MAX && !good && b->certs != -1;
	     i++)
		if (b->v[i].pid != 0 && !b->v[i].old)
			brood_send_certs(b, &b->v[i], b->certs, false);
}
