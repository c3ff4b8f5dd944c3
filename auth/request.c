/* ASK taken apart, YES and NO put together. */
#include "auth/request.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <bsd/string.h>
#include <string.h>

#include "shm/log.h"

#define SECRET_MAX 16384 /* bytes of a or b in ASK */

static int read_login(struct request *, struct ipc_get *, const char *);
static int take_address(
    const struct settings *, struct request *, const char *, const char *);
static int parse_address(const char *, uint8_t[16]);
static bool is_v4(const uint8_t[16]);
static bool is_service(const char *);
static unsigned find_view(const struct settings *, uint32_t);
static void find_service(const struct settings *, uint32_t, struct request *);

int
request_read(
    struct request *r, const struct settings *set, const struct ipc_msg *msg)
{
	char peer[64], claimed[64], mechanism[16];
	struct ipc_get g;
	uint32_t port;
	int ok;

	ipc_open(&g, msg);
	r->conn = ipc_get_u64(&g);
	r->flags = ipc_get_u32(&g);
	/* Only workers of EXTERNAL listeners see certificates (shm/boot.h). */
	if (r->worker < BOOT_WORKERS_CERT)
		r->flags &= ~IPC_ASK_CERT;
	ipc_get_str(&g, r->service, sizeof(r->service));
	ipc_get_str(&g, peer, sizeof(peer));
	port = ipc_get_u32(&g);
	ipc_get_str(&g, mechanism, sizeof(mechanism));
	ipc_get_str(&g, claimed, sizeof(claimed));
	ok = read_login(r, &g, mechanism);
	if (ipc_done(&g) == -1 || !is_service(r->service) ||
	    take_address(set, r, peer, claimed) == -1)
		return -1;
	r->view = find_view(set, port);
	find_service(set, port, r);
	/* What can be no login goes the way of a wrong password. */
	r->user[0] = '\0';
	if (ok == 0)
		(void)sasl_canonical(set, r->login.user, r->user);
	return 0;
}

static int
read_login(struct request *r, struct ipc_get *g, const char *mechanism)
{
	struct sasl_input in = {
	    .mechanism = mechanism, .cert = (r->flags & IPC_ASK_CERT) != 0};

	in.a = ipc_get_bytes(g, &in.alen, SECRET_MAX);
	in.b = ipc_get_bytes(g, &in.blen, SECRET_MAX);
	if (in.a == NULL || in.b == NULL)
		return -1;
	return sasl_read(&in, &r->login);
}

/*
 * Whose failures these are. Behind a trusted peer (a webmail, a proxy) it is
 * the address that it names, if it names one, else nobody's.
 */
static int
take_address(const struct settings *set, struct request *r, const char *peer,
    const char *claimed)
{
	uint8_t other[16];
	bool v4;

	if (parse_address(peer, r->address) == -1)
		return -1;
	r->paced = (r->flags & IPC_ASK_TRUST) == 0;
	if (!r->paced && parse_address(claimed, other) == 0) {
		memcpy(r->address, other, sizeof(other));
		r->paced = true;
	}
	v4 = is_v4(r->address);
	r->bits = v4 || set->ipv6_prefix > 128 ? 128 : set->ipv6_prefix;
	/* For PAM_RHOST: modules and their tables know IPv4 as 192.0.2.1. */
	if (inet_ntop(v4 ? AF_INET : AF_INET6,
		v4 ? r->address + 12 : r->address, r->rhost,
		sizeof(r->rhost)) == NULL)
		return -1;
	return 0;
}

/* IPv4 becomes ::ffff:0:0/96; the scope of a link-local address is cut off. */
static int
parse_address(const char *text, uint8_t out[16])
{
	char plain[64];

	(void)strlcpy(plain, text, sizeof(plain));
	plain[strcspn(plain, "%")] = '\0';
	if (inet_pton(AF_INET6, plain, out) == 1)
		return 0;
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	return inet_pton(AF_INET, plain, out + 12) == 1 ? 0 : -1;
}

static bool
is_v4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static bool
is_service(const char *s)
{
	return s[0] != '\0' &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static unsigned
find_view(const struct settings *set, uint32_t port)
{
	const struct settings_view *ssl = &set->view[1];

	for (uint32_t i = 0; i < ssl->nlisten && i < SETTINGS_LISTS; i++)
		if (ssl->listen[i].port == port)
			return 1;
	return 0;
}

/* AUTHSERVICE<port>: the settings' word, never the worker's. */
static void
find_service(const struct settings *set, uint32_t port, struct request *r)
{
	(void)strlcpy(r->service, "imap", sizeof(r->service));
	for (uint32_t i = 0; i < set->nservices && i < SETTINGS_SERVICES; i++)
		if (set->services[i].port == port)
			(void)strlcpy(r->service, set->services[i].name,
			    sizeof(r->service));
}

int
request_put_yes(const struct request *r, const struct ticket *t,
    const uint8_t key[TICKET_KEY], struct ipc_put *m)
{
	uint8_t sealed[TICKET_MAX];
	size_t len = ticket_seal(t, key, sealed, sizeof(sealed));

	if (len == 0)
		return -1;
	ipc_begin(m, IPC_YES);
	ipc_put_u64(m, r->conn);
	ipc_put_str(m, r->owner.user);
	ipc_put_bytes(m, sealed, len);
	return 0;
}

void
request_put_no(const struct request *r, enum ipc_no why, struct ipc_put *m)
{
	char user[SASL_NAME];

	/* A comma would end the name in a log line. */
	(void)log_text(user, sizeof(user), r->login.user);
	for (char *p = user; (p = strchr(p, ',')) != NULL; p++)
		*p = '.';
	ipc_begin(m, IPC_NO);
	ipc_put_u64(m, r->conn);
	ipc_put_u32(m, why);
	ipc_put_str(m, user);
}
