/*
 * Signals of the master and its children, all through signalfd(2).
 */
#include "master/sig.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int open_set(const int *signals, size_t n);

int
sig_open(void)
{
	static const int wanted[] = {SIGHUP, SIGTERM, SIGINT, SIGCHLD};

	return open_set(wanted, sizeof(wanted) / sizeof(wanted[0]));
}

int
sig_open_child(void)
{
	static const int wanted[] = {SIGCHLD};

	return open_set(wanted, 1);
}

static int
open_set(const int *signals, size_t n)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
sig_next(int fd)
{
	struct signalfd_siginfo info;
	ssize_t n;

	do
		n = read(fd, &info, sizeof(info));
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

void
sig_child(void)
{
	static const int ignored[] = {SIGHUP, SIGTERM, SIGINT};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
