/*
 * The master's loop: signals, listening sockets, the children's channels. No
 * work is done in a signal handler and nothing here waits for a child.
 */
#include "master/master.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master/admit.h"
#include "master/brood.h"
#include "master/certs.h"
#include "master/check.h"
#include "master/control.h"
#include "master/drain.h"
#include "master/handover.h"
#include "master/listen.h"
#include "master/local.h"
#include "master/machine.h"
#include "master/notify.h"
#include "master/porch.h"
#include "master/renew.h"
#include "master/settings.h"
#include "master/sig.h"
#include "master/spawn.h"
#include "shm/log.h"

#define START_LIMIT 30000 /* ms until all children must be ready */
#define CERTS_LIMIT 5000  /* ms that workers have to try certificates */
#define YOUNG_AGAIN 3000  /* ms between tries of young certificates */
#define FAST_LIMIT  2     /* s of a fast stop */
#define SERVANTS_MS 3000  /* ms that servants have to stop */

enum phase {
	PHASE_START,
	PHASE_RUN,
	PHASE_STOP_WORKERS,
	PHASE_STOP_SERVANTS,
	PHASE_STOP_LOG,
	PHASE_END,
};

struct master {
	enum phase phase;
	struct brood brood;
	struct porch porch;
	int signals;
	int lock;          /* PIDFILE.lock */
	int ready;         /* tells the parent of a daemon, -1 */
	int log;           /* our log channel, the writing end */
	bool logged;       /* it is in use */
	int local_errno;   /* 0: the notify socket is there */
	int control_errno; /* 0: ... and the control socket */
	struct control control;
	bool fast;         /* the stop is a fast one */
	uint64_t deadline; /* ms: of this phase */
	int status;
	/* a reload that waits for the workers' word on its certificates */
	struct settings next;
	bool reloading;
	bool again;        /* SIGHUP came meanwhile */
	bool only;         /* its certificates alone: the files have changed */
	bool told_young;   /* ... and that is in the log */
	uint64_t retry;    /* ms: the same once more, 0: none */
	uint64_t look;     /* ms: when to look at the files again */
	uint64_t stamp;    /* of the files as they are in use, or refused */
	uint64_t newstamp; /* ... as they are being tried */
	uint64_t reload_deadline;
	/* replacement: the new programs are tried, then executed */
	uint64_t programs;  /* as they were when we started: renew_look */
	pid_t trial;        /* 0: none */
	uint64_t trial_end; /* ms */
	bool renew;         /* when the old generation has gone */
};

static int run(struct master *);
static int begin(struct master *, const struct settings *, int privileged,
    const struct handover *);
static int open_all(struct master *, const struct settings *);
static void take_over(struct master *, const struct handover *);
static void print_notes(const struct notes *);
static void turn(struct master *);
static nfds_t fill_poll(const struct master *, struct pollfd *, uint64_t now);
static int wait_ms(const struct master *, uint64_t now);
static int sooner(int a, int b);
static int hear_named(void *, struct child *, struct ipc_msg *);
static void take_signals(struct master *, uint64_t now);
static void reap(struct master *, uint64_t now);
static void advance(struct master *, uint64_t now);
static void start_on(struct master *, uint64_t now);
static void started(struct master *);
static void write_pids(const struct master *);
static void detach(void);
static void reload(struct master *, uint64_t now);
static void look(struct master *, uint64_t now);
static void refused(struct master *, const char *why, uint64_t now);
static void log_notes(const struct notes *);
static void watch_reload(struct master *, uint64_t now);
static void apply(struct master *);
static void renew(struct master *, uint64_t now);
static void tried(struct master *, int status);
static void hand_over(const struct master *, struct handover *);
static void stop(struct master *, bool fast, uint64_t now);
static void advance_stop(struct master *, uint64_t now);
static uint64_t now_ms(void);

int
master_run(const struct settings *set, int privileged, int ready)
{
	static struct master m;

	m.ready = ready;
	return begin(&m, set, privileged, NULL) == -1 ? 1 : run(&m);
}

int
master_inherit(
    const struct settings *set, int privileged, const struct handover *h)
{
	static struct master m;

	m.ready = -1;
	return begin(&m, set, privileged, h) == -1 ? 1 : run(&m);
}

