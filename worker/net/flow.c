/* The layers between a client's socket and IMAP: TLS (8446), COMPRESS (4978).
 */
#include "worker/net/flow.h"

#include <errno.h>
#include <sys/socket.h>

#include "worker/net/deflate.h"
#include "worker/net/tell.h"

#define CHUNK 4096u /* compressed bytes read at a time */

static enum tls_result raw_read(struct client *, void *, size_t, size_t *);
static enum tls_result result_of(ssize_t, size_t *);

bool
flow_is_wrapped(const struct client *c)
{
	return c->tls != NULL || c->deflate != NULL;
}

enum tls_result
flow_read(struct client *c, void *p, size_t n, size_t *got)
{
	char chunk[CHUNK];
	enum tls_result t;
	size_t some = 0;

	*got = 0;
	if (c->deflate == NULL)
		return raw_read(c, p, n, got);
	if (!deflate_pending(c->deflate)) {
		t = raw_read(c, chunk, sizeof(chunk), &some);
		if (t != TLS_OK)
			return t;
		if (deflate_give(c->deflate, chunk, some) == -1)
			return TLS_ERROR;
	}
	return deflate_unpack(c->deflate, p, n, got) == DEFLATE_BROKEN
		   ? TLS_ERROR
		   : TLS_OK;
}

static enum tls_result
raw_read(struct client *c, void *p, size_t n, size_t *got)
{
	ssize_t r;

	if (c->tls != NULL)
		return tls_read(c->tls, p, n, got);
	do
		r = recv(c->src.fd, p, n, MSG_DONTWAIT);
	while (r == -1 && errno == EINTR);
	if (r == -1 && errno == EAGAIN)
		return TLS_WANT_READ;
	return r == 0 ? TLS_EOF : result_of(r, got);
}

enum tls_result
flow_write(struct client *c, const void *p, size_t n, size_t *put)
{
	ssize_t r;

	if (c->tls != NULL)
		return tls_write(c->tls, p, n, put);
	do
		r = send(c->src.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (r == -1 && errno == EINTR);
	if (r == -1 && errno == EAGAIN)
		return TLS_WANT_WRITE;
	return result_of(r, put);
}

static enum tls_result
result_of(ssize_t r, size_t *n)
{
	if (r == -1)
		return TLS_ERROR;
	*n = (size_t)r;
	return TLS_OK;
}

const char *
flow_pack(struct worker *w, const struct client *c, const char *p, size_t *n)
{
	const char *out;

	if (c->deflate == NULL || *n == 0)
		return p;
	if (w->packer == NULL && (w->packer = deflate_packer_new()) == NULL)
		return NULL;
	*n = deflate_pack(w->packer, p, *n, &out);
	return *n > 0 ? out : NULL;
}

bool
flow_pending(const struct client *c)
{
	return (c->deflate != NULL && deflate_pending(c->deflate)) ||
	       (c->tls != NULL && tls_pending(c->tls));
}

void
flow_close(struct client *c)
{
	if (c->tls != NULL)
		tls_close(c->tls);
}

void
flow_tell(const struct client *c)
{
	if (c->deflate != NULL && deflate_why(c->deflate)[0] != '\0')
		tell_deflate(c, deflate_why(c->deflate));
	else if (c->tls != NULL && tls_why(c->tls)[0] != '\0')
		tell_tls_end(c);
}
