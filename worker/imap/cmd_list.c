/*
 * LIST and LSUB: RFC 3501 6.3.8, 6.3.9; CHILDREN (RFC 3348), LIST-EXTENDED (RFC
 * 5258), LIST-STATUS (RFC 5819), SPECIAL-USE (RFC 6154).
 */
#include <errno.h>
#include <string.h>

#include "worker/imap/cmd_list.h"
#include "worker/imap/cmd_status.h"
#include "worker/imap/command.h"
#include "worker/imap/folders.h"
#include "worker/imap/match.h"
#include "worker/imap/out.h"

static bool take(struct command *, struct parse_list *, const char *);
static int find(struct command *, const struct parse_list *, struct folders *);
static void tell_root(struct session *);
static bool is_listed(const struct parse_list *, const struct folders_entry *);
static void tell(
    struct session *, const struct parse_list *, const struct folders_entry *);
static void put_attributes(
    struct session *, const struct parse_list *, const struct folders_entry *);
static void put_children(struct session *, const struct folders_entry *);
static void put_line(struct session *, const struct folders_entry *);
static void tell_subscribed(struct session *, const struct folders_entry *);
static int is_marked(struct session *, const struct folders_entry *);

void
cmd_list(struct command *c)
{
	struct parse_list list;
	struct folders f;
	size_t i;

	if (!take(c, &list, "LIST completed"))
		return;
	/* RFC 5258 section 3: an empty pattern is nothing special there. */
	if (!list.extended && list.patterns[0][0] == '\0') {
		tell_root(c->s);
		out_tagged(c, OUT_OK, NULL, "LIST completed");
		return;
	}
	if (find(c, &list, &f) == -1) {
		out_errno(c, errno, "LIST failed.");
		return;
	}
	for (i = 0; i < f.n; i++)
		if (is_listed(&list, &f.entries[i]))
			tell(c->s, &list, &f.entries[i]);
	out_tagged(c, OUT_OK, NULL, "LIST completed");
}

/*
 * RFC 3501 6.3.9: a parent that is not subscribed is named, as \Noselect, for
 * what is subscribed below and does not match itself ("%").
 */
void
cmd_lsub(struct command *c)
{
	struct parse_list list;
	struct folders f;
	size_t i;

	if (!take(c, &list, "LSUB completed"))
		return;
	if (list.extended) {
		command_bad(c, "LSUB has no options.");
		return;
	}
	if (find(c, &list, &f) == -1) {
		out_errno(c, errno, "LSUB failed.");
		return;
	}
	for (i = 0; i < f.n; i++)
		if (f.entries[i].match &&
		    (f.entries[i].subscribed || f.entries[i].below_hidden))
			tell_subscribed(c->s, &f.entries[i]);
	out_tagged(c, OUT_OK, NULL, "LSUB completed");
}

int
list_tell_one(struct session *s, const char *name)
{
	const struct parse_list list = {
	    .extended = true, .ret = PARSE_RETURN_SUBSCRIBED};
	size_t i, n = strlen(name);
	struct folders f;

	if (folders_gather(s, &f) == -1)
		return -1;
	folders_relate(&f);
	for (i = 0; i < f.n; i++)
		if (f.entries[i].n == n &&
		    memcmp(f.entries[i].name, name, n) == 0)
			tell(s, &list, &f.entries[i]);
	return 0;
}

static bool
take(struct command *c, struct parse_list *list, const char *completed)
{
	memset(list, 0, sizeof(*list));
	parse_list(c->p, list);
	/* RFC 5258 section 3.1: it modifies another selection. */
	if ((list->select & PARSE_LIST_RECURSIVEMATCH) != 0 &&
	    (list->select & (PARSE_LIST_SUBSCRIBED | PARSE_LIST_SPECIAL_USE)) ==
		0)
		parse_fail(c->p, "RECURSIVEMATCH needs another option");
	/* A pattern that is no name matches none. */
	if (c->p->cannot) {
		out_tagged(c, OUT_OK, NULL, "%s", completed);
		return false;
	}
	return command_parsed(c);
}

