/*
 * One forked child per question. The parent learns of a child's end by its
 * pidfd, not by the end of its pipe, which a grandchild may hold open, and
 * reads the pipe only then: a record is smaller than PIPE_BUF, so what the
 * child wrote is there in one piece.
 */
#include "auth/pool.h"

#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <assert.h>
#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define POOL_MAGIC UINT64_C(0x6c6f6f706b726f43)
#define POOL_CPU   10 /* seconds of processor time */
#define CHILD_PIPE 3

struct frame {
	uint64_t magic, id;
};

static_assert(sizeof(struct frame) + POOL_RECORD < PIPE_BUF, "atomic write");

static struct pool_job *free_job(struct pool *);
static _Noreturn void child(
    int, int (*)(const void *, void *), const void *, uint64_t, size_t);
static int reset_signals(void);
static int write_record(int, const void *, size_t);
static bool has_ended(struct pool_job *, siginfo_t *);
static enum pool_end read_record(
    const struct pool *, struct pool_job *, void *);
static void release(struct pool *, struct pool_job *);

void
pool_init(struct pool *p, size_t size, uint32_t ms)
{
	assert(size <= POOL_RECORD);
	memset(p, 0, sizeof(*p));
	p->size = size;
	p->ms = ms;
}

int
pool_start(struct pool *p, uint64_t id, int (*work)(const void *, void *),
    const void *question, uint64_t now_ms)
{
	struct pool_job *job = free_job(p);
	int fds[2], e;
	pid_t pid;

	if (job == NULL) {
		errno = EAGAIN;
		return -1;
	}
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	if ((pid = fork()) == 0)
		child(fds[1], work, question, id, p->size);
	e = errno;
	(void)close(fds[1]);
	if (pid == -1) {
		(void)close(fds[0]);
		errno = e;
		return -1;
	}
	/* Both sides do it, so that a kill of the group never comes early. */
	(void)setpgid(pid, pid);
	*job = (struct pool_job){
	    pid, pidfd_open(pid, 0), fds[0], id, now_ms + p->ms};
	p->running++;
	if (job->pidfd != -1)
		return 0;
	e = errno;
	release(p, job);
	errno = e;
	return -1;
}

static struct pool_job *
free_job(struct pool *p)
{
	for (size_t i = 0; i < POOL_MAX; i++)
		if (p->job[i].pid == 0)
			return &p->job[i];
	return NULL;
}

static _Noreturn void
child(int fd, int (*work)(const void *, void *), const void *question,
    uint64_t id, size_t size)
{
	struct {
		struct frame head;
		uint8_t record[POOL_RECORD];
	} out;
	struct rlimit cpu = {POOL_CPU, POOL_CPU}, none = {0, 0};

	memset(&out, 0, sizeof(out));
	out.head = (struct frame){POOL_MAGIC, id};
	(void)setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || reset_signals() == -1 ||
	    setrlimit(RLIMIT_CPU, &cpu) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1)
		_exit(1);
	if (fd != CHILD_PIPE && dup3(fd, CHILD_PIPE, O_CLOEXEC) == -1)
		_exit(1);
	closefrom(CHILD_PIPE + 1);
	if (work(question, out.record) == -1 ||
	    write_record(CHILD_PIPE, &out, sizeof(out.head) + size) == -1)
		_exit(1);
	_exit(0);
}

/* What the parent ignores a PAM module's helper must not inherit ignored. */
static int
reset_signals(void)
{
	static const int sigs[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGCHLD};
	sigset_t none;

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		if (signal(sigs[i], SIG_DFL) == SIG_ERR)
			return -1;
	(void)sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
write_record(int fd, const void *p, size_t n)
{
	ssize_t done;

	do
		done = write(fd, p, n);
	while (done == -1 && errno == EINTR);
	return done == (ssize_t)n ? 0 : -1;
}

size_t
pool_poll(const struct pool *p, struct pollfd *out)
{
	size_t n = 0;

	for (size_t i = 0; i < POOL_MAX; i++)
		if (p->job[i].pid != 0)
			out[n++] = (struct pollfd){
			    .fd = p->job[i].pidfd, .events = POLLIN};
	return n;
}

uint64_t
pool_deadline(const struct pool *p)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < POOL_MAX; i++)
		if (p->job[i].pid != 0 && p->job[i].deadline < next)
			next = p->job[i].deadline;
	return next;
}

enum pool_end
pool_take(struct pool *p, uint64_t now_ms, uint64_t *id, void *record)
{
	enum pool_end end;
	siginfo_t info;

	for (size_t i = 0; i < POOL_MAX; i++) {
		struct pool_job *job = &p->job[i];

		if (job->pid == 0)
			continue;
		if (has_ended(job, &info)) {
			end = POOL_FAILED;
			if (info.si_code == CLD_EXITED && info.si_status == 0)
				end = read_record(p, job, record);
		} else if (job->deadline <= now_ms) {
			end = POOL_FAILED;
		} else {
			continue;
		}
		*id = job->id;
		release(p, job);
		return end;
	}
	return POOL_NONE;
}

/* Leaves the zombie: its number, and its group's, stay ours until release. */
static bool
has_ended(struct pool_job *job, siginfo_t *info)
{
	int r;

	memset(info, 0, sizeof(*info));
	do
		r = waitid(
		    P_PID, (id_t)job->pid, info, WEXITED | WNOHANG | WNOWAIT);
	while (r == -1 && errno == EINTR);
	return r == -1 || info->si_pid == job->pid;
}

static enum pool_end
read_record(const struct pool *p, struct pool_job *job, void *record)
{
	struct frame head;
	uint8_t bytes[sizeof(head) + POOL_RECORD + 1];
	ssize_t n;

	do
		n = read(job->pipe, bytes, sizeof(head) + p->size + 1);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)(sizeof(head) + p->size))
		return POOL_FAILED;
	memcpy(&head, bytes, sizeof(head));
	if (head.magic != POOL_MAGIC || head.id != job->id)
		return POOL_FAILED;
	memcpy(record, bytes + sizeof(head), p->size);
	return POOL_ANSWER;
}

/* Ends a child and all it left in its group, and frees the place. */
static void
release(struct pool *p, struct pool_job *job)
{
	/* kill(2) would take -1 for everybody. */
	assert(job->pid > 1);
	(void)kill(-job->pid, SIGKILL);
	(void)kill(job->pid, SIGKILL);
	while (waitpid(job->pid, NULL, 0) == -1 && errno == EINTR)
		;
	(void)close(job->pipe);
	if (job->pidfd != -1)
		(void)close(job->pidfd);
	memset(job, 0, sizeof(*job));
	p->running--;
}

void
pool_stop(struct pool *p)
{
	for (size_t i = 0; i < POOL_MAX; i++)
		if (p->job[i].pid != 0)
			release(p, &p->job[i]);
}
