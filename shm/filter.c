/*
 * System-call filters. Two tables say what each role may ask of the kernel.
 *
 * rules, for who reads what strangers wrote, is a list of what is allowed:
 *
 *   allowed     the call is made, where the row names arguments only with them
 *   refused     it fails with the row's errno: what libraries try and can do
 *               without, and what a session must not do to a socket whose
 *               flags and options it shares with its worker
 *   no row      the process is killed (SIGSYS), the master says so and goes on;
 *               in auth it fails with EPERM: the site's modules of
 *               nsswitch.conf run in its children and cannot be known here
 *
 * denied, for master and spawner, is a list of what fails with EPERM: what none
 * of them needs and an intruder would. A filter is for every child as well, so
 * pam and the template have their parents', and loginexec's program the
 * template's; a session loads its own after that.
 *
 * libseccomp makes the program, the kernel gets it from us: a session's is made
 * once, in the template, and only its own process number is put in later.
 */
#include "shm/filter.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIT(role) (1u << BOOT_##role)
#define LOG       BIT(LOG)
#define AUTH      BIT(AUTH)
#define WATCH     BIT(WATCH)
#define WORKER    BIT(WORKER)
#define SESSION   BIT(SESSION)
#define ALL       (LOG | AUTH | WATCH | WORKER | SESSION)
#define NO_EXEC   (ALL & ~AUTH)
#define MASTER    BIT(MASTER)
#define SPAWNER   BIT(SPAWNER)
#define DENIES    (MASTER | SPAWNER)

#define OWN_PID 0x7e57b0d5u /* stands for the process's number in a program */

struct rule {
	int call;
	unsigned roles;
	int error; /* refused with it; 0: allowed */
	unsigned n;
	struct scmp_arg_cmp arg[2];
};

#define CALL(name) SCMP_SYS(name)
#define NOT(n, v)                                                              \
	{                                                                      \
		n, SCMP_CMP_NE, v, 0                                           \
	}
#define IS(n, v)                                                               \
	{                                                                      \
		n, SCMP_CMP_EQ, v, 0                                           \
	}
#define BITS(n, mask, v)                                                       \
	{                                                                      \
		n, SCMP_CMP_MASKED_EQ, mask, v                                 \
	}
#define OK(roles)                                                              \
	roles, 0, 0,                                                           \
	{                                                                      \
		{                                                              \
			0                                                      \
		}                                                              \
	}
#define IF(roles, a)                                                           \
	roles, 0, 1,                                                           \
	{                                                                      \
		a                                                              \
	}
#define IF2(roles, a, b)                                                       \
	roles, 0, 2,                                                           \
	{                                                                      \
		a, b                                                           \
	}
#define NO(roles, e)                                                           \
	roles, e, 0,                                                           \
	{                                                                      \
		{                                                              \
			0                                                      \
		}                                                              \
	}
#define NO_IF(roles, e, a)                                                     \
	roles, e, 1,                                                           \
	{                                                                      \
		a                                                              \
	}

/* What glibc's fork asks for: nothing shared, no namespace. */
#define FORK     (CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD)
#define STREAM   (SOCK_STREAM | SOCK_CLOEXEC)
#define PACKETS  (SOCK_SEQPACKET | SOCK_CLOEXEC)
#define VMA_NAME 0x53564d41 /* PR_SET_VMA: newer C libraries name memory */

