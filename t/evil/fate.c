/*
 * Loaded before the server's processes (LD_PRELOAD), steered by whoever maps
 * the file $FATE: one process or all of one program get no memory at their N-th
 * allocation, or die before their N-th message, and the wall clock of all is
 * off by so many seconds (t/site.d/fate.py). Mapped before any jail is entered.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum kind {
	FATE_NONE,
	FATE_MEMORY,
	FATE_MESSAGE
};

struct fate {         /* fate.py packs it */
	int64_t wall; /* seconds */
	_Atomic uint32_t kind, n, count;
	uint32_t pid; /* 0: all of the program */
	char who[16];
};

static struct fate none, *fate = &none;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static void __attribute__((constructor)) fate_init(void);
static bool meets(enum kind);

static void
fate_init(void)
{
	const char *path = getenv("FATE");
	void *p;
	int fd;

	if (path == NULL ||
	    (fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) == -1)
		return;
	p = mmap(
	    NULL, sizeof(*fate), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		fate = p;
	(void)close(fd);
}

/* Is this the call that it is for? */
static bool
meets(enum kind kind)
{
	if (fate->kind != kind)
		return false;
	if (fate->pid != 0
		? fate->pid != (uint32_t)syscall(SYS_getpid)
		: strcmp(fate->who, program_invocation_short_name) != 0)
		return false;
	return atomic_fetch_add(&fate->count, 1) + 1 == fate->n;
}

static bool
no_memory(void)
{
	if (!meets(FATE_MEMORY))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t n)
{
	return no_memory() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return no_memory() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return no_memory() ? NULL : __libc_realloc(p, n);
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return no_memory() ? NULL : __libc_realloc(p, all);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	long self;

	if (meets(FATE_MESSAGE)) {
		self = syscall(SYS_getpid);
		(void)syscall(SYS_tgkill, self, self, SIGKILL);
	}
	return (ssize_t)syscall(SYS_sendmsg, fd, m, flags);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	long r = syscall(SYS_clock_gettime, id, ts);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += fate->wall;
	return (int)r;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}
