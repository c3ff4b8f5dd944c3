/*
 * What of a message must be opened for a FETCH (fetch.h): nothing, if all is
 * kept; the header, if that is enough; else the file, once, for all items. RFC
 * 3501 6.4.5.
 */
#include <errno.h>
#include <string.h>

#include "worker/imap/fetch.h"
#include "worker/imap/header.h"
#include "worker/imap/view.h"

static void plan_item(const struct parse_fetch_item *, struct fetch_plan *);
static enum fetch_open section_open(const struct parse_section *);
static unsigned needs(const struct parse_fetch_item *);
static void take_kept(struct fetch *);
static int open_message(struct fetch *);
static int find_size(struct fetch *);
static int prepare_slice(struct fetch *, size_t);
static int slice_root(
    struct fetch *, const struct parse_section *, struct body_slice *);

bool
fetch_plan(struct fetch *f, const struct parse_fetch *request)
{
	struct arena *a = f->s->arena;
	size_t i;

	f->items = request->items;
	f->nitems = request->nitems;
	f->plan = arena_array(a, f->nitems, sizeof(*f->plan));
	f->kept = arena_array(a, f->nitems, sizeof(*f->kept));
	f->slices = arena_array(a, f->nitems, sizeof(*f->slices));
	if (f->plan == NULL || f->kept == NULL || f->slices == NULL)
		return false;
	for (i = 0; i < f->nitems; i++) {
		plan_item(&f->items[i], &f->plan[i]);
		f->need |= needs(&f->items[i]);
	}
	return true;
}

static void
plan_item(const struct parse_fetch_item *item, struct fetch_plan *plan)
{
	static const struct fetch_plan plans[] = {
	    [PARSE_FETCH_ENVELOPE] = {FETCH_FIELDS, MAILBOX_ENVELOPE},
	    [PARSE_FETCH_BODY] = {FETCH_WHOLE, MAILBOX_BODY},
	    [PARSE_FETCH_BODYSTRUCTURE] = {FETCH_WHOLE, MAILBOX_BODYSTRUCTURE},
	    [PARSE_FETCH_BINARY] = {FETCH_WHOLE, 0},
	    [PARSE_FETCH_BINARY_SIZE] = {FETCH_WHOLE, 0},
	    [PARSE_FETCH_EMAILID] = {FETCH_WHOLE, MAILBOX_DIGEST},
	    [PARSE_FETCH_PREVIEW] = {FETCH_WHOLE, MAILBOX_PREVIEW},
	};

	*plan = (struct fetch_plan){FETCH_NOTHING, 0};
	if (item->what == PARSE_FETCH_SECTION)
		plan->open = section_open(&item->section);
	else if (item->what < sizeof(plans) / sizeof(plans[0]))
		*plan = plans[item->what];
}

static enum fetch_open
section_open(const struct parse_section *section)
{
	size_t i;

	if (section->nparts > 0 || section->text == PARSE_SECTION_ALL ||
	    section->text == PARSE_SECTION_TEXT)
		return FETCH_WHOLE;
	if (section->text != PARSE_SECTION_FIELDS)
		return FETCH_HEADER;
	for (i = 0; i < section->nfields; i++)
		if (!header_keeps(section->fields[i].p, section->fields[i].n))
			return FETCH_HEADER;
	return FETCH_FIELDS;
}

static unsigned
needs(const struct parse_fetch_item *item)
{
	switch (item->what) {
	case PARSE_FETCH_FLAGS:
		return FETCH_FLAGS;
	case PARSE_FETCH_INTERNALDATE:
		return FETCH_DATE;
	case PARSE_FETCH_SIZE:
		return FETCH_SIZE;
	case PARSE_FETCH_MODSEQ:
		return FETCH_NUMBER;
	case PARSE_FETCH_SECTION:
	case PARSE_FETCH_BINARY:
		/* RFC 3501 6.4.5: only these set \Seen, unless .PEEK. */
		return item->peek ? 0 : FETCH_SEEN;
	case PARSE_FETCH_UID:
	case PARSE_FETCH_ENVELOPE:
	case PARSE_FETCH_BODY:
	case PARSE_FETCH_BODYSTRUCTURE:
	case PARSE_FETCH_BINARY_SIZE:
	case PARSE_FETCH_EMAILID:
	case PARSE_FETCH_THREADID:
	case PARSE_FETCH_SAVEDATE:
	case PARSE_FETCH_PREVIEW:
		break;
	}
	return 0;
}

int
fetch_prepare(struct fetch *f)
{
	struct mailbox *box = f->s->client.view->mailbox;
	int result;
	size_t i;

	take_kept(f);
	if (open_message(f) == -1)
		return -1;
	if ((f->need & FETCH_DATE) != 0) {
		if (f->open != FETCH_NOTHING && !f->content.kept)
			f->date = f->content.date;
		else if (mailbox_date(box, f->uid, &f->date) == -1)
			return -1;
	}
	if ((f->need & FETCH_SIZE) != 0 && find_size(f) == -1)
		return -1;
	for (i = 0; f->open != FETCH_NOTHING && i < f->nitems; i++) {
		result = prepare_slice(f, i);
		if (result != 0)
			return result;
	}
	return 0;
}

