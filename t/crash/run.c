/* Running operations, whole and with faults: see run.h. */
#include "t/crash/run.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t/crash/crash.h"
#include "t/crash/tree.h"

#define WORDS 32

static void set_number(const char *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
static int ask_peers(const struct run *, const char *);
static _Noreturn void start(const struct run *, int, const char *);

int
run_fresh(const struct run *r, struct shim_count *count)
{
	struct tree t;

	tree_remove(r->site);
	tree_load(&t, r->base);
	tree_store(&t, r->site);
	tree_free(&t);
	return run_once(r, count);
}

int
run_once(const struct run *r, struct shim_count *count)
{
	int pair[2], fd, status;
	char path[600];
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s.count", r->said);
	(void)unlink(path);
	if (r->imapd != NULL)
		run_strangers(r->op, r->site);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    (pid = fork()) == -1)
		die("start");
	if (pid == 0)
		start(r, pair[1], path);
	(void)close(pair[1]);
	if (r->imapd != NULL)
		wire_talk(pair[0], r->op, r->said);
	(void)close(pair[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	memset(count, 0, sizeof(*count));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1 && read(fd, count, sizeof(*count)) == -1)
		die("%s", path);
	(void)close(fd);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
set_number(const char *name, const char *fmt, ...)
{
	char text[100];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)setenv(name, text, 1);
}

static void
start(const struct run *r, int fd, const char *count)
{
	char *argv[WORDS], *words, *word, shim[600];
	size_t n = 0;
	int err;

	if (r->imapd == NULL)
		fd = open(r->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	err = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1 ||
	    dup2(err, STDERR_FILENO) == -1)
		_exit(3);
	(void)setenv("SHIM_COUNT", count, 1);
	if (r->log != NULL)
		(void)setenv("SHIM_LOG", r->log, 1);
	set_number("SHIM_START", "%s", r->imapd != NULL ? "r OK" : "READY");
	set_number("SHIM_END", "%s", r->imapd != NULL ? "go " : "OK");
	set_number("SHIM_FAULT", "%u %u %u", (unsigned)r->class, r->n, r->what);
	words = strdup(r->prefix != NULL ? r->prefix : "");
	while (n < WORDS - 4 && (word = strsep(&words, " ")) != NULL) {
		if (word[0] != '\0')
			argv[n++] = word;
	}
	(void)snprintf(shim, sizeof(shim), "%s.shim.so", r->self);
	if (n == 0)
		(void)setenv("LD_PRELOAD", shim, 1);
	argv[n++] = strdup(r->imapd != NULL ? r->imapd : r->self);
	if (r->imapd == NULL)
		argv[n++] = strdup(r->op);
	argv[n++] = strdup(r->site);
	argv[n] = NULL;
	(void)alarm(60);
	(void)execvp(argv[0], argv);
	_exit(3);
}

int
run_judge(const struct run *r, const char *label)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	if ((pid = fork()) == -1)
		die("fork");
	if (pid == 0) {
		status = judge(r->op, r->base, r->site, r->said, r->power);
		if (status > 0)
			(void)printf("# ... %s\n", label);
		(void)fflush(stdout);
		_exit(status > 0);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ask_peers(r, label);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
		(void)printf("# %s: the judge gave up, %s\n", r->op, label);
	return 1;
}

/* $CRASH_PEERS BASE SITE LABEL: what other servers see of it (peers.sh). */
static int
ask_peers(const struct run *r, const char *label)
{
	const char *peers = getenv("CRASH_PEERS");
	int status;
	pid_t pid;

	if (peers == NULL)
		return 0;
	(void)fflush(stdout);
	if ((pid = fork()) == -1)
		die("fork");
	if (pid == 0) {
		(void)execl(peers, peers, r->base, r->site, label, NULL);
		_exit(3);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	(void)printf("# ... %s, others\n", label);
	return 1;
}
