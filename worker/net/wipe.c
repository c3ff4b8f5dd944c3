/* Memory of OpenSSL's (see wipe.h). */
#include "worker/net/wipe.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

static void *get(size_t, const char *, int);
static void *again(void *, size_t, const char *, int);
static void give(void *, const char *, int);

int
wipe_init(void)
{
	return CRYPTO_set_mem_functions(get, again, give) == 1 ? 0 : -1;
}

static void *
get(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(n);
}

/* Never in place: realloc(3) may leave a copy behind. */
static void *
again(void *old, size_t n, const char *file, int line)
{
	size_t had = old != NULL ? malloc_usable_size(old) : 0;
	void *p;

	if (n == 0) {
		give(old, file, line);
		return NULL;
	}
	if (had >= n)
		return old;
	if ((p = malloc(n)) == NULL)
		return NULL;
	if (old != NULL) {
		memcpy(p, old, had);
		give(old, file, line);
	}
	return p;
}

static void
give(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}