static int
run(struct master *m)
{
	while (m->phase != PHASE_END)
		turn(m);
	if (m->status == 0) {
		(void)unlink(m->brood.boot.set.pidfile);
		pidfile_remove(m->brood.boot.set.sslpidfile);
	}
	return m->status;
}

static int
begin(struct master *m, const struct settings *set, int privileged,
    const struct handover *h)
{
	static struct notes notes;
	uint64_t now = now_ms();

	m->brood.boot.set = *set;
	m->brood.boot.privileged = privileged != 0;
	m->porch.brood = &m->brood;
	m->brood.named = hear_named;
	m->brood.named_arg = &m->porch;
	control_init(&m->control, &m->brood);
	if (h != NULL)
		take_over(m, h);
	else if (open_all(m, set) == -1)
		return -1;
	if (certs_read(set, &m->brood.certs, &notes) == -1 && h == NULL) {
		print_notes(&notes);
		return -1;
	}
	m->porch.access = access_load(set->accessfile, &notes);
	certs_look(set, &m->stamp, &(time_t){0});
	m->look = now + set->tls_check * 1000u;
	machine_files(set);
	machine_oom(privileged);
	if (machine_sandbox(set, privileged) == -1 && h == NULL)
		return -1;
	m->programs = renew_look();
	spawn_hold();
	m->signals = sig_open();
	if (m->signals == -1 || brood_init(&m->brood) == -1) {
		log_line(LOG_LEVEL_ERR, "cannot begin: %s", strerror(errno));
		return -1;
	}
	if (h != NULL)
		drain_inherit(&m->brood, h->children, h->nchildren, now);
	m->phase = PHASE_START;
	m->deadline = now + START_LIMIT;
	return 0;
}

/* Lock, listeners, sockets, log. What fails is told on stderr. */
static int
open_all(struct master *m, const struct settings *set)
{
	static struct notes notes;
	int log[2];

	m->lock = pidfile_lock(set->pidfile);
	if (m->lock == -1) {
		fprintf(stderr, "imapd-master: %s.lock: %s\n", set->pidfile,
		    errno == EAGAIN ? "a server is running already"
				    : strerror(errno));
		return -1;
	}
	if (listen_open(set, &m->porch.listeners, &notes) == -1) {
		print_notes(&notes);
		return -1;
	}
	m->brood.admit = admit_new();
	if (m->brood.admit == NULL || log_pair(log) == -1) {
		perror("imapd-master");
		return -1;
	}
	m->brood.log = log[0];
	m->log = log[1];
	m->brood.local =
	    local_open(set->notifysocket, SOCK_DGRAM, 0666, (gid_t)-1);
	if (m->brood.local == -1 && set->notifysocket[0] != '\0')
		m->local_errno = errno;
	m->control.fd = local_open(set->controlsocket, SOCK_SEQPACKET, 0660,
	    set->admin_gid != 0 ? (gid_t)set->admin_gid : (gid_t)-1);
	if (m->control.fd == -1 && set->controlsocket[0] != '\0')
		m->control_errno = errno;
	return 0;
}

static void
take_over(struct master *m, const struct handover *h)
{
	(void)handover_keep(h, false);
	m->lock = h->lock;
	m->porch.listeners = h->listeners;
	m->brood.admit = h->admit;
	m->brood.incarnations = h->incarnations;
	memcpy(m->brood.moves.key, h->key, sizeof(h->key));
	m->brood.log = h->log[0];
	m->brood.local = h->notify;
	m->control.fd = h->control;
	m->control.started = h->started;
	m->log = h->log[1];
	log_init(m->log, "master");
	m->logged = true;
}

static void
print_notes(const struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		fprintf(stderr, "imapd-master: %s\n", notes->v[i].text);
}

static void
turn(struct master *m)
{
	struct pollfd p[1 + LISTEN_MAX + BROOD_MAX + CONTROL_POLL];
	uint64_t now = now_ms();
	size_t k = 1;
	nfds_t n;

	if (m->phase <= PHASE_RUN)
		brood_start(&m->brood, now);
	n = fill_poll(m, p, now);
	if (poll(p, n, wait_ms(m, now)) == -1) {
		if (errno != EINTR)
			log_fatal("poll: %s", strerror(errno));
		return;
	}
	now = now_ms();
	/* Children first: places that they free are there for newcomers. */
	for (size_t i = 0; i < BROOD_MAX; i++)
		if (p[1 + m->porch.listeners.n + i].revents != 0 &&
		    m->brood.v[i].channel != -1)
			brood_hear(&m->brood, &m->brood.v[i]);
	for (size_t i = 0; i < m->porch.listeners.n; i++, k++)
		if (p[k].revents != 0)
			porch_accept(&m->porch, i, now);
	control_turn(&m->control, &p[n - CONTROL_POLL], now);
	if (p[0].revents != 0)
		take_signals(m, now);
	advance(m, now);
}

