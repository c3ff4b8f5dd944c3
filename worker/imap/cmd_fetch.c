/*
 * FETCH and UID FETCH: RFC 3501 6.4.5, 6.4.8, 7.4.2; BINARY: RFC 3516;
 * PARTIAL: RFC 9394 3.3. Per message: everything that can fail is done first
 * (prepare), then \Seen is set, then the line is written, so that no line is
 * ever left half.
 */
#include <errno.h>
#include <string.h>

#include "shm/log.h"
#include "worker/imap/body.h"
#include "worker/imap/change.h"
#include "worker/imap/command.h"
#include "worker/imap/condstore.h"
#include "worker/imap/content.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

#define LOOK_ALIVE 64 /* messages between two looks at the wire */

/* What of a message a request touches. */
#define NEED_FILE   1u
#define NEED_MIME   2u
#define NEED_SIZE   4u
#define NEED_DATE   8u
#define NEED_SEEN   16u
#define NEED_FLAGS  32u
#define NEED_NUMBER 64u

struct fetch {
	struct command *c;
	struct session *s;
	const struct parse_fetch_item *items;
	size_t nitems;
	bool uids; /* the UID first, asked for or not */
	unsigned need;
	uint64_t since; /* CHANGEDSINCE; 0: all */
	struct content content;
	/* the message of now */
	uint32_t seq, uid;
	bool open; /* its file is: content holds it */
	struct message m;
	uint64_t size;
	time_t date;
	struct kept {
		const char *p; /* NULL: not kept */
		size_t n;
	} * kept; /* [nitems] of a request that kept texts may answer */
	struct body_slice *slices; /* [nitems], p NULL: there is no such part */
	/* of all */
	bool vanished, unknown_cte;
	int err;
};

static void check_items(struct command *, const struct parse_fetch *);
static int cut_set(
    struct fetch *, const struct parse_partial *, struct view_set *);
static unsigned needs(const struct parse_fetch *);
static void tell_vanished(struct fetch *, const struct parse_fetch *);
static void fetch_all(struct fetch *, const struct view_set *);
static void fetch_one(struct fetch *);
static int prepare(struct fetch *);
static bool answers_kept(const struct parse_fetch *);
static bool take_kept(struct fetch *);
static enum mailbox_kept kept_kind(enum parse_fetch_what);
static void put_made(struct fetch *, size_t);
static int prepare_slice(struct fetch *, size_t);
static int slice_root(
    struct fetch *, const struct parse_section *, struct body_slice *);
static void set_seen(struct fetch *);
static void tell(struct fetch *, bool);
static void put_item(struct fetch *, size_t, bool *);
static void put_flags(struct fetch *);
static void put_date(struct buf *, time_t);
static void put_section(struct fetch *, size_t);
static void emit(void *, const char *, size_t);

void
cmd_fetch(struct command *c)
{
	struct parse_fetch request;
	struct view_set set;
	struct fetch f = {.c = c, .s = c->s};

	memset(&request, 0, sizeof(request));
	parse_fetch(c->p, &request);
	check_items(c, &request);
	if (!command_parsed(c))
		return;
	if (view_resolve(c->s, &request.set, c->uid, &set) == -1) {
		command_bad(c, "Invalid message sequence number");
		return;
	}
	if (request.partial.lo != 0 &&
	    cut_set(&f, &request.partial, &set) == -1)
		return;
	f.items = request.items;
	f.nitems = request.nitems;
	f.uids = c->uid;
	f.need = needs(&request);
	f.since = request.changedsince;
	if (f.since != 0 || (f.need & NEED_NUMBER) != 0)
		condstore_enable(c->s);
	f.slices = arena_array(c->s->arena, f.nitems, sizeof(*f.slices));
	f.kept = answers_kept(&request)
		     ? arena_array(c->s->arena, f.nitems, sizeof(*f.kept))
		     : NULL;
	if (f.slices == NULL) {
		out_errno(c, ENOMEM, "FETCH failed.");
		return;
	}
	if (request.vanished)
		tell_vanished(&f, &request);
	content_init(&f.content);
	fetch_all(&f, &set);
	content_done(&f.content);
	if (!session_alive(c->s))
		return;
	if (f.err != 0)
		out_errno(c, f.err, "FETCH could not read all messages.");
	else if (f.unknown_cte)
		out_tagged(c, OUT_NO, "UNKNOWN-CTE",
		    "FETCH found an unknown transfer encoding.");
	else
		out_tagged(c, OUT_OK, f.vanished ? "EXPUNGEISSUED" : NULL,
		    "FETCH completed.");
}

