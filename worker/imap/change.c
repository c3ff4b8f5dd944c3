/* The deed first, then the post: a fact on disk, then the bell. */
#include "worker/imap/change.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/board.h"
#include "shm/ipc.h"
#include "shm/log.h"
#include "shm/stir.h"
#include "worker/imap/trash.h"
#include "worker/imap/view.h"

#define POST_WAIT 2000 /* ms for room in the channel */

static void send_post(struct session *, uint64_t, uint64_t, uint64_t);
static void post_account(struct session *);
static void stir(struct session *, int);

int
change_create(struct session *s, const char *folder, uint32_t use)
{
	int result = maildir_create(s->maildir, folder, use);

	if (result == 0)
		post_account(s);
	return result;
}

int
change_delete(struct session *s, const char *folder)
{
	/* Its identity is lost with it: who waits there is told before. */
	uint64_t dev, ino, stamp;
	int known, result, dirfd = -1;

	if (s->control == -1)
		dirfd = maildir_folder(s->maildir, folder);
	known = maildir_identity(s->maildir, folder, &dev, &ino, &stamp);
	result = maildir_delete(s->maildir, folder);
	if (result == 0 && known == 0)
		change_post(s, dev, ino, 0);
	else if (result == 0)
		post_account(s);
	if (dirfd != -1) {
		int err = errno;

		if (result == 0)
			stir(s, dirfd);
		(void)close(dirfd);
		errno = err;
	}
	return result;
}

int
change_rename(struct session *s, const char *from, const char *to)
{
	int result;

	result = maildir_rename(s->maildir, from, to);
	if (result == 0 && from[0] == '\0')
		change_post_folder(s, from);
	if (result == 0)
		change_post_folder(s, to);
	return result;
}

int
change_subscribe(struct session *s, const char *line, bool on)
{
	int result = maildir_subscribe(s->maildir, line, on);

	if (result == 0)
		post_account(s);
	return result;
}

int
change_store(struct session *s, const uint32_t *uids, size_t n,
    const struct mailbox_change *change, bool *changed)
{
	bool some = false;
	int result, err;
	size_t i;

	result =
	    mailbox_store(s->client.view->mailbox, uids, n, change, changed);
	err = errno;
	for (i = 0; i < n && !some; i++)
		some = changed[i];
	if (some)
		change_post_selected(s);
	errno = err;
	return result;
}

int
change_copy(struct session *s, struct change_copy *c)
{
	struct view *v = s->client.view;
	bool *moved;
	size_t i;

	moved = arena_array(s->arena, c->n, sizeof(*moved));
	if (moved == NULL) {
		errno = ENOMEM;
		return -1;
	}
	if (mailbox_copy(v->mailbox, c->uids, c->n, c->dest, c->move, c->copies,
		&c->uidvalidity) == -1)
		return -1;
	change_post_folder(s, c->dest);
	if (!c->move && trash_wanted(s))
		trash_copied(v, c->uids, c->n);
	if (c->move) {
		/* What was no longer there to be copied is gone as well. */
		for (i = 0; i < c->n; i++)
			moved[i] = mailbox_find(v->mailbox, c->uids[i]) == NULL;
		view_gone(v, c->uids, moved, c->n);
		change_post_selected(s);
	}
	return 0;
}

struct delivery *
change_deliver_open(struct session *s, const char *folder)
{
	return delivery_open(s->maildir, folder);
}

int
change_deliver(struct session *s, const char *folder, struct delivery *d,
    uint32_t *uids, uint32_t *uidvalidity)
{
	if (delivery_commit(d, uids, uidvalidity) == -1)
		return -1;
	change_post_folder(s, folder);
	return 0;
}

/* The folder, and the account for those who have NOTIFY. */
void
change_post(struct session *s, uint64_t dev, uint64_t ino, uint64_t stamp)
{
	if (s->control == -1)
		return;
	send_post(s, dev, ino, stamp);
	post_account(s);
}

/* The folders or the subscriptions of the account are others now. */
static void
post_account(struct session *s)
{
	struct stat st;
	int err = errno;

	if (s->control == -1)
		stir(s, s->account->rootfd);
	else if (fstat(s->account->rootfd, &st) == 0)
		send_post(s, st.st_dev | BOARD_ACCOUNT, st.st_ino, 0);
	errno = err;
}

/* A post that finds no room is made good by the slow check. */
static void
send_post(struct session *s, uint64_t dev, uint64_t ino, uint64_t stamp)
{
	struct ipc_put m;

	ipc_begin(&m, IPC_POST);
	ipc_put_u64(&m, dev);
	ipc_put_u64(&m, ino);
	ipc_put_u64(&m, stamp);
	if (ipc_send_wait(s->control, &m, NULL, 0, POST_WAIT) == -1)
		log_line(
		    LOG_LEVEL_WARN, "post failed user=%s", s->account->user);
}

/*
 * From a shell: to the notify socket of the server that may run here. Without
 * one, or without room there, its watch process sees the change by itself.
 */
static void
stir(struct session *s, int dirfd)
{
	if (dirfd != -1 && s->set->notifysocket[0] != '\0')
		(void)stir_send(s->set->notifysocket, dirfd);
}

void
change_post_selected(struct session *s)
{
	struct mailbox *box = s->client.view->mailbox;
	uint64_t dev, ino;

	if (s->control == -1) {
		stir(s, mailbox_folder(box));
		return;
	}
	mailbox_identity(box, &dev, &ino);
	change_post(s, dev, ino, mailbox_stamp(box));
}

void
change_post_folder(struct session *s, const char *folder)
{
	uint64_t dev, ino, stamp;
	int dirfd;

	if (s->control == -1) {
		dirfd = maildir_folder(s->maildir, folder);
		stir(s, dirfd);
		if (dirfd != -1)
			(void)close(dirfd);
		return;
	}
	if (maildir_identity(s->maildir, folder, &dev, &ino, &stamp) == 0)
		change_post(s, dev, ino, stamp);
}
