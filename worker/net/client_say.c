/* What the worker itself says to a client. */
#include "worker/net/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/net/deflate.h"
#include "worker/net/flow.h"

#define STALL_MS 10000u /* before login: it takes no bytes */

static bool make_room(struct client *, size_t);
static int pack_out(struct worker *, struct client *);
static int write_some(struct client *, const char *, size_t, size_t *);

void
client_say(struct client *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !make_room(c, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(c->out + c->nout, (size_t)n + 1, fmt, ap);
	va_end(ap);
	c->nout += (size_t)n;
}

void
client_put(struct client *c, const void *p, size_t n)
{
	if (n == 0 || !make_room(c, n))
		return;
	memcpy(c->out + c->nout, p, n);
	c->nout += n;
}

static bool
make_room(struct client *c, size_t n)
{
	char *p;

	if (c->nout + n <= c->roomout)
		return true;
	p = realloc(c->out, c->nout + n);
	if (p == NULL) {
		c->eof = true; /* cannot answer: let it end */
		return false;
	}
	c->out = p;
	c->roomout = c->nout + n;
	return true;
}

int
client_flush(struct worker *w, struct client *c)
{
	size_t put;
	int r = 1;

	if (c->nout == 0)
		return 1;
	if (c->deflate != NULL && pack_out(w, c) == -1)
		return -1;
	while (r == 1 && c->sentout < c->nout) {
		put = 0;
		r = write_some(
		    c, c->out + c->sentout, c->nout - c->sentout, &put);
		c->sentout += put;
		c->sent += put;
	}
	if (r == 0 && c->state < CLIENT_SERVED)
		client_deadline(w, c, STALL_MS);
	if (r != 1)
		return r;
	/* Only a stall's deadline is lifted, a handshake's stays. */
	if (c->state == CLIENT_COMMAND || c->state == CLIENT_SASL)
		client_deadline(w, c, 0);
	free(c->out);
	c->out = NULL;
	c->nout = c->sentout = c->roomout = c->packed = 0;
	return 1;
}

/* What was said since the last time is a burst of its own. 0, -1. */
static int
pack_out(struct worker *w, struct client *c)
{
	size_t n = c->nout - c->packed;
	const char *text = c->out + c->packed;
	char *p;

	if (n == 0)
		return 0;
	if (n > DEFLATE_BURST || (text = flow_pack(w, c, text, &n)) == NULL ||
	    (p = malloc(c->packed + n)) == NULL)
		return -1;
	memcpy(p, c->out, c->packed);
	memcpy(p + c->packed, text, n);
	free(c->out);
	c->out = p;
	c->packed += n;
	c->nout = c->roomout = c->packed;
	return 0;
}

static int
write_some(struct client *c, const char *p, size_t n, size_t *put)
{
	enum tls_result t = flow_write(c, p, n, put);

	c->want = t == TLS_WANT_READ ? EPOLLIN : 0;
	if (t == TLS_WANT_READ || t == TLS_WANT_WRITE)
		return 0;
	return t == TLS_OK ? 1 : -1;
}
