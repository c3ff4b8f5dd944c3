/*
 * APPEND (RFC 3501 6.3.11), MULTIAPPEND (RFC 3502), UTF8 (RFC 6855 section 4),
 * APPENDUID (RFC 4315), BINARY (RFC 3516). The message goes from the wire to
 * its file in pieces, one of a literal8 once all of it is there; whatever is
 * refused is refused before "+ " where that can be known.
 */
#include <errno.h>
#include <string.h>

#include "maildir/mime.h"
#include "worker/imap/binary.h"
#include "worker/imap/change.h"
#include "worker/imap/command.h"
#include "worker/imap/namespace.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

#define SWALLOW_TIMES 2  /* times the limit is read and thrown away */
#define CODE_ROOM     64 /* bytes of APPENDUID but for its UIDs */

struct append {
	struct command *c;
	char folder[SESSION_MAX_NAME];
	struct delivery *delivery;
	struct parse_append message; /* the one of now */
	struct buf binary;           /* its bytes, if it is a literal8 */
	/* why it will be refused; the rest is still read */
	enum {
		APPEND_WELL,
		APPEND_NO,
		APPEND_BAD
	} verdict;
	int err;
	const char *code, *text;
};

static void first_message(struct append *);
static void check_folder(struct append *);
static void check_message(struct append *);
static void refuse(struct append *, const char *, const char *);
static void refuse_errno(struct append *, int);
static void messages(struct append *);
static bool one_message(struct append *);
static void begin(struct append *);
static bool copy_literal(struct append *);
static void take_piece(struct append *, const char *, size_t);
static void finish(struct append *);
static void write_binary(struct append *);
static bool next_message(struct append *);
static int next_text(struct session *, struct reader_command *);
static bool wait_input(struct session *);
static void answer(struct append *);
static void answer_filed(struct append *);
static void file(struct append *, uint32_t *, size_t, struct buf *);

void
cmd_append(struct command *c)
{
	struct append a = {.c = c};

	buf_init(&a.binary, c->s->set->append_limit);
	first_message(&a);
	/* Without a literal to read parse_append has failed the cursor. */
	if (!command_parsed(c))
		return;
	if (a.verdict == APPEND_WELL)
		messages(&a);
	else
		append_discard(c);
	c->text = NULL; /* its literals are dealt with */
	if (session_alive(c->s))
		answer(&a);
	delivery_close(a.delivery);
	buf_done(&a.binary);
}

void
append_discard(struct command *c)
{
	struct append a = {.c = c, .verdict = APPEND_NO};

	a.message.literal = &c->text->lit[c->text->nlit - 1];
	messages(&a);
}

static void
first_message(struct append *a)
{
	struct command *c = a->c;

	parse_append(c->p, true, &a->message);
	if (a->message.utf8 && !c->s->client.utf8)
		parse_fail(c->p, "UTF8 is not enabled");
	if (c->p->why != NULL)
		return;
	check_folder(a);
	if (a->verdict == APPEND_WELL)
		check_message(a);
}

/* RFC 3501 6.3.11: TRYCREATE, and before the message is asked for. */
static void
check_folder(struct append *a)
{
	struct session *s = a->c->s;

	if (namespace_folder(s->set, a->message.mailbox, a->folder,
		sizeof(a->folder)) == -1) {
		refuse(a, "CANNOT", "Invalid mailbox name.");
		return;
	}
	a->delivery = change_deliver_open(s, a->folder);
	if (a->delivery == NULL && errno == ENOENT)
		refuse(a, "TRYCREATE", "Must create mailbox before append");
	else if (a->delivery == NULL)
		refuse_errno(a, errno);
}

static void
check_message(struct append *a)
{
	const struct parse_append *m = &a->message;
	size_t i;

	if (m->flags.recent) {
		a->verdict = APPEND_BAD;
		a->text = "\\Recent cannot be stored";
	} else if (m->literal->n > a->c->s->set->append_limit) {
		refuse(a, "TOOBIG", "Message is too large.");
	} else if (m->literal->n == 0) {
		/* RFC 3502: how a client takes it all back. */
		refuse(a, NULL, "A message of no bytes cancels the APPEND.");
	}
	for (i = 0; i < m->flags.nkeywords; i++)
		if (strlen(m->flags.keywords[i]) > MAILDIR_KEYWORD_LEN)
			refuse(a, "LIMIT", "A keyword is too long.");
}

