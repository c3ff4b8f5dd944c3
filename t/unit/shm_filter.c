/*
 * System-call filters: what each role may do, must not do, and is refused. The
 * calls are made for real, each in a child that has entered the role's filter.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/filter.h"

static const enum boot_role roles[] = {BOOT_LOG, BOOT_AUTH, BOOT_WATCH,
    BOOT_WORKER, BOOT_SPAWNER, BOOT_MASTER, BOOT_SESSION};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

static int pair[2];

static long
try_execve(void)
{
	char *argv[] = {(char[]){"/bin/true"}, NULL}, *none[] = {NULL};

	return execve(argv[0], argv, none);
}
static long
try_socket_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long
try_socket_unix(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}
static long
try_pair(int type)
{
	int fds[2];

	return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds);
}
static long
try_streams(void)
{
	return try_pair(SOCK_STREAM);
}
static long
try_packets(void)
{
	return try_pair(SOCK_SEQPACKET);
}
static long
try_datagrams(void)
{
	return try_pair(SOCK_DGRAM);
}
static long
try_connect(void)
{
	return syscall(SYS_connect, -1, NULL, 0);
}
static long
try_bind(void)
{
	return syscall(SYS_bind, -1, NULL, 0);
}
static long
try_open(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}
static long
try_create(void)
{
	return syscall(SYS_openat, -1, "x", O_WRONLY | O_CREAT, 0600);
}
static long
try_stat(void)
{
	return syscall(SYS_newfstatat, -1, "x", NULL, 0);
}
static long
try_fstat(void)
{
	struct stat st;

	return fstat(pair[0], &st);
}
static long
try_times(void)
{
	return syscall(SYS_utimensat, -1, "/nonesuch", NULL, 0);
}
static long
try_own_times(void)
{
	return syscall(SYS_utimensat, -1, NULL, NULL, 0);
}
static long
try_mode(void)
{
	return syscall(SYS_fchmod, -1, 0600);
}
static long
try_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, 0);
}
static long
try_ptrace(void)
{
	return syscall(SYS_ptrace, 0, 0, 0, 0);
}
static long
try_vm_readv(void)
{
	return syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0);
}
static long
try_mount(void)
{
	return syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
}
static long
try_chroot(void)
{
	return syscall(SYS_chroot, NULL);
}
static long
try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}
static long
try_setuid(void)
{
	return syscall(SYS_setuid, getuid());
}
static long
try_setresuid(void)
{
	return syscall(SYS_setresuid, -1, -1, -1);
}
static long
try_bpf(void)
{
	return syscall(SYS_bpf, -1, NULL, 0);
}
static long
try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 0, NULL);
}
static long
try_keyctl(void)
{
	return syscall(SYS_keyctl, -1, 0, 0, 0, 0);
}
static long
try_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, -1);
}
static long
try_perf(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0);
}
static long
try_kill_0(void)
{
	return kill(getpid(), 0);
}
static long
try_kill_term(void)
{
	return kill(getppid(), SIGCONT);
}
static pid_t tester; /* whom one may signal without being root */

static long
try_kill_other_thread(void)
{
	return syscall(SYS_tgkill, tester, tester, 0);
}
static long
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}
static long
try_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static long
try_exec_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}
static long
try_exec_later(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(99);
	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static long
try_nonblock(void)
{
	return fcntl(pair[0], F_SETFL, O_NONBLOCK);
}
static long
try_owner(void)
{
	return fcntl(pair[0], F_SETOWN, getpid());
}
static long
try_linger(void)
{
	struct linger l = {1, 3};

	return setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}
static long
try_nodelay(void)
{
	int one = 1;

	return setsockopt(-1, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}
static long
try_ioctl(void)
{
	return syscall(SYS_ioctl, pair[0], 0x5412 /* TIOCSTI */, NULL);
}
static long
try_limit(void)
{
	return syscall(SYS_prlimit64, 0, 0, &(uint64_t[2]){1, 1}, NULL);
}
static long
try_inotify(void)
{
	return syscall(SYS_inotify_init1, 0);
}
static long
try_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, -1);
}
static long
try_talk(void)
{
	struct pollfd p = {.fd = pair[1], .events = POLLIN};
	char c;

	if (send(pair[0], "x", 1, MSG_NOSIGNAL) != 1 || poll(&p, 1, 0) != 1)
		return -1;
	return recv(pair[1], &c, 1, MSG_DONTWAIT);
}
static long
try_live(void)
{
	struct timespec t = {0, 1};
	void *p = malloc(1 << 20);

	free(p);
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return nanosleep(&(struct timespec){0, 1}, NULL);
}

