/*
 * Charsets (text_charset.h). A message may name any charset, so only those that
 * mail uses reach iconv_open, which loads code by name. A session under a
 * system-call filter cannot load code: there a charset that was not warmed is
 * unknown. Those of one byte are turned into tables, so that the process that
 * sessions are forked from need not hold a library for each of them: every one
 * costs each fork some microseconds.
 */
#include "worker/imap/text_charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CHARSET_NAME  40
#define CHARSET_TABLE 16
#define CHARSET_OUT   4096
#define CHARSET_BAD   0xffffu /* in a table: no character */

enum charset_kind {
	CHARSET_FREE,
	CHARSET_UTF8,
	CHARSET_ICONV,
	CHARSET_SINGLE,
	CHARSET_UNKNOWN
};

struct single { /* a charset of one byte */
	const char *name;
	bool made;
	uint16_t map[256];
};

struct text_charset {
	enum charset_kind kind;
	char name[CHARSET_NAME]; /* as asked for */
	iconv_t cd;
	const uint16_t *map; /* CHARSET_SINGLE */
};

/* One session, one thread: the converters are the process's. */
static struct text_charset charset_table[CHARSET_TABLE];
static unsigned charset_next; /* the entry to be given up */

/* Their names are those that charset_alias gives. */
static struct single singles[] = {{.name = "WINDOWS-1250"},
    {.name = "WINDOWS-1251"}, {.name = "WINDOWS-1252"},
    {.name = "WINDOWS-1253"}, {.name = "WINDOWS-1254"},
    {.name = "WINDOWS-1255"}, {.name = "WINDOWS-1256"},
    {.name = "WINDOWS-1257"}, {.name = "WINDOWS-1258"}, {.name = "ISO-8859-2"},
    {.name = "ISO-8859-3"}, {.name = "ISO-8859-4"}, {.name = "ISO-8859-5"},
    {.name = "ISO-8859-6"}, {.name = "ISO-8859-7"}, {.name = "ISO-8859-8"},
    {.name = "ISO-8859-10"}, {.name = "ISO-8859-13"}, {.name = "ISO-8859-14"},
    {.name = "ISO-8859-15"}, {.name = "ISO-8859-16"}, {.name = "KOI8-R"},
    {.name = "KOI8-U"}, {.name = "CP866"}, {.name = "CP437"}, {.name = "CP850"},
    {.name = "CP852"}, {.name = "CP855"}, {.name = "CP858"}, {.name = "CP862"},
    {.name = "CP874"}, {.name = "MACINTOSH"}, {.name = "VISCII"},
    {.name = "HP-ROMAN8"}};
#define SINGLES (sizeof(singles) / sizeof(singles[0]))

static void charset_open(struct text_charset *);
static const uint16_t *single_map(const char *);
static int single_make(struct single *);
static size_t single_run(
    const uint16_t *, struct buf *, const unsigned char *, size_t);
static size_t put_bmp(char *, unsigned);
static const char *charset_alias(const char *);
static const char *charset_number(const char *);
static bool charset_allowed(const char *);
static void put_bad(struct buf *);

void
text_charset_warm(void)
{
	static const char *const wide[] = {"UTF-7", "UTF-16", "ISO-2022-JP",
	    "EUC-JP", "CP932", "GB18030", "CP949", "CP950"};
	/* Open for good: the library of what is closed is unloaded. */
	static iconv_t held[sizeof(wide) / sizeof(wide[0])];
	size_t i;

	for (i = 0; i < SINGLES; i++)
		(void)single_map(singles[i].name);
	for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (held[i] == NULL)
			held[i] = iconv_open("UTF-8", wide[i]);
}

struct text_charset *
text_charset_find(const char *name, size_t n)
{
	struct text_charset *cs;
	unsigned i;

	if (n >= CHARSET_NAME || memchr(name, '\0', n) != NULL)
		return NULL;
	for (i = 0; i < CHARSET_TABLE; i++) {
		cs = &charset_table[i];
		if (cs->kind != CHARSET_FREE &&
		    strncasecmp(cs->name, name, n) == 0 && cs->name[n] == '\0')
			return cs->kind == CHARSET_UNKNOWN ? NULL : cs;
	}
	cs = &charset_table[charset_next];
	charset_next = (charset_next + 1) % CHARSET_TABLE;
	if (cs->kind == CHARSET_ICONV)
		(void)iconv_close(cs->cd);
	memcpy(cs->name, name, n);
	cs->name[n] = '\0';
	charset_open(cs);
	return cs->kind == CHARSET_UNKNOWN ? NULL : cs;
}