/* Signals, listeners (-1 while nobody is admitted), children, control. */
static nfds_t
fill_poll(const struct master *m, struct pollfd *p, uint64_t now)
{
	bool open = m->phase == PHASE_RUN && now >= m->porch.pause;
	nfds_t n = 0;

	p[n++] = (struct pollfd){.fd = m->signals, .events = POLLIN};
	for (size_t i = 0; i < m->porch.listeners.n; i++)
		p[n++] = (struct pollfd){
		    .fd = open ? m->porch.listeners.v[i].fd : -1,
		    .events = POLLIN};
	for (int i = 0; i < BROOD_MAX; i++)
		p[n++] = (struct pollfd){
		    .fd = m->brood.v[i].pid != 0 ? m->brood.v[i].channel : -1,
		    .events = POLLIN};
	control_poll(&m->control, p + n);
	return n + CONTROL_POLL;
}

static int
wait_ms(const struct master *m, uint64_t now)
{
	int wait = brood_wait(&m->brood, now);

	if (m->phase != PHASE_RUN)
		wait = sooner(
		    wait, m->deadline <= now ? 0 : (int)(m->deadline - now));
	if (m->reloading)
		wait = sooner(wait, m->reload_deadline <= now
					? 0
					: (int)(m->reload_deadline - now));
	else if (m->phase == PHASE_RUN) {
		uint64_t next = m->again        ? now
				: m->retry != 0 ? m->retry
						: m->look;

		wait = sooner(wait, next <= now ? 0 : (int)(next - now));
	}
	if (m->trial != 0)
		wait = sooner(wait,
		    m->trial_end <= now ? 100 : (int)(m->trial_end - now));
	wait = sooner(wait, control_wait(&m->control, now));
	if (m->porch.pause > now)
		wait = sooner(wait, (int)(m->porch.pause - now));
	return wait;
}

/* -1 is never. */
static int
sooner(int a, int b)
{
	return a == -1 || (b != -1 && b < a) ? b : a;
}

static int
hear_named(void *porch, struct child *worker, struct ipc_msg *msg)
{
	return porch_named(porch, worker, msg, now_ms());
}

static void
take_signals(struct master *m, uint64_t now)
{
	int sig;

	while ((sig = sig_next(m->signals)) != 0) {
		switch (sig) {
		case SIGCHLD:
			reap(m, now);
			break;
		case SIGHUP:
			reload(m, now);
			break;
		case SIGTERM:
			stop(m, false, now);
			break;
		case SIGINT:
			stop(m, true, now);
			break;
		}
	}
}

/*
 * What a child said before it died is heard while its number is still its own:
 * who is killed for it is a zombie, never another process of that number.
 */
static void
reap(struct master *m, uint64_t now)
{
	siginfo_t who;
	int status;

	for (;;) {
		who.si_pid = 0;
		if (waitid(P_ALL, 0, &who, WEXITED | WNOHANG | WNOWAIT) == -1 ||
		    who.si_pid == 0)
			return;
		brood_last_words(&m->brood, who.si_pid);
		if (waitpid(who.si_pid, &status, 0) == -1)
			return;
		if (who.si_pid == m->trial)
			tried(m, status);
		else
			brood_reap(&m->brood, who.si_pid, status, now);
	}
}

