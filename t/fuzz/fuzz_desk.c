/*
 * What auth takes from its workers and from the PAM process: many messages,
 * each of one byte that says from whom, its type, two bytes of length, and the
 * body. Whatever they are, auth goes on; a peer that breaks the rules is
 * dropped with its questions; and when all have gone nothing is in hand.
 */
#include <sys/socket.h>

#include "auth/desk.h"
#include "auth/pam.h"
#include "shm/log.h"
#include "t/fuzz/world.h"

#define PAM 2 /* behind two workers */

static struct boot boot;
static struct desk d;
static int far[3] = {-1, -1, -1};

static void
connect_to(unsigned who)
{
	int pair[2];

	if (far[who] != -1)
		(void)close(far[who]);
	MUST(ipc_pair(pair) == 0);
	far[who] = pair[1];
	if (who == PAM)
		desk_pam(&d, pair[0]);
	else
		desk_worker(&d, who, pair[0], 1);
}

/* They read what they are sent. */
static void
drain(void)
{
	uint8_t buf[65536];

	for (unsigned i = 0; i < 3; i++) {
		while (recv(far[i], buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
	}
}

static void
take(unsigned who, struct ipc_msg *m)
{
	static uint8_t body[IPC_BODY_MAX];
	uint64_t id;

	if (who < PAM) {
		if (desk_message(&d, who, m) == -1) {
			desk_drop_worker(&d, who);
			connect_to(who);
		}
		return;
	}
	/* its answers are to one of the last questions */
	memcpy(body, m->body, m->len);
	if (m->len >= sizeof(uint32_t) + sizeof(id)) {
		id = d.serial - body[4] % 4;
		memcpy(body + sizeof(uint32_t), &id, sizeof(id));
	}
	m->body = body;
	if (desk_pam_answer(&d, m) == -1)
		connect_to(PAM);
}

static void
begin(void)
{
	log_init(open("/dev/null", O_WRONLY | O_CLOEXEC), "auth");
	boot.set.authmodules[0] = SETTINGS_AUTH_PAM;
	boot.set.minuid = 100;
	boot.set.ipv6_prefix = 64;
	MUST(desk_init(&d, &boot) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum ipc_type types[] = {IPC_ASK, IPC_FORGET, IPC_ANSWER};
	const uint8_t *p = data, *end = data + size;
	struct ipc_msg m = {0};
	unsigned who;

	if (d.boot == NULL)
		begin();
	for (who = 0; who <= PAM; who++)
		connect_to(who);
	while (end - p >= 4) {
		who = p[0] % 3;
		m.type = p[1] < 200 ? types[p[1] % 3]
				    : (enum ipc_type)(p[1] % IPC_TYPES);
		m.len = p[2] | (size_t)p[3] << 8;
		p += 4;
		if (m.len > (size_t)(end - p))
			m.len = (size_t)(end - p);
		if (m.len > IPC_BODY_MAX)
			m.len = IPC_BODY_MAX;
		m.body = p;
		p += m.len;
		take(who, &m);
		MUST(d.nrequests <= DESK_REQUESTS);
		drain();
	}
	(void)desk_next(&d);
	desk_drop_worker(&d, 0);
	desk_drop_worker(&d, 1);
	desk_pam(&d, -1);
	desk_tick(&d, UINT64_MAX / 2);
	MUST(d.nrequests == 0 && TAILQ_EMPTY(&d.requests));
	return 0;
}
