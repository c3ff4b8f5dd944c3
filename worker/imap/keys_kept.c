/*
 * Three records: the date (MAILBOX_SENT), all that is sorted by
 * (MAILBOX_SORTING), all that threads are made of (MAILBOX_THREADING); a walk
 * for one of them reads no other. The index never leaves this host and boot:
 * numbers are as the machine has them. A record that has no sense is as one
 * that is not there.
 */
#include "worker/imap/keys_kept.h"

#include <string.h>

#include "worker/imap/buf.h"

#define TEXTS   ((1u << KEYS_TEXTS) - 1)
#define SUBJECT (1u << KEYS_SUBJECT)

struct sent {
	int64_t sent;
	int32_t day;
	uint32_t dated;
};

struct cursor {
	const char *p, *end; /* p NULL: it has failed */
};

static bool get_sent(struct mailbox *, uint32_t, struct keys *);
static bool get_sorting(struct mailbox *, uint32_t, struct keys *);
static bool get_threading(struct mailbox *, uint32_t, struct keys *);
static void put_text(struct buf *, const struct mime_text *);
static struct mime_text take_text(struct cursor *);
static uint8_t take_byte(struct cursor *);
static bool begin(
    struct cursor *, struct mailbox *, uint32_t, enum mailbox_kept);

unsigned
keys_kept(struct mailbox *box, uint32_t uid, unsigned want, struct keys *out)
{
	unsigned make = 0;

	if ((want & KEYS_SENT) != 0 && !get_sent(box, uid, out))
		make |= KEYS_SENT;
	/* The subject is in two of them. */
	if ((want & KEYS_REFS) != 0 && !get_threading(box, uid, out))
		make |= KEYS_REFS | SUBJECT;
	if ((want & KEYS_REFS) != 0)
		want &= ~SUBJECT;
	if ((want & TEXTS) != 0 && !get_sorting(box, uid, out))
		make |= TEXTS;
	return make;
}

void
keys_keep(struct mailbox *box, uint32_t uid, unsigned made,
    const struct keys *k, struct buf *b)
{
	const struct sent sent = {k->sent, k->day, k->dated};
	size_t i;

	if ((made & KEYS_SENT) != 0)
		mailbox_keep(
		    box, uid, MAILBOX_SENT, (const char *)&sent, sizeof(sent));
	if ((made & TEXTS) == TEXTS) {
		buf_clear(b);
		buf_char(b, k->reply);
		for (i = 0; i < KEYS_TEXTS; i++)
			put_text(b, &k->text[i]);
		if (!b->failed)
			mailbox_keep(box, uid, MAILBOX_SORTING, b->p, b->n);
	}
	if ((made & KEYS_REFS) != 0) {
		buf_clear(b);
		buf_char(b, k->reply);
		put_text(b, &k->text[KEYS_SUBJECT]);
		buf_char(b, k->id.p != NULL);
		put_text(b, &k->id);
		buf_char(b, (char)k->nrefs);
		for (i = 0; i < k->nrefs; i++)
			put_text(b, &k->refs[i]);
		if (!b->failed)
			mailbox_keep(box, uid, MAILBOX_THREADING, b->p, b->n);
	}
}

void
keys_take(struct keys *out, const struct keys *from, unsigned which)
{
	size_t i;

	if ((which & KEYS_SENT) != 0) {
		out->sent = from->sent;
		out->dated = from->dated;
		out->day = from->day;
	}
	for (i = 0; i < KEYS_TEXTS; i++)
		if ((which & 1u << i) != 0)
			out->text[i] = from->text[i];
	if ((which & SUBJECT) != 0)
		out->reply = from->reply;
	if ((which & KEYS_REFS) != 0) {
		out->id = from->id;
		out->nrefs = from->nrefs;
		memcpy(out->refs, from->refs, sizeof(out->refs));
	}
}

static bool
get_sent(struct mailbox *box, uint32_t uid, struct keys *out)
{
	struct sent sent;
	const char *p;
	size_t n;

	if (!mailbox_kept(box, uid, MAILBOX_SENT, &p, &n) || n != sizeof(sent))
		return false;
	memcpy(&sent, p, sizeof(sent));
	out->sent = sent.sent;
	out->day = sent.day;
	out->dated = sent.dated != 0;
	return true;
}

static bool
get_sorting(struct mailbox *box, uint32_t uid, struct keys *out)
{
	struct cursor c;
	size_t i;

	if (!begin(&c, box, uid, MAILBOX_SORTING))
		return false;
	out->reply = take_byte(&c) != 0;
	for (i = 0; i < KEYS_TEXTS; i++)
		out->text[i] = take_text(&c);
	return c.p != NULL;
}

static bool
get_threading(struct mailbox *box, uint32_t uid, struct keys *out)
{
	struct cursor c;
	bool has_id;
	size_t i;

	if (!begin(&c, box, uid, MAILBOX_THREADING))
		return false;
	out->reply = take_byte(&c) != 0;
	out->text[KEYS_SUBJECT] = take_text(&c);
	has_id = take_byte(&c) != 0;
	out->id = take_text(&c);
	if (!has_id)
		out->id.p = NULL;
	out->nrefs = take_byte(&c);
	if (out->nrefs > KEYS_REFS_MAX)
		return false;
	for (i = 0; i < out->nrefs; i++)
		out->refs[i] = take_text(&c);
	return c.p != NULL;
}

static bool
begin(
    struct cursor *c, struct mailbox *box, uint32_t uid, enum mailbox_kept kind)
{
	size_t n;

	if (!mailbox_kept(box, uid, kind, &c->p, &n))
		return false;
	c->end = c->p + n;
	return true;
}

/* Not longer than KEYS_TEXT_MAX. */
static void
put_text(struct buf *b, const struct mime_text *t)
{
	uint16_t n = (uint16_t)t->n;

	buf_bytes(b, &n, sizeof(n));
	buf_bytes(b, t->p, n);
}

static struct mime_text
take_text(struct cursor *c)
{
	struct mime_text t = {"", 0};
	uint16_t n;

	if (c->p == NULL || (size_t)(c->end - c->p) < sizeof(n)) {
		c->p = NULL;
		return t;
	}
	memcpy(&n, c->p, sizeof(n));
	c->p += sizeof(n);
	if ((size_t)(c->end - c->p) < n) {
		c->p = NULL;
		return t;
	}
	t.p = c->p;
	t.n = n;
	c->p += n;
	return t;
}

static uint8_t
take_byte(struct cursor *c)
{
	uint8_t byte = 0;

	if (c->p == NULL || c->p == c->end)
		c->p = NULL;
	else
		byte = (uint8_t)*c->p++;
	return byte;
}
