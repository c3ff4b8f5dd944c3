/*
 * What the server asks of its machine. Asked before there is a log, told when
 * there is one; a limit that a reload finds too low is told then.
 */
#include "master/machine.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/landlock.h"
#include "shm/filter.h"
#include "shm/jail.h"
#include "shm/log.h"

#define PER_CLIENT 4    /* descriptors of a worker for a client */
#define FILES_MORE 1024 /* and of the house */

static rlim_t files_want, files_have;
static int oom_errno; /* 0: as asked */
static bool told;
/* What of the sandbox is missing: "" if nothing is. */
static struct {
	char filters[96], own[96], net[96], landlock[96];
} missing;
static bool off;

static void tell_files(void);
static int no_network(void);
static void tell_missing(void (*)(const char *));
static void to_log(const char *);
static void to_stderr(const char *);

void
machine_files(const struct settings *set)
{
	struct rlimit limit;

	files_want =
	    ((rlim_t)set->view[0].maxdaemons + set->view[1].maxdaemons) *
		PER_CLIENT +
	    FILES_MORE;
	files_have = 0;
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	files_have = limit.rlim_cur;
	if (limit.rlim_max < files_want) {
		struct rlimit more = {files_want, files_want};

		if (setrlimit(RLIMIT_NOFILE, &more) == 0) {
			files_have = files_want;
			return;
		}
	}
	limit.rlim_cur =
	    limit.rlim_max < files_want ? limit.rlim_max : files_want;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		files_have = limit.rlim_cur;
	if (told)
		tell_files();
}

void
machine_oom(bool privileged)
{
	/* Whom the owner started may be ended like all that is theirs. */
	if (privileged && jail_oom(BOOT_MASTER) == -1)
		oom_errno = errno;
}

int
machine_sandbox(const struct settings *set, bool privileged)
{
	const char *why = filter_off();
	int error;

	if (jail_master(privileged) == -1) {
		perror("imapd-master: jail");
		return -1;
	}
	off = set->sandbox == SETTINGS_SANDBOX_OFF;
	if (off)
		return 0;
	if (why != NULL)
		(void)snprintf(missing.filters, sizeof(missing.filters),
		    "no system-call filters: %s", why);
	if (landlock_version() < 2)
		(void)snprintf(missing.landlock, sizeof(missing.landlock),
		    "no Landlock in this kernel: sessions are held by their "
		    "uid alone");
	/* As another's PAM would need what no_new_privs takes, root only. */
	if (privileged && filter_enter(BOOT_MASTER) == -1)
		(void)snprintf(missing.own, sizeof(missing.own),
		    "no system-call filter of the master: %s", strerror(errno));
	error = privileged ? no_network() : 0;
	if (error != 0)
		(void)snprintf(missing.net, sizeof(missing.net),
		    "no networks of their own for processes: %s",
		    strerror(error));
	if (set->sandbox != SETTINGS_SANDBOX_REQUIRED)
		return 0;
	tell_missing(to_stderr);
	return missing.filters[0] == '\0' && missing.own[0] == '\0' &&
		       missing.net[0] == '\0' && missing.landlock[0] == '\0'
		   ? 0
		   : -1;
}

/* Tried in a child; 0, or why there is none. */
static int
no_network(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) == 0 ? 0 : errno);
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

static void
tell_missing(void (*tell)(const char *))
{
	const char *const lines[] = {
	    missing.filters, missing.own, missing.net, missing.landlock};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i][0] != '\0')
			tell(lines[i]);
}

static void
to_log(const char *text)
{
	log_line(LOG_LEVEL_WARN, "%s", text);
}

static void
to_stderr(const char *text)
{
	fprintf(stderr, "imapd-master: SANDBOX=required: %s\n", text);
}

void
machine_tell(void)
{
	told = true;
	tell_files();
	if (oom_errno != 0)
		log_line(LOG_LEVEL_NOTICE,
		    "the master is not spared when memory is short: "
		    "oom_score_adj: %s",
		    strerror(oom_errno));
	if (off)
		log_line(LOG_LEVEL_WARN, "SANDBOX=off: no system-call filters, "
					 "Landlock, networks of their own");
	tell_missing(to_log);
}

static void
tell_files(void)
{
	if (files_have < files_want)
		log_line(LOG_LEVEL_WARN,
		    "%llu open files instead of %llu: not enough for "
		    "MAXDAEMONS clients",
		    (unsigned long long)files_have,
		    (unsigned long long)files_want);
}
