/*
 * Mailbox names: what decodes is UTF-8 and encodes to the very same bytes; what
 * is UTF-8 encodes to something that decodes to it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/utf7.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t room = 8 * size + 8;
	char *in = malloc(size + 1), *mid = malloc(room), *out = malloc(room);
	int len;

	MUST(in != NULL && mid != NULL && out != NULL);
	memcpy(in, data, size);
	len = utf7_decode(in, size, mid, room);
	if (len != -1) {
		MUST((size_t)len <= 2 * size);
		MUST(utf8_valid(mid, (size_t)len));
		MUST(utf7_encode(mid, (size_t)len, out, room) == (int)size);
		MUST(memcmp(in, out, size) == 0);
	}
	len = utf7_encode(in, size, mid, room);
	MUST((len != -1) == utf8_valid(in, size));
	if (len != -1) {
		MUST(utf7_decode(mid, (size_t)len, out, room) == (int)size);
		MUST(memcmp(in, out, size) == 0);
	}
	free(in);
	free(mid);
	free(out);
	return 0;
}
