/*
 * Base64 and quoted-printable (body_decode.h). RFC 2045 6.7 and 6.8: what is
 * not in the alphabet is passed over, blanks at the end of a line are not part
 * of it, and a broken escape stands for itself.
 */
#include "worker/imap/body_decode.h"

#include <string.h>
#include <strings.h>

#define QUOTED_LINE 1000 /* a longer one is cut where it is */

static size_t run_base64(struct body_decoder *, const char *, size_t, char *);
static size_t run_quoted(const char *, size_t, bool, char *, size_t *);
static size_t quoted_line(const char *, size_t, bool, char *);
static size_t quoted_bytes(const char *, size_t, char *);
static int base64_value(unsigned char);
static int hex_value(unsigned char);

enum body_encoding
body_encoding_of(const struct mime_text *name)
{
	static const struct {
		const char *name;
		enum body_encoding encoding;
	} known[] = {
	    {"7bit", BODY_ENCODING_NONE},
	    {"8bit", BODY_ENCODING_NONE},
	    {"binary", BODY_ENCODING_NONE},
	    {"base64", BODY_ENCODING_BASE64},
	    {"quoted-printable", BODY_ENCODING_QUOTED},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (name->n == strlen(known[i].name) &&
		    strncasecmp(name->p, known[i].name, name->n) == 0)
			return known[i].encoding;
	return BODY_ENCODING_UNKNOWN;
}

void
body_decoder_init(struct body_decoder *d, enum body_encoding encoding)
{
	memset(d, 0, sizeof(*d));
	d->encoding = encoding;
}

size_t
body_decoder_run(struct body_decoder *d, const char *in, size_t n, bool last,
    char *out, size_t *used)
{
	if (d->encoding == BODY_ENCODING_QUOTED)
		return run_quoted(in, n, last, out, used);
	*used = n;
	return run_base64(d, in, n, out);
}

/* A byte goes out as soon as it is whole, so out is never longer than in. */
static size_t
run_base64(struct body_decoder *d, const char *in, size_t n, char *out)
{
	char *o = out;
	size_t i;

	for (i = 0; i < n; i++) {
		int v = base64_value((unsigned char)in[i]);

		if (v == -1) {
			/* After padding another text may begin. */
			if (in[i] == '=')
				d->nbits = 0;
			continue;
		}
		d->bits = d->bits << 6 | (uint32_t)v;
		d->nbits += 6;
		if (d->nbits >= 8) {
			d->nbits -= 8;
			*o++ = (char)(d->bits >> d->nbits & 0xff);
		}
	}
	return (size_t)(o - out);
}

static size_t
run_quoted(const char *in, size_t n, bool last, char *out, size_t *used)
{
	size_t at, end, o;
	const char *lf;

	o = 0;
	for (at = 0; at < n; at = end) {
		lf = memchr(in + at, '\n', n - at);
		if (lf == NULL)
			break;
		end = (size_t)(lf - in) + 1;
		o += quoted_line(in + at, end - 1 - at, true, out + o);
	}
	end = n;
	if (at < n && last) {
		o += quoted_line(in + at, n - at, false, out + o);
	} else if (n - at > QUOTED_LINE) {
		if (in[n - 1] == '=')
			end = n - 1;
		else if (in[n - 2] == '=')
			end = n - 2;
		o += quoted_bytes(in + at, end - at, out + o);
	} else {
		end = at;
	}
	*used = end;
	return o;
}

/* A line without its LF. */
static size_t
quoted_line(const char *p, size_t n, bool ended, char *out)
{
	size_t o;

	while (
	    n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t' || p[n - 1] == '\r'))
		n--;
	if (n > 0 && p[n - 1] == '=')
		return quoted_bytes(p, n - 1, out);
	o = quoted_bytes(p, n, out);
	if (ended) {
		out[o++] = '\r';
		out[o++] = '\n';
	}
	return o;
}

static size_t
quoted_bytes(const char *p, size_t n, char *out)
{
	size_t at, o, len;
	const char *eq;

	o = 0;
	for (at = 0; at < n; at++) {
		int high, low;

		eq = memchr(p + at, '=', n - at);
		len = eq == NULL ? n - at : (size_t)(eq - p) - at;
		memcpy(out + o, p + at, len);
		o += len;
		at += len;
		if (at == n)
			break;
		high = n - at > 2 ? hex_value((unsigned char)p[at + 1]) : -1;
		low = n - at > 2 ? hex_value((unsigned char)p[at + 2]) : -1;
		if (high == -1 || low == -1) {
			out[o++] = '=';
			continue;
		}
		out[o++] = (char)(high << 4 | low);
		at += 2;
	}
	return o;
}

static int
base64_value(unsigned char c)
{
	static const signed char values[256] = {['A'] = 1,
	    2,
	    3,
	    4,
	    5,
	    6,
	    7,
	    8,
	    9,
	    10,
	    11,
	    12,
	    13,
	    14,
	    15,
	    16,
	    17,
	    18,
	    19,
	    20,
	    21,
	    22,
	    23,
	    24,
	    25,
	    26,
	    ['a'] = 27,
	    28,
	    29,
	    30,
	    31,
	    32,
	    33,
	    34,
	    35,
	    36,
	    37,
	    38,
	    39,
	    40,
	    41,
	    42,
	    43,
	    44,
	    45,
	    46,
	    47,
	    48,
	    49,
	    50,
	    51,
	    52,
	    ['0'] = 53,
	    54,
	    55,
	    56,
	    57,
	    58,
	    59,
	    60,
	    61,
	    62,
	    ['+'] = 63,
	    ['/'] = 64};

	return values[c] - 1;
}

static int
hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}
