/*
 * Parking is done in two steps. WISH: the worker relays nothing more to the
 * session and answers GO, or STAY if bytes are on their way already. PARK: the
 * client is parked once what the session wrote has left for it; then the
 * board's counter is compared with what it was at the session's last look.
 *
 * What the worker answers itself: the DONE of an IDLE without news, and NOOP
 * where nothing is selected. Whatever else comes is left for a session, in the
 * order in which it came.
 */
#include "worker/net/park.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/board.h"
#include "shm/log.h"
#include "worker/net/deflate.h"
#include "worker/net/flow.h"
#include "worker/net/likewise.h"
#include "worker/net/move.h"
#include "worker/net/relay.h"
#include "worker/net/roster.h"
#include "worker/net/tell.h"
#include "worker/net/wake.h"

#define NOTICE_MS  50u  /* beyond PARK_CREDIT: one in so many ms */
#define ACCOUNT_MS 100u /* of a whole account, RFC 5465: always */
#define BYE_YIELD                                                              \
	"* BYE [ALERT] Too many connections: a new one of this account takes " \
	"this one's place.\r\n"
#define BYE_TIME "* BYE Disconnected for inactivity.\r\n"
#define BYE_LATER                                                              \
	"* BYE [UNAVAILABLE] Temporary problem, please try again later\r\n"

struct park { /* PARK, as read */
	uint64_t conn, dev, ino;
	struct client_past stint;
	uint32_t flags, heard, bad, quiet;
	char tag[1024];
	const uint8_t *record, *said;
	size_t nrecord, nsaid;
	uint32_t likewise;
};

static struct client *client_of(struct lease *, uint64_t);
static int read_park(struct ipc_msg *, struct park *);
static struct parked *make(
    struct worker *, struct client *, const struct park *);
static int join(
    struct worker *, struct lease *, struct parked *, const struct park *);
static void count(struct client *, const struct client_past *);
static void unrest(struct worker *, struct parked *);
static bool drain(struct worker *, struct client *);
static int flush(struct worker *, struct client *);
static void take_input(struct worker *, struct client *);
static void end_of_input(struct worker *, struct client *);
static void give_up(struct worker *, struct client *);
static bool is_begun_done(const struct client *);
static bool answer(struct worker *, struct client *, size_t *);
static bool has_news(const struct worker *, const struct parked *);
static bool is_heard(const struct parked *);
static bool hears_account(const struct parked *);
static bool is_noop(const char *, size_t, size_t *);
static void active(struct worker *, struct parked *);
static void end_idle(struct worker *, struct parked *);
static void offer(struct worker *, struct parked *);
static void hold(struct worker *, struct parked *, uint64_t);
static bool takes_bytes(const struct client *);

RB_GENERATE(parked_tree, parked, resting, parked_compare)

int
parked_compare(const struct parked *a, const struct parked *b)
{
	if (a->deadline != b->deadline)
		return a->deadline < b->deadline ? -1 : 1;
	return client_compare(a->client, b->client);
}

/* The client that the session has now; NULL: it is not that one's turn. */
static struct client *
client_of(struct lease *k, uint64_t conn)
{
	struct client *c = k->client;

	if (k->state != LEASE_SERVING || c == NULL || c->conn != conn)
		return NULL;
	return c;
}

int
park_wish(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	struct ipc_put put;
	struct ipc_get g;
	struct client *c;
	uint64_t taken;
	bool go;

	ipc_open(&g, msg);
	c = client_of(k, ipc_get_u64(&g));
	taken = ipc_get_u64(&g);
	k->written = ipc_get_u64(&g);
	if (ipc_done(&g) == -1)
		return -1;
	if (c == NULL)
		return lease_ghost(k) ? 0 : -1;
	k->unread = false;
	go = w->state == WORKER_RUNNING;
	if (go && flow_is_wrapped(c))
		go = c->relay != NULL && relay_pause(w, c, taken);
	k->wished = go;
	ipc_begin(&put, go ? IPC_GO : IPC_STAY);
	ipc_put_u64(&put, go ? 0 : c->conn);
	if (go)
		ipc_put_u64(&put, 0);
	/* Unanswered, it stays: a full channel is no reason to end it. */
	if (ipc_send(k->src.fd, &put, NULL, 0) == -1 && go) {
		k->wished = false;
		relay_resume(w, c);
	}
	return 0;
}

int
park_stay(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	struct client *c;
	struct ipc_get g;
	uint64_t conn;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	c = client_of(k, conn);
	if (ipc_done(&g) == -1)
		return -1;
	if (c == NULL)
		return lease_return(w, k, conn);
	k->unread = false;
	k->wished = k->news = c->news = false;
	relay_resume(w, c);
	return 0;
}