static void
refuse(struct append *a, const char *code, const char *text)
{
	if (a->verdict != APPEND_WELL)
		return;
	a->verdict = APPEND_NO;
	a->code = code;
	a->text = text;
}

static void
refuse_errno(struct append *a, int err)
{
	if (a->verdict != APPEND_WELL)
		return;
	a->verdict = APPEND_NO;
	a->err = err;
	a->text = "Cannot create message - no write permission or out of disk "
		  "space.";
}

static void
messages(struct append *a)
{
	while (one_message(a) && next_message(a))
		;
}

/*
 * Reads one literal. Returns whether more of the command is still to come: a
 * refused synchronising literal is never sent by the client, and with it the
 * command ends.
 */
static bool
one_message(struct append *a)
{
	const struct reader_literal *lit = a->message.literal;
	struct session *s = a->c->s;

	if (a->verdict != APPEND_WELL) {
		if (!lit->nonsync)
			return false;
		if (lit->n / SWALLOW_TIMES > s->set->append_limit) {
			session_bye(s, IPC_END_PROTOCOL,
			    "[TOOBIG] Literal is far too large.");
			return false;
		}
	} else {
		begin(a);
		if (a->verdict != APPEND_WELL && !lit->nonsync)
			return false;
		if (!lit->nonsync)
			wire_str(&s->wire, "+ OK\r\n");
	}
	if (!copy_literal(a))
		return false;
	finish(a);
	return true;
}

static void
begin(struct append *a)
{
	const struct parse_append *m = &a->message;
	bool keywords = a->c->s->set->keywords != 0;

	if (delivery_begin(a->delivery, m->literal->n, m->dated ? m->date : 0,
		m->flags.flags, m->flags.keywords,
		keywords ? m->flags.nkeywords : 0) == -1)
		refuse_errno(a, errno);
}

/* False: the client is gone, or too slow. */
static bool
copy_literal(struct append *a)
{
	struct session *s = a->c->s;
	uint64_t left = a->message.literal->n;
	time_t end = session_clock() + reader_patience(left);
	const char *p;
	size_t n;

	while (left > 0) {
		p = wire_peek(&s->wire, &n);
		if (n == 0) {
			if (session_clock() > end)
				session_bye(s, IPC_END_TIMEOUT,
				    "Message took too long.");
			if (!wait_input(s))
				return false;
			continue;
		}
		if (n > left)
			n = (size_t)left;
		take_piece(a, p, n);
		wire_eat(&s->wire, n);
		left -= n;
	}
	return true;
}

/* After a failure the rest is read all the same. */
static void
take_piece(struct append *a, const char *p, size_t n)
{
	if (a->verdict != APPEND_WELL)
		return;
	/* RFC 3501 section 9: CHAR8 is not NUL; a literal8 may hold it. */
	if (a->message.literal->binary) {
		buf_bytes(&a->binary, p, n);
	} else if (memchr(p, '\0', n) != NULL) {
		a->verdict = APPEND_BAD;
		a->text = "NUL in a literal";
	} else if (delivery_write(a->delivery, p, n) == -1) {
		refuse_errno(a, errno);
	}
}

static void
finish(struct append *a)
{
	if (a->verdict == APPEND_WELL && a->message.literal->binary)
		write_binary(a);
	buf_clear(&a->binary);
	if (a->verdict == APPEND_WELL && delivery_end(a->delivery) == -1)
		refuse_errno(a, errno);
}

static void
write_binary(struct append *a)
{
	const struct buf *from = &a->binary;
	struct buf made;

	if (from->failed) {
		refuse_errno(a, ENOMEM);
		return;
	}
	/* A third for base64, and a line in the header of each part. */
	buf_init(&made, 2 * from->n + 64 * MIME_PARTS_MAX);
	switch (binary_convert(from->p, from->n, &made)) {
	case BINARY_MADE:
		from = &made;
		__attribute__((fallthrough));
	case BINARY_AS_IS:
		if (delivery_write(a->delivery, from->p, from->n) == -1)
			refuse_errno(a, errno);
		break;
	case BINARY_UNFIT:
		refuse(a, "UNKNOWN-CTE", "A NUL stands where none can be.");
		break;
	case BINARY_MEMORY:
		refuse_errno(a, ENOMEM);
		break;
	}
	buf_done(&made);
}

