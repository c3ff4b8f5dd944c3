/* The spawner counts: clients of an account, parked, inherited, of dead
 * workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/spawner_house.h"

static void
maxperuser_counts_clients_of_an_account(void **state)
{
	struct ipc_get get;
	struct report r;
	int control;

	(void)state;
	for (ticket.conn = 1; ticket.conn <= 2; ticket.conn++)
		close(wants_session(0, ticket.conn, &r));
	/* The third has a session already: counted, nothing started. */
	show(0, 3, false, NULL);
	assert_int_equal(msg.type, IPC_STARTED);
	ticket.conn = 4;
	show(0, 4, true, &control);
	close(control);
	assert_int_equal(msg.type, IPC_REFUSED);
	ipc_open(&get, &msg);
	ipc_get_u64(&get);
	assert_int_equal(ipc_get_u32(&get), IPC_REFUSED_LIMIT);
	assert_int_equal(ipc_get_u32(&get), 3);
	assert_int_equal(ipc_get_u32(&get), 3);
	/* Another account is not concerned; one that ends makes place. */
	strcpy(ticket.owner.user, "bob");
	ticket.conn = 5;
	close(wants_session(0, 5, &r));
	strcpy(ticket.owner.user, "alice");
	ended(0, 3);
	ticket.conn = 6;
	close(wants_session(0, 6, &r));
	ticket.conn = 7;
	wants_refusal(0, 7, IPC_REFUSED_LIMIT);
}

static void
answers(int worker, enum ipc_type type, uint64_t conn)
{
	struct ipc_put put;

	ipc_begin(&put, type);
	ipc_put_u64(&put, conn);
	assert_int_equal(ipc_send(workers[worker], &put, NULL, 0), 0);
}

static void
is_told(enum ipc_type type, uint64_t conn)
{
	struct ipc_get get;

	assert_string_equal(ipc_name(msg.type), ipc_name(type));
	ipc_open(&get, &msg);
	assert_int_equal(ipc_get_u64(&get), conn);
}

static void
a_parked_client_makes_place_across_workers(void **state)
{
	struct report r;
	int control;

	(void)teardown(state);
	yields = 1;
	assert_int_equal(setup(state), 0);
	yields = 0;
	ticket.conn = 1;
	close(wants_session(0, 1, &r));
	ticket.worker = 1;
	ticket.incarnation = 71;
	ticket.conn = 2;
	close(wants_session(1, 2, &r));
	ticket.worker = 0;
	ticket.incarnation = 70;
	ticket.conn = 3;
	close(wants_session(0, 3, &r));
	ticket.conn = 4;
	show(0, 4, true, &control);
	is_told(IPC_YIELD, 1);
	answers(0, IPC_KEPT, 1);
	await(workers[1], BOOT_SPAWNER, BOOT_WORKER);
	is_told(IPC_YIELD, 2);
	answers(1, IPC_ENDED, 2);
	await(workers[0], BOOT_SPAWNER, BOOT_WORKER);
	is_told(IPC_STARTED, 4);
	assert_int_equal(recv(control, &r, sizeof(r), 0), sizeof(r));
	close(control);
	/* Nobody is parked. */
	ticket.conn = 5;
	show(0, 5, true, &control);
	for (uint64_t conn = 1; conn <= 4; conn++) {
		if (conn == 2)
			continue;
		is_told(IPC_YIELD, conn);
		answers(0, IPC_KEPT, conn);
		await(workers[0], BOOT_SPAWNER, BOOT_WORKER);
	}
	is_told(IPC_REFUSED, 5);
	close(control);
}

static void
a_dead_workers_clients_are_not_counted(void **state)
{
	struct report r;

	(void)state;
	ticket.worker = 1;
	ticket.incarnation = 71;
	for (ticket.conn = 1; ticket.conn <= 3; ticket.conn++)
		close(wants_session(1, ticket.conn, &r));
	ticket.conn = 4;
	wants_refusal(1, 4, IPC_REFUSED_LIMIT);
	close(workers[1]);
	add_worker(1, 72, &workers[1]);
	ticket.incarnation = 72;
	close(wants_session(1, 4, &r));
}

/* Parked and woken, it counts as before, and its ticket has no age. */
static void
a_counted_connection_gets_another_session(void **state)
{
	struct report r;

	(void)state;
	close(wants_session(0, 5, &r));
	close(wants_session(0, 5, &r));
	ticket.time -= TICKET_AGE + 100;
	close(wants_session(0, 5, &r));
	ended(0, 5);
	wants_refusal(0, 5, IPC_REFUSED_TICKET);
	ticket.time += TICKET_AGE + 100;
	close(wants_session(0, 5, &r));
}

