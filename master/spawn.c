/*
 * Starting our programs. Between fork and exec the child moves every descriptor
 * that it is to have out of the way first, so that none is overwritten by
 * another on its way to its place.
 */
#include "master/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/close_range.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/sig.h"
#include "shm/log.h"

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/imapd"
#endif

#define PLACES (BOOT_FD_BELLS + BOOT_WORKERS) /* places end before this one */

static struct {
	const char *name;
	int fd; /* -1: not held */
} held[] = {{"imapd", -1}, {"imapd-auth", -1}, {"imapd-master", -1},
    {"imapd-worker", -1}};
#define HELD (sizeof(held) / sizeof(held[0]))

static int *holds(const char *path);
static void child(const struct spawn *, int boot);
static int place_all(const struct spawn *, int boot, int *program);
static int quiet_stdio(bool keep_stderr);

pid_t
spawn_start(const struct spawn *s)
{
	int boot = boot_write(s->boot), saved;
	pid_t pid;

	if (boot == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		child(s, boot);
	saved = errno;
	close(boot);
	errno = saved;
	return pid;
}

void
spawn_hold(void)
{
	char path[4096];

	for (size_t i = 0; i < HELD; i++)
		if (spawn_path(held[i].name, path, sizeof(path)) == 0)
			held[i].fd = open(path, O_PATH | O_CLOEXEC);
}

void
spawn_held(void)
{
	if (fcntl(BOOT_FD_IMAPD, F_SETFD, FD_CLOEXEC) == 0)
		*holds("imapd") = BOOT_FD_IMAPD;
}

static int *
holds(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	static int none = -1;

	for (size_t i = 0; i < HELD; i++)
		if (strcmp(held[i].name, name) == 0)
			return &held[i].fd;
	return &none;
}

int
spawn_path(const char *name, char *out, size_t size)
{
	bool own = strcmp(name, "imapd-master") == 0;
	char self[4096], *dir;
	ssize_t n;

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		dir = dirname(self);
		n = snprintf(out, size, "%s/imapd-worker", dir);
		if (n > 0 && (size_t)n < size &&
		    (own || access(out, X_OK) == 0))
			n = snprintf(out, size, "%s/%s", dir, name);
		else
			n = -1;
	}
	if (n <= 0)
		n = snprintf(out, size, "%s/%s", LIBEXECDIR, name);
	if (n < 0 || (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static void
child(const struct spawn *s, int boot)
{
	char path[4096];
	char option[32];
	char *argv[3] = {path, NULL, NULL};
	int program = *holds(s->program);

	sig_child();
	snprintf(path, sizeof(path), "%s", s->program);
	if (s->option != NULL) {
		snprintf(option, sizeof(option), "%s", s->option);
		argv[1] = option;
	}
	if (place_all(s, boot, &program) == 0) {
		if (program != -1)
			fexecve(program, argv, environ);
		else
			execv(path, argv);
	}
	log_line(LOG_LEVEL_ERR, "cannot execute %s: %s", path, strerror(errno));
	_exit(127);
}

/* And the program, if it is held, out of their way. */
static int
place_all(const struct spawn *s, int boot, int *program)
{
	int from[PLACES];

	if (quiet_stdio(s->boot->set.log_stderr != 0) == -1)
		return -1;
	for (int i = 0; i < PLACES; i++)
		from[i] = -1;
	from[BOOT_FD_PARENT] = s->parent;
	from[BOOT_FD_BOOT] = boot;
	from[BOOT_FD_LOG] = s->log;
	from[BOOT_FD_BOARD] = s->board;
	if (s->boot->role == BOOT_SPAWNER)
		from[BOOT_FD_IMAPD] = *holds("imapd");
	for (int i = 0; s->bells != NULL && i < BOOT_WORKERS; i++)
		from[BOOT_FD_BELLS + i] = s->bells[i];
	for (int i = BOOT_FD_PARENT; i < PLACES; i++) {
		if (from[i] == -1)
			continue;
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, PLACES);
		if (from[i] == -1)
			return -1;
	}
	if (*program != -1 &&
	    (*program = fcntl(*program, F_DUPFD_CLOEXEC, PLACES)) == -1)
		return -1;
	for (int i = BOOT_FD_PARENT; i < PLACES; i++) {
		if (from[i] == -1)
			close(i);
		else if (dup2(from[i], i) == -1)
			return -1;
	}
	/* Ours are so already; these are what whoever started us left open. */
	(void)close_range(PLACES, ~0u, CLOSE_RANGE_CLOEXEC);
	return 0;
}

/* Nobody reads the terminal; only in the foreground somebody writes to it. */
static int
quiet_stdio(bool keep_stderr)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1)
		return -1;
	for (int i = 0; i < 3; i++)
		if ((i == 0 || !keep_stderr) && dup2(fd, i) == -1)
			return -1;
	if (fd > 2)
		close(fd);
	return 0;
}
