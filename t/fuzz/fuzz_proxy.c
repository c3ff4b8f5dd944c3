/*
 * The PROXY header: it is read to its end and no further, however it is cut;
 * what is wanted stays within the limit, and is never wanted in vain.
 */
#include <stdint.h>
#include <stdlib.h>

#include "worker/net/proxy.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_origin o = {.known = false};
	size_t have = 0;
	int want;

	while ((want = proxy_wants(data, have)) > 0) {
		MUST(have + (size_t)want <= PROXY_MAX);
		if (have + (size_t)want > size) {
			MUST(proxy_parse(data, have, &o) == -1);
			return 0;
		}
		have += (size_t)want;
	}
	if (want == 0 && proxy_parse(data, have, &o) == 0 && o.known)
		MUST(have >= 16);
	return 0;
}
