/*
 * Sort keys from the header (keys.h). The fields are walked once; of several of
 * one name the first counts. Texts are built one after the other in one buffer
 * that may move, so until the end they are known by their places in it.
 */
#include "worker/imap/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/address.h"
#include "worker/imap/buf.h"
#include "worker/imap/collate.h"
#include "worker/imap/content.h"
#include "worker/imap/keys_kept.h"
#include "worker/imap/msgid.h"
#include "worker/imap/subject.h"
#include "worker/imap/text.h"

#define BUF_MAX (2u * MIME_HEADER_MAX)

enum field {
	CC,
	DATE,
	FROM,
	IN_REPLY_TO,
	MESSAGE_ID,
	REFERENCES,
	SUBJECT,
	TO,
	FIELDS
};

struct place {
	size_t at, n;
	bool set;
};

struct keys_reader {
	struct mailbox *box;
	struct content content;
	struct buf made;   /* the texts that are lent */
	struct buf pieces; /* on the way to them */
	struct place text[KEYS_TEXTS], id, refs[KEYS_REFS_MAX];
};

static int from_header(struct keys_reader *, uint32_t, unsigned, struct keys *);
static void find_fields(const struct mime_text *, struct mime_text[FIELDS]);
static enum field field_of(const struct mime_text *);
static void put_subject(
    struct keys_reader *, const struct mime_text *, struct keys *);
static void put_address(struct keys_reader *, const struct mime_text *,
    enum keys_text, enum keys_text, unsigned);
static void put_display(struct keys_reader *, const struct address *);
static void put_refs(
    struct keys_reader *, const struct mime_text[FIELDS], struct keys *);
static size_t put_last_ids(struct keys_reader *, const struct mime_text *);
static bool put_id(
    struct keys_reader *, const struct mime_text *, size_t *, struct place *);
static void close_place(struct keys_reader *, size_t, struct place *);
static void put_sent(const struct mime_text *, time_t, struct keys *);
static struct mime_text lend(const struct keys_reader *, const struct place *);

struct keys_reader *
keys_new(struct mailbox *box)
{
	struct keys_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->box = box;
	buf_init(&r->made, BUF_MAX);
	buf_init(&r->pieces, BUF_MAX);
	content_init(&r->content);
	return r;
}

void
keys_free(struct keys_reader *r)
{
	if (r == NULL)
		return;
	buf_done(&r->made);
	buf_done(&r->pieces);
	content_done(&r->content);
	free(r);
}

int
keys_get(struct keys_reader *r, uint32_t uid, unsigned want, struct keys *out)
{
	const unsigned status = KEYS_ARRIVAL | KEYS_SIZE;
	time_t date;

	memset(out, 0, sizeof(*out));
	if ((want & KEYS_SIZE) != 0 &&
	    mailbox_size(r->box, uid, &out->size) == -1)
		return -1;
	if ((want & KEYS_ARRIVAL) != 0) {
		if (mailbox_date(r->box, uid, &date) == -1)
			return -1;
		out->arrival = date;
	}
	want = keys_kept(r->box, uid, want & ~status, out);
	return want == 0 ? 0 : from_header(r, uid, want, out);
}

/* What is not kept is made, with what belongs to it, and kept. */
static int
from_header(
    struct keys_reader *r, uint32_t uid, unsigned want, struct keys *out)
{
	struct content *c = &r->content;
	struct mime_text header;
	struct keys made = {0};
	time_t date = 0;

	if (content_open_header(c, r->box, uid, true) == -1)
		return -1;
	if (!c->kept)
		date = c->date;
	else if ((want & KEYS_SENT) != 0 &&
		 mailbox_date(r->box, uid, &date) == -1)
		return -1;
	header.p = c->p;
	header.n = c->n;
	if (keys_of_header(r, &header, date, want, &made) == -1)
		return -1;
	keys_keep(r->box, uid, want, &made, &r->pieces);
	keys_take(out, &made, want);
	return 0;
}

int
keys_of_header(struct keys_reader *r, const struct mime_text *header,
    time_t date, unsigned want, struct keys *out)
{
	struct mime_text fields[FIELDS];
	size_t i;

	buf_clear(&r->made);
	memset(r->text, 0, sizeof(r->text));
	memset(&r->id, 0, sizeof(r->id));
	find_fields(header, fields);
	out->arrival = date;
	if ((want & KEYS_SENT) != 0)
		put_sent(&fields[DATE], date, out);
	if ((want & 1u << KEYS_SUBJECT) != 0)
		put_subject(r, &fields[SUBJECT], out);
	put_address(r, &fields[FROM], KEYS_FROM, KEYS_DISPLAYFROM, want);
	put_address(r, &fields[TO], KEYS_TO, KEYS_DISPLAYTO, want);
	put_address(r, &fields[CC], KEYS_CC, KEYS_TEXTS, want);
	if ((want & KEYS_REFS) != 0)
		put_refs(r, fields, out);
	if (r->made.failed || r->pieces.failed) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < KEYS_TEXTS; i++)
		out->text[i] = lend(r, &r->text[i]);
	out->id = lend(r, &r->id);
	for (i = 0; i < out->nrefs; i++)
		out->refs[i] = lend(r, &r->refs[i]);
	return 0;
}

static void
find_fields(const struct mime_text *header, struct mime_text fields[FIELDS])
{
	struct mime_text name, value;
	enum field f;
	size_t at = 0;

	memset(fields, 0, FIELDS * sizeof(*fields));
	while (mime_field(header->p, header->n, &at, &name, &value)) {
		f = field_of(&name);
		if (f != FIELDS && fields[f].p == NULL)
			fields[f] = value;
	}
}

