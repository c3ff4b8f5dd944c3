/*
 * ESEARCH, the search of several mailboxes: RFC 7377. Each is looked at in a
 * view of its own, for reading only, that takes the place of the selected one
 * while it is searched: until that is back nothing tagged may be sent, for the
 * news of the selected one would come with it.
 */
#include <errno.h>
#include <string.h>

#include "worker/imap/command.h"
#include "worker/imap/folders.h"
#include "worker/imap/found.h"
#include "worker/imap/out.h"
#include "worker/imap/parse_esearch.h"
#include "worker/imap/progress.h"
#include "worker/imap/search.h"
#include "worker/imap/view.h"

struct esearch {
	struct command *c;
	struct parse_esearch request;
	struct progress progress;
	int err;   /* of a mailbox that was passed over */
	bool gone; /* the client */
	enum search_result made;
};

static bool take(struct esearch *);
static bool is_selected_only(const struct parse_esearch *);
static void choose(const struct esearch *, struct folders *);
static bool is_chosen(const struct session *,
    const struct parse_esearch_source *, const struct folders_entry *);
static bool is_below(const char *, const struct folders_entry *, bool);
static void search_folder(struct esearch *, const char *);
static void search_view(struct esearch *);
static void tell(struct esearch *, const struct found *);

void
cmd_esearch(struct command *c)
{
	struct esearch *e = arena_alloc(c->s->arena, sizeof(*e));
	struct folders folders = {NULL, 0};
	size_t i;

	if (e == NULL) {
		out_errno(c, ENOMEM, "ESEARCH failed.");
		return;
	}
	e->c = c;
	c->uid = true; /* RFC 7377 2: the answers are UIDs */
	if (!take(e))
		return;
	if (is_selected_only(&e->request)) {
		search_view(e);
	} else {
		e->progress.unknown = true;
		if (folders_gather(c->s, &folders) == -1)
			e->err = errno;
		choose(e, &folders);
	}
	for (i = 0; i < folders.n && !e->gone && e->made == SEARCH_MADE; i++)
		if (folders.entries[i].match)
			search_folder(e, folders.entries[i].folder);
	if (e->gone)
		return;
	if (e->made != SEARCH_MADE)
		found_refuse(c, &e->request.search, e->made);
	else if (e->err != 0)
		found_fail(c, &e->request.search, e->err);
	else
		out_tagged(c, OUT_OK, NULL, "ESEARCH done.");
}

static bool
take(struct esearch *e)
{
	struct parse_search *search = &e->request.search;
	struct parse *p = e->c->p;
	bool selected = e->c->s->client.state == SESSION_SELECTED;
	size_t i;

	parse_esearch(p, &e->request);
	for (i = 0; i < e->request.n; i++)
		if (e->request.sources[i].kind == PARSE_ESEARCH_SELECTED &&
		    !selected)
			parse_fail(p, "no mailbox is selected");
	if (e->request.n == 0 && !selected)
		parse_fail(p, "no mailbox is selected");
	if (p->why == NULL && !is_selected_only(&e->request) &&
	    (parse_search_has_numbers(search) ||
		(search->ret & PARSE_SEARCH_RETURN_SAVE) != 0))
		parse_fail(p, "SAVE, $ and numbers are the selected one's");
	if (!search->extended)
		search->ret = PARSE_SEARCH_RETURN_ALL;
	search->extended = true;
	return command_parsed(e->c);
}

static bool
is_selected_only(const struct parse_esearch *request)
{
	size_t i;

	for (i = 0; i < request->n; i++)
		if (request->sources[i].kind != PARSE_ESEARCH_SELECTED)
			return false;
	return true;
}

/* Each mailbox once, however often it is named; what is not there is not. */
static void
choose(const struct esearch *e, struct folders *folders)
{
	struct folders_entry *entry;
	size_t i, k;

	for (i = 0; i < folders->n; i++) {
		entry = &folders->entries[i];
		for (k = 0; k < e->request.n && entry->folder != NULL; k++)
			entry->match |=
			    is_chosen(e->c->s, &e->request.sources[k], entry);
	}
}

