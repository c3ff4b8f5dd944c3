/*
 * Reading certificate files. The bytes pass through one buffer that is wiped.
 */
#include "master/certs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct bundle {
	uint8_t *p; /* CERTS_MAX bytes */
	size_t len;
};

struct walk { /* what is done with each file */
	/* 0, or -1 to end the walk with an error. */
	int (*file)(struct walk *, const char *name, const char *path);
	struct bundle *bundle; /* read */
	struct notes *notes;
	size_t named;
	uint64_t stamp; /* look */
	time_t youngest;
};

static int add_options(struct bundle *, const struct settings *);
static int add_entry(struct bundle *, const char *name, const char *text);
static int each_file(const struct settings *, struct walk *);
static int each_name(
    struct walk *, const char *name, const char *path, const char *other);
static int each_anchor(struct walk *, const char *path);
static int read_one(struct walk *, const char *name, const char *path);
static int look_at(struct walk *, const char *name, const char *path);
static void hash(uint64_t *, const void *, size_t);
static int add_file(struct bundle *, const char *name, const char *path);
static int add_bytes(struct bundle *, const void *, size_t);
static int read_file(struct bundle *, int fd, size_t at);
static int seal(const struct bundle *);

int
certs_read(const struct settings *set, int *out, struct notes *notes)
{
	struct bundle b = {.len = 0};
	struct walk walk = {.file = read_one, .bundle = &b, .notes = notes};
	int ret = -1;

	*out = -1;
	if (set->tls_certfile[0] == '\0')
		return 0;
	b.p = malloc(CERTS_MAX);
	if (b.p != NULL && add_options(&b, set) == 0) {
		if (each_file(set, &walk) == -1)
			goto out;
		*out = seal(&b);
	}
	if (*out != -1)
		ret = 0;
	else
		note_add(notes, NOTE_ERROR, NULL, 0, "certificates: %s",
		    strerror(errno));
out:
	if (b.p != NULL)
		explicit_bzero(b.p, CERTS_MAX);
	free(b.p);
	return ret;
}

static int
add_options(struct bundle *b, const struct settings *set)
{
	static const char *const verify[] = {[SETTINGS_VERIFY_NONE] = "N",
	    [SETTINGS_VERIFY_PEER] = "P",
	    [SETTINGS_VERIFY_REQUIRE] = "R"};

	if (add_entry(b, "protocol", set->tls_protocol) == -1 ||
	    add_entry(b, "ciphers", set->tls_cipher_list) == -1 ||
	    add_entry(b, "field", set->tls_field) == -1)
		return -1;
	return add_entry(b, "verify", verify[set->tls_verify]);
}

static int
add_entry(struct bundle *b, const char *name, const char *text)
{
	uint32_t n = (uint32_t)strlen(name), m = (uint32_t)strlen(text);

	if (add_bytes(b, &n, sizeof(n)) == -1 || add_bytes(b, name, n) == -1 ||
	    add_bytes(b, &m, sizeof(m)) == -1)
		return -1;
	return add_bytes(b, text, m);
}

void
certs_look(const struct settings *set, uint64_t *stamp, time_t *youngest)
{
	struct walk walk = {
	    .file = look_at, .stamp = UINT64_C(0xcbf29ce484222325)};

	if (set->tls_certfile[0] != '\0')
		(void)each_file(set, &walk);
	*stamp = walk.stamp;
	*youngest = walk.youngest;
}

bool
certs_young(time_t youngest, time_t now)
{
	time_t age = now > youngest ? now - youngest : youngest - now;

	return age < CERTS_YOUNG;
}

bool
certs_excused(const struct settings *set, const char *why, time_t now)
{
	uint64_t stamp;
	time_t youngest;

	certs_look(set, &stamp, &youngest);
	/* TLS_PROTOCOL and TLS_CIPHER_LIST do not get better by waiting. */
	return strncmp(why, "TLS_", 4) != 0 && certs_young(youngest, now);
}

/* All files that the settings name, always in the same order. */
static int
each_file(const struct settings *set, struct walk *walk)
{
	bool ca =
	    set->tls_external != 0 || set->tls_verify != SETTINGS_VERIFY_NONE;

	if (walk->file(walk, "cert", set->tls_certfile) == -1 ||
	    each_name(walk, "cert", set->tls_certfile, set->tls_keyfile) == -1)
		return -1;
	if (set->tls_keyfile[0] != '\0' &&
	    (walk->file(walk, "key", set->tls_keyfile) == -1 ||
		each_name(walk, "key", set->tls_keyfile, set->tls_certfile) ==
		    -1))
		return -1;
	if (!ca || set->tls_trustcerts[0] == '\0')
		return 0;
	return each_anchor(walk, set->tls_trustcerts);
}

