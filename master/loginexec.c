/*
 * The file is its user's, and runs with no more rights than he has: the uid is
 * his already, and no_new_privs is set. It gets a process group of its own, so
 * that what it started ends with it when its time is up.
 */
#include "master/loginexec.h"

#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shm/log.h"

#define NAME     "loginexec"
#define LOOK_MS  10
#define ENTRIES  8
#define TEXT_MAX 1100

static bool is_there(int);
static void child(int, const struct loginexec *) __attribute__((noreturn));
static void put(char **, size_t *, const char *, const char *);
static int wait_for(pid_t, unsigned, int *);

void
loginexec_run(int rootfd, const struct loginexec *how)
{
	int status = 0;
	pid_t pid;

	if (!is_there(rootfd))
		return;
	pid = fork();
	if (pid == -1) {
		log_line(LOG_LEVEL_ERR, "loginexec user=%s: %s", how->user,
		    strerror(errno));
		return;
	}
	if (pid == 0)
		child(rootfd, how);
	if (wait_for(pid, how->seconds, &status) == -1) {
		log_line(LOG_LEVEL_ERR,
		    "loginexec user=%s: killed after %u seconds", how->user,
		    how->seconds);
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		log_line(LOG_LEVEL_INFO, "loginexec user=%s: done", how->user);
		if (unlinkat(rootfd, NAME, 0) == -1)
			log_line(LOG_LEVEL_ERR,
			    "loginexec user=%s: cannot be removed: %s",
			    how->user, strerror(errno));
		return;
	}
	log_line(LOG_LEVEL_WARN, "loginexec user=%s: failed, %s %d", how->user,
	    WIFEXITED(status) ? "exit status" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static bool
is_there(int rootfd)
{
	struct stat st;

	return fstatat(rootfd, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) &&
	       (st.st_uid == geteuid() || st.st_uid == 0) &&
	       faccessat(rootfd, NAME, X_OK, AT_EACCESS) == 0;
}

static void
child(int rootfd, const struct loginexec *how)
{
	char *argv[] = {(char[]){"./" NAME}, NULL}, *env[ENTRIES + 1];
	size_t n = 0;
	int null;

	(void)setsid();
	(void)signal(SIGPIPE, SIG_DFL);
	put(env, &n, "PATH", "/usr/local/bin:/usr/bin:/bin");
	put(env, &n, "SHELL", "/bin/sh");
	put(env, &n, "PROTOCOL", "IMAP");
	put(env, &n, "AUTHENTICATED", how->user);
	put(env, &n, "USER", how->user);
	put(env, &n, "HOME", how->home);
	put(env, &n, "MAILDIR", how->maildir);
	put(env, &n, "OPTIONS", how->options);
	env[n] = NULL;
	if (fchdir(rootfd) == -1 || (null = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(null, 0) == -1 || dup2(null, 1) == -1 || dup2(null, 2) == -1)
		_exit(126);
	closefrom(3);
	(void)execve(argv[0], argv, env);
	_exit(127);
}

static void
put(char **env, size_t *n, const char *name, const char *value)
{
	char text[TEXT_MAX];

	if (value == NULL || (size_t)snprintf(text, sizeof(text), "%s=%s", name,
				 value) >= sizeof(text))
		return;
	if ((env[*n] = strdup(text)) != NULL)
		(*n)++;
}

/* 0 with its status; -1: its time was up, and it is dead. */
static int
wait_for(pid_t pid, unsigned seconds, int *status)
{
	const struct timespec nap = {0, LOOK_MS * 1000000};
	struct timespec now, end;
	pid_t r;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)seconds;
	while ((r = waitpid(pid, status, WNOHANG)) != pid) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec ||
		    (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec) ||
		    (r == -1 && errno != EINTR))
			break;
		(void)nanosleep(&nap, NULL);
	}
	if (r == pid)
		return 0;
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, status, 0) == -1 && errno == EINTR)
		continue;
	return -1;
}