static bool
is_chosen(const struct session *s, const struct parse_esearch_source *source,
    const struct folders_entry *e)
{
	switch (source->kind) {
	case PARSE_ESEARCH_SELECTED:
		return strcmp(e->folder, s->client.view->folder) == 0;
	case PARSE_ESEARCH_INBOXES:
		return e->folder[0] == '\0';
	case PARSE_ESEARCH_PERSONAL:
		return true;
	case PARSE_ESEARCH_SUBSCRIBED:
		return e->subscribed;
	case PARSE_ESEARCH_SUBTREE:
		return is_below(source->mailbox, e, false);
	case PARSE_ESEARCH_SUBTREE_ONE:
		return is_below(source->mailbox, e, true);
	case PARSE_ESEARCH_MAILBOXES:
		return e->n == strlen(source->mailbox) &&
		       memcmp(e->name, source->mailbox, e->n) == 0;
	case PARSE_ESEARCH_KINDS:
		break;
	}
	return false;
}

/* The mailbox itself, or below it; one: by one level. */
static bool
is_below(const char *mailbox, const struct folders_entry *e, bool one)
{
	size_t n = strlen(mailbox);

	if (e->n < n || memcmp(e->name, mailbox, n) != 0)
		return false;
	if (e->n == n)
		return true;
	if (e->name[n] != '.')
		return false;
	return !one || memchr(e->name + n + 1, '.', e->n - n - 1) == NULL;
}

/*
 * What this one needs of memory is given back before the next. A mailbox that
 * has gone meanwhile or may not be read is passed over without a word.
 */
static void
search_folder(struct esearch *e, const char *folder)
{
	struct session *s = e->c->s;
	struct view *selected = s->client.view;
	struct arena *arena = s->arena;

	if (selected != NULL && strcmp(selected->folder, folder) == 0) {
		search_view(e);
		return;
	}
	s->client.view = view_open(s, folder, true);
	if (s->client.view != NULL) {
		arena_reset(s->scratch);
		s->arena = s->scratch;
		search_view(e);
		s->arena = arena;
		view_close(s->client.view);
	} else if (errno != ENOENT && errno != EACCES && errno != ESTALE) {
		e->err = errno;
	}
	s->client.view = selected;
}

static void
search_view(struct esearch *e)
{
	const struct parse_search *request = &e->request.search;
	struct search *search = NULL;
	struct found found;
	uint32_t seq = 0;

	e->made = found_make(e->c, request, &e->progress, &search);
	if (e->made != SEARCH_MADE)
		return;
	if (!found_reserve(e->c, &found)) {
		e->err = ENOMEM;
		search_free(search);
		return;
	}
	while ((seq = search_next(search, seq)) != 0)
		found.seqs[found.n++] = seq;
	e->gone = search_interrupted(search);
	if (search_error(search) != 0)
		e->err = search_error(search);
	search_free(search);
	if (e->gone)
		return;
	if (!found_save(e->c, request, &found))
		e->err = ENOMEM;
	tell(e, &found);
}

/* RFC 7377 2.1: a mailbox without a match is not spoken of. */
static void
tell(struct esearch *e, const struct found *found)
{
	struct session *s = e->c->s;
	struct buf *b = &s->line;

	if (found->n == 0 || e->request.search.ret == PARSE_SEARCH_RETURN_SAVE)
		return;
	buf_str(b, "* ESEARCH (TAG ");
	buf_string(b, e->c->tag, strlen(e->c->tag), false);
	buf_str(b, " MAILBOX ");
	out_mailbox(s, b, s->client.view->folder);
	buf_str(b, " UIDVALIDITY ");
	buf_num(b, mailbox_uidvalidity(s->client.view->mailbox));
	buf_str(b, ") UID");
	found_put(e->c, &e->request.search, found);
	buf_str(b, "\r\n");
	out_send(s);
}
