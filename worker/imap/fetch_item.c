/*
 * The items of a FETCH response (fetch.h). RFC 3501 7.4.2; EMAILID, THREADID:
 * RFC 8474; SAVEDATE: RFC 8514; PREVIEW: RFC 8970.
 */
#include <string.h>

#include "worker/imap/fetch.h"
#include "worker/imap/objectid.h"
#include "worker/imap/out.h"
#include "worker/imap/preview.h"
#include "worker/imap/view.h"

static void put_made(struct fetch *, size_t);
static void put_emailid(struct fetch *, size_t);
static void put_savedate(struct fetch *);
static void put_preview(struct fetch *, size_t);
static void put_date(struct buf *, time_t);
static void put_section(struct fetch *, size_t);
static void emit(void *, const char *, size_t);

void
fetch_put_item(struct fetch *f, size_t i, bool *seen)
{
	const struct parse_fetch_item *item = &f->items[i];
	struct buf *b = &f->s->line;

	switch (item->what) {
	case PARSE_FETCH_FLAGS:
		fetch_put_flags(f);
		*seen = false;
		break;
	case PARSE_FETCH_UID:
		buf_str(b, "UID ");
		buf_num(b, f->uid);
		break;
	case PARSE_FETCH_INTERNALDATE:
		buf_str(b, "INTERNALDATE ");
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
		put_emailid(f, i);
		break;
	case PARSE_FETCH_THREADID: /* RFC 8474 5.2: we make none */
		buf_str(b, "THREADID NIL");
		break;
	case PARSE_FETCH_SAVEDATE:
		put_savedate(f);
		break;
	case PARSE_FETCH_PREVIEW:
		put_preview(f, i);
		break;
	}
}

/* A text that is kept, or made now and kept from now on. */
static void
put_made(struct fetch *f, size_t i)
{
	struct mailbox *box = f->s->client.view->mailbox;
	enum parse_fetch_what what = f->items[i].what;
	struct content *k = &f->content;
	struct buf *b = &f->s->line;
	const struct mime *mime;
	size_t start = b->n;

	if (f->kept[i].p != NULL) {
		buf_bytes(b, f->kept[i].p, f->kept[i].n);
		return;
	}
	if (what == PARSE_FETCH_ENVELOPE) {
		body_envelope(b, k->p, k->header);
		f->s->client.header_bytes += k->header;
		if (k->whole)
			content_keep_header(k, box, f->uid);
	} else {
		mime = content_mime(k);
		if (mime == NULL)
			b->failed = true;
		else
			body_structure(
			    b, k->p, mime, what == PARSE_FETCH_BODYSTRUCTURE);
	}
	if (!b->failed)
		mailbox_keep(
		    box, f->uid, f->plan[i].kind, b->p + start, b->n - start);
}

/* RFC 8474 5.3. */
static void
put_emailid(struct fetch *f, size_t i)
{
	unsigned char digest[OBJECTID_DIGEST];
	struct content *k = &f->content;
	struct buf *b = &f->s->line;

	if (f->kept[i].p != NULL && f->kept[i].n == sizeof(digest)) {
		memcpy(digest, f->kept[i].p, sizeof(digest));
	} else {
		objectid_digest(digest, k->date, k->p, k->n);
		mailbox_keep(f->s->client.view->mailbox, f->uid, MAILBOX_DIGEST,
		    (const char *)digest, sizeof(digest));
	}
	buf_str(b, "EMAILID (");
	objectid_email(b, digest);
	buf_char(b, ')');
}

/* RFC 8514 4.2. */
static void
put_savedate(struct fetch *f)
{
	time_t saved = mailbox_saved(f->s->client.view->mailbox, f->uid);

	buf_str(&f->s->line, "SAVEDATE ");
	if (saved == 0)
		buf_str(&f->s->line, "NIL");
	else
		put_date(&f->s->line, saved);
}

/* RFC 8970 3.2: "" where there is none, NIL only for who is lazy. */
static void
put_preview(struct fetch *f, size_t i)
{
	bool utf8 = f->s->client.utf8 || f->s->client.rev2;
	struct content *k = &f->content;
	struct buf *b = &f->s->line, made;
	const struct mime *mime;

	buf_str(b, "PREVIEW ");
	if (f->kept[i].p != NULL) {
		buf_string(b, f->kept[i].p, f->kept[i].n, utf8);
		return;
	}
	if (f->open != FETCH_WHOLE) {
		buf_str(b, "NIL");
		return;
	}
	buf_init(&made, PREVIEW_BYTES);
	mime = content_mime(k);
	if (mime != NULL)
		preview_make(&made, k->p, mime);
	b->failed = b->failed || mime == NULL || made.failed;
	if (!b->failed) {
		mailbox_keep(f->s->client.view->mailbox, f->uid,
		    MAILBOX_PREVIEW, made.n == 0 ? "" : made.p, made.n);
		buf_string(b, made.n == 0 ? "" : made.p, made.n, utf8);
	}
	buf_done(&made);
}

void
fetch_put_flags(struct fetch *f)
{
	struct view *v = f->s->client.view;

	buf_str(&f->s->line, "FLAGS (");
	out_flags(f->s, &f->m);
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
	buf_printf(b, "\"%2d-%.3s-%04d %02d:%02d:%02d %c%02ld%02ld\"",
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
