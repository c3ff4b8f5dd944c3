/*
 * The keys of one SEARCH against one message. A key's cost says what it has to
 * touch: nothing but memory, the file's status, its header, all of it; under
 * an AND (and an OR) the cheap ones go first, so that most files are never
 * opened, and none is opened twice for one message.
 */
#include "worker/imap/search.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/log.h"
#include "worker/imap/content.h"
#include "worker/imap/folded.h"
#include "worker/imap/header.h"
#include "worker/imap/keys.h"
#include "worker/imap/objectid.h"
#include "worker/imap/out.h"
#include "worker/imap/text.h"
#include "worker/imap/view.h"

#define CHECK_MS 200  /* between two looks whether the client is there */
#define SLOW_US  1000 /* a file that took so long came from the disk */
#define AHEAD    16   /* then so many of the next are asked for */

enum cost {
	COST_MEMORY,
	COST_STATUS,
	COST_HEADER,
	COST_BODY
};

struct key { /* a parse_search_node made ready */
	const struct parse_search_node *node;
	enum cost cost;
	struct key *child, *next;
	struct view_set set; /* of SEQ and UID */
	struct text_needle needle;
	const char *field; /* of HEADER, terminated */
	bool folded;       /* then it is kept ready: */
	struct folded where;
};

struct search {
	struct session *s;
	const char *charset;
	struct key *root;
	struct content content;
	struct buf made;
	struct keys_reader *keys; /* NULL: not needed yet */
	time_t now;
	int err;
	bool gone;
	const char *tag; /* for INPROGRESS; NULL: no line */
	struct progress *progress;
	int64_t checked; /* ms */
	uint32_t ahead;  /* the highest sequence number that was asked for */
	/* the message of now */
	uint32_t seq;
	const struct message *m;
	enum {
		CONTENT_CLOSED,
		CONTENT_FIELDS, /* those that are kept */
		CONTENT_HEADER,
		CONTENT_WHOLE,
		CONTENT_FAILED
	} state;
};

static bool match(struct search *);
static bool tell_progress(struct search *);
static enum search_result make(
    struct search *, const struct parse_search_node *, struct key **);
static enum search_result make_leaf(struct search *, struct key *);
static enum cost leaf_cost(enum parse_search_key);
static void insert_by_cost(struct key **, struct key *);
static bool try_key(struct search *, const struct key *);
static bool try_any(struct search *, const struct key *, bool);
static bool try_memory(struct search *, const struct key *);
static bool try_status(struct search *, const struct key *);
static bool try_header(struct search *, const struct key *);
static bool try_sent(struct search *, const struct parse_search_node *);
static bool try_folded(struct search *, const struct key *);
static bool try_fields(struct search *, const struct key *);
static bool try_body(struct search *, const struct key *);
static bool try_emailid(struct search *, const struct parse_text *);
static bool in_set(const struct view_set *, uint32_t);
static bool has_keyword(struct search *, const struct parse_text *);
static bool open_header(struct search *, bool);
static bool open_content(struct search *);
static void read_ahead(struct search *);
static void fail(struct search *);
static int32_t local_day(time_t);
static int64_t clock_ms(void);
static int64_t clock_us(void);
static bool interrupted(void *);

enum search_result
search_new(struct session *s, const struct parse_search *p, struct search **out)
{
	enum search_result r;
	struct search *e;

	e = arena_alloc(s->arena, sizeof(*e));
	if (e == NULL)
		return SEARCH_MEMORY;
	e->s = s;
	e->charset = p->charset;
	e->now = time(NULL);
	e->checked = clock_ms();
	content_init(&e->content);
	buf_init(&e->made, 2u * MIME_HEADER_MAX);
	r = make(e, p->root, &e->root);
	if (r == SEARCH_MADE)
		*out = e;
	return r;
}

void
search_free(struct search *e)
{
	if (e == NULL)
		return;
	content_done(&e->content);
	buf_done(&e->made);
	keys_free(e->keys);
}

void
search_tag(struct search *e, const char *tag, struct progress *progress)
{
	e->tag = tag;
	e->progress = progress;
	if (progress->told == 0)
		progress->told = clock_ms();
}

uint32_t
search_next(struct search *e, uint32_t seq)
{
	while (seq++ < e->s->client.view->n) {
		e->seq = seq;
		if (search_interrupted(e))
			return 0;
		if (match(e))
			return seq;
	}
	return 0;
}