/* clang-format off */
static const struct rule rules[] = {
    /* memory, time, the process itself */
    {CALL(brk), OK(ALL)},
    {CALL(munmap), OK(ALL)},
    {CALL(mremap), OK(ALL)},
    {CALL(madvise), OK(ALL)},
    {CALL(mmap), IF(NO_EXEC, BITS(2, PROT_EXEC, 0))},
    {CALL(mmap), NO_IF(NO_EXEC, EACCES, BITS(2, PROT_EXEC, PROT_EXEC))},
    {CALL(mmap), IF(AUTH, BITS(2, PROT_EXEC, 0))},
    {CALL(mmap), IF(AUTH, BITS(2, PROT_EXEC | PROT_WRITE, PROT_EXEC))},
    {CALL(mprotect), IF(AUTH, BITS(2, PROT_EXEC, 0))},
    {CALL(mprotect), IF(NO_EXEC, BITS(2, PROT_EXEC, 0))},
    {CALL(mprotect), NO_IF(NO_EXEC, EACCES, BITS(2, PROT_EXEC, PROT_EXEC))},
    {CALL(futex), OK(ALL)},
    {CALL(set_robust_list), OK(AUTH | SESSION)},
    {CALL(rseq), OK(AUTH)},
    {CALL(getrandom), OK(ALL)},
    {CALL(clock_gettime), OK(ALL)},
    {CALL(clock_getres), OK(ALL)},
    {CALL(gettimeofday), OK(ALL)},
    {CALL(time), OK(ALL)},
    {CALL(clock_nanosleep), OK(ALL)},
    {CALL(nanosleep), OK(ALL)},
    {CALL(sched_yield), OK(ALL)},
    {CALL(getpid), OK(ALL)},
    {CALL(gettid), OK(ALL)},
    {CALL(getppid), OK(SESSION)},
    {CALL(getuid), OK(ALL)},
    {CALL(geteuid), OK(ALL)},
    {CALL(getgid), OK(ALL)},
    {CALL(getegid), OK(ALL)},
    {CALL(getresuid), OK(SESSION)},
    {CALL(getresgid), OK(SESSION)},
    {CALL(uname), OK(ALL)},
    {CALL(sysinfo), OK(ALL)}, /* qsort asks for the size of memory */
    {CALL(sched_getaffinity), OK(ALL)},
    {CALL(getrusage), OK(ALL)},
    {CALL(prlimit64), OK(AUTH)},
    {CALL(prlimit64), IF(ALL & ~AUTH, IS(2, 0))},
    {CALL(rt_sigaction), OK(ALL)},
    {CALL(rt_sigprocmask), OK(ALL)},
    {CALL(rt_sigreturn), OK(ALL)},
    {CALL(sigaltstack), OK(ALL)},
    {CALL(restart_syscall), OK(ALL)},
    {CALL(exit), OK(ALL)},
    {CALL(exit_group), OK(ALL)},
    {CALL(tgkill), IF(ALL, IS(0, OWN_PID))},
    {CALL(prctl), NO_IF(ALL, EINVAL, IS(0, VMA_NAME))},
    /* descriptors that it holds */
    {CALL(read), OK(ALL)},
    {CALL(readv), OK(ALL)},
    {CALL(pread64), OK(ALL)},
    {CALL(write), OK(ALL)},
    {CALL(writev), OK(ALL)},
    {CALL(close), OK(ALL)},
    {CALL(fstat), OK(ALL)},
    {CALL(lseek), OK(ALL)},
    {CALL(poll), OK(ALL)},
    {CALL(ppoll), OK(ALL)},
    {CALL(recvmsg), OK(ALL)},
    {CALL(recvfrom), OK(ALL)},
    {CALL(sendmsg), OK(ALL)},
    {CALL(sendto), OK(ALL)},
    {CALL(fcntl), IF(ALL, IS(1, F_GETFD))},
    {CALL(fcntl), IF(ALL, IS(1, F_SETFD))},
    {CALL(fcntl), IF(ALL, IS(1, F_GETFL))},
    {CALL(fcntl), IF(SESSION, IS(1, F_DUPFD_CLOEXEC))},
    {CALL(fcntl), IF(SESSION, IS(1, F_GETLK))},
    {CALL(fcntl), IF(SESSION, IS(1, F_SETLK))},
    {CALL(fcntl), IF(SESSION, IS(1, F_SETLKW))},
    {CALL(fcntl), IF(SESSION, IS(1, F_OFD_GETLK))},
    {CALL(fcntl), IF(SESSION, IS(1, F_OFD_SETLK))},
    {CALL(fcntl), IF(SESSION, IS(1, F_OFD_SETLKW))},
    {CALL(fcntl), IF(AUTH, IS(1, F_SETFL))},
    {CALL(fcntl), NO_IF(ALL & ~AUTH, EPERM, IS(1, F_SETFL))},
    {CALL(ioctl), NO(ALL & ~AUTH, EPERM)}, /* isatty, and nothing else */
    /* sockets: only what the worker does to its clients' */
    {CALL(epoll_create1), OK(WORKER)},
    {CALL(epoll_ctl), OK(WORKER)},
    {CALL(epoll_wait), OK(WORKER)},
    {CALL(epoll_pwait), OK(WORKER)},
    {CALL(shutdown), OK(WORKER)},
    /* no datagrams: such a socket may be sent to whatever has a name */
    {CALL(socketpair), IF2(WORKER, IS(0, AF_UNIX), IS(1, STREAM))},
    {CALL(socketpair), IF2(WORKER, IS(0, AF_UNIX), IS(1, PACKETS))},
    {CALL(getsockopt), IF2(WORKER | SESSION, IS(1, SOL_SOCKET), IS(2, SO_ERROR))},
    {CALL(setsockopt), IF2(WORKER, IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY))},
    {CALL(setsockopt), NO(SESSION, EPERM)},
    {CALL(socket), IF(LOG | AUTH, IS(0, AF_UNIX))},
    {CALL(connect), OK(LOG | AUTH)},
    /* names of files: libraries ask for some, the worker has none to see */
    {CALL(open), NO(WORKER | LOG, EACCES)},
    {CALL(openat), NO(WORKER | LOG, EACCES)},
    {CALL(openat2), NO(WORKER | LOG, EACCES)},
    {CALL(stat), NO(WORKER | LOG, EACCES)},
    {CALL(lstat), NO(WORKER | LOG, EACCES)},
    {CALL(statx), NO(WORKER | LOG | WATCH, EACCES)},
    {CALL(access), NO(WORKER | LOG, EACCES)},
    {CALL(faccessat), NO(WORKER | LOG, EACCES)},
    {CALL(faccessat2), NO(WORKER | LOG, EACCES)},
    {CALL(readlink), NO(WORKER | LOG, EACCES)},
    {CALL(readlinkat), NO(WORKER | LOG, EACCES)},
    {CALL(newfstatat), OK(AUTH | WATCH | SESSION)},
    /* glibc's fstat; what a name in it would show is not worth a row more */
    {CALL(newfstatat), IF(WORKER | LOG, IS(3, AT_EMPTY_PATH))},
    {CALL(newfstatat), NO_IF(WORKER | LOG, EACCES, BITS(3, AT_EMPTY_PATH, 0))},
    /* watch */
    {CALL(fchdir), OK(WATCH)},
    {CALL(chdir), OK(WATCH)},
    {CALL(inotify_add_watch), OK(WATCH)},
    {CALL(inotify_rm_watch), OK(WATCH)},
    /*
     * auth: userdb to read; children for slow hashes, authdaemond, and the
     * system's users, which a module of the site may know
     */
    {CALL(stat), OK(AUTH)},
    {CALL(lstat), OK(AUTH)},
    {CALL(statx), OK(AUTH)},
    {CALL(access), OK(AUTH)},
    {CALL(faccessat), OK(AUTH)},
    {CALL(faccessat2), OK(AUTH)},
    {CALL(readlink), OK(AUTH)},
    {CALL(readlinkat), OK(AUTH)},
    {CALL(setsockopt), OK(AUTH)},
    {CALL(getsockopt), OK(AUTH)},
    {CALL(getsockname), OK(AUTH)},
    {CALL(getpeername), OK(AUTH)},
    {CALL(openat), IF(AUTH, BITS(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY))},
    {CALL(getdents64), OK(AUTH | SESSION)},
    {CALL(clone), IF(AUTH, IS(0, FORK))},
    {CALL(pipe2), OK(AUTH)},
    {CALL(dup3), OK(AUTH | SESSION)},
    {CALL(close_range), OK(AUTH)},
    {CALL(setpgid), OK(AUTH)},
    {CALL(pidfd_open), OK(AUTH)},
    {CALL(waitid), OK(AUTH)},
    {CALL(prctl), IF(AUTH, IS(0, PR_SET_PDEATHSIG))},
    /* session: the store, which Landlock holds to the owner's Maildir */
    {CALL(openat), OK(SESSION)},
    {CALL(openat2), OK(SESSION)},
    {CALL(statx), OK(SESSION)},
    {CALL(fstatfs), OK(SESSION)},
    {CALL(faccessat), OK(SESSION)},
    {CALL(faccessat2), OK(SESSION)},
    {CALL(readlinkat), OK(SESSION)},
    {CALL(preadv), OK(SESSION)},
    {CALL(pwrite64), OK(SESSION)},
    {CALL(pwritev), OK(SESSION)},
    {CALL(ftruncate), OK(SESSION)},
    {CALL(fallocate), OK(SESSION)},
    {CALL(copy_file_range), OK(SESSION)},
    {CALL(fadvise64), OK(SESSION)},
    {CALL(fsync), OK(SESSION)},
    {CALL(fdatasync), OK(SESSION)},
    {CALL(syncfs), OK(SESSION)},
    {CALL(sync_file_range), OK(SESSION)},
    {CALL(msync), OK(SESSION)},
    {CALL(alarm), OK(SESSION)}, /* bounds the wait for the index's lock */
    {CALL(setitimer), OK(SESSION)},
    {CALL(mincore), OK(SESSION)},
    {CALL(flock), OK(SESSION)},
    {CALL(linkat), OK(SESSION)},
    {CALL(unlinkat), OK(SESSION)},
    {CALL(renameat), OK(SESSION)},
    {CALL(renameat2), OK(SESSION)},
    {CALL(mkdirat), OK(SESSION)},
    /* futimens: Landlock does not look at who sets times by a name */
    {CALL(utimensat), IF(SESSION, IS(1, 0))},
    {CALL(kill), IF(SESSION, IS(1, 0))}, /* does a lock's holder live? */
};

