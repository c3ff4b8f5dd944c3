/*
 * COPY, UID COPY (RFC 3501 6.4.7), MOVE, UID MOVE (RFC 6851), with COPYUID (RFC
 * 4315).
 */
#include <errno.h>
#include <string.h>

#include "worker/imap/change.h"
#include "worker/imap/command.h"
#include "worker/imap/condstore.h"
#include "worker/imap/namespace.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

#define CODE_ROOM 64 /* bytes of COPYUID but for its UIDs */

static void transfer(struct command *, bool);
static bool find_dest(struct command *, const char *, char[SESSION_MAX_NAME]);
static const char *failed(bool);
static void finish(
    struct command *, struct change_copy *, uint32_t *, struct buf *);
static size_t copied(struct change_copy *, uint32_t *);

void
cmd_copy(struct command *c)
{
	transfer(c, false);
}

void
cmd_move(struct command *c)
{
	transfer(c, true);
}

static void
transfer(struct command *c, bool move)
{
	struct session *s = c->s;
	struct change_copy copy = {.move = move};
	char dest[SESSION_MAX_NAME];
	struct view_set messages;
	struct seqset set = {0};
	uint32_t *copies, *sources;
	const char *name;
	struct buf code;

	parse_space(c->p);
	parse_seqset(c->p, &set);
	parse_space(c->p);
	name = parse_mailbox(c->p);
	if (!command_parsed(c))
		return;
	if (view_resolve(s, &set, c->uid, &messages) == -1) {
		command_bad(c, "Invalid message sequence number");
		return;
	}
	if (move && s->client.view->readonly) {
		out_tagged(
		    c, OUT_NO, NULL, "Current box is selected READ-ONLY.");
		return;
	}
	if (!find_dest(c, name, dest))
		return;
	copy.n = messages.count;
	copy.dest = dest;
	copy.uids = view_uids(s->client.view, s->arena, &messages);
	copies = arena_array(s->arena, copy.n, sizeof(*copies));
	copy.copies = copies;
	/* All that its OK needs is there before anything is done. */
	sources = arena_array(s->arena, copy.n, sizeof(*sources));
	buf_init(&code, SESSION_LINE_MAX);
	if (copy.uids == NULL || copies == NULL || sources == NULL ||
	    !buf_reserve(&code, CODE_ROOM + 2 * copy.n * SEQSET_TEXT))
		out_errno(c, ENOMEM, failed(move));
	else if (copy.n > 0 && change_copy(s, &copy) == -1)
		out_errno(c, errno, failed(move));
	else
		finish(c, &copy, sources, &code);
	buf_done(&code);
}

static const char *
failed(bool move)
{
	return move ? "MOVE failed - no write permission or out of disk space."
		    : "COPY failed - no write permission or out of disk space.";
}

/* RFC 3501 6.4.7: TRYCREATE only where CREATE could help. */
static bool
find_dest(struct command *c, const char *name, char dest[SESSION_MAX_NAME])
{
	int there;

	if (namespace_folder(c->s->set, name, dest, SESSION_MAX_NAME) == -1) {
		out_tagged(c, OUT_NO, "CANNOT", "Invalid mailbox name.");
		return false;
	}
	there = maildir_exists(c->s->maildir, dest);
	if (there == 1)
		return true;
	if (there == 0 || errno == ENOENT)
		out_tagged(c, OUT_NO, "TRYCREATE", "Mailbox does not exist.");
	else
		out_errno(c, errno, "Mailbox does not exist.");
	return false;
}

static void
finish(struct command *c, struct change_copy *copy, uint32_t *sources,
    struct buf *code)
{
	const char *verb = copy->move ? "MOVE" : "COPY";
	struct session *s = c->s;
	struct view *v = s->client.view;
	size_t n;

	if (strcmp(copy->dest, v->folder) == 0 && view_look(s, false) == -1)
		return;
	n = copied(copy, sources);
	if (n == 0) {
		/* RFC 2180 4.4.1: nothing of what was asked for is left. */
		out_tagged(c, copy->n == 0 ? OUT_OK : OUT_NO,
		    copy->n == 0 ? NULL : "EXPUNGEISSUED",
		    copy->n == 0 ? "%s completed."
				 : "%s found only messages that are gone.",
		    verb);
		return;
	}
	buf_str(code, "COPYUID ");
	buf_num(code, copy->uidvalidity);
	buf_char(code, ' ');
	seqset_print(code, sources, n);
	buf_char(code, ' ');
	seqset_print(code, copy->copies, n);
	buf_char(code, '\0');
	if (code->failed) {
		out_tagged(c, OUT_OK, NULL, "%s completed.", verb);
	} else if (copy->move) {
		/* RFC 6851 4.3: before the EXPUNGEs. */
		buf_str(&s->line, "* OK [");
		buf_str(&s->line, code->p);
		buf_str(&s->line, "] Moved\r\n");
		out_send(s);
		out_tagged(c, OUT_OK, condstore_code(s), "MOVE completed.");
	} else {
		out_tagged(c, OUT_OK, code->p, "COPY completed.");
	}
}

/* Packs the pairs that came about to the front; their number. */
static size_t
copied(struct change_copy *copy, uint32_t *sources)
{
	size_t i, n = 0;

	for (i = 0; i < copy->n; i++)
		if (copy->copies[i] != 0) {
			sources[n] = copy->uids[i];
			copy->copies[n++] = copy->copies[i];
		}
	return n;
}