/* ... but not as another account's. */
static void
a_counted_connection_stays_its_accounts(void **state)
{
	struct report r;

	(void)state;
	close(wants_session(0, 5, &r));
	strcpy(ticket.owner.user, "bob");
	wants_refusal(0, 5, IPC_REFUSED_UNAVAILABLE);
}

/* Worker 40 of the old generation has offered it to ours of that number. */
static void
send_heir(uint64_t conn, uint32_t to)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_HEIR);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, 40);
	ipc_put_u64(&put, 33);
	ipc_put_u32(&put, to);
	ipc_put_u64(&put, 70 + to);
	assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
}

/* Shows the ticket as an old one; what came is in "ticket" if it was taken. */
static bool
reseal(int worker, uint64_t conn, const uint8_t *with)
{
	uint8_t sealed[TICKET_MAX];
	size_t len = ticket_seal(&ticket, with, sealed, sizeof(sealed));
	const uint8_t *got;
	struct ipc_put put;
	struct ipc_get get;
	char user[256];

	ipc_begin(&put, IPC_RESEAL);
	ipc_put_u64(&put, conn);
	ipc_put_bytes(&put, sealed, len);
	assert_int_equal(ipc_send(workers[worker], &put, NULL, 0), 0);
	await(workers[worker], BOOT_SPAWNER, BOOT_WORKER);
	assert_int_equal(msg.type, IPC_RESEALED);
	ipc_open(&get, &msg);
	assert_int_equal(ipc_get_u64(&get), conn);
	ipc_get_str(&get, user, sizeof(user));
	got = ipc_get_bytes(&get, &len, TICKET_MAX);
	assert_int_equal(ipc_done(&get), 0);
	if (len == 0)
		return false;
	assert_string_equal(user, ticket.owner.user);
	assert_int_equal(ticket_open(got, len, key, &ticket), 0);
	return true;
}

/* As the old auth has sealed it, hours ago. */
static void
old_ticket(uint64_t conn)
{
	ticket.time = (uint64_t)time(NULL) - 7200;
	ticket.worker = 40;
	ticket.incarnation = 33;
	ticket.conn = conn;
}

static void
an_inherited_ticket_is_sealed_again(void **state)
{
	uint64_t when;
	struct report r;

	(void)state;
	old_ticket(5);
	when = ticket.time;
	send_heir(5, 1);
	assert_true(reseal(1, 5, old_key));
	assert_int_equal(ticket.worker, 1);
	assert_int_equal(ticket.incarnation, 71);
	assert_int_equal(ticket.conn, 5);
	assert_int_equal(ticket.time, when); /* imapctl kick voids it still */
	assert_string_equal(ticket.owner.maildir, dir);
	close(wants_session(1, 5, &r));
	assert_string_equal(r.user, "alice");
}

static void
an_inherited_ticket_must_be_vouched_for(void **state)
{
	struct ipc_put put;

	(void)state;
	old_ticket(5);
	assert_false(reseal(0, 5, old_key)); /* nobody has said so */
	send_heir(5, 1);
	assert_false(reseal(0, 5, old_key)); /* of another worker */
	assert_false(reseal(1, 6, old_key)); /* of another connection */
	send_heir(6, 1);
	assert_false(reseal(1, 6, old_key)); /* sealed for another one */
	ticket.worker = 41;
	assert_false(reseal(1, 5, old_key)); /* who offered it had no right */
	old_ticket(5);
	assert_false(reseal(1, 5, old_key)); /* and each word holds once */
	send_heir(5, 1);
	ticket.incarnation = 34;
	assert_false(reseal(1, 5, old_key));
	old_ticket(5);
	send_heir(5, 1);
	assert_false(reseal(1, 5, key)); /* ours are not theirs */
	send_heir(5, 1);
	ipc_begin(&put, IPC_NOTBEFORE);
	ipc_put_str(&put, "alice");
	ipc_put_u64(&put, ticket.time);
	assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
	assert_false(reseal(1, 5, old_key)); /* it was ended meanwhile */
	ticket.time++;
	send_heir(5, 1);
	assert_true(reseal(1, 5, old_key)); /* the worker is still there */
	/* The old key opens nothing but that. */
	old_ticket(7);
	ticket.worker = 1;
	ticket.incarnation = 71;
	ticket.time = (uint64_t)time(NULL);
	memcpy(key, old_key, sizeof(key));
	wants_refusal(1, 7, IPC_REFUSED_TICKET);
	memcpy(key, "thirty-two bytes of a ticket key", sizeof(key));
	is_dropped(1);
}

