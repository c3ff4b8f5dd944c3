/*
 * What the server asks of its machine. Asked before there is a log, told when
 * there is one; a limit that a reload finds too low is told then.
 */
#include "master/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "shm/filter.h"
#include "shm/jail.h"
#include "shm/log.h"

#define PER_CLIENT 4    /* descriptors of a worker for a client */
#define FILES_MORE 1024 /* and of the house */

static rlim_t files_want, files_have;
static int oom_errno; /* 0: as asked */
static bool told;

static void tell_files(void);

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

void
machine_tell(void)
{
	const char *why = filter_off();

	told = true;
	tell_files();
	if (oom_errno != 0)
		log_line(LOG_LEVEL_NOTICE,
		    "the master is not spared when memory is short: "
		    "oom_score_adj: %s",
		    strerror(oom_errno));
	if (why != NULL)
		log_line(LOG_LEVEL_WARN, "no system-call filters: %s", why);
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
