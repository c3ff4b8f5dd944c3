/* COMPRESS=DEFLATE: streams in pieces, bombs, broken ones, and at rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "worker/net/deflate.h"

#define ROOM 65536

static char text[ROOM];

/* What a client sends for p[n], by a stream that goes on. */
static size_t
squeeze(z_stream *z, int flush, const void *p, size_t n, char *out, size_t room)
{
	z->next_in = p;
	z->avail_in = (unsigned)n;
	z->next_out = (Bytef *)out;
	z->avail_out = (unsigned)room;
	(void)deflate(z, flush);
	assert_int_equal(z->avail_in, 0);
	return room - z->avail_out;
}

static void
open_client(z_stream *z)
{
	memset(z, 0, sizeof(*z));
	assert_int_equal(
	    deflateInit2(z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
}

/* All text that comes out now; DEFLATE_MORE or _BROKEN ends it. */
static enum deflate_result
drain(struct deflate *d, size_t room, char *out, size_t *n)
{
	enum deflate_result r;
	size_t got;

	*n = 0;
	while ((r = deflate_unpack(d, out + *n, room, &got)) == DEFLATE_OK) {
		assert_true(got > 0 && got <= room);
		*n += got;
	}
	assert_int_equal(got, 0);
	return r;
}

static const char command[] =
    "a1 SELECT INBOX\r\na2 FETCH 1:* (FLAGS UID)\r\na3 FETCH 1:* (FLAGS)\r\n";

static void
split_at_every_byte(void **state)
{
	char packed[1024], out[1024];
	size_t n, got, more;
	struct deflate *d;
	z_stream z;

	(void)state;
	open_client(&z);
	n = squeeze(&z, Z_SYNC_FLUSH, command, sizeof(command) - 1, packed,
	    sizeof(packed));
	(void)deflateEnd(&z);
	for (size_t at = 0; at <= n; at++) {
		d = deflate_new();
		assert_non_null(d);
		assert_int_equal(deflate_give(d, packed, at), 0);
		assert_int_equal(drain(d, 7, out, &got), DEFLATE_MORE);
		assert_false(deflate_pending(d));
		assert_int_equal(deflate_give(d, packed + at, n - at), 0);
		assert_int_equal(drain(d, 7, out + got, &more), DEFLATE_MORE);
		assert_int_equal(got + more, sizeof(command) - 1);
		assert_memory_equal(out, command, sizeof(command) - 1);
		deflate_free(d);
	}
}

static void
byte_by_byte_and_at_rest_after_each(void **state)
{
	char packed[1024], out[1024];
	size_t n, got, all = 0;
	struct deflate *d = deflate_new();
	z_stream z;

	(void)state;
	open_client(&z);
	for (int round = 0; round < 50; round++) {
		n = squeeze(&z, Z_SYNC_FLUSH, command, sizeof(command) - 1,
		    packed, sizeof(packed));
		/* Later rounds are references into the history. */
		assert_true(round < 2 || n < 24);
		all = 0;
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(deflate_give(d, packed + i, 1), 0);
			assert_int_equal(
			    drain(d, 100, out + all, &got), DEFLATE_MORE);
			all += got;
			(void)deflate_rest(d);
		}
		assert_int_equal(all, sizeof(command) - 1);
		assert_memory_equal(out, command, all);
	}
	(void)deflateEnd(&z);
	deflate_free(d);
}

static void
rest_keeps_only_the_history(void **state)
{
	char packed[1024], out[1024], *big = calloc(1, 40000);
	char *bigout = calloc(1, 80000);
	struct deflate *d = deflate_new();
	size_t n, got;
	z_stream z;

	(void)state;
	assert_true(deflate_rest(d) < 400); /* nothing came yet */
	open_client(&z);
	n = squeeze(&z, Z_SYNC_FLUSH, command, sizeof(command) - 1, packed,
	    sizeof(packed));
	assert_int_equal(deflate_give(d, packed, n), 0);
	/* Not before all is used. */
	assert_true(deflate_rest(d) > n);
	assert_int_equal(drain(d, 1024, out, &got), DEFLATE_MORE);
	assert_true(deflate_rest(d) < 400 + sizeof(command));
	/* In the middle of a block everything stays. */
	n = squeeze(&z, Z_SYNC_FLUSH, command, sizeof(command) - 1, packed,
	    sizeof(packed));
	assert_int_equal(deflate_give(d, packed, 1), 0);
	assert_int_equal(drain(d, 1024, out, &got), DEFLATE_MORE);
	assert_true(deflate_rest(d) > 32768);
	assert_int_equal(deflate_give(d, packed + 1, n - 1), 0);
	assert_int_equal(drain(d, 1024, out, &got), DEFLATE_MORE);
	assert_memory_equal(out, command, sizeof(command) - 1);
	/* Never more than the window, and then it still goes on. */
	for (size_t i = 0; i < 40000; i++)
		big[i] = (char)(i * 2654435761u >> 11);
	n = squeeze(&z, Z_SYNC_FLUSH, big, 40000, bigout, 80000);
	assert_int_equal(deflate_give(d, bigout, n), 0);
	assert_int_equal(drain(d, ROOM, text, &got), DEFLATE_MORE);
	assert_int_equal(got, 40000);
	n = deflate_rest(d);
	assert_true(n > 32000 && n < 33200);
	n = squeeze(&z, Z_SYNC_FLUSH, big + 10000, 30000, bigout, 80000);
	assert_true(n < 1000);
	assert_int_equal(deflate_give(d, bigout, n), 0);
	assert_int_equal(drain(d, ROOM, text, &got), DEFLATE_MORE);
	assert_int_equal(got, 30000);
	assert_memory_equal(text, big + 10000, 30000);
	(void)deflateEnd(&z);
	deflate_free(d);
	free(big);
	free(bigout);
}

/* 1000:1, and a call does no more than its room's work. */
static void
a_bomb_comes_out_in_pieces(void **state)
{
	static char zeros[ROOM], packed[ROOM];
	struct deflate *d = deflate_new();
	size_t n = 0, got, calls = 0, all = 0;
	enum deflate_result r;
	z_stream z;

	(void)state;
	open_client(&z);
	for (int i = 0; i < 512; i++) /* 32 MB */
		n += squeeze(&z, Z_NO_FLUSH, zeros, sizeof(zeros), packed + n,
		    sizeof(packed) - n);
	n += squeeze(&z, Z_SYNC_FLUSH, "", 0, packed + n, sizeof(packed) - n);
	(void)deflateEnd(&z);
	assert_true(n < 40000);
	assert_int_equal(deflate_give(d, packed, n), 0);
	while ((r = deflate_unpack(d, text, 4096, &got)) == DEFLATE_OK) {
		assert_true(got <= 4096);
		all += got;
		calls++;
	}
	assert_int_equal(r, DEFLATE_MORE);
	assert_int_equal(all, 512u * ROOM);
	assert_int_equal(calls, 512u * ROOM / 4096);
	deflate_free(d);
}

static const char empty[] = {0, 0, 0, '\xff', '\xff'}; /* a stored block */

/* Empty blocks: as many as DEFLATE_BARREN bytes hold, no more. */
static void
blocks_without_text_end_it(void **state)
{
	struct deflate *d = deflate_new();
	size_t fed = 0, got;
	enum deflate_result r = DEFLATE_MORE;

	(void)state;
	while (fed + sizeof(empty) <= DEFLATE_BARREN) {
		assert_int_equal(deflate_give(d, empty, sizeof(empty)), 0);
		r = deflate_unpack(d, text, ROOM, &got);
		assert_int_equal(r, DEFLATE_MORE);
		fed += sizeof(empty);
	}
	assert_int_equal(deflate_give(d, empty, sizeof(empty)), 0);
	assert_int_equal(deflate_unpack(d, text, ROOM, &got), DEFLATE_BROKEN);
	assert_string_equal(deflate_why(d), "too much that yields nothing");
	/* It stays broken. */
	assert_int_equal(deflate_unpack(d, text, ROOM, &got), DEFLATE_BROKEN);
	deflate_free(d);
}

/* A byte of text now and then: such a client may go on for ever. */
static void
text_between_empty_blocks_is_fine(void **state)
{
	static const char one[] = {0, 1, 0, '\xfe', '\xff', 'x'};
	struct deflate *d = deflate_new();
	size_t got;

	(void)state;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 10000; i++) {
			assert_int_equal(
			    deflate_give(d, empty, sizeof(empty)), 0);
			assert_int_equal(
			    deflate_unpack(d, text, ROOM, &got), DEFLATE_MORE);
		}
		assert_int_equal(deflate_give(d, one, sizeof(one)), 0);
		assert_int_equal(
		    deflate_unpack(d, text, ROOM, &got), DEFLATE_OK);
		assert_int_equal(got, 1);
		assert_int_equal(text[0], 'x');
	}
	deflate_free(d);
}

