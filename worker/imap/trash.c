/*
 * The trash folder as Courier knows it (IMAP_TRASHFOLDERNAME, IMAP_EMPTYTRASH,
 * IMAP_MOVE_EXPUNGE_TO_TRASH, IMAP_LOG_DELETIONS).
 */
#include "worker/imap/trash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/log.h"
#include "worker/imap/change.h"

#define DAY 86400

static int compare(const void *, const void *);
static void put_path(char *, size_t, const char *, const char *);

bool
trash_is(const struct session *s, const char *folder)
{
	return folder[0] != '\0' && strcmp(folder, s->set->trashfolder) == 0;
}

bool
trash_is_at_or_below(const struct session *s, const char *folder)
{
	const char *trash = s->set->trashfolder;
	size_t n = strlen(folder);

	return n > 0 && strncmp(trash, folder, n) == 0 &&
	       (trash[n] == '\0' || trash[n] == '.');
}

bool
trash_wanted(const struct session *s)
{
	return s->set->expunge_to_trash != 0 &&
	       s->set->trashfolder[0] != '\0' &&
	       !trash_is(s, s->client.view->folder);
}

/*
 * Courier's rule: who copies a message and expunges it has moved it, and does
 * not want it in the trash. Without memory it goes there all the same.
 */
void
trash_copied(struct view *v, const uint32_t *uids, size_t n)
{
	uint32_t *p;

	p = reallocarray(v->copied, v->ncopied + n, sizeof(*p));
	if (p == NULL)
		return;
	memcpy(p + v->ncopied, uids, n * sizeof(*p));
	v->copied = p;
	v->ncopied += n;
	qsort(p, v->ncopied, sizeof(*p), compare);
	/* A client that copies the same again and again must not grow it. */
	for (size_t i = n = 0; i < v->ncopied; i++)
		if (i == 0 || p[i] != p[n - 1])
			p[n++] = p[i];
	v->ncopied = n;
}

bool
trash_was_copied(const struct view *v, uint32_t uid)
{
	return v->ncopied > 0 && bsearch(&uid, v->copied, v->ncopied,
				     sizeof(*v->copied), compare) != NULL;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

void
trash_empty(struct session *s)
{
	const struct settings_trash *t = s->set->emptytrash;
	unsigned left = TRASH_RUN_MAX;
	const char *folder;
	ssize_t n;
	uint32_t i;

	for (i = 0; i < s->set->nemptytrash && left > 0; i++) {
		folder =
		    t[i].folder[0] != '\0' ? t[i].folder : s->set->trashfolder;
		if (folder[0] == '\0')
			continue;
		n = change_empty(
		    s, folder, time(NULL) - (time_t)t[i].days * DAY, left);
		if (n > 0)
			left -= (unsigned)n;
		else if (n == -1 && errno != ENOENT && errno != EINVAL)
			log_line(LOG_LEVEL_WARN,
			    "user=%s: folder %s cannot be emptied: %s",
			    s->account->user, folder, strerror(errno));
	}
}

void
trash_log(const struct session *s, const char *folder, const char *file,
    const char *moved)
{
	const struct client *c = &s->client;
	char user[SESSION_MAX_NAME], old[SESSION_MAX_NAME + 300];
	char new[SESSION_MAX_NAME + 300];
	int listener;

	if (s->set->log_deletions == 0)
		return;
	listener =
	    (c->flags & (IPC_SERVE_TLS | IPC_SERVE_STARTTLS)) == IPC_SERVE_TLS;
	(void)log_text(user, sizeof(user), s->account->user);
	put_path(old, sizeof(old), folder, file);
	if (moved != NULL) {
		put_path(new, sizeof(new), s->set->trashfolder, moved);
		/* Courier writes the trash without "./" in front. */
		log_courier(listener, LOG_LEVEL_INFO,
		    "EXPUNGED, user=%s, ip=[%s], port=[%u], old_name=%s, "
		    "new_name=%s: only new_name will be left",
		    user, c->peer, c->port, old, new + 2);
	}
	log_courier(listener, LOG_LEVEL_INFO,
	    "EXPUNGED, user=%s, ip=[%s], port=[%u], old_name=%s", user, c->peer,
	    c->port, old);
}

/* "./cur/NAME", "./.Sent/cur/NAME". */
static void
put_path(char *out, size_t size, const char *folder, const char *file)
{
	char raw[SESSION_MAX_NAME + 300];

	(void)snprintf(raw, sizeof(raw), "./%s%s%s%s",
	    folder[0] == '\0' ? "" : ".", folder, folder[0] == '\0' ? "" : "/",
	    file);
	(void)log_text(out, size, raw);
}
