/*
 * Loaded before a program under test (LD_PRELOAD): lets the N-th call of a
 * class fail, do half, or kill the process, and records what changes the disk.
 * order.sh compares with strace that no call goes past it. The rules are in
 * shim.h.
 */
#include "t/crash/shim.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

static struct shim_count dummy, *count = &dummy;
static const char *start, *end;
static bool started, ended;
static unsigned fault_class = SHIM_CLASSES, fault_n, fault_what;
static int log_fd = -1;
static unsigned turn; /* for faults at each call */

static void __attribute__((constructor)) shim_init(void);
static bool meets(enum shim_class);
static bool fails(enum shim_class);
static void record(
    struct shim_record *, const char *, const char *, const void *);
static uint64_t ino_of(int, const char *);
static bool is_file(int);
static void say(const void *, size_t);
static bool begins_line(const char *, size_t, const char *);
static size_t less(size_t);
static int open_file(int, const char *, int, mode_t);
static void record_write(int, const void *, size_t, int64_t);
static int64_t write_place(int);

static void
shim_init(void)
{
	const char *s;
	int fd;

	start = getenv("SHIM_START");
	end = getenv("SHIM_END");
	if ((s = getenv("SHIM_FAULT")) != NULL)
		(void)sscanf(
		    s, "%u %u %u", &fault_class, &fault_n, &fault_what);
	if ((s = getenv("SHIM_LOG")) != NULL)
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, s,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if ((s = getenv("SHIM_COUNT")) != NULL) {
		void *p;

		fd = (int)syscall(SYS_openat, AT_FDCWD, s,
		    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		(void)syscall(SYS_ftruncate, fd, sizeof(dummy));
		p = mmap(NULL, sizeof(dummy), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
		(void)syscall(SYS_close, fd);
		if (p != MAP_FAILED)
			count = p;
	}
	started = start == NULL;
}

/* One call of the class: is it the one that the fault is for? */
static bool meets(enum shim_class class)
{
	if (!started || (ended && fault_what != SHIM_KILL))
		return false;
	count->n[class]++;
	if (fault_class != class)
		return false;
	if (fault_n == 0)
		return fault_what == SHIM_SHORT || fault_what == SHIM_SKIP ||
		       turn++ % 2 == 0;
	if (count->n[class] != fault_n)
		return false;
	count->done = 1;
	return true;
}

/* The same, and what the fault does; true: errno is set, do not do it. */
static bool fails(enum shim_class class)
{
	if (!meets(class))
		return false;
	switch (fault_what) {
	case SHIM_KILL:
		(void)syscall(SYS_kill, getpid(), SIGKILL);
		return true;
	case SHIM_STOP:
		(void)syscall(SYS_kill, getpid(), SIGSTOP);
		return false;
	case SHIM_SHORT:
	case SHIM_SKIP:
	case SHIM_TWICE:
		return false;
	default:
		errno = (int)fault_what;
		return true;
	}
}

static void
record(struct shim_record *r, const char *name, const char *name2,
    const void *data)
{
	struct iovec iov[4];
	int saved = errno;

	if (log_fd == -1)
		return;
	r->nname = name == NULL ? 0 : (uint32_t)strlen(name);
	r->nname2 = name2 == NULL ? 0 : (uint32_t)strlen(name2);
	iov[0] = (struct iovec){r, sizeof(*r)};
	iov[1] = (struct iovec){(void *)(uintptr_t)name, r->nname};
	iov[2] = (struct iovec){(void *)(uintptr_t)name2, r->nname2};
	iov[3] = (struct iovec){(void *)(uintptr_t)data, r->ndata};
	(void)syscall(SYS_writev, log_fd, iov, 4);
	errno = saved;
}

/* 0: there is none */
static uint64_t
ino_of(int fd, const char *name)
{
	struct stat st;
	int saved = errno;
	long r;

	r = syscall(SYS_newfstatat, fd, name, &st,
	    name[0] == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW);
	errno = saved;
	return r == -1 ? 0 : st.st_ino;
}

static bool
is_file(int fd)
{
	struct stat st;

	return syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) == 0 &&
	       S_ISREG(st.st_mode);
}

static bool
begins_line(const char *p, size_t n, const char *text)
{
	size_t len = strlen(text);
	const char *at = p;

	while ((at = memmem(at, n - (size_t)(at - p), text, len)) != NULL) {
		if (at == p || at[-1] == '\n')
			return true;
		at++;
	}
	return false;
}

/* What is about to be told to the client. */
static void
say(const void *p, size_t n)
{
	struct shim_record r = {.op = SHIM_SAY, .ndata = (uint32_t)n};

	record(&r, NULL, NULL, p);
	if (start != NULL && begins_line(p, n, start))
		started = true;
	else if (started && end != NULL && begins_line(p, n, end))
		ended = true;
}

static size_t
less(size_t n)
{
	if (n > 1 && fault_what == SHIM_SHORT && fault_n == 0 && started)
		return turn++ % 3 == 0 ? 1 : n / 2;
	return n;
}

/* ---- what changes the disk ---- */

static int
open_file(int dirfd, const char *name, int how, mode_t mode)
{
	struct shim_record r = {.op = SHIM_MAKE};
	bool made = false;
	int fd;

	if ((how & (O_CREAT | O_TRUNC)) != 0) {
		if (fails(SHIM_CHANGE) || fails(SHIM_FAIL))
			return -1;
		made = ino_of(dirfd, name) == 0;
	} else if (fails(SHIM_LOOK) || fails(SHIM_WAIT))
		return -1;
	fd = (int)syscall(SYS_openat, dirfd, name, how, mode);
	if (fd == -1 || log_fd == -1 || (how & (O_CREAT | O_TRUNC)) == 0)
		return fd;
	r.ino = ino_of(fd, "");
	if (made) {
		char path[PATH_MAX];
		const char *slash = strrchr(name, '/');

		(void)snprintf(path, sizeof(path), "%.*s",
		    slash == NULL ? 1 : (int)(slash - name),
		    slash == NULL ? "." : name);
		r.dir = ino_of(dirfd, path);
		record(&r, slash == NULL ? name : slash + 1, NULL, NULL);
	} else if ((how & O_TRUNC) != 0) {
		r.op = SHIM_TRUNC;
		record(&r, NULL, NULL, NULL);
	}
	return fd;
}

#define OPEN(fn, args, dirfd)                                                  \
	int fn args;                                                           \
	int fn args                                                            \
	{                                                                      \
		mode_t mode = 0;                                               \
		va_list ap;                                                    \
                                                                               \
		if ((how & (O_CREAT | O_TMPFILE)) != 0) {                      \
			va_start(ap, how);                                     \
			mode = va_arg(ap, mode_t);                             \
			va_end(ap);                                            \
		}                                                              \
		return open_file(dirfd, name, how, mode);                      \
	}
OPEN(open, (const char *name, int how, ...), AT_FDCWD)
OPEN(open64, (const char *name, int how, ...), AT_FDCWD)
OPEN(openat, (int dirfd, const char *name, int how, ...), dirfd)
OPEN(openat64, (int dirfd, const char *name, int how, ...), dirfd)

int __openat_2(int, const char *, int);
int
__openat_2(int dirfd, const char *name, int how)
{
	return open_file(dirfd, name, how, 0);
}

int __open_2(const char *, int);
int
__open_2(const char *name, int how)
{
	return open_file(AT_FDCWD, name, how, 0);
}

static void
record_write(int fd, const void *p, size_t n, int64_t off)
{
	struct shim_record r = {.op = SHIM_WRITE, .off = off};

	r.ino = ino_of(fd, "");
	r.ndata = (uint32_t)n;
	record(&r, NULL, NULL, p);
}

static int64_t
write_place(int fd)
{
	if ((syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND) != 0)
		return syscall(SYS_lseek, fd, 0L, SEEK_END);
	return syscall(SYS_lseek, fd, 0L, SEEK_CUR);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	int64_t off;
	ssize_t r;

	if (fd == STDOUT_FILENO) {
		if (fault_what == SHIM_KILL && fails(SHIM_CHANGE))
			return -1;
		say(p, n);
		return syscall(SYS_write, fd, p, n);
	}
	if (!is_file(fd))
		return syscall(SYS_write, fd, p, n);
	if (fails(SHIM_CHANGE) || fails(SHIM_FAIL) || fails(SHIM_WAIT))
		return -1;
	off = write_place(fd);
	r = syscall(SYS_write, fd, p, less(n));
	if (r > 0)
		record_write(fd, p, (size_t)r, off);
	return r;
}

/* A session's stream is a socket. */
ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	if (fd == STDOUT_FILENO) {
		if (fault_what == SHIM_KILL && fails(SHIM_CHANGE))
			return -1;
		say(p, n);
	}
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

/* A stream of a session, or LMDB's pages, which nobody relies on. */
ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	if (fd == STDOUT_FILENO && n > 0) {
		for (int i = 0; i < n; i++)
			say(iov[i].iov_base, iov[i].iov_len);
	} else if (is_file(fd) && (fails(SHIM_CHANGE) || fails(SHIM_FAIL)))
		return -1;
	return syscall(SYS_writev, fd, iov, n);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t off)
{
	ssize_t r;

	if (fails(SHIM_CHANGE) || fails(SHIM_FAIL) || fails(SHIM_WAIT))
		return -1;
	r = syscall(SYS_pwrite64, fd, p, less(n), off);
	if (r > 0)
		record_write(fd, p, (size_t)r, off);
	return r;
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t off)
{
	return pwrite(fd, p, n, off);
}

