/*
 * Text of any bytes: folding is stable and the same in pieces, decoded headers
 * are UTF-8, and what was folded is found again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/text.h"
#include "worker/imap/text_fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
need(bool truth)
{
	if (!truth)
		abort();
}

static void
same(const struct buf *a, const struct buf *b)
{
	need(!a->failed && !b->failed && a->n == b->n);
	need(a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

/* In two pieces, cut where the text says. */
static void
check_fold(const char *p, size_t n)
{
	struct buf whole, pieces;
	size_t cut, used;

	buf_init(&whole, SIZE_MAX / 2);
	buf_init(&pieces, SIZE_MAX / 2);
	text_fold(&whole, p, n);
	cut = n > 0 ? (unsigned char)p[0] % (n + 1) : 0;
	used = text_fold_some(&pieces, p, cut, false);
	need(used <= cut && cut - used < TEXT_FOLD_REST);
	used += text_fold_some(&pieces, p + used, n - used, true);
	need(used == n);
	same(&whole, &pieces);
	buf_done(&whole);
	buf_done(&pieces);
}

static void
check_header(const char *p, size_t n)
{
	const struct mime_text to = {"To", 2}, value = {p, n};
	struct text_needle needle;
	struct buf text, folded;

	buf_init(&text, SIZE_MAX / 2);
	buf_init(&folded, SIZE_MAX / 2);
	text_header_decode(&text, p, n);
	need(!text.failed);
	text_fold(&folded, text.p, text.n);
	needle.p = folded.n > 0 ? folded.p : "";
	needle.n = folded.n;
	need(text_header_has(p, n, &needle));
	need(text_field_has(&to, &value, &needle));
	needle.p = "\xef\xbf\xbe";
	needle.n = 3;
	(void)text_field_has(&to, &value, &needle);
	buf_done(&text);
	buf_done(&folded);
}

static void
check_message(const char *p, size_t n)
{
	static const struct text_needle needles[] = {
	    {"", 0}, {"a", 1}, {"\xc3\xa9", 2}, {"not there", 9}};
	const struct mime_part *root;
	struct mime *m;
	size_t i;

	m = mime_parse(p, n);
	need(m != NULL);
	root = mime_root(m);
	for (i = 0; i < sizeof(needles) / sizeof(needles[0]); i++) {
		bool head = text_header_has(p, root->hdr_len, &needles[i]);
		bool all =
		    text_message_has(p, m, true, &needles[i], NULL, NULL);

		need(all || !head);
		need(all ||
		     !text_message_has(p, m, false, &needles[i], NULL, NULL));
	}
	mime_free(m);
}

static void
check_needle(const char *p, size_t n)
{
	struct arena *a = arena_new(SIZE_MAX / 2);
	struct text_needle needle;
	char charset[32];
	size_t len;

	need(a != NULL);
	for (len = 0; len < n && len < sizeof(charset) - 1; len++)
		if (p[len] == '\n' || p[len] == '\0')
			break;
	memcpy(charset, p, len);
	charset[len] = '\0';
	if (text_needle(a, charset, p + len, n - len, &needle) == 0) {
		need(text_charset_known(charset) == 1);
		need(needle.p[needle.n] == '\0');
	}
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* Never NULL, and exactly as long as it is. */
	char *p = malloc(n > 0 ? n : 1);
	long long utc;
	int zone;

	need(p != NULL);
	memcpy(p, data, n);
	check_fold(p, n);
	check_header(p, n);
	check_message(p, n);
	check_needle(p, n);
	if (text_date(p, n, &utc, &zone))
		need(zone > -1440 && zone < 1440 && utc > -62200000000LL);
	free(p);
	return 0;
}
