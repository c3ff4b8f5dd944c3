/*
 * The spawner and a worker that has been taken over: what that one cannot do to
 * others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shm/limits.h"
#include "t/unit/spawner_house.h"

#define LATER  200 /* ms: no room was made meanwhile */
#define ENOUGH 100000

static int lines = -1; /* where the spawner's log lines come out */

/* START for a client that is counted already, which needs no session. */
static int
ask(int worker, uint64_t conn)
{
	uint8_t sealed[TICKET_MAX];
	size_t len = ticket_seal(&ticket, key, sealed, sizeof(sealed));
	struct ipc_put put;

	ipc_begin(&put, IPC_START);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, 0);
	ipc_put_bytes(&put, sealed, len);
	return ipc_send_wait(workers[worker], &put, NULL, 0, LATER);
}

/* Who does not read its answers waits for them, and nobody else does. */
static void
a_worker_that_does_not_read_keeps_nobody_waiting(void **state)
{
	struct report r;
	unsigned asked = 0, told = 0;

	(void)state;
	close(wants_session(0, 5, &r));
	while (ask(0, 5) == 0 && asked < ENOUGH)
		asked++;
	assert_in_range(asked, 2, ENOUGH - 1);
	ticket.worker = 1;
	ticket.incarnation = 71;
	ticket.conn = 6;
	close(wants_session(1, 6, &r));
	/* It was only slow: each answer is there, and it is served as before.
	 */
	while (told < asked) {
		await(workers[0], BOOT_SPAWNER, BOOT_WORKER);
		assert_int_equal(msg.type, IPC_STARTED);
		told++;
	}
	ticket.worker = 0;
	ticket.incarnation = 70;
	ticket.conn = 5;
	close(wants_session(0, 5, &r));
}

static void
a_ticket_is_no_source_of_sessions_without_end(void **state)
{
	const int most = 2 * 3 + NURSERY_MORE;
	int control[2 * 3 + NURSERY_MORE], i;
	struct report r;

	(void)state;
	for (i = 0; i < most; i++)
		control[i] = wants_session(0, 5, &r);
	wants_refusal(0, 5, IPC_REFUSED_UNAVAILABLE);
	/* Nobody else's are concerned. */
	strcpy(ticket.owner.user, "bob");
	ticket.conn = 6;
	close(wants_session(0, 6, &r));
	/* And one that ends makes room. */
	strcpy(ticket.owner.user, "alice");
	ticket.conn = 5;
	close(control[0]);
	for (i = 0; i < 100; i++) {
		show(0, 5, true, &control[0]);
		if (msg.type == IPC_STARTED)
			break;
		close(control[0]);
		(void)poll(NULL, 0, 50);
	}
	assert_in_range(i, 0, 99);
	for (i = 0; i < most; i++)
		close(control[i]);
}

static unsigned
lines_with(const char *text)
{
	char line[LOG_LINE_MAX + 64];
	unsigned n = 0;
	ssize_t len;

	while ((len = recv(lines, line, sizeof(line) - 1, MSG_DONTWAIT)) > 0) {
		line[len] = '\0';
		n += strstr(line, text) != NULL;
	}
	return n;
}

/* The spawner's measure of lines is for others' trouble, too. */
static void
the_log_is_not_filled_by_one_worker(void **state)
{
	struct ipc_put put;

	(void)state;
	ticket.time -= TICKET_AGE + 100;
	(void)lines_with("");
	for (int i = 0; i < 100; i++)
		wants_refusal(0, 5, IPC_REFUSED_TICKET);
	assert_in_range(lines_with("ticket refused"), 1, 10);
	for (int i = 0; i < 100; i++) {
		ipc_begin(&put, IPC_RESEAL);
		ipc_put_u64(&put, 5);
		ipc_put_bytes(&put, "x", 1);
		assert_int_equal(ipc_send(workers[1], &put, NULL, 0), 0);
		await(workers[1], BOOT_SPAWNER, BOOT_WORKER);
	}
	assert_in_range(lines_with("is refused"), 1, 10);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_worker_that_does_not_read_keeps_nobody_waiting),
	    TEST(a_ticket_is_no_source_of_sessions_without_end),
	    HEIR(the_log_is_not_filled_by_one_worker),
	};
	int fds[2];

	house(argc, argv);
	if (log_pair(fds) == -1 || dup2(fds[1], BOOT_FD_LOG) == -1)
		return 99;
	lines = fds[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
