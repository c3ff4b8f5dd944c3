/*
 * A worker that has been taken over, in the place of imapd-worker, beside
 * honest ones. It says HELLO like them, takes no clients, waits until the file
 * "go" is in the folder $EVIL, and then does its one deed: number $EVIL_BASE
 * plus its worker number; from SLY on those that have their right form and are
 * lies. What became of it is written to $EVIL/N: its pid, then "alive" if it
 * was not ended for it. Whoever comes for a number that was tried, or from
 * $EVIL_MANY on, is the real program beside this one, imapd-honest. For
 * t/site.d/taken.sh.
 *
 *     worker --count       how many wrong messages there are
 */
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "auth/ticket.h"
#include "t/evil/wrong.h"

#define SLY     1000
#define WAIT_MS 20000
#define CONN    77

static struct ipc_msg msg;
static struct boot boot;
static int channel[BOOT_ROLES], report = -1;
static char folder[2048];
static uint8_t ticket[TICKET_MAX];
static size_t nticket;

static void say(const char *, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vdprintf(report, fmt, ap);
	va_end(ap);
}

static bool
there(const char *name)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static void
be_honest(char **argv)
{
	char self[4096], path[4200];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		(void)snprintf(
		    path, sizeof(path), "%s/imapd-honest", dirname(self));
		(void)execv(path, argv);
	}
	_exit(127);
}

/* The report's descriptor, once for each number; -1. */
static int
claim(unsigned deed)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%u", folder, deed);
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}

static void
send_u32(int to, enum ipc_type type, uint32_t a, uint32_t b)
{
	struct ipc_put put;

	ipc_begin(&put, type);
	ipc_put_u32(&put, a);
	ipc_put_u32(&put, b);
	(void)ipc_send_wait(to, &put, NULL, 0, 5000);
}

static void
send_u64(int to, enum ipc_type type, uint64_t a)
{
	struct ipc_put put;

	ipc_begin(&put, type);
	ipc_put_u64(&put, a);
	(void)ipc_send_wait(to, &put, NULL, 0, 5000);
}

/* What comes before the deed: a worker that has no room for clients. */
static void
behave(void)
{
	struct ipc_put put;
	struct ipc_get g;
	uint32_t role;
	int r;

	send_u32(BOOT_FD_PARENT, IPC_HELLO, IPC_VERSION, BOOT_WORKER);
	send_u64(BOOT_FD_PARENT, IPC_FULL, 1);
	while (!there("go")) {
		r = wrong_await(
		    BOOT_FD_PARENT, BOOT_WORKER, BOOT_MASTER, &msg, 20);
		if (r == 0)
			_exit(0);
		if (r == -1)
			continue;
		if (msg.type == IPC_PEER) {
			ipc_open(&g, &msg);
			role = ipc_get_u32(&g);
			if (role < BOOT_ROLES)
				channel[role] = ipc_take_fd(&msg, 0);
		} else if (msg.type == IPC_CERTS) {
			ipc_begin(&put, IPC_CERTS_OK);
			ipc_put_u32(&put, 1);
			ipc_put_str(&put, "");
			(void)ipc_send_wait(
			    BOOT_FD_PARENT, &put, NULL, 0, 5000);
		}
		ipc_drop(&msg);
	}
	channel[BOOT_MASTER] = BOOT_FD_PARENT;
}

/* A right password passes through it: its ticket is real. */
static bool
get_ticket(const char *user, uint64_t conn)
{
	struct ipc_put put;
	struct ipc_get g;
	const uint8_t *p;
	char name[256];

	ipc_begin(&put, IPC_ASK);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, 0);
	ipc_put_str(&put, "imap");
	ipc_put_str(&put, "127.0.0.1");
	ipc_put_u32(&put, 143);
	ipc_put_str(&put, "LOGIN");
	ipc_put_str(&put, "");
	ipc_put_bytes(&put, user, strlen(user));
	ipc_put_bytes(&put, "demo", 4);
	(void)ipc_send(channel[BOOT_AUTH], &put, NULL, 0);
	if (wrong_await(channel[BOOT_AUTH], BOOT_WORKER, BOOT_AUTH, &msg,
		WAIT_MS) != 1 ||
	    msg.type != IPC_YES)
		return false;
	ipc_open(&g, &msg);
	(void)ipc_get_u64(&g);
	ipc_get_str(&g, name, sizeof(name));
	p = ipc_get_bytes(&g, &nticket, sizeof(ticket));
	if (ipc_done(&g) == -1)
		return false;
	memcpy(ticket, p, nticket);
	return true;
}

