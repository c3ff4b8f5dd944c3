/*
 * The certificates that the master sends: whatever the bytes are, what is found
 * lies in them, and names end.
 */
#include "t/fuzz/world.h"
#include "worker/net/bundle.h"

#include <sys/mman.h>

static void
inside(const struct bundle *b, const struct bundle_pem *pem)
{
	MUST(pem->n == 0 ||
	     (pem->p >= b->bytes && pem->p + pem->n <= b->bytes + b->size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	struct bundle b = {0};
	size_t i;
	int fd;

	fd = memfd_create("bundle", MFD_CLOEXEC);
	MUST(fd != -1 && write(fd, data, size) == (ssize_t)size);
	if (bundle_read(fd, &b, &why) == -1) {
		MUST(why != NULL);
		close(fd);
		return 0;
	}
	inside(&b, &b.cert);
	inside(&b, &b.key);
	for (i = 0; i < b.nca; i++)
		inside(&b, &b.ca[i]);
	for (i = 0; i < b.nnames; i++) {
		inside(&b, &b.names[i].cert);
		inside(&b, &b.names[i].key);
		MUST(memchr(b.names[i].name, '\0', BUNDLE_NAME) != NULL);
	}
	MUST(memchr(b.protocol, '\0', sizeof(b.protocol)) != NULL);
	MUST(memchr(b.ciphers, '\0', sizeof(b.ciphers)) != NULL);
	bundle_done(&b);
	close(fd);
	return 0;
}
