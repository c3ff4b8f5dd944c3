/* THREAD and UID THREAD: RFC 5256. */
#include <errno.h>
#include <string.h>

#include "worker/imap/command.h"
#include "worker/imap/found.h"
#include "worker/imap/keys.h"
#include "worker/imap/out.h"
#include "worker/imap/parse_sort.h"
#include "worker/imap/search.h"
#include "worker/imap/thread.h"
#include "worker/imap/view.h"

static int collect(struct command *, const struct parse_thread *,
    struct search *, struct thread *);
static void answer(struct command *, const struct thread *);

void
cmd_thread(struct command *c)
{
	struct parse_thread request;
	struct progress progress = {0};
	struct search *search = NULL;
	struct thread *thread;
	int err;

	memset(&request, 0, sizeof(request));
	parse_thread(c->p, &request);
	if (!command_parsed(c) ||
	    !found_begin(c, &request.search, &progress, &search))
		return;
	thread = thread_new(request.algorithm);
	err = thread == NULL ? ENOMEM : collect(c, &request, search, thread);
	if (err == 0 && thread_finish(thread) == -1)
		err = ENOMEM;
	if (!search_interrupted(search)) {
		if (err == 0)
			answer(c, thread);
		if (err == 0)
			err = search_error(search);
		if (err != 0)
			found_fail(c, &request.search, err);
		else
			out_tagged(c, OUT_OK, NULL, "THREAD done.");
	}
	thread_free(thread);
	search_free(search);
}

/* 0, or an errno that ends the command. */
static int
collect(struct command *c, const struct parse_thread *request,
    struct search *search, struct thread *thread)
{
	const struct view *v = c->s->client.view;
	unsigned want = thread_wants(request->algorithm);
	struct keys_reader *reader = keys_new(v->mailbox);
	struct keys keys;
	uint32_t seq = 0;
	int err = reader == NULL ? ENOMEM : 0;

	while (err == 0 && (seq = search_next(search, seq)) != 0) {
		if (keys_get(reader, view_uid(v, seq), want, &keys) == -1)
			search_fault(search, errno);
		else if (thread_add(thread, found_number(c, seq), &keys) == -1)
			err = ENOMEM;
	}
	keys_free(reader);
	return err;
}

/* thread-data = "THREAD" [SP 1*thread-list]. */
static void
answer(struct command *c, const struct thread *thread)
{
	struct buf *b = &c->s->line;
	size_t n;

	buf_str(b, "* THREAD ");
	n = b->n;
	thread_print(thread, b);
	if (b->n == n && n > 0)
		b->n--;
	buf_str(b, "\r\n");
	out_send(c->s);
}