static bool
match(struct search *e)
{
	bool result;

	e->state = CONTENT_CLOSED;
	e->m = view_message(e->s->client.view, e->seq);
	if (e->m == NULL)
		return false;
	result = try_key(e, e->root);
	content_close(&e->content);
	return result && !e->gone;
}

int
search_error(const struct search *e)
{
	return e->err;
}

void
search_fault(struct search *e, int err)
{
	errno = err;
	fail(e);
}

/*
 * A client that takes nothing any more is gone. One that has only closed its
 * own side may be waiting for the answer (input from a pipe); the line that is
 * sent to it now and then finds out.
 */
bool
search_interrupted(struct search *e)
{
	struct pollfd p[] = {
	    {.fd = e->s->wire.in, .events = POLLRDHUP},
	    {.fd = e->s->wire.out, .events = 0},
	};
	int64_t now = clock_ms();
	bool closed;

	if (e->gone || now - e->checked < CHECK_MS)
		return e->gone;
	e->checked = now;
	closed = poll(p, 2, 0) > 0;
	if (closed && p[1].revents != 0)
		e->gone = true;
	else if (e->tag != NULL && progress_due(e->progress, now, closed))
		e->gone = !tell_progress(e);
	if (e->gone && e->s->client.state != SESSION_LOGOUT) {
		e->s->client.why = IPC_END_DISCONNECTED;
		session_enter(e->s, SESSION_LOGOUT);
	}
	return e->gone;
}

/* False: it cannot be sent. */
static bool
tell_progress(struct search *e)
{
	progress_print(&e->s->line, e->progress, e->tag, e->seq - 1,
	    (uint32_t)e->s->client.view->n);
	out_send(e->s);
	return wire_flush(&e->s->wire) == 0;
}

static enum search_result
make(struct search *e, const struct parse_search_node *node, struct key **out)
{
	const struct parse_search_node *n;
	enum search_result r;
	struct key *k, *child;

	k = arena_alloc(e->s->arena, sizeof(*k));
	if (k == NULL)
		return SEARCH_MEMORY;
	k->node = node;
	*out = k;
	k->cost = leaf_cost(node->key);
	/* As deep as PARSE_SEARCH_DEPTH allows. */
	for (n = node->child; n != NULL; n = n->next) {
		r = make(e, n, &child);
		if (r != SEARCH_MADE)
			return r;
		if (child->cost > k->cost)
			k->cost = child->cost;
		insert_by_cost(&k->child, child);
	}
	return make_leaf(e, k);
}

static enum search_result
make_leaf(struct search *e, struct key *k)
{
	const struct parse_search_node *n = k->node;
	struct seqset set = n->set;
	struct arena *a = e->s->arena;
	const char *charset = e->charset;

	switch (n->key) {
	case PARSE_SEARCH_SEQ:
		/* A number that no message has matches none. */
		if (!set.saved) {
			k->set.r = seqset_resolve(
			    a, &set, (uint32_t)e->s->client.view->n, &k->set.n);
			return k->set.n > 0 && k->set.r == NULL ? SEARCH_MEMORY
								: SEARCH_MADE;
		}
		__attribute__((fallthrough));
	case PARSE_SEARCH_UID:
		return view_resolve(e->s, &set, true, &k->set) == 0
			   ? SEARCH_MADE
			   : SEARCH_MEMORY;
	case PARSE_SEARCH_EMAILID:
	case PARSE_SEARCH_THREADID:
	case PARSE_SEARCH_SAVEDBEFORE:
	case PARSE_SEARCH_SAVEDON:
	case PARSE_SEARCH_SAVEDSINCE:
	case PARSE_SEARCH_SAVEDATESUPPORTED:
		return SEARCH_MADE;
	case PARSE_SEARCH_MODSEQ: /* RFC 7162 3.1.5 */
		return mailbox_modseq(e->s->client.view->mailbox) == 0
			   ? SEARCH_KEY
			   : SEARCH_MADE;
	case PARSE_SEARCH_HEADER:
		k->field = arena_text(a, n->field.p, n->field.n);
		if (k->field == NULL)
			return SEARCH_MEMORY;
		break;
	case PARSE_SEARCH_BODY:
	case PARSE_SEARCH_TEXT:
		break;
	case PARSE_SEARCH_AND:
	case PARSE_SEARCH_OR:
	case PARSE_SEARCH_NOT:
	case PARSE_SEARCH_FLAG:
	case PARSE_SEARCH_RECENT:
	case PARSE_SEARCH_KEYWORD:
	case PARSE_SEARCH_BEFORE:
	case PARSE_SEARCH_ON:
	case PARSE_SEARCH_SINCE:
	case PARSE_SEARCH_SENTBEFORE:
	case PARSE_SEARCH_SENTON:
	case PARSE_SEARCH_SENTSINCE:
	case PARSE_SEARCH_LARGER:
	case PARSE_SEARCH_SMALLER:
	case PARSE_SEARCH_OLDER:
	case PARSE_SEARCH_YOUNGER:
		return SEARCH_MADE;
	}
	/* RFC 3501 6.4.4: what cannot be converted is NO [BADCHARSET]. */
	if (text_needle(a, charset, n->text.p, n->text.n, &k->needle) == -1)
		return SEARCH_CHARSET;
	k->folded = k->field != NULL && folded_field(k->field, &k->where) &&
		    memchr(k->needle.p, '\0', k->needle.n) == NULL;
	return SEARCH_MADE;
}