/* path.NAME for every NAME that there is, but not the file "other". */
static int
each_name(
    struct walk *walk, const char *name, const char *path, const char *other)
{
	char dir[SETTINGS_PATH], file[SETTINGS_PATH + 300], entry[300];
	const char *base = strrchr(path, '/') + 1, *suffix;
	size_t len = strlen(base);
	struct dirent **list;
	int n, ret = 0;

	snprintf(dir, sizeof(dir), "%.*s", (int)(base - path), path);
	n = scandir(dir, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		suffix = list[i]->d_name + len + 1;
		if (ret == 0 && strncmp(list[i]->d_name, base, len) == 0 &&
		    list[i]->d_name[len] == '.' && certs_suffix(suffix)) {
			snprintf(
			    file, sizeof(file), "%s%s", dir, list[i]->d_name);
			snprintf(entry, sizeof(entry), "%s.%s", name, suffix);
			for (char *p = entry; *p != '\0'; p++)
				*p = (char)tolower((unsigned char)*p);
			if (strcmp(file, other) != 0)
				ret = walk->file(walk, entry, file);
		}
		free(list[i]);
	}
	if (n != -1)
		free(list);
	return ret;
}

bool
certs_suffix(const char *name)
{
	static const char *const copies[] = {"dpkg-", "ucf-", "rpm"};
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		if (strncmp(name, copies[i], strlen(copies[i])) == 0)
			return false;
	return n > 0 && n < 254 && name[0] != '.' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789.:-_")] == '\0';
}

/* TLS_TRUSTCERTS: a file, or a directory where each file is read once. */
static int
each_anchor(struct walk *walk, const char *path)
{
	char file[SETTINGS_PATH + 300], target[PATH_MAX], dir[PATH_MAX];
	struct dirent **list;
	struct stat st;
	int n, ret = 0;

	if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode))
		return walk->file(walk, "ca", path);
	n = scandir(path, &list, NULL, alphasort);
	if (n == -1 || realpath(path, dir) == NULL)
		return walk->file(walk, "ca", path); /* that says why */
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name);
		/* Links to a neighbour are OpenSSL's names by hash. */
		if (ret == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_size > 0 && realpath(file, target) != NULL &&
		    !(list[i]->d_type == DT_LNK &&
			strncmp(target, dir, strlen(dir)) == 0 &&
			strchr(target + strlen(dir) + 1, '/') == NULL))
			ret = walk->file(walk, "ca", file);
		free(list[i]);
	}
	free(list);
	return ret;
}

static int
read_one(struct walk *walk, const char *name, const char *path)
{
	int r;

	if (strchr(name, '.') != NULL && ++walk->named > CERTS_NAMES) {
		note_add(walk->notes, NOTE_ERROR, NULL, 0,
		    "%s: more than %d files beside TLS_CERTFILE", path,
		    CERTS_NAMES);
		return -1;
	}
	r = add_file(walk->bundle, name, path);
	if (r > 0)
		return 0;
	note_add(walk->notes, NOTE_ERROR, NULL, 0, "%s: %s", path,
	    r == 0 ? "empty" : strerror(errno));
	return -1;
}

static int
look_at(struct walk *walk, const char *name, const char *path)
{
	struct stat st;

	hash(&walk->stamp, name, strlen(name));
	hash(&walk->stamp, path, strlen(path));
	if (stat(path, &st) == -1)
		return 0;
	hash(&walk->stamp, &st.st_dev, sizeof(st.st_dev));
	hash(&walk->stamp, &st.st_ino, sizeof(st.st_ino));
	hash(&walk->stamp, &st.st_size, sizeof(st.st_size));
	hash(&walk->stamp, &st.st_mtim, sizeof(st.st_mtim));
	hash(&walk->stamp, &st.st_ctim, sizeof(st.st_ctim));
	/* A file moved here keeps its mtime, a moved one has a new ctime. */
	if (st.st_mtim.tv_sec > walk->youngest)
		walk->youngest = st.st_mtim.tv_sec;
	if (st.st_ctim.tv_sec > walk->youngest)
		walk->youngest = st.st_ctim.tv_sec;
	return 0;
}

/* FNV-1a: only changes matter. */
static void
hash(uint64_t *h, const void *p, size_t n)
{
	const uint8_t *byte = p;

	for (size_t i = 0; i < n; i++)
		*h = (*h ^ byte[i]) * UINT64_C(0x100000001b3);
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

/* 1, 0 if the file is empty, -1 with errno. */
static int
add_file(struct bundle *b, const char *name, const char *path)
{
	struct stat st;
	uint32_t len = (uint32_t)strlen(name);
	int fd, n = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EINVAL;
	else if (add_bytes(b, &len, sizeof(len)) == 0 &&
		 add_bytes(b, name, len) == 0) {
		size_t at = b->len;

		len = 0;
		if (add_bytes(b, &len, sizeof(len)) == 0)
			n = read_file(b, fd, at);
	}
	close(fd);
	return n;
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
