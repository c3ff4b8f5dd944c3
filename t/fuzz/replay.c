/*
 * Feeds files, and all files of folders, to a fuzz target that libFuzzer would
 * drive otherwise: the corpus as a test of any build. Prints "N inputs ok".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static unsigned replay(int, const char *);
static unsigned replay_folder(int);
static void replay_file(int, size_t);
static _Noreturn void give_up(const char *);

int
main(int argc, char **argv)
{
	unsigned n = 0;
	int i;

	for (i = 1; i < argc; i++)
		n += replay(AT_FDCWD, argv[i]);
	printf("%u inputs ok\n", n);
	return 0;
}

/* How many inputs that was. */
static unsigned
replay(int dirfd, const char *name)
{
	struct stat st;
	unsigned n = 1;
	int fd;

	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		give_up(name);
	if (S_ISDIR(st.st_mode))
		n = replay_folder(fd);
	else
		replay_file(fd, (size_t)st.st_size);
	close(fd);
	return n;
}

static unsigned
replay_folder(int fd)
{
	const struct dirent *e;
	unsigned n = 0;
	DIR *d;

	d = fdopendir(dup(fd));
	if (d == NULL)
		give_up("folder");
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			n += replay(fd, e->d_name);
	closedir(d);
	return n;
}

/* In memory of just its size, so that a byte too far is seen. */
static void
replay_file(int fd, size_t size)
{
	uint8_t *p;
	size_t n;
	ssize_t got;

	p = malloc(size > 0 ? size : 1);
	if (p == NULL)
		give_up("input");
	for (n = 0; n < size; n += (size_t)got) {
		got = read(fd, p + n, size - n);
		if (got <= 0)
			give_up("input");
	}
	(void)LLVMFuzzerTestOneInput(p, size);
	free(p);
}

static void
give_up(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(1);
}