void
fetch_tell(struct session *s, const struct parse_fetch *request, uint32_t from,
    uint32_t to)
{
	const struct seqset_range r = {from, to};
	const struct view_set set = {&r, 1, to - from + 1};
	struct fetch f = {.s = s, .uids = true};

	f.slices = arena_array(s->arena, request->nitems, sizeof(*f.slices));
	if (f.slices == NULL)
		return;
	f.items = request->items;
	f.nitems = request->nitems;
	f.need = needs(request) & ~NEED_SEEN;
	content_init(&f.content);
	fetch_all(&f, &set);
	content_done(&f.content);
}

/* What only an index can answer is refused, not guessed. */
static void
check_items(struct command *c, const struct parse_fetch *request)
{
	const struct client *client = &c->s->client;
	bool numbers = request->changedsince != 0;
	size_t i;

	if (request->partial.lo != 0 && !c->uid)
		parse_fail(c->p, "FETCH modifier not supported");
	/* RFC 7162 3.2.6 */
	if (request->vanished && (!c->uid || !client->qresync))
		parse_fail(c->p, "VANISHED needs UID FETCH and QRESYNC");
	for (i = 0; i < request->nitems; i++)
		switch (request->items[i].what) {
		case PARSE_FETCH_MODSEQ:
			numbers = true;
			break;
		case PARSE_FETCH_EMAILID:
		case PARSE_FETCH_THREADID:
		case PARSE_FETCH_SAVEDATE:
		case PARSE_FETCH_PREVIEW:
			parse_fail(c->p, "FETCH item not supported");
			break;
		case PARSE_FETCH_FLAGS:
		case PARSE_FETCH_UID:
		case PARSE_FETCH_INTERNALDATE:
		case PARSE_FETCH_SIZE:
		case PARSE_FETCH_ENVELOPE:
		case PARSE_FETCH_BODY:
		case PARSE_FETCH_BODYSTRUCTURE:
		case PARSE_FETCH_SECTION:
		case PARSE_FETCH_BINARY:
		case PARSE_FETCH_BINARY_SIZE:
			break;
		}
	if (numbers && !condstore_usable(c->s))
		parse_fail(c->p, "the mailbox is NOMODSEQ");
}

/* RFC 9394 3.3: of the messages there are, those in this range of places. */
static int
cut_set(
    struct fetch *f, const struct parse_partial *partial, struct view_set *set)
{
	uint64_t lo = partial->lo, hi = partial->hi, at = 0;
	struct seqset_range *r;
	size_t i, n = 0;

	r = arena_array(f->s->arena, set->n, sizeof(*r));
	if (r == NULL) {
		out_errno(f->c, ENOMEM, "FETCH failed.");
		return -1;
	}
	if (partial->last) {
		lo = hi > set->count ? 1 : set->count - hi + 1;
		hi =
		    partial->lo > set->count ? 0 : set->count - partial->lo + 1;
	}
	/* The messages of a range have the places at + 1 to at + width. */
	for (i = 0; i < set->n; i++) {
		uint64_t width = (uint64_t)set->r[i].hi - set->r[i].lo + 1;
		uint64_t from = lo > at ? lo - at : 1;
		uint64_t to = hi > at ? hi - at : 0;

		if (to > width)
			to = width;
		if (from <= to)
			r[n++] = (struct seqset_range){
			    set->r[i].lo + (uint32_t)from - 1,
			    set->r[i].lo + (uint32_t)to - 1};
		at += width;
	}
	set->r = r;
	set->n = n;
	return 0;
}