/* Our end of a session's channel, or -1 if the spawner refuses. */
static int
start(uint64_t conn)
{
	struct ipc_put put;
	int pair[2];

	if (ipc_pair(pair) == -1)
		return -1;
	ipc_begin(&put, IPC_START);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, IPC_START_NEW);
	ipc_put_bytes(&put, ticket, nticket);
	(void)ipc_send(channel[BOOT_SPAWNER], &put, &pair[1], 1);
	(void)close(pair[1]);
	if (wrong_await(channel[BOOT_SPAWNER], BOOT_WORKER, BOOT_SPAWNER, &msg,
		WAIT_MS) == 1 &&
	    msg.type == IPC_STARTED)
		return pair[0];
	(void)close(pair[0]);
	return -1;
}

/* A client's stream for the session: ours. SERVE without, RESUME with a record.
 */
static int
hand_over(int control, const uint8_t *record, size_t n, const char *input)
{
	enum ipc_type type = record == NULL ? IPC_SERVE : IPC_RESUME;
	struct ipc_put put;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	ipc_begin(&put, type);
	ipc_put_u64(&put, CONN);
	ipc_put_u32(&put, 0);
	if (type == IPC_SERVE) {
		ipc_put_str(&put, "t");
		ipc_put_str(&put, "user0001");
	}
	ipc_put_str(&put, "127.0.0.1");
	ipc_put_u32(&put, 4711);
	ipc_put_u32(&put, type == IPC_SERVE ? 143 : 0);
	if (type == IPC_RESUME) {
		ipc_put_u64(&put, 0);
		ipc_put_str(&put, "");
		ipc_put_bytes(&put, record, n);
	}
	ipc_put_bytes(&put, input, strlen(input));
	(void)ipc_send(control, &put, &pair[1], 1);
	(void)close(pair[1]);
	return pair[0];
}

/* Parks a client of the account with INBOX selected; bytes of its record. */
static size_t
get_record(const char *user, uint8_t *out, size_t size)
{
	int control, stream, r = 0;
	const uint8_t *p = NULL;
	struct ipc_put put;
	struct ipc_get g;
	char tag[64];
	size_t n = 0;

	if (!get_ticket(user, CONN) || (control = start(CONN)) == -1)
		return 0;
	stream = hand_over(control, NULL, 0, "a SELECT INBOX\r\n");
	while (p == NULL && (r = wrong_await(control, BOOT_WORKER, BOOT_SESSION,
				 &msg, WAIT_MS)) == 1) {
		ipc_open(&g, &msg);
		if (msg.type == IPC_WISH) {
			ipc_begin(&put, IPC_GO);
			ipc_put_u64(&put, 0);
			ipc_put_u64(&put, 0);
			(void)ipc_send(control, &put, NULL, 0);
		} else if (msg.type == IPC_PARK) {
			for (int i = 0; i < 18; i++) /* up to the tag */
				(void)ipc_get_u32(&g);
			ipc_get_str(&g, tag, sizeof(tag));
			p = ipc_get_bytes(&g, &n, size);
		}
	}
	if (p != NULL)
		memcpy(out, p, n);
	(void)close(stream);
	(void)close(control);
	send_u64(channel[BOOT_SPAWNER], IPC_ENDED, CONN);
	return n;
}