/* Those who were let in stay in, and count. */
static void
an_inherited_client_counts_whatever_the_limit(void **state)
{
	struct report r;

	(void)state;
	for (uint64_t i = 1; i <= 4; i++) {
		old_ticket(i);
		send_heir(i, 0);
		assert_true(reseal(0, i, old_key));
	}
	ticket.time = (uint64_t)time(NULL);
	ticket.conn = 9;
	wants_refusal(0, 9, IPC_REFUSED_LIMIT);
	ended(0, 1);
	ended(0, 2);
	close(wants_session(0, 9, &r));
}

/* START for one that needs no session: what the spawner says. */
static enum ipc_type
counts(uint64_t conn)
{
	show(0, conn, false, NULL);
	while (msg.type == IPC_RESEALED) /* it was its number's old owner's */
		await(workers[0], BOOT_SPAWNER, BOOT_WORKER);
	return msg.type;
}

/* START of long ago: refused, and no crime. */
static void
ask_in_vain(uint64_t incarnation)
{
	uint8_t sealed[TICKET_MAX];
	struct ticket old = ticket;
	struct ipc_put put;
	size_t len;

	old.worker = 0;
	old.incarnation = incarnation;
	len = ticket_seal(&old, key, sealed, sizeof(sealed));
	ipc_begin(&put, IPC_START);
	ipc_put_u64(&put, 5);
	ipc_put_u32(&put, 0);
	ipc_put_bytes(&put, sealed, len);
	assert_int_equal(ipc_send(workers[0], &put, NULL, 0), 0);
}

/*
 * The heir dies while its RESEAL is being read: its number's new owner gets
 * neither the ticket nor a place that nobody would ever give back. The spawner
 * is stopped somewhere in its round, which is before the RESEAL often enough.
 */
static void
what_a_dead_heir_asked_for_is_nobodys(void **state)
{
	uint8_t sealed[TICKET_MAX];
	struct ipc_put put;
	size_t len;
	int dead;

	(void)state;
	for (uint64_t try = 0; try < 200; try++) {
		old_ticket(5);
		len = ticket_seal(&ticket, old_key, sealed, sizeof(sealed));
		kill(spawner, SIGSTOP);
		for (int i = 0; i < 50; i++)
			ask_in_vain(70 + try);
		ipc_begin(&put, IPC_RESEAL);
		ipc_put_u64(&put, 5);
		ipc_put_bytes(&put, sealed, len);
		assert_int_equal(ipc_send(workers[0], &put, NULL, 0), 0);
		kill(spawner, SIGCONT);
		usleep((useconds_t)(try % 20) * 100);
		kill(spawner, SIGSTOP);
		ipc_begin(&put, IPC_HEIR);
		ipc_put_u64(&put, 5);
		ipc_put_u32(&put, 40);
		ipc_put_u64(&put, 33);
		ipc_put_u32(&put, 0);
		ipc_put_u64(&put, 70 + try);
		assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
		dead = workers[0];
		add_worker(0, 71 + try, &workers[0]);
		kill(spawner, SIGCONT);
		ticket.time = (uint64_t)time(NULL);
		ticket.worker = 0;
		ticket.incarnation = 71 + try;
		strcpy(ticket.owner.user, "bob");
		if (counts(5) != IPC_STARTED)
			fail_msg("try %d: somebody has its place", (int)try);
		strcpy(ticket.owner.user, "alice");
		close(dead);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(maxperuser_counts_clients_of_an_account),
	    TEST(a_parked_client_makes_place_across_workers),
	    TEST(a_dead_workers_clients_are_not_counted),
	    TEST(a_counted_connection_gets_another_session),
	    TEST(a_counted_connection_stays_its_accounts),
	    HEIR(an_inherited_ticket_is_sealed_again),
	    HEIR(an_inherited_ticket_must_be_vouched_for),
	    HEIR(an_inherited_client_counts_whatever_the_limit),
	    HEIR(what_a_dead_heir_asked_for_is_nobodys),
	};

	house(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
