/*
 * For the tests and fuzz targets of the grammar: a command from its bytes as a
 * client sends them (literals and all, by the real reader), and printers that
 * give a parsed command back in canonical form, so that print(parse(x)) can be
 * parsed again and must print the same.
 */
#ifndef T_IMAP_COMMAND_H
#define T_IMAP_COMMAND_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/maildir.h"
#include "worker/imap/parse.h"
#include "worker/imap/parse_batches.h"
#include "worker/imap/parse_esearch.h"
#include "worker/imap/parse_id.h"
#include "worker/imap/parse_sort.h"
#include "worker/imap/utf7.h"

/* For tables: a failure names the case. */
#define HOLDS(cond, in)                                                        \
	do {                                                                   \
		if (!(cond))                                                   \
			fail_msg("%s, of: %s", #cond, in);                     \
	} while (0)

struct command {
	struct arena *arena;
	struct wire wire;
	struct reader *reader;
	struct reader_command cmd;
	struct parse p;
	const char *tag, *name;
	bool uid, read; /* read: it was one whole command with a head */
};

static inline bool
command_cut(struct command *c, const char *in, size_t n, bool later)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const char *why;

	memset(c, 0, sizeof(*c));
	c->arena = arena_new(16u << 20);
	c->reader = reader_new();
	if (null == -1 || c->arena == NULL || c->reader == NULL ||
	    wire_init(&c->wire, null, null, -1, in, n) == -1)
		abort();
	if (later)
		reader_append(c->reader);
	return reader_next(c->reader, &c->wire, c->arena, &c->cmd, &c->tag,
		   &why) == READER_COMMAND;
}

/* The command in[n]; command_end in any case. */
static inline void
command_begin(struct command *c, const char *in, size_t n, bool utf8)
{
	if (!command_cut(c, in, n, false))
		return;
	parse_init(&c->p, c->arena, &c->cmd, utf8);
	c->read = parse_head(&c->p, &c->tag, &c->name, &c->uid) == 0;
}

/* What follows the streamed literal of an APPEND. */
static inline void
command_later(struct command *c, const char *in, size_t n, bool utf8)
{
	bool read = command_cut(c, in, n, true);

	c->read = read;
	parse_init(&c->p, c->arena, &c->cmd, utf8);
}

static inline void
command_end(struct command *c)
{
	close(c->wire.in);
	wire_done(&c->wire);
	reader_free(c->reader);
	arena_free(c->arena);
}

static inline void
print_set(struct buf *b, const struct seqset *set)
{
	if (set->saved)
		buf_char(b, '$');
	for (size_t i = 0; i < set->n; i++) {
		const uint32_t end[] = {set->r[i].lo, set->r[i].hi};

		if (i > 0)
			buf_char(b, ',');
		for (int k = 0; k < (end[0] == end[1] ? 1 : 2); k++) {
			if (k == 1)
				buf_char(b, ':');
			if (end[k] == 0)
				buf_char(b, '*');
			else
				buf_num(b, end[k]);
		}
	}
}

/* Not buf_astring: its literals are for servers, which need no "+". */
static inline void
print_astring(struct buf *b, const char *p, size_t n)
{
	buf_printf(b, "{%zu+}\r\n", n);
	buf_bytes(b, p, n);
}

static inline void
print_string(struct buf *b, struct parse_text t)
{
	bool plain = true;

	if (t.p == NULL) {
		buf_str(b, "NIL");
		return;
	}
	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.p[i] < ' ' ||
		    (unsigned char)t.p[i] >= 0x7f || t.p[i] == '"' ||
		    t.p[i] == '\\')
			plain = false;
	if (!plain || t.n > 1000) {
		print_astring(b, t.p, t.n);
		return;
	}
	buf_char(b, '"');
	buf_bytes(b, t.p, t.n);
	buf_char(b, '"');
}

static inline void
print_flags(struct buf *b, const struct parse_flags *f)
{
	static const char *const names[] = {
	    "\\Draft", "\\Flagged", "\\Answered", "\\Seen", "\\Deleted"};
	const char *sep = "";

	buf_char(b, '(');
	for (unsigned i = 0; i < 5; i++) {
		if (!(f->flags & 1u << i))
			continue;
		buf_printf(b, "%s%s", sep, names[i]);
		sep = " ";
	}
	if (f->recent) {
		buf_printf(b, "%s\\Recent", sep);
		sep = " ";
	}
	for (size_t i = 0; i < f->nkeywords; i++) {
		buf_printf(b, "%s%s", sep, f->keywords[i]);
		sep = " ";
	}
	buf_char(b, ')');
}