static enum cost
leaf_cost(enum parse_search_key key)
{
	switch (key) {
	case PARSE_SEARCH_AND:
	case PARSE_SEARCH_OR:
	case PARSE_SEARCH_NOT:
	case PARSE_SEARCH_SEQ:
	case PARSE_SEARCH_UID:
	case PARSE_SEARCH_FLAG:
	case PARSE_SEARCH_RECENT:
	case PARSE_SEARCH_KEYWORD:
	case PARSE_SEARCH_MODSEQ:
	case PARSE_SEARCH_SAVEDATESUPPORTED:
	case PARSE_SEARCH_THREADID:
		return COST_MEMORY;
	case PARSE_SEARCH_BEFORE:
	case PARSE_SEARCH_ON:
	case PARSE_SEARCH_SINCE:
	case PARSE_SEARCH_SAVEDBEFORE:
	case PARSE_SEARCH_SAVEDON:
	case PARSE_SEARCH_SAVEDSINCE:
	case PARSE_SEARCH_LARGER:
	case PARSE_SEARCH_SMALLER:
	case PARSE_SEARCH_OLDER:
	case PARSE_SEARCH_YOUNGER:
		return COST_STATUS;
	case PARSE_SEARCH_SENTBEFORE:
	case PARSE_SEARCH_SENTON:
	case PARSE_SEARCH_SENTSINCE:
	case PARSE_SEARCH_HEADER:
		return COST_HEADER;
	case PARSE_SEARCH_BODY:
	case PARSE_SEARCH_TEXT:
	case PARSE_SEARCH_EMAILID:
		return COST_BODY;
	}
	return COST_BODY;
}

static void
insert_by_cost(struct key **list, struct key *k)
{
	while (*list != NULL && (*list)->cost <= k->cost)
		list = &(*list)->next;
	k->next = *list;
	*list = k;
}

static bool
try_key(struct search *e, const struct key *k)
{
	switch (k->node->key) {
	case PARSE_SEARCH_AND:
		return !try_any(e, k->child, false);
	case PARSE_SEARCH_OR:
		return try_any(e, k->child, true);
	case PARSE_SEARCH_NOT:
		return !try_key(e, k->child);
	default:
		break;
	}
	switch (k->cost) {
	case COST_MEMORY:
		return try_memory(e, k);
	case COST_STATUS:
		return try_status(e, k);
	case COST_HEADER:
		return try_header(e, k);
	case COST_BODY:
		return try_body(e, k);
	}
	return false;
}

/* Whether one of the keys comes out as wanted. */
static bool
try_any(struct search *e, const struct key *k, bool wanted)
{
	for (; k != NULL; k = k->next)
		if (try_key(e, k) == wanted)
			return true;
	return false;
}

static bool
try_memory(struct search *e, const struct key *k)
{
	const struct parse_search_node *n = k->node;

	if (n->key == PARSE_SEARCH_FLAG)
		return (e->m->flags & n->flags) == n->flags;
	if (n->key == PARSE_SEARCH_RECENT)
		return e->m->recent;
	if (n->key == PARSE_SEARCH_MODSEQ)
		return e->m->modseq >= n->number;
	if (n->key == PARSE_SEARCH_KEYWORD)
		return has_keyword(e, &n->text);
	if (n->key == PARSE_SEARCH_SAVEDATESUPPORTED)
		return true;
	if (n->key == PARSE_SEARCH_THREADID) /* RFC 8474 5.2 */
		return false;
	return in_set(&k->set, e->seq);
}

