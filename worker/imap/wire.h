/*
 * The client's stream: buffered bytes in both directions with deadlines. The
 * only place of a session that waits for a client. Never trusts O_NONBLOCK:
 * every call uses MSG_DONTWAIT (sockets) or polls first (pipes, files: the
 * shell). Never writes while the caller holds a lock.
 */
#ifndef IMAP_WIRE_H
#define IMAP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/limits.h"
#include "worker/imap/buf.h"

enum wire_state {
	WIRE_OPEN,
	WIRE_EOF,
	WIRE_TIMEOUT,
	WIRE_ERROR,
	WIRE_STOP
};

struct wire {
	int in, out;           /* the same for a socket */
	int control;           /* also watched while waiting for input, or -1 */
	enum wire_state state; /* once not OPEN it stays so. Output goes on
				  after EOF, and until it fails */
	char *rbuf;            /* 64 kB of read-ahead at most */
	size_t rpos, rlen;
	struct buf obuf;                 /* flushed beyond WIRE_OUT bytes */
	uint64_t was_received, was_sent; /* through a stream before this one */
	uint64_t received, sent; /* through in and out, without input[n] */
	unsigned output_seconds; /* a client that takes no bytes; 300 */
	/*
	 * Called when output has to wait, and then whenever the control channel
	 * has something; false: not again. NULL: nobody cares.
	 */
	bool (*blocked)(void *);
	void *blocked_arg;
};

/*
 * in/out/control stay the caller's. input[n]: bytes already read for it, at
 * most WIRE_READ_AHEAD. 0, or -1 with errno. Who gives it a pipe as out must
 * ignore SIGPIPE.
 */
int wire_init(
    struct wire *, int in, int out, int control, const void *input, size_t n);
void wire_done(struct wire *);
/*
 * Waits until there is input (in the buffer or read now) or the control
 * channel is readable. seconds: how long; 0: only look. With input in the
 * buffer it returns at once; before it looks at the descriptors it flushes
 * output. WIRE_INPUT, WIRE_CONTROL, WIRE_LATE (nothing for so long), or
 * WIRE_GONE (state says why).
 */
enum wire_event {
	WIRE_INPUT,
	WIRE_CONTROL,
	WIRE_LATE,
	WIRE_GONE
};
enum wire_event wire_wait(struct wire *, unsigned seconds);
/* The same in milliseconds. */
enum wire_event wire_wait_ms(struct wire *, uint64_t ms);
/* Has it been told everything, and is nothing of it read and not taken? */
bool wire_is_quiet(const struct wire *);
/* Reads more into the buffer without waiting; bytes got, 0: none now, -1. */
int wire_fill(struct wire *);
/* What is buffered; wire_eat takes n bytes of it. */
const char *wire_peek(const struct wire *, size_t *n);
void wire_eat(struct wire *, size_t n);
/* The clock of its waits: monotonic, in milliseconds. */
int64_t wire_clock(void);
/* Output: appended to obuf, flushed when large. */
void wire_write(struct wire *, const void *, size_t);
void wire_str(struct wire *, const char *);
/* Empties obuf to the client, waiting at most output_seconds a step. 0, -1. */
int wire_flush(struct wire *);

#endif