static const struct {
	int call;
	unsigned roles;
} denied[] = {
    /* other processes */
    {CALL(ptrace), DENIES},
    {CALL(process_vm_readv), DENIES},
    {CALL(process_vm_writev), DENIES},
    {CALL(process_madvise), DENIES},
    {CALL(pidfd_getfd), DENIES},
    {CALL(kcmp), DENIES},
    /* file systems and namespaces; the jails enter a network of their own */
    {CALL(mount), DENIES},
    {CALL(umount2), DENIES},
    {CALL(pivot_root), DENIES},
    {CALL(chroot), SPAWNER},
    {CALL(unshare), SPAWNER},
    {CALL(setns), DENIES},
    {CALL(fsopen), DENIES},
    {CALL(fsconfig), DENIES},
    {CALL(fsmount), DENIES},
    {CALL(fspick), DENIES},
    {CALL(move_mount), DENIES},
    {CALL(open_tree), DENIES},
    {CALL(mount_setattr), DENIES},
    {CALL(open_by_handle_at), DENIES},
    {CALL(fanotify_init), DENIES},
    {CALL(quotactl), DENIES},
    {CALL(quotactl_fd), DENIES},
    {CALL(swapon), DENIES},
    {CALL(swapoff), DENIES},
    /* the kernel's larger machines */
    {CALL(bpf), DENIES},
    {CALL(perf_event_open), DENIES},
    {CALL(io_uring_setup), DENIES},
    {CALL(io_uring_enter), DENIES},
    {CALL(io_uring_register), DENIES},
    {CALL(userfaultfd), DENIES},
    {CALL(keyctl), DENIES},
    {CALL(add_key), DENIES},
    {CALL(request_key), DENIES},
    {CALL(vmsplice), DENIES},
    /* the machine */
    {CALL(init_module), DENIES},
    {CALL(finit_module), DENIES},
    {CALL(delete_module), DENIES},
    {CALL(kexec_load), DENIES},
    {CALL(kexec_file_load), DENIES},
    {CALL(reboot), DENIES},
    {CALL(acct), DENIES},
    {CALL(iopl), DENIES},
    {CALL(ioperm), DENIES},
    {CALL(modify_ldt), DENIES},
    {CALL(settimeofday), DENIES},
    {CALL(clock_settime), DENIES},
    {CALL(clock_adjtime), DENIES},
    {CALL(adjtimex), DENIES},
    {CALL(sethostname), DENIES},
    {CALL(setdomainname), DENIES},
    {CALL(syslog), DENIES},
    {CALL(vhangup), DENIES},
};
/* clang-format on */
#define RULES (sizeof(rules) / sizeof(rules[0]))
#define NAMED (sizeof(denied) / sizeof(denied[0]))

