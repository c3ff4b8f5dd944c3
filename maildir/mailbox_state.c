/*
 * What a folder looked like: stamps of new, cur, courierimapkeywords and of the
 * UID file, which of them may be trusted, and which scan is owed. An own change
 * moves the same stamps as a stranger's; it costs no look at once, but one is
 * owed from then on. The index keeps the same for whoever comes next.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define OWED_SECONDS 2

static int stamp_dir(int, struct stamp *);
static int64_t seconds(void);

int
mailbox_stamps(const struct mailbox *mb, struct stamp out[static DIRS])
{
	struct stat st;

	if (stamp_dir(mb->newfd, &out[DIR_NEW]) == -1 ||
	    stamp_dir(mb->curfd, &out[DIR_CUR]) == -1)
		return -1;
	if (fstatat(mb->dirfd, KEYWORDS_DIR, &st, AT_SYMLINK_NOFOLLOW) == 0)
		stamp_of(&st, &out[DIR_KEYWORDS]);
	else if (errno == ENOENT)
		memset(&out[DIR_KEYWORDS], 0, sizeof(out[DIR_KEYWORDS]));
	else
		return -1;
	return 0;
}

static int
stamp_dir(int fd, struct stamp *out)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_nlink == 0) {
		errno = ESTALE; /* the folder was deleted */
		return -1;
	}
	stamp_of(&st, out);
	return 0;
}

int
mailbox_list_stamp(const struct mailbox *mb, struct stamp *out)
{
	struct stat st;

	if (fstatat(mb->dirfd, UIDLIST_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		stamp_of(&st, out);
	else if (errno == ENOENT)
		memset(out, 0, sizeof(*out));
	else
		return -1;
	return 0;
}

unsigned
mailbox_stale(const struct mailbox *mb, const struct stamp now[static DIRS])
{
	unsigned want = 0;
	int i;

	if (mb->owes != 0 && seconds() - mb->owed_since >= OWED_SECONDS)
		return LOOK_ALL;
	for (i = 0; i < DIRS; i++)
		if (!mb->settled[i] || !stamp_equal(&now[i], &mb->known[i]))
			want |= 1u << i;
	return want;
}

static int64_t
seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

bool
mailbox_owes(const struct mailbox *mb)
{
	return mb->owes != 0 || !mb->settled[DIR_NEW] ||
	       !mb->settled[DIR_CUR] || !mb->settled[DIR_KEYWORDS];
}

void
mailbox_own_begin(struct mailbox *mb)
{
	struct stamp now[DIRS];
	int i;

	if (mailbox_stamps(mb, now) == -1) {
		memset(mb->clean, 0, sizeof(mb->clean));
		return;
	}
	for (i = 0; i < DIRS; i++)
		mb->clean[i] = stamp_equal(&now[i], &mb->known[i]);
}

void
mailbox_own_end(struct mailbox *mb)
{
	struct stamp now[DIRS];
	int i, saved = errno;

	if (mailbox_stamps(mb, now) == -1) {
		errno = saved;
		return;
	}
	for (i = 0; i < DIRS; i++) {
		if (!mb->clean[i] || stamp_equal(&now[i], &mb->known[i]))
			continue;
		mb->known[i] = now[i];
		mb->settled[i] = true;
		if (mb->owes == 0)
			mb->owed_since = seconds();
		mb->owes |= 1u << i;
	}
	errno = saved;
}

void
mailbox_state_give(const struct mailbox *mb, struct folder_state *out)
{
	int i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < DIRS; i++) {
		out->known[i] = mb->known[i];
		out->settled |= (uint8_t)(mb->settled[i] ? 1u << i : 0);
	}
	out->list = mb->list_known;
	out->owed_since = mb->owed_since;
	out->owes = (uint8_t)mb->owes;
	out->next = mb->next;
	out->recent_from = mb->recent_from;
	out->complete = mb->complete;
	out->unread = mb->keywords_unread;
}

void
mailbox_state_take(struct mailbox *mb, const struct folder_state *s)
{
	int i;

	for (i = 0; i < DIRS; i++) {
		mb->known[i] = s->known[i];
		mb->settled[i] = (s->settled & 1u << i) != 0;
	}
	mb->list_known = s->list;
	mb->owed_since = s->owed_since;
	mb->owes = s->owes;
	if (mb->next < s->next)
		mb->next = s->next;
	if (mb->max_uid < mb->next - 1)
		mb->max_uid = mb->next - 1;
	mb->recent_from = s->recent_from;
	mb->complete = s->complete != 0;
	mb->keywords_unread = s->unread != 0;
}