static bool
try_status(struct search *e, const struct key *k)
{
	const struct parse_search_node *n = k->node;
	struct mailbox *box = e->s->client.view->mailbox;
	uint32_t uid = e->m->uid;
	uint64_t size;
	time_t date;

	if (n->key == PARSE_SEARCH_LARGER || n->key == PARSE_SEARCH_SMALLER) {
		if (mailbox_size(box, uid, &size) == -1) {
			fail(e);
			return false;
		}
		return n->key == PARSE_SEARCH_LARGER ? size > n->number
						     : size < n->number;
	}
	/* RFC 8514 4.3: where that is not known INTERNALDATE counts. */
	date = n->key == PARSE_SEARCH_SAVEDBEFORE ||
		       n->key == PARSE_SEARCH_SAVEDON ||
		       n->key == PARSE_SEARCH_SAVEDSINCE
		   ? mailbox_saved(box, uid)
		   : 0;
	if (date == 0 && mailbox_date(box, uid, &date) == -1) {
		fail(e);
		return false;
	}
	if (n->key == PARSE_SEARCH_BEFORE || n->key == PARSE_SEARCH_SAVEDBEFORE)
		return local_day(date) < n->day;
	if (n->key == PARSE_SEARCH_ON || n->key == PARSE_SEARCH_SAVEDON)
		return local_day(date) == n->day;
	if (n->key == PARSE_SEARCH_SINCE || n->key == PARSE_SEARCH_SAVEDSINCE)
		return local_day(date) >= n->day;
	/* RFC 5032: older than or as old as so many seconds, or younger. */
	if (e->now < date || (uint64_t)(e->now - date) < n->number)
		return n->key == PARSE_SEARCH_YOUNGER;
	return n->key == PARSE_SEARCH_OLDER ||
	       (uint64_t)(e->now - date) == n->number;
}

static bool
try_header(struct search *e, const struct key *k)
{
	switch (k->node->key) {
	case PARSE_SEARCH_SENTBEFORE:
	case PARSE_SEARCH_SENTON:
	case PARSE_SEARCH_SENTSINCE:
		return try_sent(e, k->node);
	default:
		return k->folded ? try_folded(e, k) : try_fields(e, k);
	}
}

/* RFC 3501 6.4.4: the Date: as written, its time and zone left aside. */
static bool
try_sent(struct search *e, const struct parse_search_node *n)
{
	struct keys keys;

	if (e->keys == NULL &&
	    (e->keys = keys_new(e->s->client.view->mailbox)) == NULL) {
		fail(e);
		return false;
	}
	if (keys_get(e->keys, e->m->uid, KEYS_SENT, &keys) == -1) {
		fail(e);
		return false;
	}
	if (!keys.dated)
		return false;
	if (n->key == PARSE_SEARCH_SENTBEFORE)
		return keys.day < n->day;
	return n->key == PARSE_SEARCH_SENTON ? keys.day == n->day
					     : keys.day >= n->day;
}

/* What is folded is kept; what is not is made from the header, and kept. */
static bool
try_folded(struct search *e, const struct key *k)
{
	struct mailbox *box = e->s->client.view->mailbox;
	const char *p;
	size_t n;

	if (mailbox_kept(box, e->m->uid, k->where.kind, &p, &n))
		return folded_has(p, n, k->where.tag, &k->needle);
	if (!open_header(e, true))
		return false;
	buf_clear(&e->made);
	folded_make(&e->made, k->where.kind, e->content.p, e->content.header);
	if (e->made.failed) {
		errno = ENOMEM;
		fail(e);
		return false;
	}
	mailbox_keep(box, e->m->uid, k->where.kind, e->made.p, e->made.n);
	return folded_has(e->made.p, e->made.n, k->where.tag, &k->needle);
}

static bool
try_fields(struct search *e, const struct key *k)
{
	struct mime_text name, value;
	size_t at = 0, n = strlen(k->field);

	if (!open_header(e, header_keeps(k->field, n)))
		return false;
	while (mime_field(e->content.p, e->content.header, &at, &name, &value))
		if (name.n == n && strncasecmp(name.p, k->field, n) == 0 &&
		    text_field_has(&name, &value, &k->needle))
			return true;
	return false;
}