static unsigned
needs(const struct parse_fetch *request)
{
	static const unsigned needed[] = {
	    [PARSE_FETCH_FLAGS] = NEED_FLAGS,
	    [PARSE_FETCH_UID] = 0,
	    [PARSE_FETCH_INTERNALDATE] = NEED_DATE,
	    [PARSE_FETCH_SIZE] = NEED_SIZE,
	    [PARSE_FETCH_ENVELOPE] = NEED_FILE,
	    [PARSE_FETCH_BODY] = NEED_FILE | NEED_MIME,
	    [PARSE_FETCH_BODYSTRUCTURE] = NEED_FILE | NEED_MIME,
	    [PARSE_FETCH_SECTION] = NEED_FILE,
	    [PARSE_FETCH_BINARY] = NEED_FILE | NEED_MIME,
	    [PARSE_FETCH_BINARY_SIZE] = NEED_FILE | NEED_MIME,
	    [PARSE_FETCH_MODSEQ] = NEED_NUMBER,
	};
	const struct parse_fetch_item *item;
	unsigned need = 0;
	size_t i;

	for (i = 0; i < request->nitems; i++) {
		item = &request->items[i];
		need |= needed[item->what];
		/* RFC 3501 6.4.5: only these set \Seen, unless .PEEK. */
		if ((item->what == PARSE_FETCH_SECTION ||
			item->what == PARSE_FETCH_BINARY) &&
		    !item->peek)
			need |= NEED_SEEN;
	}
	return need;
}

/* RFC 7162 3.2.6: before the first FETCH. */
static void
tell_vanished(struct fetch *f, const struct parse_fetch *request)
{
	uint32_t max = mailbox_uidnext(f->s->client.view->mailbox) - 1;
	const struct seqset_range *r;
	size_t n;

	if (request->set.saved || max == 0)
		return;
	r = seqset_resolve(f->s->arena, &request->set, max, &n);
	if (r != NULL)
		condstore_vanished(f->s, request->changedsince, r, n, 0);
}

static void
fetch_all(struct fetch *f, const struct view_set *set)
{
	const struct message *m;
	uint32_t seq;
	size_t i, n = 0;

	for (i = 0; i < set->n; i++)
		for (seq = set->r[i].lo; seq <= set->r[i].hi; seq++) {
			if (++n % LOOK_ALIVE == 0 && !session_alive(f->s))
				return;
			m = view_message(f->s->client.view, seq);
			if (m == NULL) {
				f->vanished = true;
				continue;
			}
			if (m->modseq <= f->since && f->since != 0)
				continue;
			f->m = *m;
			f->seq = seq;
			f->uid = m->uid;
			fetch_one(f);
		}
	out_send(f->s);
}

/* A message that cannot be read is left out: nothing is made up for it. */
static void
fetch_one(struct fetch *f)
{
	int prepared = prepare(f);
	bool seen;

	/* RFC 3516 4.3: it fails the request, in the end. */
	f->unknown_cte |= prepared == 1;
	if (prepared == 1)
		return;
	if (prepared == -1) {
		if (errno == ENOENT) {
			f->vanished = true;
			return;
		}
		f->err = errno;
		log_line(LOG_LEVEL_ERR,
		    "message cannot be read user=%s "
		    "uid=%u: %s",
		    f->s->account->user, f->uid, strerror(errno));
		return;
	}
	seen = (f->need & NEED_SEEN) != 0 && (f->m.flags & MESSAGE_SEEN) == 0 &&
	       !f->s->client.view->readonly;
	if (seen)
		set_seen(f);
	/* A keyword is named before it is used, whoever brought it. */
	if (seen || (f->need & NEED_FLAGS) != 0)
		view_report_keywords(f->s, false);
	tell(f, seen);
}

/*
 * 0; -1: the message is to be left out, errno says why; 1: likewise, a part's
 * transfer encoding is unknown.
 */
static int
prepare(struct fetch *f)
{
	struct mailbox *box = f->s->client.view->mailbox;
	int result;
	size_t i;

	f->open = (f->need & NEED_FILE) != 0 && !take_kept(f);
	if (f->open) {
		arena_reset(f->s->scratch);
		if (content_open(&f->content, box, f->uid) == -1)
			return -1;
		f->date = f->content.date;
		if ((f->need & NEED_MIME) != 0 &&
		    content_mime(&f->content) == NULL) {
			errno = ENOMEM;
			return -1;
		}
	} else if ((f->need & NEED_DATE) != 0 &&
		   mailbox_date(box, f->uid, &f->date) == -1) {
		return -1;
	}
	if ((f->need & NEED_SIZE) != 0 &&
	    mailbox_size(box, f->uid, &f->size) == -1)
		return -1;
	for (i = 0; f->open && i < f->nitems; i++) {
		result = prepare_slice(f, i);
		if (result != 0)
			return result;
	}
	return 0;
}

/* Is all that needs the file among what is kept? */
static bool
answers_kept(const struct parse_fetch *request)
{
	size_t i;

	for (i = 0; i < request->nitems; i++)
		switch (request->items[i].what) {
		case PARSE_FETCH_SECTION:
		case PARSE_FETCH_BINARY:
		case PARSE_FETCH_BINARY_SIZE:
			return false;
		default:
			break;
		}
	return true;
}

