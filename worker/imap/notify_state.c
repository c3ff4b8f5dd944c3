/*
 * A client's NOTIFY as bytes, for the record of a parked client: the version,
 * the set in its printed form, and each mailbox as it was told. On its way back
 * it is input like any other: every number is checked, names must rise, and
 * nothing may be left over. Numbers have the lowest byte first.
 *
 *   u8 version, u16 n, n bytes of set, u16 mailboxes, and of each:
 *   u8 flags, u16 n, n bytes of name, and where it exists:
 *   u64 dev, u64 ino, u64 stamp, u32 uidvalidity, uidnext, messages, unseen,
 *   deleted, u64 modseq
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/namespace.h"
#include "worker/imap/notify.h"
#include "worker/imap/utf7.h"

#define STATE_VERSION 1
#define EXISTS        1u
#define SUBSCRIBED    2u
#define CHILDREN      4u
#define YOUNG         8u

struct cursor { /* reading: fails for good at the first lie */
	const uint8_t *p, *end;
	bool failed;
};

static void put(struct buf *, uint64_t, unsigned);
static void put_box(struct buf *, const struct notify_box *);
static uint64_t get(struct cursor *, unsigned);
static const char *get_bytes(struct cursor *, size_t *);
static int get_box(
    struct cursor *, const struct settings *, struct notify_box *);

int
notify_print(const struct notify *y, struct buf *out)
{
	struct buf text;

	buf_init(&text, NOTIFY_TEXT_MAX);
	parse_notify_print(&text, &y->set);
	put(out, STATE_VERSION, 1);
	put(out, text.n, 2);
	buf_bytes(out, text.p, text.n);
	put(out, y->n, 2);
	for (size_t i = 0; i < y->n; i++)
		put_box(out, &y->boxes[i]);
	if (text.failed || out->n > NOTIFY_STATE_MAX)
		out->failed = true;
	buf_done(&text);
	return out->failed ? -1 : 0;
}

static void
put(struct buf *b, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_char(b, (char)(value >> 8 * i));
}

static void
put_box(struct buf *b, const struct notify_box *box)
{
	put(b,
	    (box->folder != NULL ? EXISTS : 0) |
		(box->subscribed ? SUBSCRIBED : 0) |
		(box->children ? CHILDREN : 0) | (box->young ? YOUNG : 0),
	    1);
	put(b, strlen(box->name), 2);
	buf_str(b, box->name);
	if (box->folder == NULL)
		return;
	put(b, box->dev, 8);
	put(b, box->ino, 8);
	put(b, box->stamp, 8);
	put(b, box->told.uidvalidity, 4);
	put(b, box->told.uidnext, 4);
	put(b, box->told.messages, 4);
	put(b, box->told.unseen, 4);
	put(b, box->told.deleted, 4);
	put(b, box->told.modseq, 8);
}

struct notify *
notify_parse(const struct settings *set, const uint8_t *p, size_t n)
{
	struct cursor c = {p, p + n, n > NOTIFY_STATE_MAX};
	struct notify *y = NULL;
	const char *text;
	size_t len, boxes;

	if (get(&c, 1) != STATE_VERSION)
		c.failed = true;
	text = get_bytes(&c, &len);
	boxes = (size_t)get(&c, 2);
	if (c.failed || boxes > NOTIFY_BOXES_MAX ||
	    (y = notify_new(text, len)) == NULL)
		return NULL;
	y->boxes = calloc(boxes + 1, sizeof(*y->boxes));
	while (y->boxes != NULL && y->n < boxes) {
		struct notify_box *box = &y->boxes[y->n++];

		if (get_box(&c, set, box) == -1 ||
		    (y->n > 1 && strcmp(box[-1].name, box->name) >= 0))
			goto fail;
	}
	/* A set that was taken in another form is not one of ours. */
	if (y->boxes != NULL && c.p == c.end && (y->set.set || boxes == 0))
		return y;
fail:
	notify_drop(y);
	return NULL;
}

static uint64_t
get(struct cursor *c, unsigned bytes)
{
	uint64_t value = 0;

	if (c->failed || (size_t)(c->end - c->p) < bytes) {
		c->failed = true;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)*c->p++ << 8 * i;
	return value;
}

static const char *
get_bytes(struct cursor *c, size_t *n)
{
	const uint8_t *p;

	*n = (size_t)get(c, 2);
	if (c->failed || (size_t)(c->end - c->p) < *n) {
		c->failed = true;
		*n = 0;
		return NULL;
	}
	p = c->p;
	c->p += *n;
	return (const char *)p;
}

static int
get_box(struct cursor *c, const struct settings *set, struct notify_box *box)
{
	char folder[SESSION_MAX_NAME];
	unsigned flags = (unsigned)get(c, 1);
	const char *name;
	size_t n;

	name = get_bytes(c, &n);
	if (c->failed || flags > (EXISTS | SUBSCRIBED | CHILDREN | YOUNG) ||
	    n == 0 || memchr(name, '\0', n) != NULL || !utf8_valid(name, n) ||
	    (box->name = strndup(name, n)) == NULL)
		return -1;
	box->young = (flags & YOUNG) != 0;
	box->subscribed = (flags & SUBSCRIBED) != 0;
	box->children = (flags & CHILDREN) != 0;
	/* Not even subscribed: it was removed while the picture was taken. */
	if ((flags & EXISTS) == 0)
		return 0;
	box->dev = get(c, 8);
	box->ino = get(c, 8);
	box->stamp = get(c, 8);
	box->told.uidvalidity = (uint32_t)get(c, 4);
	box->told.uidnext = (uint32_t)get(c, 4);
	box->told.messages = (uint32_t)get(c, 4);
	box->told.unseen = (uint32_t)get(c, 4);
	box->told.deleted = (uint32_t)get(c, 4);
	box->told.modseq = get(c, 8);
	if (c->failed ||
	    namespace_folder(set, box->name, folder, sizeof(folder)) == -1 ||
	    (box->folder = strdup(folder)) == NULL)
		return -1;
	return 0;
}