int
park_take(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	struct likewise others = {.n = 0};
	struct client *c = k->client;
	struct parked *p, *old;
	struct park park;

	if (read_park(msg, &park) == -1)
		return -1;
	if (client_of(k, park.conn) == NULL)
		return lease_ghost(k) ? 0 : -1;
	k->unread = false;
	if (!k->wished && !c->news)
		return -1;
	if ((p = make(w, c, &park)) == NULL || join(w, k, p, &park) == -1) {
		park_free(p);
		return -1;
	}
	if ((old = c->parked) != NULL) {
		p->noticed = old->noticed;
		p->credit = old->credit;
		if (park.likewise != 0 && c->news && p->folder == old->folder)
			likewise_take(w, c->account, old, p, park.said,
			    park.nsaid, &others);
		park_leave(w, c);
		park_free(old);
	}
	c->parked = p;
	count(c, &park.stint);
	client_eat(c, c->nin);
	free(c->tag);
	c->tag = NULL;
	if (c->relay != NULL)
		relay_drain(c, k->wished ? k->written : park.stint.sent);
	if (c->deflate != NULL)
		(void)deflate_rest(c->deflate);
	client_enter(c, CLIENT_PARKED);
	roster_update(w, c);
	lease_next(w, k);
	/* The last look was before its turn ended: has anybody posted since? */
	if (c->state == CLIENT_PARKED)
		park_settle(w, c);
	likewise_settle(w, &others);
	return 0;
}

void
park_settle(struct worker *w, struct client *c)
{
	struct parked *p = c->parked;

	p->rests = true;
	(void)RB_INSERT(parked_tree, &w->resting, p);
	if ((p->flags & IPC_PARK_SLOW) != 0) {
		p->look = w->now + PARK_SLOW;
		TAILQ_INSERT_TAIL(&w->slow, p, slowly);
	}
	p->stirred = has_news(w, p);
	park_ready(w, c, 0);
}

static int
read_park(struct ipc_msg *msg, struct park *p)
{
	struct ipc_get g;

	ipc_open(&g, msg);
	p->conn = ipc_get_u64(&g);
	p->flags = ipc_get_u32(&g);
	p->dev = ipc_get_u64(&g);
	p->ino = ipc_get_u64(&g);
	p->heard = ipc_get_u32(&g);
	p->bad = ipc_get_u32(&g);
	p->quiet = ipc_get_u32(&g);
	p->stint.headers = ipc_get_u64(&g);
	p->stint.body = ipc_get_u64(&g);
	p->stint.received = ipc_get_u64(&g);
	p->stint.sent = ipc_get_u64(&g);
	ipc_get_str(&g, p->tag, sizeof(p->tag));
	p->record = ipc_get_bytes(&g, &p->nrecord, IPC_RECORD_MAX);
	p->likewise = ipc_get_u32(&g);
	p->said = ipc_get_bytes(&g, &p->nsaid, IPC_SAID_MAX);
	if (ipc_done(&g) == -1 || (p->flags & ~IPC_PARK_FLAGS) != 0 ||
	    p->bad > UINT16_MAX)
		return -1;
	return 0;
}