/* Whether it is time for the next phase, or for the end of a reload. */
static void
advance(struct master *m, uint64_t now)
{
	/* Once there is a logger our lines go where all lines go. */
	if (!m->logged && m->brood.v[0].hello) {
		log_init(m->log, "master");
		m->logged = true;
	}
	drain_turn(&m->brood, now);
	if (m->trial != 0 && now >= m->trial_end)
		(void)kill(m->trial, SIGKILL);
	if (m->renew && m->phase == PHASE_RUN && m->brood.drain == DRAIN_NONE)
		renew(m, now);
	if (m->phase == PHASE_START) {
		if (brood_ready(&m->brood))
			started(m);
		else if (m->brood.heir)
			start_on(m, now);
		else if (m->brood.failed || now >= m->deadline) {
			log_line(LOG_LEVEL_ERR, "cannot start: %s",
			    m->brood.failed ? "a process ended at once"
					    : "a process does not answer");
			m->status = 1;
			stop(m, true, now);
		}
	} else if (m->phase > PHASE_RUN)
		advance_stop(m, now);
	else if (m->reloading)
		watch_reload(m, now);
	else if (m->retry != 0 ? now >= m->retry && !m->only : m->again)
		reload(m, now);
	else if (now >= (m->retry != 0 ? m->retry : m->look))
		look(m, now);
}

/* For the sake of the old generation's clients an heir never gives up. */
static void
start_on(struct master *m, uint64_t now)
{
	m->brood.failed = false;
	if (now < m->deadline)
		return;
	m->deadline = now + START_LIMIT;
	log_line(
	    LOG_LEVEL_ERR, "not all processes are there yet, newcomers wait");
}

static void
started(struct master *m)
{
	const struct settings *set = &m->brood.boot.set;

	m->phase = PHASE_RUN;
	m->brood.ready = true;
	moves_begin(&m->brood);
	write_pids(m);
	log_line(LOG_LEVEL_NOTICE, "ready, version %s, %u workers", VERSION,
	    set->workers);
	if (!m->brood.boot.privileged)
		log_line(LOG_LEVEL_NOTICE,
		    "not started by root: all processes run as uid %u, "
		    "without jails",
		    (unsigned)getuid());
	machine_tell();
	if (m->local_errno != 0)
		log_line(LOG_LEVEL_WARN,
		    "no notify socket: %s: %s; programs that deliver mail are "
		    "heard of through inotify only",
		    set->notifysocket, strerror(m->local_errno));
	if (m->control_errno != 0)
		log_line(LOG_LEVEL_WARN,
		    "no control socket: %s: %s; imapctl cannot ask the server",
		    set->controlsocket, strerror(m->control_errno));
	notify_systemd("READY=1");
	if (m->ready != -1) {
		(void)!write(m->ready, "", 1);
		close(m->ready);
		m->ready = -1;
		detach();
	}
}

/* One master has both ports: who looks for Courier's other one finds it. */
static void
write_pids(const struct master *m)
{
	const struct settings *set = &m->brood.boot.set;

	if (!m->brood.heir && pidfile_write(set->pidfile) == -1)
		log_line(
		    LOG_LEVEL_ERR, "%s: %s", set->pidfile, strerror(errno));
	if (set->sslpidfile[0] != '\0' && set->view[1].start != 0 &&
	    pidfile_also(set->sslpidfile) == -1)
		log_line(LOG_LEVEL_WARN, "SSLPIDFILE %s: %s", set->sslpidfile,
		    errno == EEXIST ? "another server's, left as it is"
				    : strerror(errno));
}

/* A daemon lets go of the terminal only now: until here it could complain. */
static void
detach(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1)
		return;
	for (int i = 0; i < 3; i++)
		(void)dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void
reload(struct master *m, uint64_t now)
{
	static struct notes notes;
	const struct settings *running = &m->brood.boot.set;
	const char *name;
	size_t i = 0;
	int certs = -1;

	if (m->phase != PHASE_RUN)
		return;
	m->again = m->reloading;
	if (m->reloading)
		return;
	m->retry = 0;
	m->only = false;
	notify_systemd("RELOADING=1");
	note_done(&notes);
	if (settings_load(running->config, &m->next, &notes) == 0) {
		m->next.log_stderr = running->log_stderr;
		while ((name = settings_keep(running, &m->next, &i)) != NULL)
			log_line(LOG_LEVEL_WARN,
			    "%s has changed: that needs a restart", name);
		certs_look(&m->next, &m->newstamp, &(time_t){0});
		if (check_settings(
			&m->next, m->brood.boot.privileged != 0, &notes) == 0)
			(void)certs_read(&m->next, &certs, &notes);
	}
	log_notes(&notes);
	if (notes.errors > 0) {
		log_line(LOG_LEVEL_ERR,
		    "reload: %zu errors, nothing is changed", notes.errors);
		if (certs != -1)
			close(certs);
		notify_systemd("READY=1");
		return;
	}
	if (certs_same(certs, m->brood.certs) || certs == -1) {
		if (certs != -1)
			close(certs);
		m->stamp = m->newstamp;
		apply(m);
		return;
	}
	brood_try_certs(&m->brood, certs);
	m->reloading = true;
	m->reload_deadline = now + CERTS_LIMIT;
}

