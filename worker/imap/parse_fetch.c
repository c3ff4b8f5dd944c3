/*
 * FETCH: RFC 3501 6.4.5 and section 9 "fetch-att", "section"; RFC 3516
 * (BINARY), 7162 (CHANGEDSINCE, VANISHED), 8474 (EMAILID, THREADID), 8514
 * (SAVEDATE), 8970 (PREVIEW), 9394 (PARTIAL). The label of an item is its name
 * in canonical form; parsed again it gives the same item.
 */
#include <string.h>

#include "worker/imap/parse_private.h"

#define LABEL_MAX 1048576u /* header names may come as literals */

enum bracket {
	NONE,
	MAY,
	MUST
};

struct att {
	const char *name, *label;
	enum parse_fetch_what what;
	enum bracket bracket; /* a section follows */
	bool peek;
	enum parse_section_text text;
};

static void attributes(struct parse *, struct parse_fetch *);
static bool macro(struct parse *, struct parse_fetch *);
static void attribute(struct parse *, struct parse_fetch *);
static struct parse_fetch_item *item_new(
    struct parse *, struct parse_fetch *, const struct att *);
static const struct att *find_att(struct parse_text);
static void section_item(
    struct parse *, struct parse_fetch_item *, const struct att *);
static void section(struct parse *, struct parse_section *);
static void section_part(struct parse *, struct parse_section *);
static void section_text(struct parse *, struct parse_section *);
static void header_list(struct parse *, struct parse_section *);
static const char *label(
    struct parse *, const char *name, const struct parse_section *);
static void print_section(struct buf *, const struct parse_section *);
static void partial(struct parse *, struct parse_fetch_item *);
static void modifiers(struct parse *, struct parse_fetch *);

static const struct att atts[] = {
    {"FLAGS", "FLAGS", PARSE_FETCH_FLAGS, NONE, true, 0},
    {"UID", "UID", PARSE_FETCH_UID, NONE, true, 0},
    {"INTERNALDATE", "INTERNALDATE", PARSE_FETCH_INTERNALDATE, NONE, true, 0},
    {"RFC822.SIZE", "RFC822.SIZE", PARSE_FETCH_SIZE, NONE, true, 0},
    {"ENVELOPE", "ENVELOPE", PARSE_FETCH_ENVELOPE, NONE, true, 0},
    {"BODYSTRUCTURE", "BODYSTRUCTURE", PARSE_FETCH_BODYSTRUCTURE, NONE, true,
	0},
    {"BODY", "BODY", PARSE_FETCH_BODY, MAY, false, 0},
    {"BODY.PEEK", "BODY", PARSE_FETCH_BODY, MUST, true, 0},
    {"BINARY", "BINARY", PARSE_FETCH_BINARY, MUST, false, 0},
    {"BINARY.PEEK", "BINARY", PARSE_FETCH_BINARY, MUST, true, 0},
    {"BINARY.SIZE", "BINARY.SIZE", PARSE_FETCH_BINARY_SIZE, MUST, true, 0},
    {"RFC822", "RFC822", PARSE_FETCH_SECTION, NONE, false, PARSE_SECTION_ALL},
    {"RFC822.HEADER", "RFC822.HEADER", PARSE_FETCH_SECTION, NONE, true,
	PARSE_SECTION_HEADER},
    {"RFC822.TEXT", "RFC822.TEXT", PARSE_FETCH_SECTION, NONE, false,
	PARSE_SECTION_TEXT},
    {"MODSEQ", "MODSEQ", PARSE_FETCH_MODSEQ, NONE, true, 0},
    {"EMAILID", "EMAILID", PARSE_FETCH_EMAILID, NONE, true, 0},
    {"THREADID", "THREADID", PARSE_FETCH_THREADID, NONE, true, 0},
    {"SAVEDATE", "SAVEDATE", PARSE_FETCH_SAVEDATE, NONE, true, 0},
    {"PREVIEW", "PREVIEW", PARSE_FETCH_PREVIEW, NONE, true, 0},
};

/* SP sequence-set SP (macro / fetch-att / "(" list ")") [SP modifiers]. */
void
parse_fetch(struct parse *p, struct parse_fetch *out)
{
	*out = (struct parse_fetch){0};
	parse_need(p, ' ', "expected SP after FETCH");
	parse_seqset(p, &out->set);
	parse_need(p, ' ', "expected SP after the sequence set");
	attributes(p, out);
	if (parse_more(p))
		modifiers(p, out);
}

static void
attributes(struct parse *p, struct parse_fetch *out)
{
	if (parse_is(p, '('))
		parse_fetch_list(p, out);
	else if (!macro(p, out))
		attribute(p, out);
}

void
parse_fetch_list(struct parse *p, struct parse_fetch *out)
{
	parse_need(p, '(', "expected ( before FETCH attributes");
	do
		attribute(p, out);
	while (parse_take(p, ' '));
	parse_need(p, ')', "expected SP or ) after a FETCH attribute");
}

