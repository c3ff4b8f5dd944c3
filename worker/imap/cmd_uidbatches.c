/*
 * UIDBATCHES: RFC 10022. Ranges of UIDs with so many messages each, from the
 * newest on; a range ends where the next one begins, the last one at UID 1.
 */
#include <string.h>

#include "worker/imap/command.h"
#include "worker/imap/out.h"
#include "worker/imap/parse_batches.h"
#include "worker/imap/view.h"

#define SIZE_MIN 500    /* messages of a batch, 3.1.3.2 */
#define SPAN_MAX 100000 /* messages of a range of batches, 3.1.5 */

static void tell(struct command *, const struct parse_batches *);
static void put_batch(struct buf *, const struct view *, uint64_t, uint64_t);

void
cmd_uidbatches(struct command *c)
{
	struct parse_batches request;

	parse_batches(c->p, &request);
	if (!command_parsed(c))
		return;
	if (request.turned) {
		out_tagged(c, OUT_BAD, "CLIENTBUG", "Invalid batch range");
		return;
	}
	if (request.size < SIZE_MIN) {
		out_tagged(
		    c, OUT_NO, "TOOFEW", "Minimum batch size is %d", SIZE_MIN);
		return;
	}
	if (request.lo != 0 &&
	    ((uint64_t)request.hi - request.lo + 1) * request.size > SPAN_MAX) {
		out_tagged(c, OUT_NO, "TOOMANY", "Too many messages");
		return;
	}
	tell(c, &request);
	out_tagged(c, OUT_OK, NULL, "UIDBATCHES completed");
}

static void
tell(struct command *c, const struct parse_batches *request)
{
	const struct view *v = c->s->client.view;
	struct buf *b = &c->s->line;
	uint64_t batch, last = request->lo == 0 ? UINT32_MAX : request->hi;
	uint64_t first = request->lo == 0 ? 1 : request->lo;

	buf_str(b, "* UIDBATCHES (TAG ");
	buf_string(b, c->tag, strlen(c->tag), false);
	buf_char(b, ')');
	for (batch = first; batch <= last; batch++) {
		if ((batch - 1) * request->size >= v->n)
			break;
		buf_char(b, batch == first ? ' ' : ',');
		put_batch(b, v, batch, request->size);
	}
	buf_str(b, "\r\n");
	out_send(c->s);
}

/* uid-range, the higher UID first. */
static void
put_batch(struct buf *b, const struct view *v, uint64_t batch, uint64_t size)
{
	uint64_t newest = v->n - (batch - 1) * size;
	uint32_t to = 1;

	if (newest > size) /* 3.1.4: up to where the next one begins */
		to = view_uid(v, (uint32_t)(newest - size)) + 1;
	buf_num(b, view_uid(v, (uint32_t)newest));
	buf_char(b, ':');
	buf_num(b, to);
}
