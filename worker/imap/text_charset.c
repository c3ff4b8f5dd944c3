/*
 * Charsets (text_charset.h). A message may name any charset, so only those that
 * mail uses reach iconv_open, which loads code by name.
 */
#include "worker/imap/text_charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#define CHARSET_NAME  40
#define CHARSET_TABLE 16
#define CHARSET_OUT   4096

enum charset_kind {
	CHARSET_FREE,
	CHARSET_UTF8,
	CHARSET_ICONV,
	CHARSET_UNKNOWN
};

struct text_charset {
	enum charset_kind kind;
	char name[CHARSET_NAME]; /* as asked for */
	iconv_t cd;
};

/* One session, one thread: the converters are the process's. */
static struct text_charset charset_table[CHARSET_TABLE];
static unsigned charset_next; /* the entry to be given up */

static void charset_open(struct text_charset *);
static const char *charset_alias(const char *);
static bool charset_allowed(const char *);
static void put_bad(struct buf *);

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
	const char *name = charset_alias(cs->name);

	cs->kind = CHARSET_UNKNOWN;
	if (strcmp(name, "UTF-8") == 0) {
		cs->kind = CHARSET_UTF8;
	} else if (charset_allowed(name)) {
		cs->cd = iconv_open("UTF-8", name);
		if (cs->cd != (iconv_t)-1)
			cs->kind = CHARSET_ICONV;
	}
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
	    {"iso8859-1", "WINDOWS-1252"},
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
	};
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcasecmp(name, aliases[i][0]) == 0)
			return aliases[i][1];
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