/* All that the session says until it ends; -1: it does neither. */
static ssize_t
read_all(int stream, char *text, size_t size)
{
	struct pollfd p = {.fd = stream, .events = POLLIN};
	size_t n = 0;
	ssize_t r;

	while (n < size - 1) {
		if (poll(&p, 1, WAIT_MS) != 1)
			return -1;
		r = recv(stream, text + n, size - 1 - n, 0);
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	text[n] = '\0';
	return (ssize_t)n;
}

static const char *
resume(const uint8_t *record, size_t n)
{
	static char text[262144];
	int control = start(CONN), stream;
	const char *verdict = "refused";

	if (control == -1)
		return "nosession";
	stream = hand_over(control, record, n,
	    "x FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])\r\n"
	    "y LOGOUT\r\n");
	if (read_all(stream, text, sizeof(text)) == -1)
		verdict = "hangs";
	else if (strstr(text, "only-user0002") != NULL)
		verdict = "leaks";
	else if (strstr(text, "only-user0001") != NULL)
		verdict = "served";
	(void)close(stream);
	(void)close(control);
	return verdict;
}

/* E7: user0002's record for user0001, and his own with every bit wrong. */
static void
parked_states(void)
{
	static uint8_t mine[IPC_RECORD_MAX], other[IPC_RECORD_MAX], bad[4096];
	size_t nother = get_record("user0002", other, sizeof(other));
	size_t nmine = get_record("user0001", mine, sizeof(mine));

	say("records %zu %zu\n", nmine, nother);
	if (nmine == 0 || nmine > sizeof(bad) || nother == 0)
		return;
	/* The last ticket is of user0001. */
	say("own %s\n", resume(mine, nmine));
	say("another's %s\n", resume(other, nother));
	for (size_t i = 0; i < nmine; i++) {
		memcpy(bad, mine, nmine);
		bad[i] ^= (uint8_t)(1u << i % 8);
		say("edited %s\n", resume(bad, nmine));
	}
	for (size_t i = 0; i < nmine; i += 7)
		say("cut %s\n", resume(mine, i));
}

/* Every wrong message to a session: it ends, or is a session still. */
static void
wrong_to_sessions(void)
{
	static char text[65536];
	unsigned ended = 0, serves = 0;
	int control, stream;
	struct wrong w;

	if (!get_ticket("user0001", CONN))
		say("no ticket\n");
	for (unsigned i = 0; wrong_nth(BOOT_WORKER, BOOT_SESSION, i, &w); i++) {
		control = start(CONN);
		if (control == -1 || wrong_send(control, &w, BOOT_FD_LOG) == -1)
			say("not sent %u\n", i);
		stream = hand_over(control, NULL, 0, "y LOGOUT\r\n");
		if (read_all(stream, text, sizeof(text)) == -1)
			say("hangs %u type %u\n", i, w.type);
		else if (strstr(text, "y OK") != NULL)
			serves++;
		else
			ended++;
		(void)close(stream);
		(void)close(control);
	}
	say("%u ended, %u served\n", ended, serves);
	say("all sent\n");
}

static bool
save_ticket(void)
{
	char path[4096], tmp[4100];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/ticket", folder);
	(void)snprintf(tmp, sizeof(tmp), "%s.new", path);
	f = fopen(tmp, "wb");
	if (f == NULL)
		return false;
	(void)fwrite(ticket, 1, nticket, f);
	return fclose(f) == 0 && rename(tmp, path) == 0;
}

static bool
find_ticket(void)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/ticket", folder);
	for (int i = 0; i < 1000 && !there("ticket"); i++)
		(void)poll(NULL, 0, 20);
	f = fopen(path, "rb");
	if (f == NULL)
		return false;
	nticket = fread(ticket, 1, sizeof(ticket), f);
	return fclose(f) == 0 && nticket > 0;
}