/* Certificates are renewed by programs that may know nothing of us. */
static void
look(struct master *m, uint64_t now)
{
	static struct notes notes;
	const struct settings *running = &m->brood.boot.set;
	int certs = -1;

	m->retry = 0;
	m->look = now + running->tls_check * 1000u;
	certs_look(running, &m->newstamp, &(time_t){0});
	if (m->newstamp == m->stamp)
		return;
	note_done(&notes);
	if (certs_read(running, &certs, &notes) == -1)
		log_notes(&notes);
	if (certs == -1 || certs_same(certs, m->brood.certs)) {
		if (certs != -1)
			close(certs);
		m->stamp = m->newstamp;
		return;
	}
	m->next = *running;
	m->only = true;
	brood_try_certs(&m->brood, certs);
	m->reloading = true;
	m->reload_deadline = now + CERTS_LIMIT;
}

static void
log_notes(const struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		log_line(notes->v[i].kind == NOTE_ERROR ? LOG_LEVEL_ERR
							: LOG_LEVEL_WARN,
		    "%s", notes->v[i].text);
}

static void
watch_reload(struct master *m, uint64_t now)
{
	char why[256] = "no answer from a worker";
	enum brood_certs state = brood_certs(&m->brood, why, sizeof(why));

	if (state == BROOD_CERTS_TRYING && now < m->reload_deadline)
		return;
	m->reloading = false;
	brood_settle_certs(&m->brood, state == BROOD_CERTS_GOOD);
	if (state != BROOD_CERTS_GOOD) {
		refused(m, why, now);
		return;
	}
	m->stamp = m->newstamp;
	m->told_young = false;
	if (m->only)
		log_line(LOG_LEVEL_NOTICE, "certificates are read again");
	else
		apply(m);
}

/* The other one of certificate and key may be on its way: a minute's grace. */
static void
refused(struct master *m, const char *why, uint64_t now)
{
	if (certs_excused(&m->next, why, time(NULL))) {
		if (!m->told_young)
			log_line(LOG_LEVEL_NOTICE,
			    "certificates: %s; the files are new, so this is "
			    "tried again for a minute",
			    why);
		m->told_young = true;
		m->retry = now + YOUNG_AGAIN;
	} else {
		log_line(LOG_LEVEL_ERR,
		    "%scertificates: %s; nothing is changed",
		    m->only ? "" : "reload: ", why);
		m->told_young = false;
		m->stamp = m->only ? m->newstamp : m->stamp;
	}
	notify_systemd("READY=1");
}

static void
apply(struct master *m)
{
	static struct notes notes; /* told when the settings were checked */
	struct access *access = access_load(m->next.accessfile, &notes);

	m->brood.boot.set = m->next;
	listen_again(&m->porch.listeners, &m->next);
	if (access != NULL) {
		access_free(m->porch.access);
		m->porch.access = access;
	}
	note_done(&notes);
	machine_files(&m->next);
	brood_settings(&m->brood);
	if (renew_look() != m->programs)
		renew(m, now_ms());
	log_line(LOG_LEVEL_NOTICE, "settings are reloaded");
	notify_systemd("READY=1");
}

/* The programs are new ones: are they fit to take our place? */
static void
renew(struct master *m, uint64_t now)
{
	static struct handover h;

	m->renew = m->brood.drain != DRAIN_NONE;
	if (m->renew) {
		log_line(LOG_LEVEL_NOTICE,
		    "the programs are new ones again: they are used when the "
		    "processes before the last upgrade have gone");
		return;
	}
	if (m->trial != 0)
		return;
	log_line(LOG_LEVEL_NOTICE, "the programs are new ones, they are tried");
	hand_over(m, &h);
	m->trial = renew_try(&h);
	m->trial_end = now + RENEW_MS;
	if (m->trial == -1) {
		m->trial = 0;
		log_line(LOG_LEVEL_ERR, "cannot try the new programs: %s",
		    strerror(errno));
	}
}

