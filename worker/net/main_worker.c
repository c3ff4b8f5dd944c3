/*
 * imapd-worker: one process of the pool. Started by the master only, with the
 * descriptors of shm/boot.h; signals are the master's business, its channel's
 * end is the order to leave.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "shm/boot.h"
#include "shm/ipc.h"
#include "shm/jail.h"
#include "shm/log.h"
#include "worker/net/certline.h"
#include "worker/net/tls.h"
#include "worker/net/worker.h"

static int try_certs(void);
static void inherit(struct boot *, int bells[BOOT_WORKERS]);
static void ignore_signals(void);
static void hello(void);

int
main(int argc, char **argv, char **envp)
{
	static struct boot boot;
	static int bells[BOOT_WORKERS];
	struct worker *w;

	setproctitle_init(argc, argv, envp);
	if (argc == 2 && strcmp(argv[1], "--certs") == 0)
		return try_certs();
	inherit(&boot, bells);
	ignore_signals();
	hello();
	setproctitle("worker %u", boot.number);
	/* Reads openssl.cnf, so before the root directory is empty. */
	if (tls_init() == -1)
		log_fatal("OpenSSL does not start");
	w = worker_new(&boot, BOOT_FD_PARENT, BOOT_FD_BOARD, bells);
	if (w == NULL)
		log_fatal("cannot begin: %s", strerror(errno));
	(void)close(BOOT_FD_BOARD);
	if (jail_enter(&boot) == -1)
		log_fatal("cannot enter the jail: %s", strerror(errno));
	while (worker_tick(w, -1))
		;
	worker_free(w);
	return 0;
}

/*
 * For imapd-master -t: whether the certificates at PARENT would be taken; if
 * so, a line for each that is one to warn of.
 */
static int
try_certs(void)
{
	static struct boot boot;
	struct tls_context *tls = NULL;
	char why[256] = "cannot begin", text[CERTLINE_MAX];
	struct tls_certificate c;

	if (boot_take(&boot) == -1 || boot.role != BOOT_WORKER)
		return 64;
	if (tls_init() == 0 && jail_enter(&boot) == 0)
		tls = tls_load(BOOT_FD_PARENT, why, sizeof(why));
	if (tls == NULL)
		(void)dprintf(BOOT_FD_LOG, "%s", why);
	for (size_t i = 0; tls != NULL && tls_certificate(tls, i, &c); i++)
		if (certline(&c, time(NULL), text))
			(void)dprintf(BOOT_FD_LOG, "%s\n", text);
	tls_forget(tls);
	return tls != NULL ? 0 : 1;
}

static void
inherit(struct boot *boot, int bells[BOOT_WORKERS])
{
	if (boot_read(BOOT_FD_BOOT, boot) == -1) {
		log_line(LOG_LEVEL_ERR,
		    "imapd-worker is started by imapd-master only");
		_exit(64);
	}
	log_init(BOOT_FD_LOG, "worker");
	if (boot->role != BOOT_WORKER || boot->number >= BOOT_WORKERS)
		log_fatal("not a worker's boot record");
	for (int i = 0; i < BOOT_WORKERS; i++)
		bells[i] = BOOT_FD_BELLS + i;
	for (int fd = BOOT_FD_PARENT; fd < BOOT_FD_BELLS + BOOT_WORKERS; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A signal to the whole group is acted on by the master alone. */
static void
ignore_signals(void)
{
	static const int signals[] = {
	    SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
	sigset_t none;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
hello(void)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_HELLO);
	ipc_put_u32(&put, IPC_VERSION);
	ipc_put_u32(&put, BOOT_WORKER);
	if (ipc_send_wait(BOOT_FD_PARENT, &put, NULL, 0, 5000) == -1)
		log_fatal("cannot greet the master: %s", strerror(errno));
}