/* What follows a literal: the end, or the next message of MULTIAPPEND. */
static bool
next_message(struct append *a)
{
	struct session *s = a->c->s;
	struct reader_command text;
	bool utf8 = a->message.utf8;
	struct parse p;

	reader_append(s->reader);
	if (next_text(s, &text) == -1) {
		a->verdict = APPEND_BAD;
		a->text = "Bad text after the literal";
		return false;
	}
	parse_init(&p, s->arena, &text, s->client.utf8);
	p.rev2 = s->client.rev2;
	if (utf8)
		parse_expect(&p, ')');
	if (p.why == NULL && parse_end(&p))
		return false;
	memset(&a->message, 0, sizeof(a->message));
	if (a->verdict == APPEND_WELL) {
		parse_append(&p, false, &a->message);
		if (parse_done(&p) == -1) {
			a->verdict = APPEND_BAD;
			a->text = p.why;
		}
	}
	if (!text.stream)
		return false;
	a->message.literal = &text.lit[text.nlit - 1];
	if (a->verdict == APPEND_WELL)
		check_message(a);
	return true;
}

/* 0; -1: it was refused, or the client is gone. */
static int
next_text(struct session *s, struct reader_command *text)
{
	const char *tag, *why;

	while (session_alive(s)) {
		switch (reader_next(
		    s->reader, &s->wire, s->arena, text, &tag, &why)) {
		case READER_COMMAND:
			return 0;
		case READER_MORE:
			if (!wait_input(s))
				return -1;
			break;
		case READER_BAD:
			return -1;
		case READER_BYE:
			session_bye(s, IPC_END_PROTOCOL, why);
			return -1;
		}
	}
	return -1;
}

/* Inside a command: command_timeout between any two bytes. */
static bool
wait_input(struct session *s)
{
	while (session_alive(s)) {
		switch (wire_wait(&s->wire, s->set->command_timeout)) {
		case WIRE_INPUT:
			return true;
		case WIRE_CONTROL:
			session_control(s);
			/* Half a message has no better end than this. */
			session_obey(s);
			break;
		case WIRE_LATE:
			session_bye(s, IPC_END_TIMEOUT,
			    "Timed out in the middle of a command.");
			break;
		case WIRE_GONE:
			if (s->wire.state != WIRE_EOF)
				break;
			s->client.why = IPC_END_DISCONNECTED;
			session_enter(s, SESSION_LOGOUT);
			break;
		}
	}
	return false;
}

static void
answer(struct append *a)
{
	switch (a->verdict) {
	case APPEND_WELL:
		answer_filed(a);
		break;
	case APPEND_NO:
		if (a->err != 0)
			out_errno(a->c, a->err, a->text);
		else
			out_tagged(a->c, OUT_NO, a->code, "%s", a->text);
		break;
	case APPEND_BAD:
		command_bad(a->c, a->text);
		break;
	}
}

static void
answer_filed(struct append *a)
{
	size_t n = delivery_count(a->delivery);
	uint32_t *uids;
	struct buf code;

	/* All that its OK needs is there before anything is done. */
	buf_init(&code, SESSION_LINE_MAX);
	uids = arena_array(a->c->s->arena, n, sizeof(*uids));
	if (uids == NULL || !buf_reserve(&code, CODE_ROOM + n * SEQSET_TEXT))
		out_errno(a->c, ENOMEM, "APPEND failed.");
	else
		file(a, uids, n, &code);
	buf_done(&code);
}

static void
file(struct append *a, uint32_t *uids, size_t n, struct buf *code)
{
	struct session *s = a->c->s;
	uint32_t uidvalidity;

	if (change_deliver(s, a->folder, a->delivery, uids, &uidvalidity) ==
	    -1) {
		refuse_errno(a, errno);
		out_errno(a->c, a->err, a->text);
		return;
	}
	if (s->client.state == SESSION_SELECTED &&
	    strcmp(a->folder, s->client.view->folder) == 0 &&
	    view_look(s, false) == -1)
		return;
	buf_str(code, "APPENDUID ");
	buf_num(code, uidvalidity);
	buf_char(code, ' ');
	seqset_print(code, uids, n);
	buf_char(code, '\0');
	out_tagged(a->c, OUT_OK, code->failed ? NULL : code->p, "APPEND Ok.");
}
