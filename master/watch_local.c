/*
 * Posts from outside. Nothing that a sender says is believed but the descriptor
 * itself: identity and stamp are those of the directory, and an O_PATH one,
 * which proves no right to read it, is refused. What a uid sends beyond its
 * rate costs one post per folder and second; beyond WATCH_LOCAL_MERGED folders
 * it costs one look at all that are watched.
 */
#include "master/watch_local.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLICE   64   /* datagrams in one round */
#define SECOND  1000 /* ms */
#define FDS_MAX 4    /* with one datagram; one is right */

struct letter { /* what one datagram held */
	bool has_uid;
	uint32_t uid;
	int nfds;
	int fds[FDS_MAX];
};

static int receive(int fd, struct letter *);
static void read_control(struct msghdr *, struct letter *);
static void take(struct watch_local *, uint32_t uid, int dirfd, uint64_t now);
static void post_accounts(struct watch_local *, const struct stat *, int);
static struct watch_local_user *user_of(
    struct watch_local *, uint32_t uid, uint64_t now);
static void wait_merged(
    struct watch_local *, struct watch_local_user *, uint32_t, uint64_t);
static void post_merged(struct watch_local *, struct watch_local_user *);
static uint64_t stamp_of(int dirfd);
static uint64_t now_ms(void);

void
watch_local_init(struct watch_local *l, struct board *board, const int *bells)
{
	memset(l, 0, sizeof(*l));
	l->fd = -1;
	l->board = board;
	l->bells = bells;
	l->users[0].used = true;
}

void
watch_local_open(struct watch_local *l, int fd)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = fd;
}

void
watch_local_read(struct watch_local *l)
{
	uint64_t now = now_ms();
	struct letter letter;

	for (int n = 0; n < SLICE && receive(l->fd, &letter) == 0; n++) {
		if (letter.has_uid && letter.nfds == 1)
			take(l, letter.uid, letter.fds[0], now);
		for (int i = 0; i < letter.nfds; i++)
			close(letter.fds[i]);
	}
}

/* -1: nothing is there. */
static int
receive(int fd, struct letter *out)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct ucred)) +
			   CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	memset(out, 0, sizeof(*out));
	read_control(&m, out);
	return 0;
}

static void
read_control(struct msghdr *m, struct letter *out)
{
	struct cmsghdr *c;
	struct ucred cred;
	size_t n;

	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS &&
		    c->cmsg_len == CMSG_LEN(sizeof(cred))) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			out->uid = cred.uid;
			out->has_uid = true;
		}
		if (c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && out->nfds < FDS_MAX; i++)
			memcpy(&out->fds[out->nfds++],
			    CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

static void
take(struct watch_local *l, uint32_t uid, int dirfd, uint64_t now)
{
	int flags = fcntl(dirfd, F_GETFL);
	struct watch_local_user *u;
	struct stat st;
	uint32_t slot;

	if (flags == -1 || (flags & O_PATH) != 0 ||
	    (flags & O_ACCMODE) == O_WRONLY || fstat(dirfd, &st) == -1 ||
	    !S_ISDIR(st.st_mode))
		return;
	u = user_of(l, uid, now);
	slot = board_slot(l->board, st.st_dev, st.st_ino);
	if (u->count < WATCH_LOCAL_RATE) {
		u->count++;
		board_post(l->board, slot, stamp_of(dirfd), l->bells);
		post_accounts(l, &st, dirfd);
	} else
		wait_merged(l, u, slot, stamp_of(dirfd));
}

/*
 * Who has NOTIFY hears of it as well: the Maildir's root is this directory (its
 * INBOX) or the one above. What is merged comes to them a little later, by
 * watch's own look at the folder or their session's slow one.
 */
static void
post_accounts(struct watch_local *l, const struct stat *st, int dirfd)
{
	struct stat up;

	board_post(l->board,
	    board_slot(l->board, st->st_dev | BOARD_ACCOUNT, st->st_ino), 0,
	    l->bells);
	if (fstatat(dirfd, "..", &up, 0) == 0)
		board_post(l->board,
		    board_slot(l->board, up.st_dev | BOARD_ACCOUNT, up.st_ino),
		    0, l->bells);
}

/* The uid's entry, in this second of its. */
static struct watch_local_user *
user_of(struct watch_local *l, uint32_t uid, uint64_t now)
{
	struct watch_local_user *u = NULL, *free_one = NULL;

	for (unsigned i = 1; i < WATCH_LOCAL_USERS && u == NULL; i++) {
		struct watch_local_user *v = &l->users[i];

		if (v->used && v->uid == uid)
			u = v;
		else if (!v->used ||
			 (now >= v->since + SECOND && v->nslots == 0))
			free_one = v;
	}
	if (u == NULL) {
		u = free_one != NULL ? free_one : &l->users[0];
		if (free_one != NULL)
			*u = (struct watch_local_user){
			    .used = true, .uid = uid, .since = now};
	}
	if (now >= u->since + SECOND) {
		post_merged(l, u);
		u->since = now;
		u->count = 0;
	}
	return u;
}

static void
wait_merged(struct watch_local *l, struct watch_local_user *u, uint32_t slot,
    uint64_t stamp)
{
	unsigned i;

	for (i = 0; i < u->nslots; i++)
		if (u->slots[i] == slot)
			break;
	if (i == WATCH_LOCAL_MERGED) {
		l->lost = true;
		return;
	}
	u->slots[i] = slot;
	u->stamps[i] = stamp;
	if (i == u->nslots)
		u->nslots++;
}

static void
post_merged(struct watch_local *l, struct watch_local_user *u)
{
	for (unsigned i = 0; i < u->nslots; i++)
		board_post(l->board, u->slots[i], u->stamps[i], l->bells);
	u->nslots = 0;
}

bool
watch_local_turn(struct watch_local *l)
{
	uint64_t now = now_ms();
	bool lost = false;

	for (unsigned i = 0; i < WATCH_LOCAL_USERS; i++) {
		struct watch_local_user *u = &l->users[i];

		if (u->nslots == 0 || now < u->since + SECOND)
			continue;
		post_merged(l, u);
		/* A second that ended with merged posts is followed by one. */
		u->since = now;
		u->count = 0;
		lost = l->lost;
	}
	if (lost)
		l->lost = false;
	return lost;
}

int
watch_local_wait(const struct watch_local *l)
{
	uint64_t now = now_ms(), first = UINT64_MAX;

	for (unsigned i = 0; i < WATCH_LOCAL_USERS; i++)
		if (l->users[i].nslots > 0 && l->users[i].since < first)
			first = l->users[i].since;
	if (first == UINT64_MAX)
		return -1;
	return first + SECOND <= now ? 0 : (int)(first + SECOND - now);
}

/* As board_stamp_dirs, of names: watch opens nothing. */
static uint64_t
stamp_of(int dirfd)
{
	static const char *const names[] = {
	    "new", "cur", "courierimapkeywords"};
	struct stat st[3];

	for (int i = 0; i < 3; i++)
		if (fstatat(dirfd, names[i], &st[i], AT_SYMLINK_NOFOLLOW) == -1)
			memset(&st[i], 0, sizeof(st[i]));
	return board_stamp_stats(st);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
