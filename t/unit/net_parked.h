/*
 * A client of a worker's test that parks: one session, its channel, and the
 * messages of both. Included after cmocka.h.
 */
#ifndef T_UNIT_NET_PARKED_H
#define T_UNIT_NET_PARKED_H

#include "t/unit/net_house.h"

#define RECORD "\2\0\0" /* of IPC_RECORD_VERSION */
#define OTHER  "\2\0\1"

struct resumed {
	uint64_t conn;
	uint32_t flags, bad;
	uint64_t counter;
	char tag[64], record[64], input[20000];
	size_t nrecord, ninput;
	int stream;
};

static int fd, control;
static struct served served;
static uint64_t park_dev = 9;
static const char *park_record = RECORD; /* three bytes */
static const char *park_said; /* not NULL: with PARK, it holds for others */

static MAYBE int
up(void **state)
{
	int r = house_up(state);

	park_record = RECORD;
	park_said = NULL;
	h.boot.set.inactivity_timeout = 1800;
	h.boot.set.output_timeout = 300;
	h.boot.set.park = 1;
	house_settle();
	fd = knock(5);
	greeted(fd);
	control = log_in(fd, 5, "anna", &served);
	return r;
}

static MAYBE int
down(void **state)
{
	(void)close(fd);
	(void)close(control);
	return house_down(state);
}

static MAYBE void
send_wish(uint64_t conn, uint64_t taken)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_WISH);
	ipc_put_u64(&put, conn);
	ipc_put_u64(&put, taken);
	ipc_put_u64(&put, 0);
	assert_int_equal(ipc_send(control, &put, NULL, 0), 0);
}

static MAYBE void
expect_type(enum ipc_type type)
{
	struct ipc_msg msg;

	assert_true(heard(control, BOOT_SESSION, &msg));
	assert_string_equal(ipc_name(msg.type), ipc_name(type));
	ipc_drop(&msg);
}

/* ino 0: it waits for no folder. */
static MAYBE void
send_park(uint64_t conn, uint32_t flags, uint64_t ino, uint32_t heard_changes,
    const char *tag)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_PARK);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, flags);
	ipc_put_u64(&put, ino != 0 ? park_dev : 0);
	ipc_put_u64(&put, ino);
	ipc_put_u32(&put, heard_changes);
	ipc_put_u32(&put, 3); /* bad commands */
	ipc_put_u32(&put, 1); /* s of silence */
	for (uint64_t i = 1; i <= 4; i++)
		ipc_put_u64(&put, 100 * i);
	ipc_put_str(&put, tag);
	ipc_put_bytes(&put, park_record, 3);
	ipc_put_u32(&put, park_said != NULL);
	ipc_put_str(&put, park_said != NULL ? park_said : "");
	assert_int_equal(ipc_send(control, &put, NULL, 0), 0);
	turns(2);
}

static MAYBE void
park(uint32_t flags, uint64_t ino, const char *tag)
{
	if (ino != 0) {
		session_folder(control, IPC_WATCH, ino, 3);
		expect_folder(control, BOOT_SESSION, IPC_GO, ino);
		expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, ino);
	}
	send_wish(5, 0);
	expect_type(IPC_GO);
	(void)close(served.stream);
	send_park(5, flags, ino, 0, tag);
}

static MAYBE void
expect_resume(struct resumed *r)
{
	struct ipc_msg msg;
	struct ipc_get g;
	const uint8_t *p;
	char peer[64];

	memset(r, 0, sizeof(*r));
	assert_true(heard(control, BOOT_SESSION, &msg));
	assert_string_equal(ipc_name(msg.type), "RESUME");
	ipc_open(&g, &msg);
	r->conn = ipc_get_u64(&g);
	r->flags = ipc_get_u32(&g);
	ipc_get_str(&g, peer, sizeof(peer));
	assert_int_equal(ipc_get_u32(&g), 4711);
	r->bad = ipc_get_u32(&g);
	r->counter = ipc_get_u64(&g);
	ipc_get_str(&g, r->tag, sizeof(r->tag));
	p = ipc_get_bytes(&g, &r->nrecord, sizeof(r->record));
	memcpy(r->record, p, r->nrecord);
	p = ipc_get_bytes(&g, &r->ninput, sizeof(r->input) - 1);
	if (r->ninput > 0)
		memcpy(r->input, p, r->ninput);
	assert_int_equal(ipc_done(&g), 0);
	assert_int_equal(r->nrecord, 3);
	assert_memory_equal(r->record, RECORD, 2);
	r->stream = ipc_take_fd(&msg, 0);
	assert_int_not_equal(r->stream, -1);
}

#define PARK(t) cmocka_unit_test_setup_teardown(t, up, down)

#endif
