/*
 * Reading certificate files. The bytes pass through one buffer that is wiped.
 */
#include "master/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct bundle {
	uint8_t *p; /* CERTS_MAX bytes */
	size_t len;
};

static int add_file(
    struct bundle *, const char *name, const char *path, struct notes *);
static int add_bytes(struct bundle *, const void *, size_t);
static int read_file(struct bundle *, int fd, size_t at);
static int seal(const struct bundle *);

int
certs_read(const struct settings *set, int *out, struct notes *notes)
{
	struct bundle b = {.len = 0};
	int ret = -1, fd = -1;

	*out = -1;
	if (set->tls_certfile[0] == '\0')
		return 0;
	b.p = malloc(CERTS_MAX);
	if (b.p == NULL) {
		note_add(notes, NOTE_ERROR, NULL, 0, "certificates: %s",
		    strerror(errno));
		return -1;
	}
	if (add_file(&b, "cert", set->tls_certfile, notes) == -1 ||
	    (set->tls_keyfile[0] != '\0' &&
		add_file(&b, "key", set->tls_keyfile, notes) == -1) ||
	    (set->tls_external != 0 && set->tls_trustcerts[0] != '\0' &&
		add_file(&b, "ca", set->tls_trustcerts, notes) == -1))
		goto out;
	fd = seal(&b);
	if (fd == -1) {
		note_add(notes, NOTE_ERROR, NULL, 0, "certificates: %s",
		    strerror(errno));
		goto out;
	}
	*out = fd;
	ret = 0;
out:
	explicit_bzero(b.p, CERTS_MAX);
	free(b.p);
	return ret;
}

bool
certs_same(int a, int b)
{
	uint8_t x[4096], y[4096];
	ssize_t n, m;
	off_t at = 0;

	if (a == -1 || b == -1)
		return a == b;
	do {
		n = pread(a, x, sizeof(x), at);
		m = pread(b, y, sizeof(y), at);
		if (n != m || n == -1 || memcmp(x, y, (size_t)n) != 0)
			break;
		at += n;
	} while (n > 0);
	explicit_bzero(x, sizeof(x));
	explicit_bzero(y, sizeof(y));
	return n == 0 && m == 0;
}

static int
add_file(
    struct bundle *b, const char *name, const char *path, struct notes *notes)
{
	struct stat st;
	uint32_t len = (uint32_t)strlen(name);
	size_t at;
	int fd, n = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd != -1 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		fd = -1;
		errno = EINVAL;
	}
	if (fd != -1 && add_bytes(b, &len, sizeof(len)) == 0 &&
	    add_bytes(b, name, len) == 0) {
		at = b->len;
		len = 0;
		if (add_bytes(b, &len, sizeof(len)) == 0)
			n = read_file(b, fd, at);
	}
	if (n == -1)
		note_add(notes, NOTE_ERROR, NULL, 0, "%s: %s", path,
		    strerror(errno));
	else if (n == 0) {
		note_add(notes, NOTE_ERROR, NULL, 0, "%s: empty", path);
		n = -1;
	}
	if (fd != -1)
		close(fd);
	return n == -1 ? -1 : 0;
}

/* The file's bytes to the end of the bundle, their length to "at". */
static int
read_file(struct bundle *b, int fd, size_t at)
{
	size_t begin = b->len;
	uint32_t len;
	ssize_t n;

	do {
		if (b->len == CERTS_MAX) {
			errno = EFBIG;
			return -1;
		}
		n = read(fd, b->p + b->len, CERTS_MAX - b->len);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == -1)
		return -1;
	len = (uint32_t)(b->len - begin);
	memcpy(b->p + at, &len, sizeof(len));
	return len > 0;
}

static int
add_bytes(struct bundle *b, const void *p, size_t n)
{
	if (n > CERTS_MAX - b->len) {
		errno = EFBIG;
		return -1;
	}
	memcpy(b->p + b->len, p, n);
	b->len += n;
	return 0;
}

static int
seal(const struct bundle *b)
{
	int fd, saved;
	size_t done = 0;
	ssize_t n;

	fd = memfd_create("imapd-certs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	while (done < b->len) {
		n = write(fd, b->p + done, b->len - done);
		if (n == -1 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	if (done == b->len &&
	    fcntl(fd, F_ADD_SEALS,
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}