int
ftruncate(int fd, off_t size)
{
	struct shim_record r = {.op = SHIM_TRUNC, .off = size};

	if (fails(SHIM_CHANGE) || fails(SHIM_FAIL))
		return -1;
	if (syscall(SYS_ftruncate, fd, size) == -1)
		return -1;
	r.ino = ino_of(fd, "");
	record(&r, NULL, NULL, NULL);
	return 0;
}

static int
sync_file(int fd, long number, enum shim_op op)
{
	struct shim_record r = {.op = op, .ino = ino_of(fd, "")};

	if (meets(SHIM_CHANGE) && fault_class == SHIM_CHANGE) {
		if (fault_what == SHIM_SKIP)
			return 0;
		if (fault_what == SHIM_TWICE)
			(void)syscall(number, fd);
		if (fault_what == SHIM_KILL)
			(void)syscall(SYS_kill, getpid(), SIGKILL);
	}
	if (fails(SHIM_FAIL) || fails(SHIM_WAIT))
		return -1;
	if (syscall(number, fd) == -1)
		return -1;
	record(&r, NULL, NULL, NULL);
	return 0;
}

int
fsync(int fd)
{
	return sync_file(fd, SYS_fsync, SHIM_SYNC);
}

int
fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync, SHIM_SYNC);
}

