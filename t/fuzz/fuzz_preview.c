/*
 * PREVIEW of any message: one line of UTF-8 without control characters, no more
 * than 200 characters of it, the same at every call.
 */
#include "t/fuzz/world.h"
#include "worker/imap/preview.h"
#include "worker/imap/utf7.h"

/* Characters; each whole. */
static size_t
characters(const char *p, size_t n)
{
	size_t i, k, all = 0;
	unsigned char c;

	for (i = 0; i < n; i += k) {
		c = (unsigned char)p[i];
		MUST(c >= ' ' && c != 0x7f && c != 0xff);
		k = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		MUST(c < 0x80 || c >= 0xc2);
		MUST(i + k <= n);
		for (size_t j = 1; j < k; j++)
			MUST(((unsigned char)p[i + j] & 0xc0) == 0x80);
		all++;
	}
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *msg = (const char *)data;
	struct buf once, again;
	struct mime *mime;

	mime = mime_parse(msg, size);
	MUST(mime != NULL);
	buf_init(&once, PREVIEW_BYTES);
	buf_init(&again, PREVIEW_BYTES);
	preview_make(&once, msg, mime);
	preview_make(&again, msg, mime);
	MUST(!once.failed && once.n == again.n);
	MUST(once.n == 0 || memcmp(once.p, again.p, once.n) == 0);
	MUST(characters(once.p, once.n) <= PREVIEW_CHARS);
	MUST(once.n == 0 || (once.p[0] != ' ' && once.p[once.n - 1] != ' '));
	buf_done(&once);
	buf_done(&again);
	mime_free(mime);
	return 0;
}
