/*
 * The grammar: a command by the real reader, parsed; what was taken is printed
 * and must parse to the same again. The first byte says whether UTF8=ACCEPT is
 * enabled (1) and whether it is what follows an APPEND's message (2).
 */
#include "t/unit/imap_command.h"
#include "worker/imap/utf7.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)
#define TEXT_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Parses by the command's name and prints it if it was taken. */
static bool
parse(struct command *c, struct buf *b)
{
	const char *name = c->name;
	struct parse *p = &c->p;
	union {
		struct parse_fetch fetch;
		struct parse_store store;
		struct parse_search search;
		struct parse_sort sort;
		struct parse_thread thread;
		struct parse_esearch esearch;
		struct parse_list list;
		struct parse_id id;
	} u;

	buf_printf(b, "a %s", name);
	if (strcasecmp(name, "FETCH") == 0) {
		parse_fetch(p, &u.fetch);
		if (parse_done(p) == 0)
			print_fetch(b, &u.fetch);
	} else if (strcasecmp(name, "STORE") == 0) {
		parse_store(p, &u.store);
		if (parse_done(p) == 0)
			print_store(b, &u.store);
	} else if (strcasecmp(name, "SEARCH") == 0) {
		parse_search(p, &u.search);
		if (parse_done(p) == 0)
			print_search(b, &u.search);
	} else if (strcasecmp(name, "SORT") == 0) {
		parse_sort(p, &u.sort);
		if (parse_done(p) == 0)
			print_sort(b, &u.sort);
	} else if (strcasecmp(name, "THREAD") == 0) {
		parse_thread(p, &u.thread);
		if (parse_done(p) == 0)
			print_thread(b, &u.thread);
	} else if (strcasecmp(name, "ESEARCH") == 0) {
		parse_esearch(p, &u.esearch);
		if (parse_done(p) == 0)
			print_esearch(b, &u.esearch, p->utf8);
	} else if (strcasecmp(name, "LIST") == 0) {
		parse_list(p, &u.list);
		if (parse_done(p) == 0)
			print_list(b, &u.list);
	} else if (strcasecmp(name, "ID") == 0) {
		parse_id(p, &u.id);
		if (parse_done(p) == 0)
			print_id(b, &u.id);
	} else {
		return false;
	}
	buf_str(b, "\r\n");
	MUST(!b->failed);
	return p->why == NULL;
}

/* Canonical forms may be longer than what they came from: limits excuse. */
static void
again(const struct buf *first, bool utf8)
{
	struct command c;
	struct buf b;

	if (first->n > WIRE_READ_AHEAD)
		return;
	buf_init(&b, TEXT_MAX);
	command_begin(&c, first->p, first->n, utf8);
	if (c.read) {
		bool taken = parse(&c, &b);

		MUST(taken || c.p.limit);
		MUST(!taken || b.n == first->n);
		MUST(!taken || memcmp(b.p, first->p, b.n) == 0);
	}
	buf_done(&b);
	command_end(&c);
}

static void
check_append(struct command *c, bool first)
{
	struct parse_append a;

	parse_append(&c->p, first, &a);
	if (parse_done(&c->p) == -1)
		return;
	MUST(a.literal != NULL && a.literal->p == NULL && c->cmd.stream);
	MUST(utf8_valid(a.mailbox, strlen(a.mailbox)));
	MUST(!a.utf8 || a.literal->binary);
}

static void
check_mailbox(struct command *c)
{
	const char *name;

	parse_space(&c->p);
	name = parse_mailbox(&c->p);
	MUST(utf8_valid(name, strlen(name)));
	if (parse_is(&c->p, ' ') && strcasecmp(c->name, "STATUS") == 0) {
		parse_space(&c->p);
		(void)parse_status_items(&c->p);
	} else {
		(void)parse_create_use(&c->p);
	}
	(void)parse_done(&c->p);
}

static void
one(struct command *c, bool utf8, bool later)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	if (later || strcasecmp(c->name, "APPEND") == 0)
		check_append(c, !later);
	else if (!parse(c, &b))
		check_mailbox(c); /* nothing, if it was another and failed */
	else
		again(&b, utf8 || strcasecmp(c->name, "LIST") == 0);
	MUST(c->p.at <= c->cmd.n && c->p.lit <= c->cmd.nlit);
	MUST(c->p.why != NULL || !c->p.limit);
	MUST(c->p.why == NULL || parse_end(&c->p));
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct command c;
	bool utf8, later;
	char *in;

	if (size == 0 || size > WIRE_READ_AHEAD)
		return 0;
	utf8 = data[0] & 1;
	later = data[0] & 2;
	in = malloc(size);
	MUST(in != NULL);
	memcpy(in, data + 1, size - 1);
	if (later)
		command_later(&c, in, size - 1, utf8);
	else
		command_begin(&c, in, size - 1, utf8);
	/* What is left in the stream has somebody who will read it. */
	MUST(!c.cmd.stream || later ||
	     (c.read && strcasecmp(c.name, "APPEND") == 0));
	if (c.read)
		one(&c, utf8, later);
	command_end(&c);
	free(in);
	return 0;
}
