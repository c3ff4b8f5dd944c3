/*
 * Messages that go: expunged, moved to the trash instead where the site wants
 * that, or removed for their age. Part of change.h.
 */
#include <errno.h>
#include <string.h>

#include "maildir/trash.h"
#include "worker/imap/change.h"
#include "worker/imap/trash.h"
#include "worker/imap/view.h"

struct expunge {
	struct session *s;
	const char *folder;
	const uint32_t *uids;
	size_t n;
	char **files; /* their names as they were, NULL: not logged */
};

static char **file_names(struct session *, const uint32_t *, size_t);
static int to_trash(struct session *, const uint32_t *, size_t);
static void log_moved(void *, size_t, const char *);
static int for_good(struct session *, const uint32_t *, size_t);
static void log_removed(void *, const char *);

int
change_expunge(struct session *s, const uint32_t *uids, size_t n)
{
	uint32_t *kept, *rest;
	size_t i, nkept = 0, nrest = 0;
	bool *gone;
	int result = 0, err;

	kept = arena_array(s->arena, n, sizeof(*kept));
	rest = arena_array(s->arena, n, sizeof(*rest));
	gone = arena_array(s->arena, n, sizeof(*gone));
	if (kept == NULL || rest == NULL || gone == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < n; i++)
		if (trash_wanted(s) &&
		    !trash_was_copied(s->client.view, uids[i]))
			kept[nkept++] = uids[i];
		else
			rest[nrest++] = uids[i];
	if (nkept > 0)
		result = to_trash(s, kept, nkept);
	if (result == 0 && nrest > 0)
		result = for_good(s, rest, nrest);
	err = errno;
	for (i = 0; i < n; i++)
		gone[i] =
		    mailbox_find(s->client.view->mailbox, uids[i]) == NULL;
	view_gone(s->client.view, uids, gone, n);
	change_post_selected(s);
	errno = err;
	return result;
}

/* For the log; without memory there is none. */
static char **
file_names(struct session *s, const uint32_t *uids, size_t n)
{
	char path[TRASH_PATH_MAX], **files;
	size_t i;

	if (s->set->log_deletions == 0)
		return NULL;
	files = arena_array(s->arena, n, sizeof(*files));
	for (i = 0; files != NULL && i < n; i++) {
		files[i] = NULL;
		if (mailbox_file(s->client.view->mailbox, uids[i], path) == 0)
			files[i] = arena_text(s->arena, path, strlen(path));
	}
	return files;
}

static int
to_trash(struct session *s, const uint32_t *uids, size_t n)
{
	struct expunge e = {.s = s, .folder = s->client.view->folder};
	struct mailbox_trash t = {.uids = uids,
	    .n = n,
	    .folder = s->set->trashfolder,
	    .moved = log_moved,
	    .arg = &e};
	int there;

	e.files = file_names(s, uids, n);
	there = maildir_exists(s->maildir, t.folder);
	if (there == -1 ||
	    (there == 0 && maildir_create(s->maildir, t.folder, 0) == -1 &&
		errno != EEXIST))
		return -1;
	if (mailbox_trash(s->client.view->mailbox, &t) == -1)
		return -1;
	change_post_folder(s, t.folder);
	return 0;
}

static void
log_moved(void *arg, size_t k, const char *file)
{
	const struct expunge *e = arg;

	if (e->files != NULL && e->files[k] != NULL)
		trash_log(e->s, e->folder, e->files[k], file);
}

static int
for_good(struct session *s, const uint32_t *uids, size_t n)
{
	char **files = file_names(s, uids, n);
	int result, err;
	bool *gone;
	size_t i;

	gone = arena_array(s->arena, n, sizeof(*gone));
	if (gone == NULL) {
		errno = ENOMEM;
		return -1;
	}
	result = mailbox_expunge(s->client.view->mailbox, uids, n, gone);
	err = errno;
	for (i = 0; files != NULL && i < n; i++)
		if (gone[i] && files[i] != NULL)
			trash_log(s, s->client.view->folder, files[i], NULL);
	errno = err;
	return result;
}

ssize_t
change_empty(struct session *s, const char *folder, time_t before, unsigned max)
{
	struct expunge e = {.s = s, .folder = folder};
	const struct maildir_empty what = {.folder = folder,
	    .before = before,
	    .max = max,
	    .removed = log_removed,
	    .arg = &e};
	ssize_t n;

	n = maildir_empty(s->maildir, &what);
	if (n > 0)
		change_post_folder(s, folder);
	return n;
}

static void
log_removed(void *arg, const char *file)
{
	const struct expunge *e = arg;

	trash_log(e->s, e->folder, file, NULL);
}
