/*
 * The grammar before login: however the bytes are split, the same commands come
 * of them; what is kept stays within the limits; every text that a command
 * lends lies in its store. The first byte says how large the pieces are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/net/login.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)
#define KEPT_MAX (LOGIN_ID_MAX + LOGIN_SWALLOW_SUM + 2 * LOGIN_LITERALS_MAX + 2)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static uint64_t
mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
check_text(const struct login_command *cmd, struct login_text t, uint64_t h)
{
	if (t.p == NULL) {
		MUST(t.n == 0);
		return h + 1;
	}
	MUST(t.p >= cmd->store && t.n <= cmd->nstore);
	MUST((size_t)(t.p - cmd->store) <= cmd->nstore - t.n);
	return mix(h, t.p, t.n);
}

static uint64_t
check_command(const struct login_cut *cut, const char *buf, uint64_t h)
{
	static struct login_command cmd;

	MUST(cut->nlit <= LOGIN_LITERALS_MAX && cut->sum <= LOGIN_LITERALS_SUM);
	if (login_parse(cut, buf, &cmd) == -1) {
		MUST(cmd.why != NULL);
		return h * 3;
	}
	MUST(cmd.npairs <= LOGIN_PAIRS_MAX && cmd.nstore <= sizeof(cmd.store));
	h = mix(h, &cmd.verb, sizeof(cmd.verb));
	h = check_text(&cmd, cmd.a, h);
	h = check_text(&cmd, cmd.b, h);
	for (unsigned i = 0; i < cmd.npairs; i++) {
		h = check_text(&cmd, cmd.key[i], h);
		h = check_text(&cmd, cmd.value[i], h);
	}
	login_wipe(&cmd);
	return h;
}

/* A hash over all that comes of the bytes, fed in pieces of "step". */
static uint64_t
run(const char *p, size_t size, size_t step)
{
	char *buf = malloc(KEPT_MAX + step + 1);
	enum login_event ev = LOGIN_MORE;
	size_t n, used, have = 0, at = 0;
	struct login_cut cut;
	uint64_t h = 1;

	MUST(buf != NULL);
	login_begin(&cut);
	while (ev != LOGIN_BYE) {
		used = 0;
		ev = login_next(&cut, buf, have, &used);
		MUST(used <= have);
		if (ev != LOGIN_MORE)
			h = mix(h, &ev, sizeof(ev));
		if (ev == LOGIN_COMMAND)
			h = check_command(&cut, buf, h);
		have -= used;
		memmove(buf, buf + used, have);
		if (ev == LOGIN_COMMAND || ev == LOGIN_BAD)
			login_begin(&cut);
		if (ev != LOGIN_MORE)
			continue;
		MUST(have <= KEPT_MAX);
		if (at == size)
			break;
		n = size - at < step ? size - at : step;
		memcpy(buf + have, p + at, n);
		have += n;
		at += n;
	}
	free(buf);
	return h;
}

static void
check_line(const char *p, size_t size)
{
	uint8_t out[LOGIN_SASL_MAX / 4 * 3];
	size_t n, used;

	(void)login_junk(p, size, true);
	(void)login_junk(p, size, false);
	if (login_line(p, size, &n, &used) == LOGIN_COMMAND) {
		MUST(n <= LOGIN_SASL_MAX && n < used && used <= size);
		MUST(login_base64(p, n, out, sizeof(out)) <= (long)sizeof(out));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 1;

	if (size < 2)
		return 0;
	check_line(p, size - 1);
	MUST(run(p, size - 1, data[0] + 1u) == run(p, size - 1, size));
	return 0;
}
