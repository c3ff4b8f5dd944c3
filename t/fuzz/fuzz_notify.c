/*
 * NOTIFY: what was taken is printed, is taken again from there as it is when a
 * client comes back from being parked, and prints the same. The first byte says
 * whether UTF8=ACCEPT is enabled (1), whether the rest is a printed form (2) or
 * a parked client's state (4).
 */
#include "t/unit/imap_command.h"
#include "worker/imap/notify.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The state of a parked client: what is taken can be printed and taken again.
 */
static void
state(const char *p, size_t n)
{
	static const struct settings set = {.namespace_prefix = 1};
	struct notify *y = notify_parse(&set, (const uint8_t *)p, n);
	struct buf b;

	if (y == NULL)
		return;
	buf_init(&b, 2 * NOTIFY_STATE_MAX);
	MUST(notify_print(y, &b) == 0 || b.n > NOTIFY_STATE_MAX);
	notify_drop(y);
	if (!b.failed) {
		y = notify_parse(&set, (const uint8_t *)b.p, b.n);
		MUST(y != NULL);
		notify_drop(y);
	}
	buf_done(&b);
}

static void
again(const struct parse_notify *set)
{
	struct notify *y;
	struct buf a, b;

	buf_init(&a, NOTIFY_TEXT_MAX);
	buf_init(&b, NOTIFY_TEXT_MAX);
	parse_notify_print(&a, set);
	if (!a.failed && (y = notify_new(a.p, a.n)) != NULL) {
		MUST(y->set.n == set->n && y->set.events == set->events);
		parse_notify_print(&b, &y->set);
		MUST(!b.failed && a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
		notify_drop(y);
	} else {
		MUST(a.failed);
	}
	buf_done(&a);
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 1;
	struct parse_notify set;
	struct command c;
	struct notify *y;

	if (size == 0 || size > WIRE_READ_AHEAD)
		return 0;
	if ((data[0] & 4) != 0) {
		state(p, size - 1);
		return 0;
	}
	if ((data[0] & 2) != 0) {
		if ((y = notify_new(p, size - 1)) != NULL) {
			again(&y->set);
			(void)notify_events(&y->set, "INBOX.a", true);
			notify_drop(y);
		}
		return 0;
	}
	command_begin(&c, p, size - 1, data[0] & 1);
	if (c.read && strcasecmp(c.name, "NOTIFY") == 0) {
		parse_notify(&c.p, &set);
		if (parse_done(&c.p) == 0)
			again(&set);
	}
	command_end(&c);
	return 0;
}
