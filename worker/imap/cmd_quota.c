/*
 * GETQUOTA, GETQUOTAROOT, SETQUOTA: RFC 9208 section 4.1, with RES-STORAGE and
 * RES-MESSAGE. There is one root for an account; it is set by the admin.
 */
#include <errno.h>
#include <string.h>

#include "maildir/quota.h"
#include "worker/imap/command.h"
#include "worker/imap/namespace.h"
#include "worker/imap/out.h"

#define ROOT "ROOT"

static bool take_root(struct command *);
static void tell_quota(struct session *);
static void put_resource(struct buf *, const char *, uint64_t, uint64_t);
static uint64_t kilobytes(uint64_t);

void
cmd_getquota(struct command *c)
{
	bool ours = take_root(c);

	if (!command_parsed(c))
		return;
	if (!ours) {
		out_tagged(c, OUT_NO, "NONEXISTENT", "No such quota root.");
		return;
	}
	tell_quota(c->s);
	out_tagged(c, OUT_OK, NULL, "GETQUOTA Ok.");
}

void
cmd_getquotaroot(struct command *c)
{
	struct session *s = c->s;
	char folder[SESSION_MAX_NAME];
	const char *name;

	parse_space(c->p);
	name = parse_mailbox(c->p);
	if (!command_parsed(c))
		return;
	if (namespace_folder(s->set, name, folder, sizeof(folder)) == -1 ||
	    maildir_exists(s->maildir, folder) != 1) {
		out_tagged(c, OUT_NO, "NONEXISTENT", "Mailbox does not exist.");
		return;
	}
	buf_str(&s->line, "* QUOTAROOT ");
	out_mailbox(s, &s->line, folder);
	buf_str(&s->line, " \"" ROOT "\"\r\n");
	out_send(s);
	tell_quota(s);
	out_tagged(c, OUT_OK, NULL, "GETQUOTAROOT Ok.");
}

/* RFC 9208 4.1.3: quota-root SP "(" [resource SP limit ...] ")". */
void
cmd_setquota(struct command *c)
{
	(void)take_root(c);
	parse_space(c->p);
	parse_expect(c->p, '(');
	if (!parse_is(c->p, ')'))
		do {
			(void)parse_atom(c->p);
			parse_space(c->p);
			(void)parse_number64(c->p);
		} while (parse_take(c->p, ' '));
	parse_expect(c->p, ')');
	if (command_parsed(c))
		out_tagged(c, OUT_NO, "NOPERM", "SETQUOTA No permission.");
}

/* SP and a quota root; is it the one there is? */
static bool
take_root(struct command *c)
{
	struct parse_text root;

	parse_space(c->p);
	root = parse_astring(c->p);
	return root.p != NULL && root.n == strlen(ROOT) &&
	       memcmp(root.p, ROOT, root.n) == 0;
}

/* RFC 9208 5.1: only resources that are limited; none without a quota. */
static void
tell_quota(struct session *s)
{
	struct maildir_quota q = {0};
	struct buf *b = &s->line;

	(void)maildir_quota(s->maildir, &q);
	buf_str(b, "* QUOTA \"" ROOT "\" (");
	put_resource(b, "STORAGE", kilobytes(q.bytes), kilobytes(q.max_bytes));
	if (q.max_bytes != 0 && q.max_messages != 0)
		buf_char(b, ' ');
	put_resource(b, "MESSAGE", q.messages, q.max_messages);
	buf_str(b, ")\r\n");
	out_send(s);
}

static void
put_resource(struct buf *b, const char *name, uint64_t used, uint64_t max)
{
	if (max == 0)
		return;
	buf_str(b, name);
	buf_char(b, ' ');
	buf_num(b, used);
	buf_char(b, ' ');
	buf_num(b, max);
}

/* RFC 9208 5.1: units of 1024 octets; what is begun counts as whole. */
static uint64_t
kilobytes(uint64_t bytes)
{
	return bytes / 1024 + (bytes % 1024 != 0);
}
