/* One character at a time, checked as RFC 3629 has it. */
#include "master/ctl_text.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static size_t next(const char *, uint32_t *);

int
ctl_text(FILE *out, const char *p, int columns)
{
	uint32_t c;
	int done = 0;
	size_t n;

	for (; *p != '\0' && (columns == 0 || done < columns); p += n, done++) {
		n = next(p, &c);
		if (c < ' ' || (c >= 0x7f && c < 0xa0))
			(void)fputc('?', out);
		else
			(void)fwrite(p, 1, n, out);
	}
	return done;
}

void
ctl_text_json(FILE *out, const char *p)
{
	uint32_t c;
	size_t n;

	(void)fputc('"', out);
	for (; *p != '\0'; p += n) {
		n = next(p, &c);
		if (c == 0)
			(void)fputs("\\ufffd", out);
		else if (c == '"' || c == '\\')
			(void)fprintf(out, "\\%c", (int)c);
		else if (c < ' ' || (c >= 0x7f && c < 0xa0))
			(void)fprintf(out, "\\u%04x", (unsigned)c);
		else
			(void)fwrite(p, 1, n, out);
	}
	(void)fputc('"', out);
}

/* The bytes of one character; 1 and *c = 0 for a byte that begins none. */
static size_t
next(const char *text, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	size_t n = p[0] < 0x80    ? 1
		   : p[0] >= 0xf0 ? 4
		   : p[0] >= 0xe0 ? 3
		   : p[0] >= 0xc0 ? 2
				  : 0;
	uint32_t v;

	*c = 0;
	if (n == 0 || p[0] > 0xf4)
		return 1;
	v = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) /* the terminator, too */
			return 1;
		v = v << 6 | (p[i] & 0x3fu);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 1;
	*c = v;
	return n;
}
