/*
 * The answers of SEARCH and SORT (found.h). Numbers are turned from sequence
 * numbers to UIDs only here, and "$" is kept as UIDs, which outlast what is
 * expunged.
 */
#include "worker/imap/found.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/condstore.h"
#include "worker/imap/out.h"
#include "worker/imap/text.h"
#include "worker/imap/view.h"

static bool is_extended(const struct command *, const struct parse_search *);
static bool has_modseq(const struct parse_search_node *);
static void put_modseq(
    struct command *, const struct parse_search *, const struct found *);
static void tell(
    struct command *, const struct parse_search *, const struct found *);
static void tell_extended(
    struct command *, const struct parse_search *, const struct found *);
static struct found part_of(const struct parse_partial *, const struct found *);
static void put_set(struct command *, const struct found *);
static int save(
    struct client *, const struct parse_search *, const struct found *);
static int by_number(const void *, const void *);
static void forget(struct command *, const struct parse_search *);

bool
found_begin(struct command *c, const struct parse_search *request,
    struct progress *progress, struct search **out)
{
	enum search_result result = found_make(c, request, progress, out);

	if (result == SEARCH_MADE) {
		if (has_modseq(request->root))
			condstore_enable(c->s);
		return true;
	}
	found_refuse(c, request, result);
	return false;
}

enum search_result
found_make(struct command *c, const struct parse_search *request,
    struct progress *progress, struct search **out)
{
	enum search_result result = SEARCH_CHARSET;

	if (text_charset_known(request->charset) != 0)
		result = search_new(c->s, request, out);
	if (result == SEARCH_MADE)
		search_tag(*out, c->tag, progress);
	return result;
}

void
found_refuse(struct command *c, const struct parse_search *request,
    enum search_result result)
{
	switch (result) {
	case SEARCH_MADE:
		break;
	case SEARCH_CHARSET:
		forget(c, request);
		out_tagged(c, OUT_NO, "BADCHARSET (UTF-8 US-ASCII)",
		    "The requested character set is not supported.");
		break;
	case SEARCH_KEY:
		command_bad(c, "Invalid search key");
		break;
	case SEARCH_MEMORY:
		found_fail(c, request, ENOMEM);
		break;
	}
}

bool
found_reserve(struct command *c, struct found *found)
{
	found->n = 0;
	found->seqs = arena_array(
	    c->s->arena, c->s->client.view->n, sizeof(*found->seqs));
	return found->seqs != NULL;
}

uint32_t
found_number(const struct command *c, uint32_t seq)
{
	return c->uid ? view_uid(c->s->client.view, seq) : seq;
}

void
found_answer(struct command *c, const struct parse_search *request,
    const struct found *found, int err)
{
	if (err == 0 && !found_save(c, request, found))
		err = ENOMEM;
	if (is_extended(c, request))
		tell_extended(c, request, found);
	else
		tell(c, request, found);
	if (err != 0)
		found_fail(c, request, err);
	else
		out_tagged(c, OUT_OK, NULL, "%s done.", command_name(c));
}

void
found_fail(struct command *c, const struct parse_search *request, int err)
{
	forget(c, request);
	out_errno(c, err,
	    err == ENOMEM ? "There is too much of it."
			  : "Some messages could not be read.");
}

static bool
has_modseq(const struct parse_search_node *n)
{
	for (; n != NULL; n = n->next)
		if (n->key == PARSE_SEARCH_MODSEQ || has_modseq(n->child))
			return true;
	return false;
}

/*
 * RFC 7162 3.1.5, 3.1.10: the highest number of what is told; of MIN or MAX
 * alone that of theirs.
 */
static void
put_modseq(struct command *c, const struct parse_search *request,
    const struct found *found)
{
	const unsigned all = PARSE_SEARCH_RETURN_ALL |
			     PARSE_SEARCH_RETURN_COUNT |
			     PARSE_SEARCH_RETURN_PARTIAL;
	const struct message *m;
	uint64_t highest = 0;
	bool extended = is_extended(c, request);
	bool ends = request->extended && (request->ret & all) == 0;
	size_t i;

	if (!has_modseq(request->root))
		return;
	for (i = 0; i < found->n; i++) {
		if (ends &&
		    (i != 0 || (request->ret & PARSE_SEARCH_RETURN_MIN) == 0) &&
		    (i != found->n - 1 ||
			(request->ret & PARSE_SEARCH_RETURN_MAX) == 0))
			continue;
		m = view_message(c->s->client.view, found->seqs[i]);
		if (m != NULL && m->modseq > highest)
			highest = m->modseq;
	}
	if (highest == 0)
		return;
	buf_str(&c->s->line, extended ? " MODSEQ " : " (MODSEQ ");
	buf_num(&c->s->line, highest);
	if (!extended)
		buf_char(&c->s->line, ')');
}

/* RFC 9051 6.4.4: there an ESEARCH answers a SEARCH in any case. */
static bool
is_extended(const struct command *c, const struct parse_search *request)
{
	return request->extended ||
	       (c->s->client.rev2 && strcmp(command_name(c), "SEARCH") == 0);
}

static void
tell(struct command *c, const struct parse_search *request,
    const struct found *found)
{
	struct buf *b = &c->s->line;
	size_t i;

	buf_str(b, "* ");
	buf_str(b, command_name(c));
	for (i = 0; i < found->n; i++) {
		buf_char(b, ' ');
		buf_num(b, found_number(c, found->seqs[i]));
	}
	put_modseq(c, request, found);
	buf_str(b, "\r\n");
	out_send(c->s);
}