/* What is kept, and what must be open for the rest. */
static void
take_kept(struct fetch *f)
{
	struct mailbox *box = f->s->client.view->mailbox;
	const struct fetch_plan *plan;
	struct fetch_kept *kept;
	size_t i;

	f->open = FETCH_NOTHING;
	f->tree = false;
	for (i = 0; i < f->nitems; i++) {
		plan = &f->plan[i];
		kept = &f->kept[i];
		kept->p = NULL;
		if (plan->kind != 0 &&
		    mailbox_kept(box, f->uid, plan->kind, &kept->p, &kept->n))
			continue;
		f->tree |= plan->kind == MAILBOX_BODY ||
			   plan->kind == MAILBOX_BODYSTRUCTURE;
		/* RFC 8970 4.1: what is lazy waits for nothing. */
		if (!f->items[i].lazy && plan->open > f->open)
			f->open = plan->open;
	}
}

static int
open_message(struct fetch *f)
{
	struct mailbox *box = f->s->client.view->mailbox;

	if (f->open == FETCH_NOTHING)
		return 0;
	arena_reset(f->s->scratch);
	if (f->open == FETCH_WHOLE)
		return content_open(&f->content, box, f->uid);
	if (content_open_header(
		&f->content, box, f->uid, f->open == FETCH_FIELDS) == -1)
		return -1;
	/* The limit is for what is understood, not for what is sent. */
	return f->content.n < MIME_HEADER_MAX
		   ? 0
		   : content_open(&f->content, box, f->uid);
}

/* Who has the file open does not read it again, nor count it twice. */
static int
find_size(struct fetch *f)
{
	struct mailbox *box = f->s->client.view->mailbox;
	struct content *k = &f->content;
	const struct mime_part *root;

	if (mailbox_size_known(box, f->uid, &f->size))
		return 0;
	if (f->open == FETCH_NOTHING || !k->whole)
		return mailbox_size(box, f->uid, &f->size);
	if (f->tree && content_mime(k) != NULL) {
		root = mime_root(k->mime);
		f->size = root->hdr_size + root->body_size;
	} else {
		f->size = mime_wire_size(k->p, k->n);
	}
	mailbox_keep_size(box, f->uid, f->size, k->date);
	return 0;
}

static int
prepare_slice(struct fetch *f, size_t i)
{
	const struct parse_fetch_item *item = &f->items[i];
	struct body_slice *slice = &f->slices[i];
	const struct mime *mime;
	int result;

	memset(slice, 0, sizeof(*slice));
	if (item->what == PARSE_FETCH_SECTION && item->section.nparts == 0) {
		result = slice_root(f, &item->section, slice);
	} else if (item->what == PARSE_FETCH_SECTION ||
		   item->what == PARSE_FETCH_BINARY ||
		   item->what == PARSE_FETCH_BINARY_SIZE) {
		mime = content_mime(&f->content);
		if (mime == NULL)
			result = -1;
		else if (item->what == PARSE_FETCH_SECTION)
			result = body_section(f->s->scratch, f->content.p, mime,
			    &item->section, slice);
		else
			result = body_binary(f->s->scratch, f->content.p, mime,
			    &item->section, slice);
	} else {
		return 0;
	}
	if (result == -1) {
		errno = ENOMEM;
		return -1;
	}
	if (result == 2)
		return 1;
	if (result != 0)
		memset(slice, 0, sizeof(*slice));
	else if (slice->p == NULL)
		slice->p = ""; /* there, and empty */
	return 0;
}

/*
 * Sections of the message itself need no tree of its parts, only the place
 * where its header ends.
 */
static int
slice_root(struct fetch *f, const struct parse_section *section,
    struct body_slice *slice)
{
	const struct content *k = &f->content;
	const struct mime *head;

	slice->p = k->p;
	slice->n = k->n;
	slice->stored = true;
	switch (section->text) {
	case PARSE_SECTION_ALL:
		break;
	case PARSE_SECTION_HEADER:
		slice->n = k->header;
		break;
	case PARSE_SECTION_TEXT:
		slice->p = k->p + k->header;
		slice->n = k->n - k->header;
		break;
	case PARSE_SECTION_FIELDS:
	case PARSE_SECTION_FIELDS_NOT:
	case PARSE_SECTION_MIME:
		head = content_head(&f->content);
		if (head == NULL)
			return -1;
		return body_section(f->s->scratch, k->p, head, section, slice);
	}
	slice->size = mime_wire_size(slice->p, slice->n);
	return 0;
}