static bool
take_kept(struct fetch *f)
{
	struct mailbox *box = f->s->client.view->mailbox;
	enum mailbox_kept kind;
	size_t i;

	for (i = 0; f->kept != NULL && i < f->nitems; i++) {
		kind = kept_kind(f->items[i].what);
		if (kind != 0 && !mailbox_kept(box, f->uid, kind, &f->kept[i].p,
				     &f->kept[i].n))
			return false;
	}
	return f->kept != NULL;
}

/* 0: no such thing. */
static enum mailbox_kept
kept_kind(enum parse_fetch_what what)
{
	if (what == PARSE_FETCH_ENVELOPE)
		return MAILBOX_ENVELOPE;
	if (what == PARSE_FETCH_BODY)
		return MAILBOX_BODY;
	return what == PARSE_FETCH_BODYSTRUCTURE ? MAILBOX_BODYSTRUCTURE : 0;
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
	} else if (item->what == PARSE_FETCH_SECTION) {
		mime = content_mime(&f->content);
		result = mime == NULL
			     ? -1
			     : body_section(f->s->scratch, f->content.p, mime,
				   &item->section, slice);
	} else if (item->what == PARSE_FETCH_BINARY ||
		   item->what == PARSE_FETCH_BINARY_SIZE) {
		result = body_binary(f->s->scratch, f->content.p,
		    content_mime(&f->content), &item->section, slice);
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

/* A folder where that cannot be done is read all the same. */
static void
set_seen(struct fetch *f)
{
	const struct mailbox_change seen = {
	    .op = MAILBOX_ADD, .flags = MESSAGE_SEEN};
	const struct message *m;
	bool changed = false;

	if (change_store(f->s, &f->uid, 1, &seen, &changed) == -1)
		log_line(LOG_LEVEL_WARN, "\\Seen not set user=%s uid=%u: %s",
		    f->s->account->user, f->uid, strerror(errno));
	m = mailbox_find(f->s->client.view->mailbox, f->uid);
	if (m != NULL)
		f->m = *m;
}

static void
tell(struct fetch *f, bool seen)
{
	struct buf *b = &f->s->line;
	bool blank = false;
	size_t i;

	buf_str(b, "* ");
	buf_num(b, f->seq);
	buf_str(b, " FETCH (");
	/* RFC 3501 6.4.8: always part of an answer to a UID command. */
	if (f->uids) {
		buf_str(b, "UID ");
		buf_num(b, f->uid);
		blank = true;
	}
	for (i = 0; i < f->nitems; i++) {
		if (f->uids && f->items[i].what == PARSE_FETCH_UID)
			continue;
		if (blank)
			buf_char(b, ' ');
		put_item(f, i, &seen);
		blank = true;
	}
	if (f->since != 0 && (f->need & NEED_NUMBER) == 0)
		view_put_modseq(f->s, &f->m); /* RFC 7162 3.1.4.1 */
	else if (seen && f->s->client.condstore && (f->need & NEED_NUMBER) == 0)
		view_put_modseq(f->s, &f->m);
	if (seen) { /* RFC 3501 6.4.5: the change SHOULD be in the answer */
		buf_char(b, ' ');
		put_flags(f);
	}
	buf_str(b, ")\r\n");
	if (b->n >= WIRE_OUT / 2)
		out_send(f->s);
}

static void
put_item(struct fetch *f, size_t i, bool *seen)
{
	const struct parse_fetch_item *item = &f->items[i];
	struct buf *b = &f->s->line;

	switch (item->what) {
	case PARSE_FETCH_FLAGS:
		put_flags(f);
		*seen = false;
		break;
	case PARSE_FETCH_UID:
		buf_str(b, "UID ");
		buf_num(b, f->uid);
		break;
	case PARSE_FETCH_INTERNALDATE:
		put_date(b, f->date);
		break;
	case PARSE_FETCH_SIZE:
		buf_str(b, "RFC822.SIZE ");
		buf_num(b, f->size);
		break;
	case PARSE_FETCH_ENVELOPE:
		buf_str(b, "ENVELOPE ");
		put_made(f, i);
		break;
	case PARSE_FETCH_BODY:
		buf_str(b, "BODY ");
		put_made(f, i);
		break;
	case PARSE_FETCH_BODYSTRUCTURE:
		buf_str(b, "BODYSTRUCTURE ");
		put_made(f, i);
		break;
	case PARSE_FETCH_BINARY_SIZE:
		buf_str(b, item->label);
		buf_char(b, ' ');
		buf_num(b, f->slices[i].size);
		break;
	case PARSE_FETCH_SECTION:
	case PARSE_FETCH_BINARY:
		put_section(f, i);
		break;
	case PARSE_FETCH_MODSEQ:
		buf_str(b, "MODSEQ (");
		buf_num(b, f->m.modseq);
		buf_char(b, ')');
		if (f->s->client.view->sent < f->m.modseq)
			f->s->client.view->sent = f->m.modseq;
		break;
	case PARSE_FETCH_EMAILID:
	case PARSE_FETCH_THREADID:
	case PARSE_FETCH_SAVEDATE:
	case PARSE_FETCH_PREVIEW:
		break; /* refused by check_items */
	}
}

/* A text that is kept, or made now and kept from now on. */
static void
put_made(struct fetch *f, size_t i)
{
	enum parse_fetch_what what = f->items[i].what;
	struct buf *b = &f->s->line;
	size_t start = b->n;

	if (!f->open) {
		buf_bytes(b, f->kept[i].p, f->kept[i].n);
		return;
	}
	if (what == PARSE_FETCH_ENVELOPE) {
		body_envelope(b, f->content.p, f->content.header);
		f->s->client.header_bytes += f->content.header;
	} else {
		body_structure(b, f->content.p, content_mime(&f->content),
		    what == PARSE_FETCH_BODYSTRUCTURE);
	}
	if (f->kept != NULL && !b->failed)
		mailbox_keep(f->s->client.view->mailbox, f->uid,
		    kept_kind(what), b->p + start, b->n - start);
}

static void
put_flags(struct fetch *f)
{
	struct view *v = f->s->client.view;

	buf_str(&f->s->line, "FLAGS (");
	out_flags(&f->s->line, v->mailbox, &f->m);
	buf_char(&f->s->line, ')');
	view_told_flags(v, f->uid);
}

/* RFC 3501 "date-time", in local time. */
static void
put_date(struct buf *b, time_t date)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;
	long zone;

	if (localtime_r(&date, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		date = 0;
		(void)gmtime_r(&date, &tm);
	}
	zone = tm.tm_gmtoff / 60;
	buf_printf(b,
	    "INTERNALDATE \"%2d-%.3s-%04d %02d:%02d:%02d %c%02ld%02ld\"",
	    tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, zone < 0 ? '-' : '+',
	    (zone < 0 ? -zone : zone) / 60, (zone < 0 ? -zone : zone) % 60);
}

/* RFC 3501 6.4.5: a partial is cut at the end and answered by its origin. */
static void
put_section(struct fetch *f, size_t i)
{
	const struct parse_fetch_item *item = &f->items[i];
	const struct body_slice *slice = &f->slices[i];
	uint64_t from = 0, count = slice->size;
	struct buf *b = &f->s->line;
	struct client *c = &f->s->client;

	buf_str(b, item->label);
	if (item->partial) {
		from = item->offset < slice->size ? item->offset : slice->size;
		if (count - from > item->count)
			count = item->count;
		else
			count -= from;
		buf_printf(b, "<%u>", item->offset);
	}
	if (slice->p == NULL) {
		buf_str(b, " NIL");
		return;
	}
	/* RFC 3516 4.2: NUL only in a literal8. */
	if (item->what == PARSE_FETCH_BINARY &&
	    memchr(slice->p, '\0', slice->n) != NULL)
		buf_str(b, " ~{");
	else
		buf_str(b, " {");
	buf_num(b, count);
	buf_str(b, "}\r\n");
	if (item->section.text == PARSE_SECTION_ALL ||
	    item->section.text == PARSE_SECTION_TEXT)
		c->body_bytes += count;
	else
		c->header_bytes += count;
	if (count > WIRE_OUT / 4)
		out_send(f->s);
	body_emit(slice, from, count, emit, f->s);
}

/* Small pieces join the line; before a large literal the line was sent. */
static void
emit(void *arg, const char *p, size_t n)
{
	struct session *s = arg;

	if (s->line.n + n <= WIRE_OUT) {
		buf_bytes(&s->line, p, n);
		return;
	}
	out_send(s);
	wire_write(&s->wire, p, n);
}
