/*
 * CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE: RFC 3501 6.3.3 to 6.3.7; USE
 * of CREATE: RFC 6154. Wording as Courier's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "worker/imap/change.h"
#include "worker/imap/command.h"
#include "worker/imap/namespace.h"
#include "worker/imap/objectid.h"
#include "worker/imap/out.h"
#include "worker/imap/trash.h"
#include "worker/imap/view.h"

/* \All and \Flagged are views over other folders: nothing can be created. */
#define USES                                                                   \
	(MAILDIR_USE_ARCHIVE | MAILDIR_USE_DRAFTS | MAILDIR_USE_JUNK |         \
	    MAILDIR_USE_SENT | MAILDIR_USE_TRASH)

static int take_folder(struct command *, const char **, char[SESSION_MAX_NAME]);
static void answer_created(struct command *, const char *);
static bool is_net_unicode(const struct command *, const char *);
static bool is_open(const struct session *, const char *, bool);
static void subscribe(struct command *, bool);
static bool could_be(const struct session *, const char *);

void
cmd_create(struct command *c)
{
	char folder[SESSION_MAX_NAME];
	const char *name;
	uint32_t use = 0;
	int bad;

	bad = take_folder(c, &name, folder);
	if (!parse_end(c->p))
		use = parse_create_use(c->p);
	if (!command_parsed(c))
		return;
	if (bad != 0 || !is_net_unicode(c, name))
		out_tagged(c, OUT_NO, "CANNOT", "Invalid mailbox name.");
	else if (folder[0] == '\0')
		out_tagged(c, OUT_NO, "ALREADYEXISTS", "INBOX already exists!");
	else if ((use & ~(uint32_t)USES) != 0)
		out_tagged(c, OUT_NO, "USEATTR",
		    "A mailbox cannot be created for this use.");
	else if (change_create(c->s, folder, use) == -1)
		out_errno(c, errno,
		    errno == EINVAL || errno == ENAMETOOLONG
			? "Invalid mailbox name."
			: "Cannot create this folder.");
	else
		answer_created(c, folder);
}

void
cmd_delete(struct command *c)
{
	char folder[SESSION_MAX_NAME];
	const char *name;
	int bad;

	bad = take_folder(c, &name, folder);
	if (!command_parsed(c))
		return;
	if (bad != 0)
		out_tagged(
		    c, OUT_NO, "NONEXISTENT", "Cannot delete this folder.");
	else if (folder[0] == '\0' || trash_is(c->s, folder))
		out_tagged(c, OUT_NO, "CANNOT", "Cannot delete this folder.");
	else if (is_open(c->s, folder, false))
		out_tagged(c, OUT_NO, "CANNOT",
		    "Cannot delete currently-open folder.");
	else if (change_delete(c->s, folder) == -1)
		out_errno(c, errno, "Cannot delete this folder.");
	else
		out_tagged(c, OUT_OK, NULL, "Folder deleted.");
}

void
cmd_rename(struct command *c)
{
	char from[SESSION_MAX_NAME], to[SESSION_MAX_NAME];
	int bad_from, bad_to;
	const char *name;

	bad_from = take_folder(c, &name, from);
	bad_to = take_folder(c, &name, to);
	if (!command_parsed(c))
		return;
	if (bad_from != 0)
		out_tagged(c, OUT_NO, "NONEXISTENT", "RENAME failed: %s",
		    strerror(ENOENT));
	else if (bad_to != 0 || !is_net_unicode(c, name))
		out_tagged(c, OUT_NO, "CANNOT", "Invalid new mailbox name");
	else if (to[0] == '\0')
		out_tagged(c, OUT_NO, "ALREADYEXISTS", "INBOX already exists!");
	else if (trash_is_at_or_below(c->s, from) || trash_is(c->s, to))
		out_tagged(c, OUT_NO, "CANNOT",
		    "Reserved folder name - cannot rename.");
	else if (from[0] != '\0' && is_open(c->s, from, true))
		out_tagged(c, OUT_NO, "CANNOT",
		    "Can't RENAME the currently-open folder");
	else if (change_rename(c->s, from, to) == -1)
		out_errno(c, errno,
		    errno == EINVAL || errno == ENAMETOOLONG
			? "Invalid new mailbox name"
			: "RENAME failed.");
	else if (c->s->client.state != SESSION_SELECTED ||
		 view_look(c->s, false) == 0)
		out_tagged(c, OUT_OK, NULL, "Folder renamed.");
}