static enum field
field_of(const struct mime_text *name)
{
	static const char *const names[FIELDS] = {
	    [CC] = "Cc",
	    [DATE] = "Date",
	    [FROM] = "From",
	    [IN_REPLY_TO] = "In-Reply-To",
	    [MESSAGE_ID] = "Message-ID",
	    [REFERENCES] = "References",
	    [SUBJECT] = "Subject",
	    [TO] = "To",
	};
	int i;

	for (i = 0; i < FIELDS; i++)
		if ((name->p[0] | 0x20) == (names[i][0] | 0x20) &&
		    name->n == strlen(names[i]) &&
		    strncasecmp(name->p, names[i], name->n) == 0)
			break;
	return (enum field)i;
}

static void
put_subject(
    struct keys_reader *r, const struct mime_text *value, struct keys *out)
{
	struct subject subject;
	size_t at = r->made.n;

	if (value->p == NULL)
		return;
	buf_clear(&r->pieces);
	subject_decode(&r->pieces, value->p, value->n);
	if (r->pieces.failed || r->pieces.n == 0)
		return;
	subject_base(r->pieces.p, r->pieces.n, &subject);
	out->reply = subject.reply;
	collate_put(&r->made, subject.p, subject.n);
	close_place(r, at, &r->text[KEYS_SUBJECT]);
}

/* Both keys of the first address; a group counts by its name, RFC 5957. */
static void
put_address(struct keys_reader *r, const struct mime_text *value,
    enum keys_text plain, enum keys_text display, unsigned want)
{
	struct address_reader list;
	struct address a;
	size_t at;

	/* Nobody wants KEYS_TEXTS, which stands for none. */
	if (value->p == NULL || (want & (1u << plain | 1u << display)) == 0)
		return;
	address_init(&list, value->p, value->n);
	if (address_next(&list, &a)) {
		at = r->made.n;
		buf_clear(&r->pieces);
		text_header_decode(&r->pieces, a.mailbox.p, a.mailbox.n);
		collate_put(&r->made, r->pieces.p, r->pieces.n);
		close_place(r, at, &r->text[plain]);
		if (display != KEYS_TEXTS) {
			at = r->made.n;
			put_display(r, &a);
			close_place(r, at, &r->text[display]);
		}
	}
	address_done(&list);
}

/* RFC 5957 section 3: addr-name, else mailbox@host, else mailbox. */
static void
put_display(struct keys_reader *r, const struct address *a)
{
	buf_clear(&r->pieces);
	if (a->name.p != NULL)
		text_header_decode(&r->pieces, a->name.p, a->name.n);
	if (r->pieces.n == 0) {
		text_header_decode(&r->pieces, a->mailbox.p, a->mailbox.n);
		if (a->kind == ADDRESS_MAILBOX && a->host.n > 0) {
			buf_char(&r->pieces, '@');
			text_header_decode(&r->pieces, a->host.p, a->host.n);
		}
	}
	collate_put(&r->made, r->pieces.p, r->pieces.n);
}

/* RFC 5256: In-Reply-To counts, and of it the first ID, if References do not */
static void
put_refs(struct keys_reader *r, const struct mime_text fields[FIELDS],
    struct keys *out)
{
	size_t at = 0;

	if (put_id(r, &fields[MESSAGE_ID], &at, &r->id))
		r->id.set = true;
	out->nrefs = put_last_ids(r, &fields[REFERENCES]);
	at = 0;
	if (out->nrefs == 0 &&
	    put_id(r, &fields[IN_REPLY_TO], &at, &r->refs[0]))
		out->nrefs = 1;
}

/* All are found, but only the last ones are kept. */
static size_t
put_last_ids(struct keys_reader *r, const struct mime_text *value)
{
	size_t starts[KEYS_REFS_MAX], at = 0, before, made = r->made.n;
	size_t n = 0, i, count;

	for (before = 0; put_id(r, value, &at, &r->refs[0]); before = at) {
		starts[n++ % KEYS_REFS_MAX] = before;
		r->made.n = made;
	}
	count = n < KEYS_REFS_MAX ? n : KEYS_REFS_MAX;
	at = count == 0 ? 0 : starts[(n - count) % KEYS_REFS_MAX];
	for (i = 0; i < count && put_id(r, value, &at, &r->refs[i]); i++)
		;
	return i;
}

static bool
put_id(struct keys_reader *r, const struct mime_text *value, size_t *at,
    struct place *place)
{
	size_t start = r->made.n;

	if (value->p == NULL || !msgid_next(&r->made, value->p, value->n, at))
		return false;
	close_place(r, start, place);
	return true;
}

/* What was made since at. */
static void
close_place(struct keys_reader *r, size_t at, struct place *place)
{
	if (r->made.n - at > KEYS_TEXT_MAX)
		r->made.n = at + KEYS_TEXT_MAX;
	place->at = at;
	place->n = r->made.n - at;
	place->set = true;
}

/* RFC 5256 2.2; RFC 3501 6.4.4: the day as it is written there. */
static void
put_sent(const struct mime_text *value, time_t date, struct keys *out)
{
	long long utc;
	int zone;

	out->sent = date;
	out->dated =
	    value->p != NULL && text_date(value->p, value->n, &utc, &zone);
	if (!out->dated)
		return;
	out->sent = utc;
	utc += zone * 60LL;
	out->day = (int32_t)((utc < 0 ? utc - 86399 : utc) / 86400);
}

static struct mime_text
lend(const struct keys_reader *r, const struct place *place)
{
	struct mime_text t = {NULL, 0};

	if (place->set) {
		t.p = place->n == 0 ? "" : r->made.p + place->at;
		t.n = place->n;
	}
	return t;
}