static struct parked *
make(struct worker *w, struct client *c, const struct park *from)
{
	uint64_t all = w->boot.set.inactivity_timeout * UINT64_C(1000);
	uint64_t quiet = from->quiet * UINT64_C(1000);
	struct parked *p = calloc(1, sizeof(*p) + from->nrecord);

	if (p == NULL)
		return NULL;
	p->client = c;
	p->credit = PARK_CREDIT;
	p->flags = (uint16_t)from->flags;
	p->bad = (uint16_t)from->bad;
	p->nrecord = (uint32_t)from->nrecord;
	/* News are none of the client's doing: its silence goes on. */
	if (c->news && c->parked != NULL)
		p->deadline = c->parked->deadline;
	else
		p->deadline = w->now + (quiet < all ? all - quiet : 0);
	if (from->nrecord > 0)
		memcpy(p->record, from->record, from->nrecord);
	if (from->tag[0] != '\0' && (p->tag = strdup(from->tag)) == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

int
park_renew(struct worker *w, struct client *c, const struct parked *like)
{
	struct folder *f = c->parked->folder;
	struct parked *p;

	/* The other one is in that list as well: the folder stays. */
	notice_part(w, c->parked);
	p = realloc(c->parked, sizeof(*p) + like->nrecord);
	if (p != NULL) {
		p->stirred = false;
		p->told = like->told;
		p->nrecord = like->nrecord;
		memcpy(p->record, like->record, like->nrecord);
		c->parked = p;
	}
	notice_join(f, c->parked);
	return p != NULL ? 0 : -1;
}

/*
 * The folder is one that the session watches, or that the client waited for
 * when it was woken: then this worker has been in its mask all the time. 0; -1:
 * neither.
 */
static int
join(struct worker *w, struct lease *k, struct parked *p,
    const struct park *from)
{
	const struct parked *old = p->client->parked;
	struct folder *f = k->folder;

	if (from->dev == 0 && from->ino == 0)
		return 0;
	if (f != NULL && f->dev == from->dev && f->ino == from->ino) {
		/* CHANGED on its way to the session has not been heeded. */
		p->told = from->heard == k->changes ? k->told : k->told - 1;
	} else {
		f = old != NULL ? old->folder : NULL;
		if (f == NULL || f->dev != from->dev || f->ino != from->ino)
			return -1;
		p->told = old->told;
	}
	notice_join(f, p);
	(void)w;
	return 0;
}

static void
count(struct client *c, const struct client_past *more)
{
	c->past.headers += more->headers;
	c->past.body += more->body;
	c->past.received += more->received;
	c->past.sent += more->sent;
}

void
park_lend(struct worker *w, struct client *c)
{
	unrest(w, c->parked);
}

static void
unrest(struct worker *w, struct parked *p)
{
	if (!p->rests)
		return;
	p->rests = false;
	(void)RB_REMOVE(parked_tree, &w->resting, p);
	if (p->due != 0)
		TAILQ_REMOVE(&w->held, p, held);
	p->due = 0;
	if (p->look != 0)
		TAILQ_REMOVE(&w->slow, p, slowly);
	p->look = 0;
}

void
park_leave(struct worker *w, struct client *c)
{
	struct parked *p = c->parked;

	if (p == NULL)
		return;
	unrest(w, p);
	notice_part(w, p);
}

void
park_free(struct parked *p)
{
	if (p == NULL)
		return;
	free(p->tag);
	free(p);
}

uint32_t
park_events(const struct client *c)
{
	uint32_t events = 0;

	if (c->relay != NULL) /* it says itself what it wants */
		return c->src.events;
	if (!c->eof)
		events |= EPOLLIN;
	if (c->nout > 0)
		events |= EPOLLOUT | c->want;
	if (c->parked->full)
		events |= EPOLLOUT;
	return events;
}

void
park_ready(struct worker *w, struct client *c, uint32_t events)
{
	uint64_t before = c->received;
	struct parked *p = c->parked;
	int r;

	if (c->relay != NULL && !drain(w, c))
		return;
	r = flush(w, c);
	if (r == 1 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		r = client_read(w, c) == -1 ? -1 : 1;
	c->past.received += c->received - before;
	if (r == -1) {
		park_over(w, c, IPC_END_DISCONNECTED);
		return;
	}
	if (r == 1 && (c->nin > 0 || c->eof))
		take_input(w, c);
	else if (r == 1 && p->stirred && p->due == 0)
		offer(w, p);
	if (c->state == CLIENT_PARKED)
		move_offer(w, c);
	if (c->state == CLIENT_PARKED)
		client_wait(w, c);
}

/* Until the relay has carried all that the session wrote. */
static bool
drain(struct worker *w, struct client *c)
{
	int r = relay_pump(w, c);

	if (r == -1)
		park_over(w, c, IPC_END_DISCONNECTED);
	if (r != 0)
		return false;
	relay_end(w, c);
	/* What TLS has read ahead raises no event. */
	if (flow_pending(c))
		client_again(w, c);
	return true;
}

/* As client_flush; what does not go has its time. */
static int
flush(struct worker *w, struct client *c)
{
	uint64_t before = c->sent;
	int r = client_flush(w, c);

	c->past.sent += c->sent - before;
	if (r == 1 && c->deadline != 0)
		client_deadline(w, c, 0);
	else if (r == 0 && c->deadline == 0)
		client_deadline(
		    w, c, w->boot.set.output_timeout * UINT64_C(1000));
	return r;
}

/*
 * What can be answered here is, some lines in a turn, and goes out together: a
 * burst of its own for each would cost a compressed client nothing and us much.
 * What cannot is a session's.
 */
static void
take_input(struct worker *w, struct client *c)
{
	struct parked *p = c->parked;
	bool more = true;
	size_t at = 0;
	int r;

	while (at < c->nin && more && c->nout < CLIENT_SAY)
		more = answer(w, c, &at);
	if (at > 0) {
		client_eat(c, at);
		active(w, p);
	}
	r = flush(w, c);
	if (r == -1)
		park_over(w, c, IPC_END_DISCONNECTED);
	if (r != 1)
		return;
	if (c->nin > 0 && more)
		client_again(w, c);
	else if (c->nin > 0 && !is_begun_done(c))
		give_up(w, c);
	else if (c->nin == 0 && c->eof)
		end_of_input(w, c);
}

/* Only a session can empty the trash at the end. */
static void
end_of_input(struct worker *w, struct client *c)
{
	if (w->boot.set.nemptytrash > 0)
		give_up(w, c);
	else
		park_over(w, c, IPC_END_DISCONNECTED);
}

/* To a session, with what it said. */
static void
give_up(struct worker *w, struct client *c)
{
	unrest(w, c->parked);
	wake_client(w, c, false);
}

/* Of the line that ends its IDLE the rest is on its way. */
static bool
is_begun_done(const struct client *c)
{
	return c->parked->tag != NULL && c->nin < 6 && !c->eof &&
	       memchr(c->in, '\n', c->nin) == NULL &&
	       strncasecmp(c->in, "DONE\r", c->nin) == 0;
}

/* The line at *at, which is passed; false: it is not whole, or not for us. */
static bool
answer(struct worker *w, struct client *c, size_t *at)
{
	struct parked *p = c->parked;
	const char *line = c->in + *at, *end = memchr(line, '\n', c->nin - *at);
	size_t text, tag;

	if (end == NULL)
		return false;
	text = (size_t)(end - line);
	if (text > 0 && line[text - 1] == '\r')
		text--;
	if (p->tag != NULL) {
		if (text != 4 || strncasecmp(line, "DONE", 4) != 0 ||
		    !is_heard(p) || has_news(w, p))
			return false;
		client_say(c, "%s OK IDLE completed\r\n", p->tag);
		end_idle(w, p);
	} else {
		if ((p->flags & IPC_PARK_SELECTED) != 0 ||
		    !is_noop(line, text, &tag))
			return false;
		client_say(c, "%.*s OK NOOP completed\r\n", (int)tag, line);
		p->bad = 0;
	}
	*at += (size_t)(end - line) + 1;
	return true;
}

/* The bell may not have been heard yet. */
static bool
has_news(const struct worker *w, const struct parked *p)
{
	return p->stirred ||
	       (p->folder != NULL &&
		   board_counter(w->board, p->folder->slot) != p->told);
}

/* Would it be told of what is new in what is selected? */
static bool
is_heard(const struct parked *p)
{
	return (p->flags & IPC_PARK_SELECTED) == 0 ||
	       (p->folder != NULL && !hears_account(p));
}

/* NOTIFY: it waits at its account's slot, in IDLE or not. */
static bool
hears_account(const struct parked *p)
{
	return p->folder != NULL && (p->folder->dev & BOARD_ACCOUNT) != 0;
}

/* A plain tag, a blank and NOOP: what else there may be is for a session. */
static bool
is_noop(const char *line, size_t n, size_t *tag)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.";
	size_t i;

	for (i = 0; i < n && line[i] != ' '; i++)
		if (line[i] == '\0' || strchr(ok, line[i]) == NULL)
			return false;
	*tag = i;
	return i > 0 && i <= LOGIN_TAG_MAX && n == i + 5 &&
	       strncasecmp(line + i, " NOOP", 5) == 0;
}

static void
active(struct worker *w, struct parked *p)
{
	(void)RB_REMOVE(parked_tree, &w->resting, p);
	p->deadline = w->now + w->boot.set.inactivity_timeout * UINT64_C(1000);
	(void)RB_INSERT(parked_tree, &w->resting, p);
}

static void
end_idle(struct worker *w, struct parked *p)
{
	free(p->tag);
	p->tag = NULL;
	p->bad = 0;
	if (!hears_account(p))
		notice_part(w, p);
}

void
park_stirred(struct worker *w, struct parked *p)
{
	struct client *c = p->client;

	if (c->state != CLIENT_PARKED)
		return; /* compared when it parks again */
	p->stirred = true;
	if (c->relay == NULL && c->nout == 0 && p->due == 0 && !p->full) {
		offer(w, p);
		if (c->state == CLIENT_PARKED)
			client_wait(w, c);
	}
}

/* The first news go at once, a torrent of them at a bounded rate. */
static void
offer(struct worker *w, struct parked *p)
{
	uint64_t every = hears_account(p) ? ACCOUNT_MS : NOTICE_MS;
	uint64_t most = hears_account(p) ? 1 : PARK_CREDIT;
	uint64_t credit = p->credit + (w->now - p->noticed) / every;

	p->credit = (uint8_t)(credit < most ? credit : most);
	if (p->credit == 0) {
		hold(w, p, p->noticed + every);
		return;
	}
	p->full = !takes_bytes(p->client);
	if (p->full)
		return;
	p->credit--;
	p->noticed = w->now;
	unrest(w, p);
	wake_client(w, p->client, true);
}

static void
hold(struct worker *w, struct parked *p, uint64_t due)
{
	struct parked *before = TAILQ_LAST(&w->held, parked_list);

	p->due = due > 0 ? due : 1;
	while (before != NULL && before->due > p->due)
		before = TAILQ_PREV(before, parked_list, held);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&w->held, before, p, held);
	else
		TAILQ_INSERT_HEAD(&w->held, p, held);
}

static bool
takes_bytes(const struct client *c)
{
	struct pollfd fd = {.fd = c->src.fd, .events = POLLOUT};

	return poll(&fd, 1, 0) != 1 || fd.revents != 0;
}

void
park_served(struct worker *w, struct client *c)
{
	struct parked *p = c->parked;

	p->stirred = p->full = false;
	if (p->folder != NULL)
		p->told = board_counter(w->board, p->folder->slot);
}

void
park_late(struct worker *w, struct client *c)
{
	if (c->state != CLIENT_PARKED) {
		log_line(LOG_LEVEL_ERR,
		    "no session for a parked client: "
		    "conn=%llu user=%s",
		    (unsigned long long)c->conn, c->user);
		park_bye(w, c, IPC_END_DISCONNECTED, BYE_LATER);
	} else {
		park_over(w, c, IPC_END_TIMEOUT);
	}
}

void
park_over(struct worker *w, struct client *c, enum ipc_end why)
{
	struct tell_end end = {.why = why,
	    .headers = c->past.headers,
	    .body = c->past.body,
	    .received = c->past.received,
	    .sent = c->past.sent};

	tell_end(w, c, &end);
	client_end(w, c);
}

void
park_bye(struct worker *w, struct client *c, enum ipc_end why, const char *text)
{
	struct tell_end end = {.why = why,
	    .headers = c->past.headers,
	    .body = c->past.body,
	    .received = c->past.received,
	    .sent = c->past.sent + c->nout - c->sentout + strlen(text)};

	tell_end(w, c, &end);
	client_bye(w, c, text);
}

int
park_yield(struct worker *w, struct ipc_msg *msg)
{
	struct client *c;
	struct ipc_get g;
	uint64_t conn;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	if (ipc_done(&g) == -1)
		return -1;
	c = client_find(w, conn);
	if (c == NULL || c->state != CLIENT_PARKED) {
		peer_owe(w, &w->spawner, IPC_KEPT, conn, 0);
		return 0;
	}
	log_line(LOG_LEVEL_NOTICE,
	    "the oldest parked connection gives way: user=%s ip=%s", c->user,
	    c->peer);
	/* At once, not when it has read its last line. */
	if (c->counted)
		peer_owe(w, &w->spawner, IPC_ENDED, c->conn, 0);
	c->counted = false;
	park_bye(w, c, IPC_END_DISCONNECTED, BYE_YIELD);
	return 0;
}

void
park_tick(struct worker *w)
{
	struct parked *p;

	while ((p = TAILQ_FIRST(&w->held)) != NULL && p->due <= w->now) {
		TAILQ_REMOVE(&w->held, p, held);
		p->due = 0;
		park_ready(w, p->client, 0);
	}
	while ((p = TAILQ_FIRST(&w->slow)) != NULL && p->look <= w->now) {
		TAILQ_REMOVE(&w->slow, p, slowly);
		p->look = 0;
		p->stirred = true;
		park_ready(w, p->client, 0);
	}
	while ((p = RB_MIN(parked_tree, &w->resting)) != NULL &&
	       p->deadline <= w->now)
		park_bye(w, p->client, IPC_END_TIMEOUT, BYE_TIME);
}

int
park_patience(const struct worker *w)
{
	struct parked_tree *tree = (struct parked_tree *)(uintptr_t)&w->resting;
	const struct parked *p = RB_MIN(parked_tree, tree);
	const struct parked *held = TAILQ_FIRST(&w->held);
	const struct parked *slow = TAILQ_FIRST(&w->slow);
	uint64_t until = UINT64_MAX;

	if (p != NULL)
		until = p->deadline;
	if (held != NULL && held->due < until)
		until = held->due;
	if (slow != NULL && slow->look < until)
		until = slow->look;
	if (until == UINT64_MAX)
		return -1;
	if (until <= w->now)
		return 0;
	return until - w->now > 60000 ? 60000 : (int)(until - w->now);
}