void
parse_fetch_print_list(struct buf *b, const struct parse_fetch *f)
{
	for (size_t i = 0; i < f->nitems; i++) {
		const struct parse_fetch_item *item = &f->items[i];
		const char *bracket = strchr(item->label, '[');

		buf_char(b, i == 0 ? '(' : ' ');
		buf_bytes(b, item->label, strcspn(item->label, "["));
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
}

/* RFC 3501 6.4.5: macros stand alone, never in a list. */
static bool
macro(struct parse *p, struct parse_fetch *out)
{
	static const char *const names[] = {
	    "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"};
	size_t n;

	if (parse_word(p, "FAST"))
		n = 3;
	else if (parse_word(p, "ALL"))
		n = 4;
	else if (parse_word(p, "FULL"))
		n = 5;
	else
		return false;
	for (size_t i = 0; i < n; i++) {
		struct parse_text t = {.p = names[i], .n = strlen(names[i])};

		(void)item_new(p, out, find_att(t));
	}
	return true;
}

static void
attribute(struct parse *p, struct parse_fetch *out)
{
	const struct att *att = find_att(parse_name(p));
	struct parse_fetch_item *item;

	if (att == NULL) {
		parse_fail(p, "expected a FETCH attribute");
		return;
	}
	item = item_new(p, out, att);
	if (item == NULL)
		return;
	if (att->bracket == MUST || (att->bracket == MAY && parse_is(p, '[')))
		section_item(p, item, att);
	if (item->what == PARSE_FETCH_PREVIEW && parse_sees(p, " (LAZY)")) {
		p->at += strlen(" (LAZY)");
		item->lazy = true;
	}
}

static struct parse_fetch_item *
item_new(struct parse *p, struct parse_fetch *f, const struct att *att)
{
	struct parse_fetch_item *item;

	if (f->nitems == PARSE_FETCH_MAX) {
		parse_limit(p, "too many FETCH attributes");
		return NULL;
	}
	item = parse_grow(p, f->items, f->nitems, sizeof(*item));
	if (item == NULL)
		return NULL;
	f->items = item;
	item += f->nitems++;
	*item = (struct parse_fetch_item){
	    .what = att->what,
	    .label = att->label,
	    .peek = att->peek || att->what == PARSE_FETCH_BODY,
	    .section = {.text = att->text},
	};
	return item;
}

static const struct att *
find_att(struct parse_text name)
{
	for (size_t i = 0; i < sizeof(atts) / sizeof(atts[0]); i++)
		if (parse_text_is(name, atts[i].name))
			return &atts[i];
	return NULL;
}

/* "BODY" section ["<" number "." nz-number ">"], and BINARY's forms. */
static void
section_item(
    struct parse *p, struct parse_fetch_item *item, const struct att *att)
{
	if (item->what == PARSE_FETCH_BODY)
		item->what = PARSE_FETCH_SECTION;
	item->peek = att->peek;
	parse_need(p, '[', "expected [ after the FETCH attribute");
	if (item->what == PARSE_FETCH_SECTION)
		section(p, &item->section);
	else if (!parse_is(p, ']')) /* RFC 3516 section-binary */
		section_part(p, &item->section);
	parse_need(p, ']', "expected ] after the section");
	item->label = label(p, att->label, &item->section);
	if (item->what != PARSE_FETCH_BINARY_SIZE && parse_is(p, '<'))
		partial(p, item);
}

/* section-spec = section-msgtext / (section-part ["." section-text]). */
static void
section(struct parse *p, struct parse_section *s)
{
	if (parse_is(p, ']'))
		return;
	if (p->at < p->cmd->n && p->cmd->text[p->at] >= '0' &&
	    p->cmd->text[p->at] <= '9')
		section_part(p, s);
	if (s->nparts == 0 || parse_take(p, '.'))
		section_text(p, s);
}

/* section-part = nz-number *("." nz-number); stops before ".TEXT" and such. */
static void
section_part(struct parse *p, struct parse_section *s)
{
	uint32_t part[PARSE_SECTION_DEPTH];
	uint32_t *copy;
	size_t n = 0;

	for (;;) {
		const char *next;

		if (n == PARSE_SECTION_DEPTH) {
			parse_limit(p, "too many numbers in a section");
			return;
		}
		part[n++] = parse_nz(p);
		if (!parse_is(p, '.') || p->at + 1 == p->cmd->n)
			break;
		next = p->cmd->text + p->at + 1;
		if (*next < '0' || *next > '9')
			break;
		p->at++;
	}
	copy = parse_alloc(p, n, sizeof(*copy));
	if (copy == NULL)
		return;
	memcpy(copy, part, n * sizeof(*copy));
	s->part = copy;
	s->nparts = n;
}

/* section-text = section-msgtext / "MIME"; MIME belongs to a part. */
static void
section_text(struct parse *p, struct parse_section *s)
{
	struct parse_text t = parse_name(p);

	if (parse_text_is(t, "TEXT")) {
		s->text = PARSE_SECTION_TEXT;
	} else if (parse_text_is(t, "HEADER")) {
		s->text = PARSE_SECTION_HEADER;
	} else if (parse_text_is(t, "MIME") && s->nparts > 0) {
		s->text = PARSE_SECTION_MIME;
	} else if (parse_text_is(t, "HEADER.FIELDS")) {
		s->text = PARSE_SECTION_FIELDS;
		header_list(p, s);
	} else if (parse_text_is(t, "HEADER.FIELDS.NOT")) {
		s->text = PARSE_SECTION_FIELDS_NOT;
		header_list(p, s);
	} else {
		parse_fail(p, "expected a section");
	}
}

/* SP header-list = "(" header-fld-name *(SP header-fld-name) ")". */
static void
header_list(struct parse *p, struct parse_section *s)
{
	parse_need(p, ' ', "expected SP before the header names");
	parse_need(p, '(', "expected ( before the header names");
	do {
		struct parse_text *fields;

		if (s->nfields == PARSE_FIELDS_MAX) {
			parse_limit(p, "too many header names");
			return;
		}
		fields =
		    parse_grow(p, s->fields, s->nfields, sizeof(s->fields[0]));
		if (fields == NULL)
			return;
		fields[s->nfields++] = parse_astring(p);
		s->fields = fields;
	} while (parse_take(p, ' '));
	parse_need(p, ')', "expected SP or ) after a header name");
}

static const char *
label(struct parse *p, const char *name, const struct parse_section *s)
{
	const char *copy = NULL;
	struct buf b;

	if (p->why != NULL)
		return name;
	buf_init(&b, LABEL_MAX);
	buf_str(&b, name);
	buf_char(&b, '[');
	print_section(&b, s);
	buf_char(&b, ']');
	if (!b.failed)
		copy = arena_text(p->arena, b.p, b.n);
	buf_done(&b);
	if (copy == NULL) {
		parse_limit(p, "command too large");
		return name;
	}
	return copy;
}

static void
print_section(struct buf *b, const struct parse_section *s)
{
	static const char *const texts[] = {
	    [PARSE_SECTION_ALL] = "",
	    [PARSE_SECTION_HEADER] = "HEADER",
	    [PARSE_SECTION_FIELDS] = "HEADER.FIELDS (",
	    [PARSE_SECTION_FIELDS_NOT] = "HEADER.FIELDS.NOT (",
	    [PARSE_SECTION_TEXT] = "TEXT",
	    [PARSE_SECTION_MIME] = "MIME",
	};

	for (size_t i = 0; i < s->nparts; i++) {
		if (i > 0)
			buf_char(b, '.');
		buf_num(b, s->part[i]);
	}
	if (s->nparts > 0 && s->text != PARSE_SECTION_ALL)
		buf_char(b, '.');
	buf_str(b, texts[s->text]);
	for (size_t i = 0; i < s->nfields; i++) {
		const struct parse_text *f = &s->fields[i];

		if (i > 0)
			buf_char(b, ' ');
		/* Clients look for the "]" that ends the section. */
		if (memchr(f->p, ']', f->n) != NULL)
			buf_string(b, f->p, f->n, false);
		else
			buf_astring(b, f->p, f->n, false);
	}
	if (s->nfields > 0)
		buf_char(b, ')');
}

static void
partial(struct parse *p, struct parse_fetch_item *item)
{
	parse_expect(p, '<');
	item->offset = parse_number(p);
	parse_expect(p, '.');
	item->count = parse_nz(p);
	parse_expect(p, '>');
	item->partial = true;
}

/*
 * RFC 7162 3.1.4.1, 3.2.6, RFC 9394 3.3; the SP is taken. VANISHED needs
 * CHANGEDSINCE.
 */
static void
modifiers(struct parse *p, struct parse_fetch *out)
{
	parse_need(p, '(', "expected ( before FETCH modifiers");
	do {
		if (parse_word(p, "VANISHED")) {
			out->vanished = true;
		} else if (parse_word(p, "CHANGEDSINCE")) {
			parse_space(p);
			out->changedsince = parse_number64(p);
			if (out->changedsince == 0)
				parse_fail(p, "expected a number from 1 on");
		} else if (parse_word(p, "PARTIAL")) {
			parse_partial(p, &out->partial);
		} else {
			parse_fail(p, "no such FETCH modifier");
		}
	} while (parse_take(p, ' '));
	parse_expect(p, ')');
	if (out->vanished && out->changedsince == 0)
		parse_fail(p, "VANISHED needs CHANGEDSINCE");
}
