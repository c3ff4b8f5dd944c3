/*
 * imapd-master: the server's first process, and, executed again by it with
 * --role, log, spawner and watch.
 */
#include <bsd/string.h>
#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/check.h"
#include "master/handover.h"
#include "master/master.h"
#include "master/renew.h"
#include "master/role.h"
#include "master/settings.h"
#include "shm/log.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

struct options {
	const char *file;
	bool foreground, test;
};

static int serve_role(void);
static int takeover(const char *fd, bool trial);
static int parse(int argc, char **argv, struct options *);
static int version(void);
static int usage(void);
static int load(const struct options *, bool privileged, struct settings *);
static void print_notes(const struct notes *);
static int daemonize(int *ready);

int
main(int argc, char **argv)
{
	static struct settings set;
	struct options opt = {.file = SYSCONFDIR "/imapd"};
	bool privileged = geteuid() == 0;
	int ready = -1, ret;

	setproctitle_init(argc, argv, environ);
	if (argc == 2 && strcmp(argv[1], "--role") == 0)
		return serve_role();
	if (argc == 3 && strncmp(argv[1], "--takeover", 10) == 0)
		return takeover(
		    argv[2], strcmp(argv[1], "--takeover-test") == 0);
	ret = parse(argc, argv, &opt);
	if (ret != -1)
		return ret;
	if (load(&opt, privileged, &set) == -1)
		return 1;
	if (opt.test) {
		check_print(&set);
		return 0;
	}
	set.log_stderr = opt.foreground;
	/* Under systemd's Type=notify READY=1 is said by its own child. */
	if (!opt.foreground && getenv("NOTIFY_SOCKET") == NULL) {
		ret = daemonize(&ready);
		if (ret != -1)
			return ret;
	}
	setproctitle("master");
	return master_run(&set, privileged, ready);
}

static int
serve_role(void)
{
	static struct boot boot;
	const struct role *role;

	if (boot_take(&boot) == -1) {
		fprintf(stderr, "imapd-master: --role is not for people\n");
		return 1;
	}
	role = role_find((enum boot_role)boot.role);
	if (role == NULL || role->serve == NULL) {
		fprintf(stderr, "imapd-master: not a role of this program\n");
		return 1;
	}
	setproctitle("%s", boot_role_name(role->role));
	if (role->role != BOOT_LOG)
		log_init(BOOT_FD_LOG, boot_role_name(role->role));
	return role->serve(&boot);
}

/*
 * Executed by a running master in its own place, with its descriptors; or,
 * before that, in a process aside to say whether we could.
 */
static int
takeover(const char *number, bool trial)
{
	static struct settings set;
	static struct handover h;
	static struct notes notes;
	int fd = (int)strtol(number, NULL, 10), ret;

	if (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		fprintf(stderr, "imapd-master: --takeover is not for people\n");
		return 1;
	}
	ret = handover_read(fd, &h, &notes);
	close(fd);
	if (ret == 0 && fcntl(h.log[1], F_SETFD, FD_CLOEXEC) == 0)
		log_init(h.log[1], trial ? "new programs" : "master");
	if (ret == 0 && trial)
		ret = renew_check(&h, &set, &notes);
	else if (ret == 0 && settings_load(h.config, &set, &notes) == 0)
		ret = check_settings(&set, geteuid() == 0, &notes);
	for (size_t i = 0; i < notes.n; i++)
		if (notes.v[i].kind == NOTE_ERROR)
			log_line(LOG_LEVEL_ERR, "%s", notes.v[i].text);
	if (ret == -1 || notes.errors > 0 || trial)
		return ret == -1 || notes.errors > 0;
	strlcpy(set.pidfile, h.pidfile, sizeof(set.pidfile));
	set.log_stderr = h.foreground;
	setproctitle("master");
	return master_inherit(&set, geteuid() == 0, &h);
}

/* -1: go on; else the exit status. */
static int
parse(int argc, char **argv, struct options *opt)
{
	int c;

	while ((c = getopt(argc, argv, "f:Ftv")) != -1)
		switch (c) {
		case 'f':
			opt->file = optarg;
			break;
		case 'F':
			opt->foreground = true;
			break;
		case 't':
			opt->test = true;
			break;
		case 'v':
			return version();
		default:
			return usage();
		}
	return optind == argc ? -1 : usage();
}

static int
version(void)
{
	printf("Corkboard IMAP %s\n"
	       "settings: %s/imapd, programs: %s\n"
	       "compiler: %s%s\n",
	    VERSION, SYSCONFDIR, LIBEXECDIR, __VERSION__,
#ifdef __SANITIZE_ADDRESS__
	    ", with sanitizers"
#else
	    ""
#endif
	);
	return 0;
}

static int
usage(void)
{
	fprintf(stderr, "usage: imapd-master [-Ftv] [-f file]\n");
	return 2;
}

static int
load(const struct options *opt, bool privileged, struct settings *set)
{
	static struct notes notes;
	char path[PATH_MAX];
	int ret = -1;

	if (realpath(opt->file, path) == NULL)
		note_add(&notes, NOTE_ERROR, NULL, 0, "%s: %s", opt->file,
		    strerror(errno));
	else if (settings_load(path, set, &notes) == 0 &&
		 check_settings(set, privileged, &notes) == 0)
		ret = opt->test ? 0 : check_programs(&notes);
	/* While one of two files is being replaced a reload tries again. */
	if (ret == 0)
		ret =
		    check_certs(set, privileged, opt->test, opt->test, &notes);
	print_notes(&notes);
	return ret;
}

static void
print_notes(const struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		fprintf(stderr, "%s%s\n",
		    notes->v[i].kind == NOTE_ERROR ? "" : "warning: ",
		    notes->v[i].text);
	if (notes->errors > 0)
		fprintf(stderr, "imapd-master: %zu error%s in the settings\n",
		    notes->errors, notes->errors == 1 ? "" : "s");
}

/*
 * Into the background. The parent stays until the child says that all
 * processes are there (status 0), or has ended (1). -1 in the child.
 */
static int
daemonize(int *ready)
{
	int fds[2];
	char byte;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) == -1 || (pid = fork()) == -1) {
		perror("imapd-master");
		return 1;
	}
	if (pid == 0) {
		close(fds[0]);
		*ready = fds[1];
		if (setsid() == -1 || chdir("/") == -1) {
			perror("imapd-master");
			return 1;
		}
		return -1;
	}
	close(fds[1]);
	do
		n = read(fds[0], &byte, 1);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		return 0;
	fprintf(stderr,
	    "imapd-master: not started; if nothing is said above, the "
	    "log says why\n");
	return 1;
}
