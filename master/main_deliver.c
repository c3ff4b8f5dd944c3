/*
 * imapd-deliver: a delivery agent for .forward, Postfix, Exim, procmail and
 * maildrop; see imapd-deliver(8).
 */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "master/agent.h"
#include "shm/stir.h"

#define MAILDIR "Maildir"

static volatile int stop; /* the signal that came */

static int parse(int, char **, struct agent *);
static int usage(void);
static const char *home_maildir(void);
static void catch_signals(void);
static void stopped(int);

int
main(int argc, char **argv)
{
	struct agent a = {.folder = "",
	    .maildir = getenv("MAILDIR"),
	    .notify = getenv("IMAP_NOTIFYSOCKET")};
	int ret = parse(argc, argv, &a);

	if (ret != -1)
		return ret;
	if (a.notify == NULL)
		a.notify = STIR_SOCKET;
	if (a.maildir == NULL || a.maildir[0] == '\0')
		a.maildir = home_maildir();
	if (a.maildir == NULL) {
		(void)fprintf(stderr, "imapd-deliver: who is uid %u?\n",
		    (unsigned)getuid());
		return EX_NOUSER;
	}
	catch_signals();
	return agent_deliver(&a, STDIN_FILENO, &stop);
}

/* -1: go on; else the exit status. */
static int
parse(int argc, char **argv, struct agent *a)
{
	int c, flags;

	while ((c = getopt(argc, argv, "a:bcF:f:k:l:m:N:v")) != -1)
		switch (c) {
		case 'a':
			a->address = optarg;
			break;
		case 'b':
			a->bounce = true;
			break;
		case 'c':
			a->create = true;
			break;
		case 'F':
			a->folder = optarg;
			break;
		case 'f':
			a->sender = optarg;
			break;
		case 'k':
			if (a->nkeywords == AGENT_KEYWORDS)
				return usage();
			a->keywords[a->nkeywords++] = optarg;
			break;
		case 'l':
			flags = agent_flags(optarg);
			if (flags == -1)
				return usage();
			a->flags = (uint8_t)flags;
			break;
		case 'm':
			a->maildir = optarg;
			break;
		case 'N':
			a->notify = optarg;
			break;
		case 'v':
			(void)printf("imapd-deliver " VERSION "\n");
			return EX_OK;
		default:
			return usage();
		}
	return optind == argc ? -1 : usage();
}

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: imapd-deliver [-bcv] [-a address] [-F folder] [-f sender]\n"
	    "           [-k keyword] [-l letters] [-m maildir] [-N socket]\n");
	return EX_USAGE;
}

/* ~/Maildir; NULL: nobody knows where. */
static const char *
home_maildir(void)
{
	static char path[4096];
	const char *home = getenv("HOME");
	const struct passwd *pw;
	int n;

	if (home == NULL || home[0] != '/') {
		if ((pw = getpwuid(getuid())) == NULL)
			return NULL;
		home = pw->pw_dir;
	}
	n = snprintf(path, sizeof(path), "%s/" MAILDIR, home);
	return n < 0 || (size_t)n >= sizeof(path) ? NULL : path;
}

/* What was written is taken away again before we go. */
static void
catch_signals(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGALRM};
	struct sigaction sa = {.sa_handler = stopped};

	(void)sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaction(signals[i], &sa, NULL);
	/* A limit of the caller's is an error like a full disk. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
stopped(int sig)
{
	stop = sig;
}