int
syncfs(int fd)
{
	return sync_file(fd, SYS_syncfs, SHIM_SYNC_ALL);
}

/* The directory of dirfd/path; the last part of the path to *name. */
static uint64_t
parent(int dirfd, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	*name = slash == NULL ? path : slash + 1;
	(void)snprintf(dir, sizeof(dir), "%.*s",
	    slash == NULL ? 1 : (int)(slash - path),
	    slash == NULL ? "." : path);
	return ino_of(dirfd, dir);
}

static int
move(int from, const char *name, int to, const char *name2, unsigned flags)
{
	struct shim_record r = {.op = SHIM_RENAME};
	const char *a, *b;

	if (fails(SHIM_CHANGE) || fails(SHIM_FAIL))
		return -1;
	r.ino = ino_of(from, name);
	r.dir = parent(from, name, &a);
	r.dir2 = parent(to, name2, &b);
	if (syscall(SYS_renameat2, from, name, to, name2, flags) == -1)
		return -1;
	record(&r, a, b, NULL);
	return 0;
}

int
renameat2(int from, const char *name, int to, const char *name2, unsigned flags)
{
	return move(from, name, to, name2, flags);
}

int
renameat(int from, const char *name, int to, const char *name2)
{
	return move(from, name, to, name2, 0);
}

