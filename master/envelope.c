/*
 * Byte by byte at the start of a line, as long as it may be one that goes;
 * in runs everywhere else.
 */
#include "master/envelope.h"

#include <string.h>
#include <strings.h>

static const char from[] = "From ", path[] = "Return-Path:";

static int begin_line(struct envelope *, char, const struct envelope_sink *);
static int decide(struct envelope *, const struct envelope_sink *);
static bool may_be(const struct envelope *, const char *word, bool any_case);
static size_t run_of(struct envelope *, const char *, size_t);

void
envelope_begin(struct envelope *e, bool drop_path)
{
	memset(e, 0, sizeof(*e));
	e->state = ENVELOPE_BEGIN;
	e->drop_path = drop_path;
}

int
envelope_feed(struct envelope *e, const char *p, size_t n,
    const struct envelope_sink *sink)
{
	enum envelope_state was;
	size_t run;

	while (n > 0) {
		run = 0;
		was = e->state;
		switch (was) {
		case ENVELOPE_BEGIN:
		case ENVELOPE_START:
			if (begin_line(e, *p, sink) == -1)
				return -1;
			run = 1;
			break;
		case ENVELOPE_FOLD:
			e->state = *p == ' ' || *p == '\t' ? ENVELOPE_PATH
							   : ENVELOPE_START;
			break;
		case ENVELOPE_LINE:
		case ENVELOPE_FROM:
		case ENVELOPE_PATH:
		case ENVELOPE_BODY:
			run = run_of(e, p, n);
			if ((was == ENVELOPE_LINE || was == ENVELOPE_BODY) &&
			    sink->put(sink->arg, p, run) == -1)
				return -1;
			break;
		}
		p += run;
		n -= run;
	}
	return 0;
}

/* Up to the end of the line, and what comes after it. */
static size_t
run_of(struct envelope *e, const char *p, size_t n)
{
	const char *nl = NULL;

	if (e->state != ENVELOPE_BODY)
		nl = memchr(p, '\n', n);
	if (nl == NULL)
		return n;
	e->state = e->state == ENVELOPE_PATH ? ENVELOPE_FOLD : ENVELOPE_START;
	return (size_t)(nl - p) + 1;
}

static int
begin_line(struct envelope *e, char c, const struct envelope_sink *sink)
{
	e->start[e->n++] = c;
	if (e->state == ENVELOPE_BEGIN && may_be(e, from, false)) {
		if (e->n == sizeof(from) - 1) {
			e->state = ENVELOPE_FROM;
			e->n = 0;
		}
		return 0;
	}
	e->state = ENVELOPE_START;
	if (e->drop_path && may_be(e, path, true)) {
		if (e->n == sizeof(path) - 1) {
			e->state = ENVELOPE_PATH;
			e->n = 0;
		}
		return 0;
	}
	if (e->n == 1 && c == '\r') /* perhaps the empty line */
		return 0;
	return decide(e, sink);
}

/* It is no line that goes. */
static int
decide(struct envelope *e, const struct envelope_sink *sink)
{
	size_t n = e->n;
	char last = e->start[n - 1];

	if (last != '\n')
		e->state = ENVELOPE_LINE;
	else if (n == 1 || (n == 2 && e->start[0] == '\r'))
		e->state = ENVELOPE_BODY;
	else
		e->state = ENVELOPE_START;
	e->n = 0;
	return sink->put(sink->arg, e->start, n);
}

static bool
may_be(const struct envelope *e, const char *word, bool any_case)
{
	if (e->n > strlen(word))
		return false;
	return any_case ? strncasecmp(e->start, word, e->n) == 0
			: strncmp(e->start, word, e->n) == 0;
}

int
envelope_end(struct envelope *e, const struct envelope_sink *sink)
{
	size_t n = e->n;

	e->n = 0;
	e->state = ENVELOPE_BODY;
	return n == 0 ? 0 : sink->put(sink->arg, e->start, n);
}