struct text_charset *
text_charset_of(const struct mime_part *part)
{
	struct text_charset *cs;
	size_t i;

	for (i = 0; i < part->nparams; i++) {
		const struct mime_param *q = &part->params[i];

		if (q->name.n != 7 || strncasecmp(q->name.p, "charset", 7) != 0)
			continue;
		cs = text_charset_find(q->value.p, q->value.n);
		return cs == NULL || text_charset_is_utf8(cs) ? NULL : cs;
	}
	return NULL;
}

bool
text_charset_is_utf8(const struct text_charset *cs)
{
	return cs->kind == CHARSET_UTF8;
}

void
text_charset_begin(struct text_charset *cs)
{
	if (cs->kind == CHARSET_ICONV)
		(void)iconv(cs->cd, NULL, NULL, NULL, NULL);
}

size_t
text_charset_run(struct text_charset *cs, struct buf *b, struct text_input *in)
{
	char out[CHARSET_OUT], *o;
	size_t room, rc, bad;
	/* iconv's prototype is older than const; it does not write there. */
	union {
		const char *in;
		char *p;
	} u;

	if (cs->kind == CHARSET_SINGLE) {
		if (in->n == 0)
			return 0; /* at NULL, perhaps */
		bad =
		    single_run(cs->map, b, (const unsigned char *)in->p, in->n);
		in->p += in->n;
		in->n = 0;
		return bad;
	}
	bad = 0;
	u.in = in->p;
	while (in->n > 0 && !b->failed) {
		o = out;
		room = sizeof(out);
		rc = iconv(cs->cd, &u.p, &in->n, &o, &room);
		buf_bytes(b, out, (size_t)(o - out));
		if (rc != (size_t)-1 || errno == E2BIG)
			continue;
		if (errno == EINVAL && !in->last)
			break;
		put_bad(b);
		bad++;
		/* EINVAL: what is left is one broken character. */
		if (errno == EINVAL) {
			u.in += in->n;
			in->n = 0;
		} else {
			u.in++;
			in->n--;
		}
	}
	in->p = u.in;
	if (in->last) {
		o = out;
		room = sizeof(out);
		(void)iconv(cs->cd, NULL, NULL, &o, &room);
		buf_bytes(b, out, (size_t)(o - out));
	}
	return bad;
}

static void
charset_open(struct text_charset *cs)
{
	const char *name = charset_alias(charset_number(cs->name));

	cs->kind = CHARSET_UNKNOWN;
	if (strcmp(name, "UTF-8") == 0) {
		cs->kind = CHARSET_UTF8;
	} else if ((cs->map = single_map(name)) != NULL) {
		cs->kind = CHARSET_SINGLE;
	} else if (charset_allowed(name)) {
		cs->cd = iconv_open("UTF-8", name);
		if (cs->cd != (iconv_t)-1)
			cs->kind = CHARSET_ICONV;
	}
}

/* The table of a charset of one byte; NULL: it is none. */
static const uint16_t *
single_map(const char *name)
{
	size_t i;

	for (i = 0; i < SINGLES; i++)
		if (strcasecmp(name, singles[i].name) == 0)
			break;
	if (i == SINGLES ||
	    (!singles[i].made && single_make(&singles[i]) == -1))
		return NULL;
	return singles[i].map;
}

static int
single_make(struct single *s)
{
	iconv_t cd = iconv_open("UTF-16LE", s->name);
	unsigned char utf[8];
	char byte, *in, *out;
	size_t n, room;
	unsigned i;

	if (cd == (iconv_t)-1)
		return -1;
	for (i = 0; i < 256; i++) {
		byte = (char)i;
		in = &byte;
		n = 1;
		out = (char *)utf;
		room = sizeof(utf);
		s->map[i] = CHARSET_BAD;
		/* The second call: some hold a letter back for its accent. */
		if (iconv(cd, &in, &n, &out, &room) != (size_t)-1 &&
		    iconv(cd, NULL, NULL, &out, &room) != (size_t)-1 &&
		    room == sizeof(utf) - 2)
			s->map[i] = (uint16_t)(utf[0] | utf[1] << 8);
		(void)iconv(cd, NULL, NULL, NULL, NULL);
	}
	(void)iconv_close(cd);
	s->made = true;
	return 0;
}

