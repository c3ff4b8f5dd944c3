/* What a client with NOTIFY asks of its worker: the account's slot, folders. */
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "shm/board.h"
#include "shm/ipc.h"
#include "worker/imap/notify.h"
#include "worker/imap/parking.h"
#include "worker/imap/view.h"

#define GO_WAIT                                                                \
	2000 /* ms that a worker has to take a message, and to answer          \
	      */

struct wanted { /* folders to be watched */
	const struct notify_box *boxes[NOTIFY_FOLLOW_MAX];
	size_t n;
	bool more; /* than there is room for */
};

static int put_place(struct session *, struct ipc_put *, enum ipc_type);
static void choose(const struct session *, struct wanted *);
static void add(struct wanted *, const struct notify_box *);
static bool is_same(const struct notify *, const struct wanted *);
static void remember(struct notify *, const struct wanted *);
static bool is_same_root(struct session *);
static void follow_box(struct session *, const struct notify_box *, bool);
static void send_follow(
    struct session *, const struct notify_box *, bool, const int *, int);

int
notify_wait(struct session *s)
{
	struct pollfd p = {.fd = s->control, .events = POLLIN};
	time_t end = session_clock() + GO_WAIT / 1000;
	struct ipc_put m;
	int root, sent;

	if (s->control == -1 || (s->set->enhancedidle == 0 && !park_on(s)) ||
	    put_place(s, &m, IPC_WATCH) == -1)
		return -1;
	ipc_put_u64(&m, 0);
	s->news.go = false;
	s->news.heard = 0;
	root = maildir_folder(s->maildir, "");
	sent = ipc_send_wait(s->control, &m, &root, root != -1, GO_WAIT);
	if (root != -1)
		(void)close(root);
	if (sent == -1)
		return -1;
	s->client.notify->waits = true;
	while (
	    !s->news.go && s->news.end == NEWS_NONE && session_clock() <= end)
		if (poll(&p, 1, GO_WAIT) > 0)
			session_control(s);
	return s->news.go ? 0 : -1;
}

void
notify_unwait(struct session *s)
{
	struct notify *y = s->client.notify;
	struct ipc_put m;

	if (y->nfollowed > 0)
		send_follow(s, NULL, true, NULL, 0);
	y->nfollowed = 0;
	if (y->waits && put_place(s, &m, IPC_UNWATCH) == 0)
		(void)ipc_send_wait(s->control, &m, NULL, 0, GO_WAIT);
	y->waits = y->slow = false;
}

static int
put_place(struct session *s, struct ipc_put *m, enum ipc_type type)
{
	uint64_t dev, ino;

	if (notify_place(s, &dev, &ino) == -1)
		return -1;
	ipc_begin(m, type);
	ipc_put_u64(m, dev);
	ipc_put_u64(m, ino);
	return 0;
}

int
notify_place(struct session *s, uint64_t *dev, uint64_t *ino)
{
	uint64_t stamp;

	*dev = *ino = 0;
	if (!s->client.notify->set.set)
		return 0;
	if (maildir_identity(s->maildir, "", dev, ino, &stamp) == -1)
		return -1;
	*dev |= BOARD_ACCOUNT;
	return 0;
}

/* Woken for news it was not taken from its place. */
bool
notify_parks(const struct session *s)
{
	const struct notify *y = s->client.notify;

	return y == NULL || !y->set.set || y->waits ||
	       (s->client.newsonly && y->stays);
}

void
notify_back(struct session *s, bool known)
{
	struct notify *y = s->client.notify;
	struct wanted w = {.n = 0};

	if (y == NULL)
		return;
	choose(s, &w);
	if (known)
		remember(y, &w);
	y->stays = is_same_root(s);
	if (!s->client.newsonly)
		notify_rejoin(s);
}