static void
tried(struct master *m, int status)
{
	static struct handover h;

	m->trial = 0;
	if (m->phase != PHASE_RUN)
		return;
	if (status != 0) {
		log_line(LOG_LEVEL_ERR,
		    "the new programs are not used, nothing is changed: their "
		    "trial ended with %s %d",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
		return;
	}
	log_line(LOG_LEVEL_NOTICE, "the new programs take over");
	hand_over(m, &h);
	(void)renew_exec(&h);
	log_line(LOG_LEVEL_ERR,
	    "the new programs are not used, nothing is changed: %s",
	    strerror(errno));
}

static void
hand_over(const struct master *m, struct handover *h)
{
	const struct brood *b = &m->brood;

	memset(h, 0, sizeof(*h));
	(void)strlcpy(h->config, b->boot.set.config, sizeof(h->config));
	(void)strlcpy(h->pidfile, b->boot.set.pidfile, sizeof(h->pidfile));
	h->foreground = b->boot.set.log_stderr;
	h->lock = m->lock;
	h->log[0] = b->log;
	h->log[1] = m->log;
	h->notify = b->local;
	h->control = m->control.fd;
	h->started = m->control.started;
	h->incarnations = b->incarnations;
	memcpy(h->key, b->key, sizeof(h->key));
	h->listeners = m->porch.listeners;
	h->admit = b->admit;
	for (int i = 0; i < BROOD_MAX; i++)
		if (b->v[i].pid != 0)
			h->children[h->nchildren++] = b->v[i];
}

static void
stop(struct master *m, bool fast, uint64_t now)
{
	uint32_t seconds = fast ? FAST_LIMIT : m->brood.boot.set.stop_timeout;

	/* A fast stop may follow a graceful one. */
	if (m->phase > PHASE_STOP_WORKERS ||
	    (m->phase == PHASE_STOP_WORKERS && (m->fast || !fast)))
		return;
	m->fast = fast;
	log_line(LOG_LEVEL_NOTICE, "stopping%s", fast ? " fast" : "");
	notify_systemd("STOPPING=1");
	listen_close(&m->porch.listeners);
	if (m->brood.local != -1)
		local_remove(m->brood.boot.set.notifysocket);
	if (m->control.fd != -1)
		local_remove(m->brood.boot.set.controlsocket);
	control_close(&m->control);
	m->brood.stopping = true;
	m->phase = PHASE_STOP_WORKERS;
	m->deadline = now + seconds * 1000u;
	brood_stop(&m->brood, BOOT_WORKER, fast, seconds);
}

/* Workers end first, then who serves them, the logger last. */
static void
advance_stop(struct master *m, uint64_t now)
{
	bool late = now >= m->deadline;

	if (m->phase == PHASE_STOP_WORKERS) {
		if (brood_count(&m->brood, BOOT_WORKER) > 0 && !late)
			return;
		brood_kill(&m->brood, BOOT_WORKER);
		for (enum boot_role r = BOOT_AUTH; r <= BOOT_WATCH; r++)
			brood_stop(&m->brood, r, true, SERVANTS_MS / 1000);
		m->phase = PHASE_STOP_SERVANTS;
		m->deadline = now + SERVANTS_MS;
	} else if (m->phase == PHASE_STOP_SERVANTS) {
		if (brood_count(&m->brood, BOOT_ANY) >
			brood_count(&m->brood, BOOT_LOG) &&
		    !late)
			return;
		for (enum boot_role r = BOOT_AUTH; r <= BOOT_WATCH; r++)
			brood_kill(&m->brood, r);
		log_line(LOG_LEVEL_NOTICE, "stopped");
		/* The logger ends when its last channel does. */
		log_init(-1, "master");
		close(m->log);
		brood_stop(&m->brood, BOOT_LOG, true, 1);
		m->phase = PHASE_STOP_LOG;
		m->deadline = now + SERVANTS_MS;
	} else if (brood_count(&m->brood, BOOT_ANY) == 0 || late) {
		brood_kill(&m->brood, BOOT_ANY);
		m->phase = PHASE_END;
	}
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