static inline void
print_partial(struct buf *b, const struct parse_partial *p)
{
	const char *sign = p->last ? "-" : "";

	buf_printf(b, "PARTIAL %s%u:%s%u", sign, p->lo, sign, p->hi);
}

static inline void
print_fetch(struct buf *b, const struct parse_fetch *f)
{
	buf_char(b, ' ');
	print_set(b, &f->set);
	buf_str(b, " (");
	for (size_t i = 0; i < f->nitems; i++) {
		const struct parse_fetch_item *item = &f->items[i];
		const char *bracket = strchr(item->label, '[');
		size_t head = strcspn(item->label, "[");

		if (i > 0)
			buf_char(b, ' ');
		buf_bytes(b, item->label, head);
		if (bracket != NULL && item->peek &&
		    item->what != PARSE_FETCH_BINARY_SIZE)
			buf_str(b, ".PEEK");
		if (bracket != NULL)
			buf_str(b, bracket);
		if (item->partial)
			buf_printf(b, "<%u.%u>", item->offset, item->count);
		if (item->lazy)
			buf_str(b, " (LAZY)");
	}
	buf_char(b, ')');
	if (f->changedsince != 0)
		buf_printf(b, " (CHANGEDSINCE %llu%s",
		    (unsigned long long)f->changedsince,
		    f->vanished ? " VANISHED" : "");
	if (f->partial.lo != 0) {
		buf_str(b, f->changedsince != 0 ? " " : " (");
		print_partial(b, &f->partial);
	}
	if (f->changedsince != 0 || f->partial.lo != 0)
		buf_char(b, ')');
}

static inline void
print_store(struct buf *b, const struct parse_store *s)
{
	static const char *const ops[] = {"", "+", "-"};

	buf_char(b, ' ');
	print_set(b, &s->set);
	if (s->unchanged)
		buf_printf(b, " (UNCHANGEDSINCE %llu)",
		    (unsigned long long)s->unchangedsince);
	buf_printf(b, " %sFLAGS%s ", ops[s->op], s->silent ? ".SILENT" : "");
	print_flags(b, &s->flags);
}

struct print_bit {
	const char *name;
	unsigned bit;
};

static inline void
print_bits(struct buf *b, const struct print_bit *names, unsigned bits)
{
	const char *sep = "";

	buf_char(b, '(');
	for (; names->name != NULL; names++) {
		if (!(bits & names->bit))
			continue;
		buf_printf(b, "%s%s", sep, names->name);
		sep = " ";
	}
	buf_char(b, ')');
}

static inline void
print_status_items(struct buf *b, unsigned items)
{
	static const struct print_bit names[] = {
	    {"MESSAGES", PARSE_STATUS_MESSAGES},
	    {"RECENT", PARSE_STATUS_RECENT},
	    {"UIDNEXT", PARSE_STATUS_UIDNEXT},
	    {"UIDVALIDITY", PARSE_STATUS_UIDVALIDITY},
	    {"UNSEEN", PARSE_STATUS_UNSEEN},
	    {"SIZE", PARSE_STATUS_SIZE},
	    {"DELETED", PARSE_STATUS_DELETED},
	    {"HIGHESTMODSEQ", PARSE_STATUS_HIGHESTMODSEQ},
	    {"MAILBOXID", PARSE_STATUS_MAILBOXID},
	    {"APPENDLIMIT", PARSE_STATUS_APPENDLIMIT},
	    {NULL, 0},
	};

	print_bits(b, names, items);
}

/* Names come out as UTF-8: to be parsed again with UTF8=ACCEPT. */
static inline void
print_list(struct buf *b, const struct parse_list *l)
{
	static const struct print_bit selects[] = {
	    {"SUBSCRIBED", PARSE_LIST_SUBSCRIBED},
	    {"REMOTE", PARSE_LIST_REMOTE},
	    {"RECURSIVEMATCH", PARSE_LIST_RECURSIVEMATCH},
	    {"SPECIAL-USE", PARSE_LIST_SPECIAL_USE},
	    {NULL, 0},
	};
	static const struct print_bit rets[] = {
	    {"SUBSCRIBED", PARSE_RETURN_SUBSCRIBED},
	    {"CHILDREN", PARSE_RETURN_CHILDREN},
	    {"SPECIAL-USE", PARSE_RETURN_SPECIAL_USE},
	    {"STATUS", PARSE_RETURN_STATUS},
	    {NULL, 0},
	};
	struct parse_text t = {.p = l->reference, .n = strlen(l->reference)};

	buf_char(b, ' ');
	if (l->extended) {
		print_bits(b, selects, l->select);
		buf_char(b, ' ');
	}
	print_string(b, t);
	buf_str(b, l->npatterns == 1 ? " " : " (");
	for (size_t i = 0; i < l->npatterns; i++) {
		t.p = l->patterns[i];
		t.n = strlen(t.p);
		if (i > 0)
			buf_char(b, ' ');
		print_string(b, t);
	}
	if (l->npatterns != 1)
		buf_char(b, ')');
	if (l->ret == 0)
		return;
	buf_str(b, " RETURN ");
	print_bits(b, rets, l->ret);
	if (l->ret & PARSE_RETURN_STATUS) {
		b->n--;
		buf_char(b, ' ');
		print_status_items(b, l->status);
		buf_char(b, ')');
	}
}