static struct sock_fprog programs[BOOT_ROLES]; /* filter NULL: not made yet */

static uint32_t otherwise(enum boot_role);
static int begin(scmp_filter_ctx, enum boot_role);
static int add_rules(scmp_filter_ctx, enum boot_role);
static int add_denied(scmp_filter_ctx, enum boot_role);
static int read_program(scmp_filter_ctx, struct sock_fprog *);
static int load(const struct sock_fprog *);

const char *
filter_off(void)
{
	uint32_t kill = SECCOMP_RET_KILL_PROCESS;
	const char *preload = getenv("LD_PRELOAD");

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return "built with sanitizers";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return "built with sanitizers";
#endif
#endif
#ifdef COUNT_LINES /* make coverage: what was run is written to files */
	return "built to count lines";
#endif
	/* The table has the calls of 64-bit systems. */
	if (sizeof(void *) < 8)
		return "a 32-bit system";
	if (preload != NULL && strstr(preload, "/vgpreload_") != NULL)
		return "run by valgrind";
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) == -1)
		return "no seccomp in this kernel";
	return NULL;
}

bool
filter_has(enum boot_role role)
{
	return ((ALL | DENIES) & (1u << role)) != 0;
}

int
filter_prepare(enum boot_role role)
{
	scmp_filter_ctx ctx;
	int rc;

	if (programs[role].filter != NULL || filter_off() != NULL ||
	    !filter_has(role))
		return 0;
	ctx = seccomp_init(otherwise(role));
	if (ctx == NULL) {
		errno = ENOMEM;
		return -1;
	}
	rc = begin(ctx, role);
	if (rc == 0)
		rc = add_rules(ctx, role);
	if (rc == 0)
		rc = add_denied(ctx, role);
	if (rc == 0)
		rc = read_program(ctx, &programs[role]);
	seccomp_release(ctx);
	if (rc == 0)
		return 0;
	errno = -rc;
	return -1;
}