static void
tell_extended(struct command *c, const struct parse_search *request,
    const struct found *found)
{
	struct buf *b = &c->s->line;

	/* RFC 5182 2.1: SAVE alone wants no answer but the tagged one. */
	if (request->ret == PARSE_SEARCH_RETURN_SAVE)
		return;
	buf_str(b, "* ESEARCH (TAG ");
	buf_string(b, c->tag, strlen(c->tag), false);
	buf_char(b, ')');
	if (c->uid)
		buf_str(b, " UID");
	found_put(c, request, found);
	buf_str(b, "\r\n");
	out_send(c->s);
}

/*
 * RFC 4731 3.1: MIN, MAX and ALL are left out where nothing was found. RFC 5267
 * 3.1: of a SORT they are the first, the last and all in its order.
 */
void
found_put(struct command *c, const struct parse_search *request,
    const struct found *found)
{
	struct buf *b = &c->s->line;
	unsigned ret =
	    request->extended ? request->ret : PARSE_SEARCH_RETURN_ALL;
	struct found part;
	size_t n = found->n;

	if ((ret & PARSE_SEARCH_RETURN_MIN) != 0 && n > 0)
		buf_printf(b, " MIN %u", found_number(c, found->seqs[0]));
	if ((ret & PARSE_SEARCH_RETURN_MAX) != 0 && n > 0)
		buf_printf(b, " MAX %u", found_number(c, found->seqs[n - 1]));
	if ((ret & PARSE_SEARCH_RETURN_ALL) != 0 && n > 0) {
		buf_str(b, " ALL ");
		put_set(c, found);
	}
	if ((ret & PARSE_SEARCH_RETURN_PARTIAL) != 0) {
		const char *sign = request->partial.last ? "-" : "";

		part = part_of(&request->partial, found);
		buf_printf(b, " PARTIAL (%s%u:%s%u ", sign, request->partial.lo,
		    sign, request->partial.hi);
		put_set(c, &part);
		buf_char(b, ')');
	}
	if ((ret & PARSE_SEARCH_RETURN_COUNT) != 0)
		buf_printf(b, " COUNT %zu", n);
	put_modseq(c, request, found);
}

/* RFC 9394 3.1: as much of the range as there is. */
static struct found
part_of(const struct parse_partial *range, const struct found *found)
{
	size_t lo = range->lo - 1, hi = range->hi, n = found->n;

	if (hi > n)
		hi = n;
	if (lo >= hi)
		return (struct found){NULL, 0};
	return (struct found){
	    found->seqs + (range->last ? n - hi : lo), hi - lo};
}

static void
put_set(struct command *c, const struct found *found)
{
	struct buf *b = &c->s->line;
	uint32_t *numbers;
	size_t i;

	numbers = arena_array(c->s->arena, found->n, sizeof(*numbers));
	if (found->n == 0) {
		buf_str(b, "NIL");
		return;
	}
	if (numbers == NULL) {
		b->failed = true;
		return;
	}
	for (i = 0; i < found->n; i++)
		numbers[i] = found_number(c, found->seqs[i]);
	seqset_print(b, numbers, found->n);
}

bool
found_save(struct command *c, const struct parse_search *request,
    const struct found *found)
{
	return (request->ret & PARSE_SEARCH_RETURN_SAVE) == 0 ||
	       save(&c->s->client, request, found) == 0;
}

/*
 * RFC 5182 2.1, RFC 9394 3.2: with MIN, MAX or PARTIAL, and neither ALL nor
 * COUNT, only those are saved.
 */
static int
save(struct client *c, const struct parse_search *request,
    const struct found *found)
{
	const unsigned some = PARSE_SEARCH_RETURN_MIN |
			      PARSE_SEARCH_RETURN_MAX |
			      PARSE_SEARCH_RETURN_PARTIAL;
	const unsigned all =
	    PARSE_SEARCH_RETURN_ALL | PARSE_SEARCH_RETURN_COUNT;
	unsigned ret = request->ret;
	struct found part = *found;
	uint32_t *uids;
	size_t i, n = 0;

	c->nsaved = 0;
	uids = reallocarray(c->saved, found->n + 2, sizeof(*uids));
	if (uids == NULL)
		return -1;
	c->saved = uids;
	if ((ret & some) != 0 && (ret & all) == 0) {
		part = (ret & PARSE_SEARCH_RETURN_PARTIAL) != 0
			   ? part_of(&request->partial, found)
			   : (struct found){NULL, 0};
		if ((ret & PARSE_SEARCH_RETURN_MIN) != 0 && found->n > 0)
			uids[n++] = view_uid(c->view, found->seqs[0]);
		if ((ret & PARSE_SEARCH_RETURN_MAX) != 0 && found->n > 0)
			uids[n++] =
			    view_uid(c->view, found->seqs[found->n - 1]);
	}
	for (i = 0; i < part.n; i++)
		uids[n++] = view_uid(c->view, part.seqs[i]);
	qsort(uids, n, sizeof(*uids), by_number);
	for (i = 0; i < n; i++)
		if (c->nsaved == 0 || uids[i] != uids[c->nsaved - 1])
			uids[c->nsaved++] = uids[i];
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* RFC 5182 2.1: a search that fails with NO empties "$". */
static void
forget(struct command *c, const struct parse_search *request)
{
	if ((request->ret & PARSE_SEARCH_RETURN_SAVE) != 0)
		c->s->client.nsaved = 0;
}