static bool
try_body(struct search *e, const struct key *k)
{
	const struct mime *mime;

	if (k->node->key == PARSE_SEARCH_EMAILID)
		return try_emailid(e, &k->node->text);
	if (e->gone || !open_content(e))
		return false;
	mime = content_mime(&e->content);
	if (mime == NULL) {
		errno = ENOMEM;
		fail(e);
		return false;
	}
	return text_message_has(e->content.p, mime,
	    k->node->key == PARSE_SEARCH_TEXT, &k->needle, interrupted, e);
}

/* RFC 8474 section 6: exactly this one. */
static bool
try_emailid(struct search *e, const struct parse_text *id)
{
	unsigned char digest[OBJECTID_DIGEST];

	if (e->state == CONTENT_FAILED)
		return false;
	e->state = CONTENT_CLOSED; /* it may be read */
	if (objectid_of_message(&e->content, e->s->client.view->mailbox,
		e->m->uid, digest) == -1) {
		e->state = CONTENT_FAILED;
		fail(e);
		return false;
	}
	buf_clear(&e->made);
	objectid_email(&e->made, digest);
	return !e->made.failed && e->made.n == id->n &&
	       memcmp(e->made.p, id->p, id->n) == 0;
}

static bool
in_set(const struct view_set *set, uint32_t seq)
{
	size_t lo = 0, hi = set->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (seq < set->r[mid].lo)
			hi = mid;
		else if (seq > set->r[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static bool
has_keyword(struct search *e, const struct parse_text *text)
{
	const struct mailbox *box = e->s->client.view->mailbox;
	const char *const *names;
	const uint16_t *numbers;
	size_t i, n, nnames;

	if (e->m->kwset == 0)
		return false;
	nnames = mailbox_keywords(box, &names);
	n = mailbox_kwset(box, e->m->kwset, &numbers);
	for (i = 0; i < n; i++)
		if (numbers[i] < nnames &&
		    strlen(names[numbers[i]]) == text->n &&
		    strncasecmp(names[numbers[i]], text->p, text->n) == 0)
			return true;
	return false;
}

/* The header, or of it what is kept, unless there is more already. */
static bool
open_header(struct search *e, bool kept)
{
	if (e->state == CONTENT_CLOSED ||
	    (e->state == CONTENT_FIELDS && !kept)) {
		if (content_open_header(&e->content, e->s->client.view->mailbox,
			e->m->uid, kept) == 0) {
			e->state =
			    e->content.kept ? CONTENT_FIELDS : CONTENT_HEADER;
		} else {
			e->state = CONTENT_FAILED;
			fail(e);
		}
	}
	return e->state != CONTENT_FAILED;
}

/* All of it. */
static bool
open_content(struct search *e)
{
	int64_t begin;

	if (e->state == CONTENT_WHOLE || e->state == CONTENT_FAILED)
		return e->state == CONTENT_WHOLE;
	begin = clock_us();
	if (content_open(&e->content, e->s->client.view->mailbox, e->m->uid) ==
	    0) {
		e->state = CONTENT_WHOLE;
		if (clock_us() - begin > SLOW_US)
			read_ahead(e);
		return true;
	}
	e->state = CONTENT_FAILED;
	fail(e);
	return false;
}

/* The disk may work on the next files while this one is searched. */
static void
read_ahead(struct search *e)
{
	const struct view *v = e->s->client.view;
	struct message_file f;
	uint32_t last = e->seq + AHEAD;

	if (e->ahead < e->seq)
		e->ahead = e->seq;
	while (e->ahead < last && e->ahead < v->n) {
		if (mailbox_message(v->mailbox, view_uid(v, ++e->ahead), &f) ==
		    -1)
			continue;
		(void)posix_fadvise(f.fd, 0, 0, POSIX_FADV_WILLNEED);
		(void)close(f.fd);
	}
}

/* A message that has vanished is no error, it only matches nothing. */
static void
fail(struct search *e)
{
	if (errno == ENOENT)
		return;
	e->err = errno;
	log_line(LOG_LEVEL_ERR, "message cannot be read user=%s uid=%u: %s",
	    e->s->account->user, e->m->uid, strerror(errno));
}

/* Days since 1970-01-01 of the calendar on the wall here. */
static int32_t
local_day(time_t date)
{
	struct tm tm;

	if (localtime_r(&date, &tm) == NULL)
		return 0;
	date += tm.tm_gmtoff;
	return (int32_t)((date < 0 ? date - 86399 : date) / 86400);
}

static int64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
clock_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool
interrupted(void *arg)
{
	return search_interrupted(arg);
}