int
rename(const char *name, const char *name2)
{
	return move(AT_FDCWD, name, AT_FDCWD, name2, 0);
}

int
linkat(int from, const char *name, int to, const char *name2, int flags)
{
	struct shim_record r = {.op = SHIM_LINK};
	const char *b;

	if (fails(SHIM_CHANGE) || fails(SHIM_FAIL))
		return -1;
	if (syscall(SYS_linkat, from, name, to, name2, flags) == -1)
		return -1;
	r.ino = ino_of(to, name2);
	r.dir2 = parent(to, name2, &b);
	record(&r, NULL, b, NULL);
	return 0;
}

int
unlinkat(int dirfd, const char *path, int flags)
{
	struct shim_record r = {.op = SHIM_UNLINK};
	const char *name;

	/* what fails here fails a roll-back: only a kill comes in between */
	if (fails(SHIM_CHANGE))
		return -1;
	r.ino = ino_of(dirfd, path);
	r.dir = parent(dirfd, path, &name);
	if (syscall(SYS_unlinkat, dirfd, path, flags) == -1)
		return -1;
	record(&r, name, NULL, NULL);
	return 0;
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
	struct shim_record r = {.op = SHIM_MKDIR};
	const char *name;

	if (fails(SHIM_CHANGE) || fails(SHIM_FAIL))
		return -1;
	if (syscall(SYS_mkdirat, dirfd, path, mode) == -1)
		return -1;
	r.dir = parent(dirfd, path, &name);
	r.ino = ino_of(dirfd, path);
	record(&r, name, NULL, NULL);
	return 0;
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int
futimens(int fd, const struct timespec times[2])
{
	if (fails(SHIM_CHANGE) || fails(SHIM_FAIL))
		return -1;
	return (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}

int
fchmod(int fd, mode_t mode)
{
	if (fails(SHIM_CHANGE))
		return -1;
	return (int)syscall(SYS_fchmod, fd, mode);
}

/* ---- what looks at it ---- */

ssize_t
read(int fd, void *p, size_t n)
{
	if (is_file(fd) && (fails(SHIM_LOOK) || fails(SHIM_WAIT)))
		return -1;
	return syscall(SYS_read, fd, p, is_file(fd) ? less(n) : n);
}

ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t
__read_chk(int fd, void *p, size_t n, size_t room)
{
	(void)room;
	return read(fd, p, n);
}

ssize_t
pread(int fd, void *p, size_t n, off_t off)
{
	if (fails(SHIM_LOOK) || fails(SHIM_WAIT))
		return -1;
	return syscall(SYS_pread64, fd, p, less(n), off);
}

ssize_t __pread_chk(int, void *, size_t, off_t, size_t);
ssize_t
__pread_chk(int fd, void *p, size_t n, off_t off, size_t room)
{
	(void)room;
	return pread(fd, p, n, off);
}

ssize_t
getdents64(int fd, void *p, size_t n)
{
	if (fails(SHIM_LOOK))
		return -1;
	return syscall(SYS_getdents64, fd, p, n);
}

struct dirent *
readdir(DIR *d)
{
	static struct dirent *(*next)(DIR *);

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "readdir");
	return fails(SHIM_LOOK) ? NULL : next(d);
}

int
fstatat(int fd, const char *name, struct stat *st, int flags)
{
	if (fails(SHIM_LOOK))
		return -1;
	return (int)syscall(SYS_newfstatat, fd, name, st, flags);
}

int
fstat(int fd, struct stat *st)
{
	if (fails(SHIM_LOOK))
		return -1;
	return (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
}

int
flock(int fd, int how)
{
	/* letting go cannot fail */
	if ((how & LOCK_UN) == 0 && (fails(SHIM_LOOK) || fails(SHIM_WAIT)))
		return -1;
	return (int)syscall(SYS_flock, fd, how);
}

/* ---- memory ---- */

#ifndef NO_ALLOC
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

void *
malloc(size_t n)
{
	return fails(SHIM_ALLOC) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails(SHIM_ALLOC) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails(SHIM_ALLOC) ? NULL : __libc_realloc(p, n);
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all) || fails(SHIM_ALLOC)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(p, all);
}
#endif