/* 1 January 1970 and so on, for year 1 to 9999. */
static inline void
print_day(struct buf *b, int32_t day)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)day * 86400;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		abort();
	buf_printf(
	    b, "%d-%s-%04d", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900);
}

static inline void
print_key(struct buf *b, const struct parse_search_node *n)
{
	static const struct print_bit flags[] = {
	    {"DRAFT", MESSAGE_DRAFT},
	    {"FLAGGED", MESSAGE_FLAGGED},
	    {"ANSWERED", MESSAGE_ANSWERED},
	    {"SEEN", MESSAGE_SEEN},
	    {"DELETED", MESSAGE_DELETED},
	};
	static const char *const names[] = {
	    [PARSE_SEARCH_BEFORE] = "BEFORE ",
	    [PARSE_SEARCH_ON] = "ON ",
	    [PARSE_SEARCH_SINCE] = "SINCE ",
	    [PARSE_SEARCH_SENTBEFORE] = "SENTBEFORE ",
	    [PARSE_SEARCH_SENTON] = "SENTON ",
	    [PARSE_SEARCH_SENTSINCE] = "SENTSINCE ",
	    [PARSE_SEARCH_LARGER] = "LARGER ",
	    [PARSE_SEARCH_SMALLER] = "SMALLER ",
	    [PARSE_SEARCH_BODY] = "BODY ",
	    [PARSE_SEARCH_TEXT] = "TEXT ",
	    [PARSE_SEARCH_OLDER] = "OLDER ",
	    [PARSE_SEARCH_YOUNGER] = "YOUNGER ",
	    [PARSE_SEARCH_MODSEQ] = "MODSEQ ",
	    [PARSE_SEARCH_SAVEDBEFORE] = "SAVEDBEFORE ",
	    [PARSE_SEARCH_SAVEDON] = "SAVEDON ",
	    [PARSE_SEARCH_SAVEDSINCE] = "SAVEDSINCE ",
	    [PARSE_SEARCH_SAVEDATESUPPORTED] = "SAVEDATESUPPORTED",
	    [PARSE_SEARCH_EMAILID] = "EMAILID ",
	    [PARSE_SEARCH_THREADID] = "THREADID ",
	};

	switch (n->key) {
	case PARSE_SEARCH_AND:
		buf_str(b, n->child == NULL ? "ALL" : "(");
		for (n = n->child; n != NULL; n = n->next) {
			print_key(b, n);
			buf_char(b, n->next != NULL ? ' ' : ')');
		}
		return;
	case PARSE_SEARCH_OR:
		buf_str(b, "OR ");
		print_key(b, n->child);
		buf_char(b, ' ');
		print_key(b, n->child->next);
		return;
	case PARSE_SEARCH_NOT:
		buf_str(b, "NOT ");
		print_key(b, n->child);
		return;
	case PARSE_SEARCH_UID:
		buf_str(b, "UID ");
		__attribute__((fallthrough));
	case PARSE_SEARCH_SEQ:
		print_set(b, &n->set);
		return;
	case PARSE_SEARCH_FLAG:
		for (size_t i = 0; i < 5; i++)
			if (n->flags == flags[i].bit)
				buf_str(b, flags[i].name);
		return;
	case PARSE_SEARCH_RECENT:
		buf_str(b, "RECENT");
		return;
	case PARSE_SEARCH_KEYWORD:
		buf_str(b, "KEYWORD ");
		buf_bytes(b, n->text.p, n->text.n);
		return;
	case PARSE_SEARCH_HEADER:
		buf_str(b, "HEADER ");
		print_string(b, n->field);
		buf_char(b, ' ');
		print_string(b, n->text);
		return;
	case PARSE_SEARCH_BEFORE:
	case PARSE_SEARCH_ON:
	case PARSE_SEARCH_SINCE:
	case PARSE_SEARCH_SENTBEFORE:
	case PARSE_SEARCH_SENTON:
	case PARSE_SEARCH_SENTSINCE:
	case PARSE_SEARCH_SAVEDBEFORE:
	case PARSE_SEARCH_SAVEDON:
	case PARSE_SEARCH_SAVEDSINCE:
		buf_str(b, names[n->key]);
		print_day(b, n->day);
		return;
	case PARSE_SEARCH_LARGER:
	case PARSE_SEARCH_SMALLER:
	case PARSE_SEARCH_OLDER:
	case PARSE_SEARCH_YOUNGER:
	case PARSE_SEARCH_MODSEQ:
		buf_str(b, names[n->key]);
		buf_num(b, n->number);
		return;
	case PARSE_SEARCH_BODY:
	case PARSE_SEARCH_TEXT:
		buf_str(b, names[n->key]);
		print_string(b, n->text);
		return;
	case PARSE_SEARCH_SAVEDATESUPPORTED:
		buf_str(b, names[n->key]);
		return;
	case PARSE_SEARCH_EMAILID:
	case PARSE_SEARCH_THREADID:
		buf_str(b, names[n->key]);
		buf_bytes(b, n->text.p, n->text.n);
		return;
	}
}