/* How many bytes were no character. */
static size_t
single_run(const uint16_t *map, struct buf *b, const unsigned char *p, size_t n)
{
	char out[CHARSET_OUT];
	size_t used = 0, bad = 0;
	unsigned c;

	for (; n > 0 && !b->failed; p++, n--) {
		c = map[*p];
		if (c == CHARSET_BAD) {
			c = 0xfffd;
			bad++;
		}
		used += put_bmp(out + used, c);
		if (used > sizeof(out) - 3) {
			buf_bytes(b, out, used);
			used = 0;
		}
	}
	buf_bytes(b, out, used);
	return bad;
}

/* RFC 3629 section 3, for what fits in 16 bits. Returns the length. */
static size_t
put_bmp(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/*
 * Names that iconv does not know, and charsets whose texts are mostly written
 * in the larger one that holds them.
 */
static const char *
charset_alias(const char *name)
{
	static const char *const aliases[][2] = {
	    {"", "UTF-8"},
	    {"utf-8", "UTF-8"},
	    {"utf8", "UTF-8"},
	    {"us-ascii", "UTF-8"},
	    {"ascii", "UTF-8"},
	    {"ansi_x3.4-1968", "UTF-8"},
	    {"unicode-1-1-utf-8", "UTF-8"},
	    {"unicode-1-1-utf-7", "UTF-7"},
	    {"iso-8859-1", "WINDOWS-1252"},
	    {"latin1", "WINDOWS-1252"},
	    {"iso-8859-9", "WINDOWS-1254"},
	    {"iso-8859-8-i", "ISO-8859-8"},
	    {"gb2312", "GB18030"},
	    {"gbk", "GB18030"},
	    {"ks_c_5601-1987", "CP949"},
	    {"euc-kr", "CP949"},
	    {"shift_jis", "CP932"},
	    {"big5", "CP950"},
	    {"tis-620", "CP874"},
	    {"iso-8859-11", "CP874"},
	    {"latin2", "ISO-8859-2"},
	    {"latin5", "WINDOWS-1254"},
	    {"latin9", "ISO-8859-15"},
	    {"latin-9", "ISO-8859-15"},
	    {"ibm437", "CP437"},
	    {"ibm850", "CP850"},
	    {"ibm852", "CP852"},
	    {"ibm866", "CP866"},
	    {"mac", "MACINTOSH"},
	    {"sjis", "CP932"},
	    {"windows-31j", "CP932"},
	    {"cp936", "GB18030"},
	    {"big5-hkscs", "CP950"},
	    {"uhc", "CP949"},
	};
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcasecmp(name, aliases[i][0]) == 0)
			return aliases[i][1];
	return name;
}

/* The usual spelling of names that end in a number; static. */
static const char *
charset_number(const char *name)
{
	static const char *const spelt[][2] = {{"iso8859-", "ISO-8859-"},
	    {"iso_8859-", "ISO-8859-"}, {"cp125", "WINDOWS-125"}};
	static char made[CHARSET_NAME + 8];
	size_t i, n;

	for (i = 0; i < sizeof(spelt) / sizeof(spelt[0]); i++) {
		n = strlen(spelt[i][0]);
		if (strncasecmp(name, spelt[i][0], n) != 0)
			continue;
		(void)snprintf(
		    made, sizeof(made), "%s%s", spelt[i][1], name + n);
		return made;
	}
	return name;
}

static bool
charset_allowed(const char *name)
{
	static const char *const families[] = {"iso-8859-", "iso8859-",
	    "iso_8859-", "iso-2022-jp", "iso-2022-kr", "windows-", "cp",
	    "koi8-", "utf-", "utf7", "ucs-2", "ucs-4", "gb", "hz", "big5",
	    "euc-", "shift", "sjis", "latin", "mac", "viscii", "tcvn",
	    "georgian", "armscii", "ibm", "arabic", "hebrew", "greek",
	    "cyrillic", "johab", "hp-roman8"};
	size_t i;

	if (name[strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_.+")] != '\0')
		return false;
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strncasecmp(name, families[i], strlen(families[i])) == 0)
			return true;
	return false;
}

static void
put_bad(struct buf *b)
{
	buf_str(b, "\xef\xbf\xbd");
}
