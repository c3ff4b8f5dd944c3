/*
 * Lines to the client. One table maps errno to response codes: RFC 5530, RFC
 * 3501 7.1, RFC 4469 (TOOBIG); its second column says whether an admin should
 * read of it.
 */
#include "worker/imap/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shm/log.h"
#include "worker/imap/namespace.h"
#include "worker/imap/utf7.h"
#include "worker/imap/view.h"

static const struct {
	int err;
	const char *code;
	bool logged;
} codes[] = {
    {ENOENT, "NONEXISTENT", false},
    {EEXIST, "ALREADYEXISTS", false},
    {EINVAL, "CANNOT", false},
    {ENAMETOOLONG, "CANNOT", false},
    {ELOOP, "CANNOT", true},
    {EBUSY, "INUSE", true},
    {EDQUOT, "OVERQUOTA", false},
    {EFBIG, "TOOBIG", false},
    {EMLINK, "LIMIT", false},
    {ENOMEM, "LIMIT", true},
    {EACCES, "NOPERM", true},
    {EPERM, "NOPERM", true},
    {EROFS, "NOPERM", false},
    {ENOSPC, "UNAVAILABLE", true},
    {ESTALE, "UNAVAILABLE", false},
    {ETIMEDOUT, "UNAVAILABLE", true},
    {EMFILE, "UNAVAILABLE", true},
    {ENFILE, "UNAVAILABLE", true},
};

static bool code_logged(int);

void
out_line(struct session *s, const char *fmt, ...)
{
	va_list ap;
	char text[1024];
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	buf_str(&s->line, "* ");
	buf_bytes(&s->line, text,
	    (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	buf_str(&s->line, "\r\n");
	out_send(s);
}

void
out_send(struct session *s)
{
	if (s->line.failed) {
		buf_clear(&s->line);
		log_line(LOG_LEVEL_ERR, "response too large user=%s",
		    s->account->user);
		session_bye(
		    s, IPC_END_PROTOCOL, "[LIMIT] A response is too large");
		return;
	}
	wire_write(&s->wire, s->line.p, s->line.n);
	buf_clear(&s->line);
}

void
out_tagged(struct command *c, enum out_word word, const char *code,
    const char *fmt, ...)
{
	static const char *const words[] = {" OK ", " NO ", " BAD "};
	struct session *s = c->s;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (s->client.state == SESSION_SELECTED && word != OUT_BAD)
		view_report(s, command_tells_expunge(c) ? VIEW_EXPUNGE : 0);
	if (s->client.state == SESSION_SELECTED && s->client.condstore)
		view_report_modseq(s);
	if (s->client.state == SESSION_LOGOUT &&
	    s->client.why != IPC_END_LOGOUT)
		return;
	buf_str(&s->line, c->tag);
	buf_str(&s->line, words[word]);
	if (code != NULL) {
		buf_char(&s->line, '[');
		buf_str(&s->line, code);
		buf_str(&s->line, "] ");
	}
	buf_str(&s->line, text);
	buf_str(&s->line, "\r\n");
	out_send(s);
}

void
out_errno(struct command *c, int err, const char *text)
{
	if (code_logged(err))
		log_line(LOG_LEVEL_ERR,
		    "command failed user=%s text='%s' "
		    "error='%s'",
		    c->s->account->user, text, strerror(err));
	if (err == EDQUOT)
		text = "You exceeded your mail quota.";
	else if (err == EBUSY)
		text = "The mailbox is locked by another program, try again.";
	out_tagged(c, OUT_NO, out_code(err), "%s", text);
}

const char *
out_code(int err)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].err == err)
			return codes[i].code;
	return "SERVERBUG";
}

/* What is not in the table is a failure that nobody foresaw. */
static bool
code_logged(int err)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].err == err)
			return codes[i].logged;
	return true;
}

void
out_mailbox(struct session *s, struct buf *b, const char *folder)
{
	char name[SESSION_MAX_NAME];

	if (namespace_name(s->set, folder, name, sizeof(name)) == -1)
		name[0] = '\0';
	out_name(s, b, name);
}

void
out_name(struct session *s, struct buf *b, const char *name)
{
	char wire[3 * SESSION_MAX_NAME];
	int n;

	/* RFC 6855 section 3, RFC 9051 5.1: UTF-8 once it is enabled. */
	if (s->client.utf8 || s->client.rev2) {
		buf_string(b, name, strlen(name), true);
		return;
	}
	n = utf7_encode(name, strlen(name), wire, sizeof(wire));
	if (n < 0)
		n = 0;
	buf_string(b, wire, (size_t)n, false);
}

void
out_flags(struct session *s, const struct message *m)
{
	const struct mailbox *box;
	struct buf *b = &s->line;
	static const struct {
		uint8_t bit;
		const char *text;
	} names[] = {
	    {MESSAGE_DRAFT, "\\Draft "},
	    {MESSAGE_FLAGGED, "\\Flagged "},
	    {MESSAGE_ANSWERED, "\\Answered "},
	    {MESSAGE_SEEN, "\\Seen "},
	    {MESSAGE_DELETED, "\\Deleted "},
	};
	const char *const *keywords;
	const uint16_t *numbers;
	size_t i, n, nkeywords, start = b->n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((m->flags & names[i].bit) != 0)
			buf_str(b, names[i].text);
	if (m->recent && !s->client.rev2)
		buf_str(b, "\\Recent ");
	if (m->kwset != 0) {
		box = s->client.view->mailbox;
		nkeywords = mailbox_keywords(box, &keywords);
		n = mailbox_kwset(box, m->kwset, &numbers);
		for (i = 0; i < n; i++) {
			if (numbers[i] >= nkeywords)
				continue;
			buf_str(b, keywords[numbers[i]]);
			buf_char(b, ' ');
		}
	}
	if (b->n > start)
		b->n--; /* the last blank */
}
