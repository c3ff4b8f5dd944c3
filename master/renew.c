/* Looking at, trying, and becoming the programs that are installed now. */
#include "master/renew.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/check.h"
#include "master/settings.h"
#include "master/sig.h"
#include "master/spawn.h"

static const char *const programs[] = {
    "imapd-master", "imapd-worker", "imapd-auth", "imapd"};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static uint64_t mix(uint64_t, uint64_t);
static int become(const char *option, int fd);
static int runs(const char *path);

uint64_t
renew_look(void)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	char path[4096];
	struct stat st;

	for (size_t i = 0; i < PROGRAMS; i++) {
		if (spawn_path(programs[i], path, sizeof(path)) == -1 ||
		    stat(path, &st) == -1)
			memset(&st, 0, sizeof(st));
		h = mix(h, st.st_dev);
		h = mix(h, st.st_ino);
		h = mix(h, (uint64_t)st.st_size);
		h = mix(h, (uint64_t)st.st_mtim.tv_sec);
		h = mix(h, (uint64_t)st.st_mtim.tv_nsec);
	}
	return h;
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	for (int i = 0; i < 8; i++, v >>= 8)
		h = (h ^ (v & 0xff)) * UINT64_C(0x100000001b3);
	return h;
}

pid_t
renew_try(const struct handover *h)
{
	int fd = handover_write(h), saved;
	pid_t pid;

	if (fd == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		sig_child();
		/* What it finds goes where our lines go. */
		if (fcntl(h->log[1], F_SETFD, 0) == 0)
			(void)become("--takeover-test", fd);
		_exit(127);
	}
	saved = errno;
	close(fd);
	errno = saved;
	return pid;
}

int
renew_exec(const struct handover *h)
{
	int fd = handover_write(h), saved;

	if (fd == -1)
		return -1;
	if (handover_keep(h, true) == 0)
		(void)become("--takeover", fd);
	saved = errno;
	(void)handover_keep(h, false);
	close(fd);
	errno = saved;
	return -1;
}

static int
become(const char *option, int fd)
{
	char path[4096], name[32], number[16];
	char *argv[] = {path, name, number, NULL};

	(void)strlcpy(name, option, sizeof(name));
	(void)snprintf(number, sizeof(number), "%d", fd);
	if (spawn_path("imapd-master", path, sizeof(path)) == -1 ||
	    fcntl(fd, F_SETFD, 0) == -1)
		return -1;
	return execv(path, argv);
}

int
renew_check(const struct handover *h, struct settings *set, struct notes *notes)
{
	bool privileged = geteuid() == 0;
	char path[4096];
	int ret = 0;

	if (settings_load(h->config, set, notes) == -1 ||
	    check_settings(set, privileged, notes) == -1 ||
	    check_programs(notes) == -1)
		return -1;
	for (size_t i = 0; i < PROGRAMS; i++) {
		if (spawn_path(programs[i], path, sizeof(path)) == 0 &&
		    runs(path) == 0)
			continue;
		note_add(notes, NOTE_ERROR, NULL, 0, "%s: does not run", path);
		ret = -1;
	}
	return ret == -1 ? -1
			 : check_certs(set, privileged, true, false, notes);
}

/* Any answer to a question that it does not know is the answer of a program. */
static int
runs(const char *path)
{
	char *argv[] = {NULL, NULL, NULL};
	char name[4096], option[] = "--version";
	int status = 0, null;
	pid_t pid;

	(void)strlcpy(name, path, sizeof(name));
	argv[0] = name;
	argv[1] = option;
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int i = 0; i < 3; i++)
			(void)dup2(null, i);
		(void)close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
		(void)execv(name, argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) < 126 ? 0
									 : -1;
}