/*
 * By role, in the order of roles: K killed, P refused with EPERM, A with
 * EACCES, o allowed (it may fail for what it was given).
 */
static const struct row {
	const char *name;
	long (*call)(void);
	/*           L A V W P M S */
	const char *expect;
} rows[] = {
    {"execve", try_execve, "KPKKooK"},
    {"socket(AF_INET)", try_socket_inet, "KPKKooK"},
    {"socket(AF_UNIX)", try_socket_unix, "ooKKooK"},
    {"socketpair(SOCK_STREAM)", try_streams, "KPKoooK"},
    {"socketpair(SOCK_SEQPACKET)", try_packets, "KPKoooK"},
    {"socketpair(SOCK_DGRAM)", try_datagrams, "KPKKooK"},
    {"connect", try_connect, "ooKKooK"},
    {"bind", try_bind, "KPKKooK"},
    {"open", try_open, "AoKAooo"},
    {"open to create", try_create, "APKAooo"},
    {"stat", try_stat, "AooAooo"},
    {"fstat", try_fstat, "ooooooo"},
    {"utimensat of a name", try_times, "KPKKooK"},
    {"futimens", try_own_times, "KPKKooo"},
    {"fchmod", try_mode, "KPKKooK"},
    {"open_by_handle_at", try_handle, "KPKKPPK"},
    {"ptrace", try_ptrace, "KPKKPPK"},
    {"process_vm_readv", try_vm_readv, "KPKKPPK"},
    {"mount", try_mount, "KPKKPPK"},
    {"chroot", try_chroot, "KPKKPoK"},
    {"unshare", try_unshare, "KPKKPoK"},
    {"setuid", try_setuid, "KPKKooK"},
    {"setresuid", try_setresuid, "KPKKooK"},
    {"bpf", try_bpf, "KPKKPPK"},
    {"io_uring_setup", try_io_uring, "KPKKPPK"},
    {"keyctl", try_keyctl, "KPKKPPK"},
    {"userfaultfd", try_userfaultfd, "KPKKPPK"},
    {"perf_event_open", try_perf, "KPKKPPK"},
    {"kill(pid, 0)", try_kill_0, "KPKKooo"},
    {"kill(pid, SIGCONT)", try_kill_term, "KPKKooK"},
    {"tgkill of another", try_kill_other_thread, "KPKKooK"},
    {"fork", try_fork, "KoKKooK"},
    {"PR_SET_DUMPABLE", try_dumpable, "KPKKooK"},
    {"mmap(PROT_EXEC)", try_exec_memory, "APAAooA"},
    {"mprotect(PROT_EXEC)", try_exec_later, "APAAooA"},
    {"F_SETFL", try_nonblock, "PoPPooP"},
    {"F_SETOWN", try_owner, "KPKKooK"},
    {"SO_LINGER", try_linger, "KoKKooP"},
    {"TCP_NODELAY", try_nodelay, "KoKoooP"},
    {"ioctl", try_ioctl, "PPPPooP"},
    {"setrlimit", try_limit, "KoKKooK"},
    {"inotify_init1", try_inotify, "KPKKooK"},
    {"landlock_create_ruleset", try_landlock, "KPKKooK"},
    {"send, poll, recv", try_talk, "ooooooo"},
    {"memory and time", try_live, "ooooooo"},
};

static int
enter(enum boot_role role)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return filter_enter(role);
}

/* The letter of what became of the call in a child of that role. */
static char
outcome(enum boot_role role, long (*call)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (enter(role) == -1)
			_exit(99);
		errno = 0;
		if (call() >= 0)
			_exit(0);
		_exit(errno);
	}
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? 'K' : '?';
	switch (WEXITSTATUS(status)) {
	case 99:
		return '?';
	case EPERM:
		return 'P';
	case EACCES:
		return 'A';
	default:
		return 'o';
	}
}

static void
need_filters(void)
{
	if (filter_off() != NULL) {
		print_message("# %s\n", filter_off());
		skip();
	}
}

static void
each_role_may_what_its_row_says(void **state)
{
	char got;
	int bad = 0;

	(void)state;
	need_filters();
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < ROLES; k++) {
			got = outcome(roles[k], rows[i].call);
			if (got == rows[i].expect[k])
				continue;
			print_message("# %s in %s: %c, not %c\n", rows[i].name,
			    boot_role_name(roles[k]), got, rows[i].expect[k]);
			bad++;
		}
	(void)close(pair[0]);
	(void)close(pair[1]);
	assert_int_equal(bad, 0);
}