/* It may have been replaced by another, from a backup. */
static bool
is_same_root(struct session *s)
{
	const struct notify *y = s->client.notify;
	uint64_t dev, ino, stamp;

	if (maildir_identity(s->maildir, "", &dev, &ino, &stamp) == -1)
		return false;
	for (size_t i = 0; i < y->n; i++)
		if (y->boxes[i].folder != NULL && y->boxes[i].folder[0] == '\0')
			return y->boxes[i].dev == dev && y->boxes[i].ino == ino;
	return false;
}

void
notify_rejoin(struct session *s)
{
	struct notify *y = s->client.notify;

	if (y == NULL || !y->set.set || y->waits || !session_alive(s))
		return;
	(void)notify_wait(s);
	y->again = 0;
}

void
notify_follow(struct session *s)
{
	struct notify *y = s->client.notify;
	struct wanted w = {.n = 0};

	if (!y->set.set || !notify_parks(s))
		return;
	choose(s, &w);
	y->slow = w.more;
	if (is_same(y, &w))
		return;
	if (w.n == 0)
		send_follow(s, NULL, true, NULL, 0);
	for (size_t i = 0; i < w.n; i++)
		follow_box(s, w.boxes[i], i == 0);
	remember(y, &w);
}

static void
remember(struct notify *y, const struct wanted *w)
{
	for (size_t i = 0; i < w->n; i++) {
		y->followed[i][0] = w->boxes[i]->dev;
		y->followed[i][1] = w->boxes[i]->ino;
	}
	y->nfollowed = w->n;
}

/* The selected one first, then INBOX, then by name. */
static void
choose(const struct session *s, struct wanted *w)
{
	const struct notify *y = s->client.notify;
	const struct notify_box *b;
	size_t i;

	for (i = 0; i < y->n && notify_selected(&y->set) != NULL; i++)
		if (notify_is_open(s, &y->boxes[i]))
			add(w, &y->boxes[i]);
	for (int inbox = 1; inbox >= 0; inbox--)
		for (i = 0; i < y->n; i++) {
			b = &y->boxes[i];
			if (b->folder == NULL ||
			    (b->folder[0] == '\0') != (inbox != 0))
				continue;
			if ((notify_events(&y->set, b->name, b->subscribed) &
				NOTIFY_MESSAGE) != 0)
				add(w, b);
		}
}

static void
add(struct wanted *w, const struct notify_box *b)
{
	if (w->n > 0 && w->boxes[0] == b)
		return;
	if (w->n < NOTIFY_FOLLOW_MAX)
		w->boxes[w->n++] = b;
	else
		w->more = true;
}

static bool
is_same(const struct notify *y, const struct wanted *w)
{
	if (y->nfollowed != w->n)
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (y->followed[i][0] != w->boxes[i]->dev ||
		    y->followed[i][1] != w->boxes[i]->ino)
			return false;
	return true;
}

static void
follow_box(struct session *s, const struct notify_box *b, bool first)
{
	static const char *const names[] = {
	    "new", "cur", "courierimapkeywords"};
	int dir = maildir_folder(s->maildir, b->folder);
	int fds[3], n = 0;

	for (int i = 0; i < 3 && dir != -1; i++) {
		fds[n] = openat(dir, names[i],
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fds[n] == -1)
			break; /* only the last may be missing */
		n++;
	}
	if (dir != -1)
		(void)close(dir);
	/* One that cannot be opened has the slow look. */
	if (n >= 2)
		send_follow(s, b, first, fds, n);
	else if (first)
		send_follow(s, NULL, true, NULL, 0);
	while (n > 0)
		(void)close(fds[--n]);
}

/* b NULL: of none. */
static void
send_follow(struct session *s, const struct notify_box *b, bool first,
    const int *fds, int n)
{
	struct ipc_put m;

	ipc_begin(&m, IPC_FOLLOW);
	ipc_put_u32(&m, first);
	ipc_put_u64(&m, b != NULL ? b->dev : 0);
	ipc_put_u64(&m, b != NULL ? b->ino : 0);
	ipc_put_u64(&m, b != NULL ? b->stamp : 0);
	(void)ipc_send_wait(s->control, &m, fds, n, GO_WAIT);
}