static void
broken_and_ended_streams_say_so(void **state)
{
	char packed[256], out[256];
	struct deflate *d = deflate_new();
	size_t n, got;
	z_stream z;

	(void)state;
	/* Text is taken for a stored block of a wrong length. */
	assert_int_equal(deflate_give(d, "a NOOP\r\nb NOOP\r\n", 16), 0);
	assert_int_equal(drain(d, 64, out, &got), DEFLATE_BROKEN);
	assert_true(deflate_why(d)[0] != '\0');
	deflate_free(d);
	/* A last block: its text is served, then it is the end. */
	d = deflate_new();
	open_client(&z);
	n = squeeze(&z, Z_FINISH, "a NOOP\r\n", 8, packed, sizeof(packed));
	(void)deflateEnd(&z);
	assert_int_equal(deflate_give(d, packed, n), 0);
	assert_int_equal(deflate_unpack(d, out, 64, &got), DEFLATE_OK);
	assert_int_equal(got, 8);
	assert_int_equal(deflate_unpack(d, out, 64, &got), DEFLATE_BROKEN);
	assert_string_equal(deflate_why(d), "the client ended its stream");
	deflate_free(d);
	/* A truncated one waits. */
	d = deflate_new();
	assert_int_equal(deflate_give(d, packed, 3), 0);
	assert_int_equal(drain(d, 64, out, &got), DEFLATE_MORE);
	assert_string_equal(deflate_why(d), "");
	deflate_free(d);
}

