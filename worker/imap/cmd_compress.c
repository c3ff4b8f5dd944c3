/*
 * COMPRESS (RFC 4978). The worker compresses; a session only finds the point:
 * behind the CRLF of its OK nothing more is written, and what it has read
 * beyond the command's line goes back to the worker with the stream.
 */
#include <fcntl.h>
#include <poll.h>
#include <strings.h>
#include <unistd.h>

#include "shm/capability.h"
#include "shm/log.h"
#include "worker/imap/command.h"
#include "worker/imap/out.h"

#define SEND_WAIT   10000 /* ms for room in the channel */
#define STREAM_MORE 15    /* s beyond output_timeout that the worker may take */

static bool hand_back(struct session *);
static bool wait_stream(struct session *);

void
cmd_compress(struct command *c)
{
	struct session *s = c->s;
	struct parse_text word;

	parse_space(c->p);
	word = parse_atom(c->p);
	if (word.p != NULL &&
	    (word.n != 7 || strncasecmp(word.p, "DEFLATE", 7) != 0))
		parse_fail(c->p, "Expected DEFLATE");
	if (!command_parsed(c))
		return;
	/* RFC 4978 section 3 has BAD or NO for it, and this code. */
	if ((s->client.flags & IPC_SERVE_COMPRESS) != 0) {
		out_tagged(c, OUT_NO, "COMPRESSIONACTIVE",
		    "DEFLATE is active already.");
		return;
	}
	if (s->control == -1) {
		command_bad(c, "COMPRESS is not possible from a shell.");
		return;
	}
	if (!capability_has(s->set, "COMPRESS=DEFLATE")) {
		out_tagged(c, OUT_NO, NULL,
		    "This command is disabled by the system administrator.");
		return;
	}
	out_tagged(c, OUT_OK, NULL, "DEFLATE active");
	if (wire_flush(&s->wire) == -1 || !session_alive(s))
		return;
	s->news.stream = false;
	if (hand_back(s) && wait_stream(s)) {
		s->client.flags |= IPC_SERVE_COMPRESS;
		return;
	}
	log_line(LOG_LEVEL_WARN, "COMPRESS failed user=%s", s->account->user);
	s->wire.state = WIRE_ERROR;
	(void)session_alive(s);
}

static bool
hand_back(struct session *s)
{
	struct ipc_put m;
	const char *rest;
	size_t n;

	rest = wire_peek(&s->wire, &n);
	ipc_begin(&m, IPC_COMPRESS);
	ipc_put_u64(&m, s->client.conn);
	ipc_put_bytes(&m, rest, n);
	if (ipc_send_wait(s->control, &m, &s->wire.in, 1, SEND_WAIT) == -1)
		return false;
	wire_eat(&s->wire, n);
	return true;
}

/* The new stream takes the place of the old one under its own number. */
static bool
wait_stream(struct session *s)
{
	struct pollfd p = {.fd = s->control, .events = POLLIN};
	time_t end =
	    session_clock() + (time_t)s->set->output_timeout + STREAM_MORE;
	bool done;

	while (!s->news.stream && s->news.end != NEWS_ORPHAN &&
	       session_clock() <= end)
		if (poll(&p, 1, 1000) > 0)
			session_control(s);
	if (!s->news.stream || s->news.stream_fd == -1)
		return false;
	done = dup3(s->news.stream_fd, s->wire.in, O_CLOEXEC) != -1;
	(void)close(s->news.stream_fd);
	return done;
}