void
cmd_subscribe(struct command *c)
{
	subscribe(c, true);
}

void
cmd_unsubscribe(struct command *c)
{
	subscribe(c, false);
}

/*
 * SP and a mailbox name as a folder. 0; an errno: no folder can have it. A
 * separator at the end says that folders will come below; RFC 3501 6.3.3: the
 * name that is meant is the one without it.
 */
static int
take_folder(struct command *c, const char **name, char folder[SESSION_MAX_NAME])
{
	char bare[SESSION_MAX_NAME];
	size_t n;

	folder[0] = '\0';
	parse_space(c->p);
	*name = parse_mailbox(c->p);
	if (c->p->why != NULL)
		return EINVAL;
	n = strlen(*name);
	if (n >= sizeof(bare))
		return ENAMETOOLONG;
	memcpy(bare, *name, n + 1);
	if (n > 1 && bare[n - 1] == '.')
		bare[n - 1] = '\0';
	if (namespace_folder(c->s->set, bare, folder, SESSION_MAX_NAME) == -1)
		return errno;
	return 0;
}

/* Courier echoes the name. */
static void
answer_created(struct command *c, const char *folder)
{
	struct mailbox_status st;
	struct buf b, id;

	buf_init(&b, 4 * SESSION_MAX_NAME);
	buf_init(&id, 100);
	out_mailbox(c->s, &b, folder);
	buf_char(&b, '\0');
	/* RFC 8474 4.1. It may have gone again. */
	if (maildir_status(c->s->maildir, folder, false, &st) == 0 &&
	    objectid_folder(c->s, folder, st.uidvalidity, &id) == 0)
		buf_char(&id, '\0');
	else
		buf_clear(&id);
	/* A text has no literal in it: RFC 3501 section 9. */
	out_tagged(c, OUT_OK, id.n > 0 ? id.p : NULL, "%s created.",
	    b.failed || b.p[0] != '"' ? "Folder" : b.p);
	buf_done(&b);
	buf_done(&id);
}

/* RFC 9051 5.1, RFC 5198: in normalization form C, or nobody finds it again. */
static bool
is_net_unicode(const struct command *c, const char *name)
{
	utf8proc_uint8_t *nfc;
	bool same;

	/* The others' names were never looked at so. */
	if (!c->p->rev2 && !c->p->utf8)
		return true;
	nfc = utf8proc_NFC((const utf8proc_uint8_t *)name);
	same = nfc == NULL || strcmp((const char *)nfc, name) == 0;
	free(nfc);
	return same;
}

/* The folder itself, or with below also one that is open beneath it. */
static bool
is_open(const struct session *s, const char *folder, bool below)
{
	size_t n = strlen(folder);
	const char *open;

	if (s->client.state != SESSION_SELECTED)
		return false;
	open = s->client.view->folder;
	return strncmp(open, folder, n) == 0 &&
	       (open[n] == '\0' || (below && open[n] == '.'));
}

/* RFC 3501 6.3.6: whether it exists is not asked. */
static void
subscribe(struct command *c, bool on)
{
	char folder[SESSION_MAX_NAME], line[SESSION_MAX_NAME + 8];
	const char *name;
	int bad;

	bad = take_folder(c, &name, folder);
	if (!command_parsed(c))
		return;
	if (bad != 0 || namespace_line(folder, line, sizeof(line)) == -1 ||
	    (on && !could_be(c->s, folder)))
		out_tagged(c, OUT_NO, "CANNOT", "Invalid mailbox name.");
	else if (change_subscribe(c->s, line, on) == -1)
		out_errno(c, errno,
		    on ? "Cannot subscribe to this folder."
		       : "Cannot unsubscribe from this folder.");
	else
		out_tagged(c, OUT_OK, NULL, "%s",
		    on ? "Folder subscribed." : "Folder unsubscribed.");
}

/*
 * Can it ever be a folder? Each level of what is subscribed is a name that each
 * LIST has to look at.
 */
static bool
could_be(const struct session *s, const char *folder)
{
	size_t i, levels = 1;

	for (i = 0; folder[i] != '\0'; i++)
		levels += folder[i] == '.';
	return (i <= MAILDIR_NAME_MAX && levels <= MAILDIR_LEVELS_MAX) ||
	       maildir_exists(s->maildir, folder) == 1;
}