/* What becomes of a call without a row. */
static uint32_t
otherwise(enum boot_role role)
{
	if (((1u << role) & DENIES) != 0)
		return SCMP_ACT_ALLOW;
	return role == BOOT_AUTH ? SCMP_ACT_ERRNO(EPERM)
				 : SCMP_ACT_KILL_PROCESS;
}

/* 0 or a negative errno, as libseccomp has it. */
static int
begin(scmp_filter_ctx ctx, enum boot_role role)
{
	int rc;

	rc = seccomp_attr_set(
	    ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A tree, not a chain: level 2. */
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* What a site runs by loginexec or a PAM module may be of 32 bits. */
	if (rc == 0 && ((1u << role) & DENIES) != 0 &&
	    seccomp_arch_native() == SCMP_ARCH_X86_64)
		rc = seccomp_arch_add(ctx, SCMP_ARCH_X86);
	if (rc == 0 && ((1u << role) & DENIES) != 0 &&
	    seccomp_arch_native() == SCMP_ARCH_AARCH64)
		rc = seccomp_arch_add(ctx, SCMP_ARCH_ARM);
	return rc;
}

static int
add_rules(scmp_filter_ctx ctx, enum boot_role role)
{
	const struct rule *r;
	uint32_t action;
	int rc;

	for (r = rules; r < rules + RULES; r++) {
		/* A number below 0: not a call of this machine. */
		if ((r->roles & (1u << role)) == 0 || r->call < 0)
			continue;
		action = r->error == 0 ? SCMP_ACT_ALLOW
				       : SCMP_ACT_ERRNO((uint16_t)r->error);
		if (action == otherwise(role))
			continue;
		rc = seccomp_rule_add_array(ctx, action, r->call, r->n, r->arg);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
add_denied(scmp_filter_ctx ctx, enum boot_role role)
{
	int rc;

	for (size_t i = 0; i < NAMED; i++) {
		if ((denied[i].roles & (1u << role)) == 0)
			continue;
		/* A call that this machine or another one has not got: none. */
		rc = seccomp_rule_add(
		    ctx, SCMP_ACT_ERRNO(EPERM), denied[i].call, 0);
		if (rc < 0 && rc != -EDOM && rc != -EINVAL)
			return rc;
	}
	return 0;
}

static int
read_program(scmp_filter_ctx ctx, struct sock_fprog *p)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), rc;
	struct sock_filter *code = NULL;
	struct stat st;

	if (fd == -1)
		return -errno;
	rc = seccomp_export_bpf(ctx, fd);
	if (rc == 0 && fstat(fd, &st) == -1)
		rc = -errno;
	if (rc == 0 && (code = malloc((size_t)st.st_size)) == NULL)
		rc = -ENOMEM;
	if (rc == 0 && pread(fd, code, (size_t)st.st_size, 0) != st.st_size)
		rc = -EIO;
	(void)close(fd);
	if (rc != 0) {
		free(code);
		return rc;
	}
	p->filter = code;
	p->len = (unsigned short)((size_t)st.st_size / sizeof(*code));
	return 0;
}

int
filter_enter(enum boot_role role)
{
	if (filter_prepare(role) == -1)
		return -1;
	return programs[role].filter == NULL ? 0 : load(&programs[role]);
}

/*
 * None of our processes runs code that it was given, so none needs the guard
 * against speculative stores that older kernels add with a filter.
 */
static int
load(const struct sock_fprog *p)
{
	long rc;

	for (unsigned i = 0; i < p->len; i++)
		if (BPF_CLASS(p->filter[i].code) == BPF_JMP &&
		    p->filter[i].k == OWN_PID)
			p->filter[i].k = (uint32_t)getpid();
	rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_SPEC_ALLOW, p);
	if (rc == -1 && errno == EINVAL) /* before Linux 4.17 */
		rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, p);
	return (int)rc;
}