static void
pam_and_template_have_their_parents_filter(void **state)
{
	(void)state;
	need_filters();
	for (size_t k = 0; k < ROLES; k++)
		assert_true(filter_has(roles[k]));
	assert_false(filter_has(BOOT_TEMPLATE));
	assert_false(filter_has(BOOT_PAM));
	assert_int_equal(outcome(BOOT_PAM, try_setresuid), 'o');
	assert_int_equal(outcome(BOOT_TEMPLATE, try_inotify), 'o');
}

static void
an_assertion_still_ends_a_process_as_such(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	need_filters();
	for (size_t k = 0; k < ROLES; k++) {
		pid = fork();
		if (pid == 0) {
			(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
			if (enter(roles[k]) == 0)
				abort();
			_exit(99);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

/* 0, or the line of the first call that failed. */
static int
store(int dir)
{
	struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	struct stat st;
	char entries[1024];
	int fd;

#define MUST(x)                                                                \
	if ((x) == -1)                                                         \
	return __LINE__
	MUST(mkdirat(dir, "tmp", 0700));
	MUST(fd = openat(dir, "tmp/a", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	MUST(flock(dir, 2));
	MUST(write(fd, "abc", 3));
	MUST(pwrite(fd, "x", 1, 1));
	MUST(pread(fd, entries, 1, 0));
	MUST(lseek(fd, 0, SEEK_SET));
	MUST(ftruncate(fd, 2));
	MUST(fdatasync(fd));
	MUST(fsync(fd));
	MUST(futimens(fd, now));
	MUST(fcntl(fd, F_SETLK,
	    &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET}));
	MUST(linkat(dir, "tmp/a", dir, "b", 0));
	MUST(renameat(dir, "b", dir, "c"));
	MUST(renameat2(dir, "c", dir, "d", RENAME_NOREPLACE));
	MUST(fstatat(dir, "d", &st, AT_SYMLINK_NOFOLLOW));
	MUST(syscall(SYS_getdents64, dir, entries, sizeof(entries)));
	MUST(syncfs(dir));
	MUST(kill(getpid(), 0));
	MUST(unlinkat(dir, "d", 0));
	MUST(unlinkat(dir, "tmp/a", 0));
	MUST(unlinkat(dir, "tmp", AT_REMOVEDIR));
	return close(fd);
}

static void
a_session_has_what_the_store_needs(void **state)
{
	char path[64];
	int status, dir;
	pid_t pid;

	(void)state;
	need_filters();
	(void)snprintf(path, sizeof(path), "%s/filter-XXXXXX",
	    getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR"));
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	pid = fork();
	if (pid == 0) {
		if (enter(BOOT_SESSION) == -1)
			_exit(1);
		status = store(dir);
		_exit(status == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(dir);
	assert_int_equal(rmdir(path), 0);
}

/* A spare's of the master, the spawner, and its own with its own number. */
static void
filters_stack_as_they_do_in_a_spare(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	need_filters();
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (filter_enter(BOOT_MASTER) == -1 ||
		    filter_enter(BOOT_SPAWNER) == -1 ||
		    filter_prepare(BOOT_SESSION) == -1)
			_exit(1);
		pid = fork();
		if (pid > 0)
			_exit(waitpid(pid, &status, 0) == pid &&
				      WIFSIGNALED(status) &&
				      WTERMSIG(status) == SIGABRT
				  ? 0
				  : 2);
		if (filter_enter(BOOT_SESSION) == -1 || try_live() == -1)
			_exit(3);
		abort();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
a_kernel_without_seccomp_is_told(void **state)
{
	scmp_filter_ctx ctx;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		ctx = seccomp_init(SCMP_ACT_ALLOW);
		if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
			SCMP_SYS(seccomp), 0) != 0 ||
		    seccomp_load(ctx) != 0)
			_exit(1);
		_exit(filter_off() == NULL || filter_enter(BOOT_WORKER) == -1 ||
			      try_execve() == -1
			  ? 2
			  : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* /bin/true was executed: there was a reason, and no filter. */
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_role_may_what_its_row_says),
	    cmocka_unit_test(pam_and_template_have_their_parents_filter),
	    cmocka_unit_test(an_assertion_still_ends_a_process_as_such),
	    cmocka_unit_test(a_session_has_what_the_store_needs),
	    cmocka_unit_test(filters_stack_as_they_do_in_a_spare),
	    cmocka_unit_test(a_kernel_without_seccomp_is_told),
	};

	tester = getpid();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