static inline void
print_keys(struct buf *b, const struct parse_search *s)
{
	for (const struct parse_search_node *n = s->root->child; n != NULL;
	     n = n->next) {
		buf_char(b, ' ');
		print_key(b, n);
	}
}

static inline void
print_return(struct buf *b, const struct parse_search *s)
{
	static const struct print_bit names[] = {
	    {"MIN", PARSE_SEARCH_RETURN_MIN},
	    {"MAX", PARSE_SEARCH_RETURN_MAX},
	    {"ALL", PARSE_SEARCH_RETURN_ALL},
	    {"COUNT", PARSE_SEARCH_RETURN_COUNT},
	    {"SAVE", PARSE_SEARCH_RETURN_SAVE},
	    {NULL, 0},
	};

	if (s->extended) {
		buf_str(b, " RETURN ");
		print_bits(b, names, s->ret);
	}
	if ((s->ret & PARSE_SEARCH_RETURN_PARTIAL) != 0) {
		b->n--;
		if (b->p[b->n - 1] != '(')
			buf_char(b, ' ');
		print_partial(b, &s->partial);
		buf_char(b, ')');
	}
}

static inline void
print_search(struct buf *b, const struct parse_search *s)
{
	struct parse_text charset = {.p = s->charset, .n = strlen(s->charset)};

	print_return(b, s);
	if (charset.n > 0) {
		buf_str(b, " CHARSET ");
		print_string(b, charset);
	}
	print_keys(b, s);
}

static inline void
print_sort(struct buf *b, const struct parse_sort *s)
{
	struct parse_text charset = {
	    .p = s->search.charset, .n = strlen(s->search.charset)};

	print_return(b, &s->search);
	for (size_t i = 0; i < s->n; i++)
		buf_printf(b, "%s%s%s", i == 0 ? " (" : " ",
		    s->criteria[i].reverse ? "REVERSE " : "",
		    parse_sort_name(s->criteria[i].key));
	buf_str(b, ") ");
	print_string(b, charset);
	print_keys(b, &s->search);
}

static inline void
print_thread(struct buf *b, const struct parse_thread *t)
{
	static const char *const names[] = {
	    "ORDEREDSUBJECT", "REFERENCES", "REFS"};
	struct parse_text charset = {
	    .p = t->search.charset, .n = strlen(t->search.charset)};

	buf_printf(b, " %s ", names[t->algorithm]);
	print_string(b, charset);
	print_keys(b, &t->search);
}

static inline void
print_esearch(struct buf *b, const struct parse_esearch *e, bool utf8)
{
	char name[4096];

	for (size_t i = 0; i < e->n; i++) {
		const char *mailbox = e->sources[i].mailbox;
		int n;

		buf_str(b, i == 0 ? " IN (" : " ");
		buf_str(b, parse_esearch_name(e->sources[i].kind));
		if (mailbox == NULL)
			continue;
		buf_char(b, ' ');
		n = utf8 ? -1
			 : utf7_encode(
			       mailbox, strlen(mailbox), name, sizeof(name));
		if (n == -1)
			print_astring(b, mailbox, strlen(mailbox));
		else
			print_astring(b, name, (size_t)n);
	}
	buf_str(b, e->n > 0 ? ")" : "");
	print_search(b, &e->search);
}

static inline void
print_id(struct buf *b, const struct parse_id *id)
{
	buf_str(b, " (");
	for (size_t i = 0; i < 2 * id->npairs; i++) {
		if (i > 0)
			buf_char(b, ' ');
		print_string(b, id->pairs[i]);
	}
	buf_char(b, ')');
}

#endif