/* All names, with those marked that a pattern asks for. */
static int
find(struct command *c, const struct parse_list *list, struct folders *f)
{
	struct match *m;
	size_t i, k;

	if (folders_gather(c->s, f) == -1)
		return -1;
	for (i = 0; i < list->npatterns; i++) {
		m = match_new(c->s->arena, list->reference, list->patterns[i]);
		if (m == NULL) {
			errno = ENOMEM;
			return -1;
		}
		for (k = 0; k < f->n; k++)
			f->entries[k].match |=
			    match_name(m, f->entries[k].name, f->entries[k].n);
	}
	folders_relate(f);
	return 0;
}

static void
tell_root(struct session *s)
{
	out_line(s, "LIST (\\Noselect) \".\" \"\"");
}

static bool
is_listed(const struct parse_list *list, const struct folders_entry *e)
{
	bool recursive = (list->select & PARSE_LIST_RECURSIVEMATCH) != 0;

	if (!e->match)
		return false;
	if ((list->select & PARSE_LIST_SPECIAL_USE) != 0 && e->use == 0)
		return false;
	if ((list->select & PARSE_LIST_SUBSCRIBED) != 0)
		return e->subscribed || (recursive && e->below_hidden);
	return e->folder != NULL || e->children;
}

static void
tell(struct session *s, const struct parse_list *list,
    const struct folders_entry *e)
{
	struct buf *b = &s->line;

	buf_str(b, "* LIST (");
	put_attributes(s, list, e);
	put_line(s, e);
	/* RFC 5258 section 4: what made it a match is further down, unseen. */
	if ((list->select & PARSE_LIST_RECURSIVEMATCH) != 0 &&
	    (list->select & PARSE_LIST_SUBSCRIBED) != 0 && e->below_hidden)
		buf_str(b, " (\"CHILDINFO\" (\"SUBSCRIBED\"))");
	buf_str(b, "\r\n");
	out_send(s);
	/* RFC 5819: a folder that cannot be looked at has no STATUS line. */
	if ((list->ret & PARSE_RETURN_STATUS) != 0 && e->folder != NULL)
		(void)status_tell(s, e->folder, list->status);
}

static void
put_attributes(struct session *s, const struct parse_list *list,
    const struct folders_entry *e)
{
	struct buf *b = &s->line;
	uint32_t bit;
	int marked;

	if (e->folder == NULL)
		buf_str(b, list->extended ? "\\NonExistent " : "\\Noselect ");
	marked = is_marked(s, e);
	if (marked != -1)
		buf_str(b, marked == 1 ? "\\Marked " : "\\Unmarked ");
	put_children(s, e);
	if (e->subscribed && ((list->select & PARSE_LIST_SUBSCRIBED) != 0 ||
				 (list->ret & PARSE_RETURN_SUBSCRIBED) != 0))
		buf_str(b, " \\Subscribed");
	for (bit = 1; bit <= e->use; bit <<= 1)
		if ((e->use & bit) != 0 && folders_use_name(bit) != NULL) {
			buf_char(b, ' ');
			buf_str(b, folders_use_name(bit));
		}
}

/* RFC 3348; for clients that do not know it, what it replaced. */
static void
put_children(struct session *s, const struct folders_entry *e)
{
	buf_str(&s->line, e->children                    ? "\\HasChildren"
			  : s->set->obsolete_client != 0 ? "\\Noinferiors"
							 : "\\HasNoChildren");
}

static void
put_line(struct session *s, const struct folders_entry *e)
{
	char name[SESSION_MAX_NAME];

	memcpy(name, e->name, e->n);
	name[e->n] = '\0';
	buf_str(&s->line, ") \".\" ");
	out_name(s, &s->line, name);
}

static void
tell_subscribed(struct session *s, const struct folders_entry *e)
{
	struct buf *b = &s->line;

	buf_str(b, "* LSUB (");
	if (!e->subscribed)
		buf_str(b, "\\Noselect ");
	put_children(s, e);
	put_line(s, e);
	buf_str(b, "\r\n");
	out_send(s);
}

/*
 * Only asked for the INBOX, as Courier does: it costs a look into a folder. The
 * site may want it for all.
 */
static int
is_marked(struct session *s, const struct folders_entry *e)
{
	if (e->folder == NULL ||
	    (e->folder[0] != '\0' && s->set->check_all_folders == 0))
		return -1;
	return maildir_marked(s->maildir, e->folder);
}