/* Right in form: whoever does one of the first eleven must be ended for it. */
static void
lie(unsigned n)
{
	struct ipc_put put;

	switch (n) {
	case 0: /* another version */
		send_u32(
		    BOOT_FD_PARENT, IPC_HELLO, IPC_VERSION + 1, BOOT_WORKER);
		break;
	case 1: /* once more */
		send_u32(BOOT_FD_PARENT, IPC_HELLO, IPC_VERSION, BOOT_WORKER);
		break;
	case 2: /* another worker shall be ended: all there may be */
		for (uint64_t i = 0; i < 64; i++) {
			ipc_begin(&put, IPC_BLAME);
			ipc_put_u32(&put, 31);
			ipc_put_u64(&put, i);
			(void)ipc_send(BOOT_FD_PARENT, &put, NULL, 0);
		}
		break;
	case 3: /* an account shall be ended */
		ipc_begin(&put, IPC_KICK);
		ipc_put_u64(&put, 0);
		ipc_put_str(&put, "demo");
		(void)ipc_send(BOOT_FD_PARENT, &put, NULL, 0);
		break;
	case 4:
		send_u64(channel[BOOT_AUTH], IPC_ASK, CONN);
		break;
	case 5:
		send_u64(channel[BOOT_SPAWNER], IPC_START, CONN);
		break;
	case 6:
		send_u64(channel[BOOT_WATCH], IPC_WATCH, 1);
		break;
	case 7: /* a real ticket for another connection */
		if (get_ticket("user0001", CONN))
			(void)start(CONN + 1);
		break;
	case 8: /* ... and one that it changed */
		if (get_ticket("user0001", CONN))
			ticket[nticket / 2] ^= 1;
		(void)start(CONN);
		break;
	case 9: /* ... and one that another worker has had */
		if (find_ticket())
			(void)start(CONN);
		break;
	case 10:
		send_u64(channel[BOOT_SPAWNER], IPC_ASK, CONN);
		break;
	case 11: /* for the one that takes it */
		if (get_ticket("user0001", CONN) && save_ticket())
			say("saved\n");
		break;
	case 12: /* of clients that others have, and of none */
		for (uint64_t i = 0; i < 20000; i++) {
			send_u64(BOOT_FD_PARENT, IPC_CLOSED, i);
			send_u64(BOOT_FD_PARENT, IPC_LOGGEDIN, i);
		}
		say("flooded\n");
		break;
	case 15: /* nobody has asked */
		for (int i = 0; i < 5000; i++) {
			ipc_begin(&put, IPC_CERTS_OK);
			ipc_put_u32(&put, 0);
			ipc_put_str(&put, "a flood");
			(void)ipc_send_wait(
			    BOOT_FD_PARENT, &put, NULL, 0, 5000);
		}
		say("flooded\n");
		break;
	case 13:
		parked_states();
		break;
	case 14:
		wrong_to_sessions();
		break;
	default:
		break;
	}
}

int
main(int argc, char **argv)
{
	const char *base = getenv("EVIL_BASE"), *many = getenv("EVIL_MANY");
	const char *where = getenv("EVIL");
	struct wrong w;
	unsigned deed = 0;
	int r;

	if (argc == 2 && strcmp(argv[1], "--count") == 0) {
		while (wrong_nth(BOOT_WORKER, BOOT_MASTER, deed, &w))
			deed++;
		printf("%u\n", deed);
		return 0;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc != 1 || base == NULL || many == NULL || where == NULL ||
	    boot_read(dup(BOOT_FD_BOOT), &boot) == -1 ||
	    boot.number >= (unsigned)atoi(many))
		be_honest(argv);
	(void)snprintf(folder, sizeof(folder), "%s", where);
	deed = (unsigned)atoi(base) + boot.number;
	if ((report = claim(deed)) == -1)
		be_honest(argv);
	for (int i = 0; i < BOOT_ROLES; i++)
		channel[i] = -1;
	behave();
	say("%d\n", (int)getpid());
	if (deed >= SLY)
		lie(deed - SLY);
	else if (wrong_nth(BOOT_WORKER, BOOT_MASTER, deed, &w))
		(void)wrong_send(BOOT_FD_PARENT, &w, BOOT_FD_LOG);
	if (deed >= SLY + 11)
		say("alive\n");
	/* The end of the channel comes before, or with, our own. */
	while ((r = wrong_await(BOOT_FD_PARENT, BOOT_WORKER, BOOT_MASTER, &msg,
		    WAIT_MS)) == 1 &&
	       msg.type != IPC_STOP)
		ipc_drop(&msg);
	if (r != 0 && deed < SLY + 11)
		say("alive\n");
	return 0;
}
