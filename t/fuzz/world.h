/*
 * What fuzz targets share: the check that aborts, and a small Maildir of its
 * own in memory for what is read from files.
 */
#ifndef T_FUZZ_WORLD_H
#define T_FUZZ_WORLD_H

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char world_path[] = "/dev/shm/imapd-fuzz.XXXXXX";

static inline void
world_remove(void)
{
	char command[100] = "rm -rf ";

	strcat(command, world_path);
	(void)!system(command);
}

/* The root's descriptor, open for ever; the tree goes at the end. */
static inline int
world(void)
{
	static int fd = -1;

	if (fd != -1)
		return fd;
	if (access("/dev/shm", W_OK) == -1)
		strcpy(world_path, "/tmp/imapd-fuzz.XXXXXX");
	MUST(mkdtemp(world_path) != NULL);
	MUST(atexit(world_remove) == 0);
	fd = open(world_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(mkdirat(fd, "cur", 0700) == 0 && mkdirat(fd, "new", 0700) == 0);
	MUST(mkdirat(fd, "tmp", 0700) == 0);
	return fd;
}

/* A file of the tree gets these bytes. */
static inline void
world_put(const char *name, const void *data, size_t size)
{
	int fd;

	fd = openat(
	    world(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd != -1 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

#endif
