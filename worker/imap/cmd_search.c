/*
 * SEARCH and UID SEARCH: RFC 3501 6.4.4, with RETURN (RFC 4731) and SAVE (RFC
 * 5182).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/command.h"
#include "worker/imap/out.h"
#include "worker/imap/search.h"
#include "worker/imap/text.h"
#include "worker/imap/view.h"

struct found {
	uint32_t *seqs; /* rising */
	size_t n;
};

static bool make(
    struct command *, const struct parse_search *, struct search **);
static void bad_charset(struct command *, const struct parse_search *);
static bool run(struct command *, struct search *, struct found *);
static void tell(struct command *, const struct found *);
static void tell_extended(
    struct command *, const struct parse_search *, const struct found *);
static int save(
    struct session *, const struct parse_search *, const struct found *);

void
cmd_search(struct command *c)
{
	struct parse_search request;
	struct search *search = NULL;
	struct found found;
	bool ran;
	int err;

	memset(&request, 0, sizeof(request));
	parse_search(c->p, &request);
	/* RFC 6855 section 3: after ENABLE everything is UTF-8 already. */
	if (c->s->client.utf8 && request.charset != NULL &&
	    request.charset[0] != '\0' &&
	    strcasecmp(request.charset, "UTF-8") != 0)
		parse_fail(c->p, "CHARSET is not possible with UTF8=ACCEPT");
	if (!command_parsed(c) || !make(c, &request, &search))
		return;
	ran = run(c, search, &found);
	err = search_error(search);
	search_free(search);
	if (!ran)
		return;
	if ((request.ret & PARSE_SEARCH_RETURN_SAVE) != 0 &&
	    save(c->s, &request, &found) == -1)
		err = ENOMEM;
	if (request.extended)
		tell_extended(c, &request, &found);
	else
		tell(c, &found);
	if (err != 0)
		out_errno(c, err, "SEARCH could not read all messages.");
	else
		out_tagged(c, OUT_OK, NULL, "SEARCH done.");
}

static bool
make(struct command *c, const struct parse_search *request, struct search **out)
{
	if (text_charset_known(request->charset) == 0) {
		bad_charset(c, request);
		return false;
	}
	switch (search_new(c->s, request, out)) {
	case SEARCH_MADE:
		return true;
	case SEARCH_CHARSET:
		bad_charset(c, request);
		return false;
	case SEARCH_KEY:
		command_bad(c, "Invalid search key");
		return false;
	case SEARCH_MEMORY:
		out_errno(c, ENOMEM, "SEARCH failed.");
		return false;
	}
	return false;
}

/* RFC 5182 2.1: a SEARCH that fails empties "$". */
static void
bad_charset(struct command *c, const struct parse_search *request)
{
	if ((request->ret & PARSE_SEARCH_RETURN_SAVE) != 0)
		c->s->client.nsaved = 0;
	out_tagged(c, OUT_NO, "BADCHARSET (UTF-8 US-ASCII)",
	    "The requested character set is not supported.");
}

static bool
run(struct command *c, struct search *search, struct found *found)
{
	const struct view *v = c->s->client.view;
	uint32_t seq;

	found->n = 0;
	found->seqs = arena_array(c->s->arena, v->n, sizeof(*found->seqs));
	if (found->seqs == NULL) {
		out_errno(c, ENOMEM, "SEARCH failed.");
		return false;
	}
	for (seq = 1; seq <= v->n; seq++) {
		if (search_interrupted(search))
			break;
		if (search_match(search, seq))
			found->seqs[found->n++] = seq;
	}
	if (!search_interrupted(search))
		return true;
	c->s->client.why = IPC_END_DISCONNECTED;
	session_enter(c->s, SESSION_LOGOUT);
	return false;
}

static uint32_t
number(const struct command *c, uint32_t seq)
{
	return c->uid ? view_uid(c->s->client.view, seq) : seq;
}

static void
tell(struct command *c, const struct found *found)
{
	struct buf *b = &c->s->line;
	size_t i;

	buf_str(b, "* SEARCH");
	for (i = 0; i < found->n; i++) {
		buf_char(b, ' ');
		buf_num(b, number(c, found->seqs[i]));
	}
	buf_str(b, "\r\n");
	out_send(c->s);
}

/* RFC 4731 3.1: MIN, MAX and ALL are left out where nothing was found. */
static void
tell_extended(struct command *c, const struct parse_search *request,
    const struct found *found)
{
	struct buf *b = &c->s->line;
	uint32_t *numbers;
	unsigned ret = request->ret;
	size_t i, n = found->n;

	/* RFC 5182 2.1: SAVE alone wants no answer but the tagged one. */
	if (ret == PARSE_SEARCH_RETURN_SAVE)
		return;
	buf_str(b, "* ESEARCH (TAG ");
	buf_string(b, c->tag, strlen(c->tag), false);
	buf_char(b, ')');
	if (c->uid)
		buf_str(b, " UID");
	if ((ret & PARSE_SEARCH_RETURN_MIN) != 0 && n > 0)
		buf_printf(b, " MIN %u", number(c, found->seqs[0]));
	if ((ret & PARSE_SEARCH_RETURN_MAX) != 0 && n > 0)
		buf_printf(b, " MAX %u", number(c, found->seqs[n - 1]));
	if ((ret & PARSE_SEARCH_RETURN_ALL) != 0 && n > 0) {
		numbers = arena_array(c->s->arena, n, sizeof(*numbers));
		for (i = 0; numbers != NULL && i < n; i++)
			numbers[i] = number(c, found->seqs[i]);
		buf_str(b, " ALL ");
		seqset_print(b, numbers == NULL ? found->seqs : numbers, n);
	}
	if ((ret & PARSE_SEARCH_RETURN_COUNT) != 0)
		buf_printf(b, " COUNT %zu", n);
	buf_str(b, "\r\n");
	out_send(c->s);
}

/*
 * RFC 5182 2.1: with MIN or MAX, and neither ALL nor COUNT, only those are
 * saved. As UIDs, which outlast what is expunged.
 */
static int
save(struct session *s, const struct parse_search *request,
    const struct found *found)
{
	const unsigned all =
	    PARSE_SEARCH_RETURN_ALL | PARSE_SEARCH_RETURN_COUNT;
	bool min = (request->ret & PARSE_SEARCH_RETURN_MIN) != 0;
	bool max = (request->ret & PARSE_SEARCH_RETURN_MAX) != 0;
	bool ends = (min || max) && (request->ret & all) == 0;
	struct client *c = &s->client;
	uint32_t *uids;
	size_t i, n = 0;

	c->nsaved = 0;
	uids = reallocarray(c->saved, found->n + 1, sizeof(*uids));
	if (uids == NULL)
		return -1;
	for (i = 0; i < found->n; i++)
		if (!ends || (min && i == 0) || (max && i == found->n - 1))
			uids[n++] = view_uid(c->view, found->seqs[i]);
	c->saved = uids;
	c->nsaved = n;
	return 0;
}