static void
no_more_is_kept_than_is_said(void **state)
{
	struct deflate *d = deflate_new();

	(void)state;
	assert_int_equal(deflate_give(d, text, DEFLATE_AHEAD - 1), 0);
	assert_int_equal(deflate_give(d, text, 1), 0);
	assert_int_equal(deflate_give(d, text, 1), -1);
	assert_int_equal(errno, ENOBUFS);
	deflate_free(d);
	d = deflate_new();
	assert_int_equal(deflate_give(d, text, DEFLATE_AHEAD + 1), -1);
	assert_int_equal(deflate_give(d, text, DEFLATE_AHEAD), 0);
	deflate_free(d);
	deflate_free(NULL);
}

/* Each burst is whole, and no burst knows of the ones before it. */
static void
bursts_are_whole_and_share_nothing(void **state)
{
	static const char secret[] =
	    "* 1 FETCH (BODY[] {30}\r\nyour code is 483920, Anna...\r\n)\r\n";
	struct deflate_packer *k = deflate_packer_new();
	struct deflate *d = deflate_new();
	const char *out;
	size_t n, first, got;

	(void)state;
	assert_non_null(k);
	first = deflate_pack(k, secret, sizeof(secret) - 1, &out);
	assert_true(first > 0);
	for (int i = 0; i < 3; i++) {
		n = deflate_pack(k, secret, sizeof(secret) - 1, &out);
		assert_int_equal(n, first);
		assert_int_equal(deflate_give(d, out, n), 0);
		assert_int_equal(drain(d, ROOM, text, &got), DEFLATE_MORE);
		assert_int_equal(got, sizeof(secret) - 1);
		assert_memory_equal(text, secret, got);
	}
	assert_int_equal(deflate_pack(k, secret, 0, &out), 0);
	deflate_free(d);
	deflate_packer_free(k);
	deflate_packer_free(NULL);
}

/* The largest burst, and the worst: nothing in it can be made smaller. */
static void
noise_fits(void **state)
{
	static char noise[DEFLATE_BURST], back[DEFLATE_BURST + 1];
	struct deflate_packer *k = deflate_packer_new();
	struct deflate *d = deflate_new();
	uint64_t x = 88172645463325252u;
	size_t n, at, got, all = 0, some;
	const char *out;

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		noise[i] = (char)x;
	}
	for (size_t size = sizeof(noise) - 1; size <= sizeof(noise); size++) {
		n = deflate_pack(k, noise, size, &out);
		assert_true(n > size && n < size + 400);
		all = 0;
		for (at = 0; at < n; at += some) {
			some = n - at < 30000 ? n - at : 30000;
			assert_int_equal(deflate_give(d, out + at, some), 0);
			assert_int_equal(
			    drain(d, 1000, back + all, &got), DEFLATE_MORE);
			all += got;
		}
		assert_int_equal(all, size);
		assert_memory_equal(back, noise, size);
	}
	deflate_free(d);
	deflate_packer_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(split_at_every_byte),
	    cmocka_unit_test(byte_by_byte_and_at_rest_after_each),
	    cmocka_unit_test(rest_keeps_only_the_history),
	    cmocka_unit_test(a_bomb_comes_out_in_pieces),
	    cmocka_unit_test(blocks_without_text_end_it),
	    cmocka_unit_test(text_between_empty_blocks_is_fine),
	    cmocka_unit_test(broken_and_ended_streams_say_so),
	    cmocka_unit_test(no_more_is_kept_than_is_said),
	    cmocka_unit_test(bursts_are_whole_and_share_nothing),
	    cmocka_unit_test(noise_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
