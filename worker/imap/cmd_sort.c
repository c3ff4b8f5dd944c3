/* SORT and UID SORT: RFC 5256, with RETURN (RFC 5267). */
#include <errno.h>
#include <string.h>

#include "worker/imap/command.h"
#include "worker/imap/found.h"
#include "worker/imap/keys.h"
#include "worker/imap/parse_sort.h"
#include "worker/imap/search.h"
#include "worker/imap/sort.h"
#include "worker/imap/view.h"

static int collect(struct command *, const struct parse_sort *, struct search *,
    struct sort *);

void
cmd_sort(struct command *c)
{
	struct parse_sort request;
	struct progress progress = {0};
	struct search *search = NULL;
	struct found found = {NULL, 0};
	struct sort *sort;
	int err;

	memset(&request, 0, sizeof(request));
	parse_sort(c->p, &request);
	if (!command_parsed(c) ||
	    !found_begin(c, &request.search, &progress, &search))
		return;
	sort = sort_new(&request);
	err = sort == NULL ? ENOMEM : collect(c, &request, search, sort);
	if (err == 0 && !found_reserve(c, &found))
		err = ENOMEM;
	if (err == 0)
		found.n = sort_finish(sort, found.seqs);
	sort_free(sort);
	if (!search_interrupted(search) && err != 0)
		found_fail(c, &request.search, err);
	else if (!search_interrupted(search))
		found_answer(c, &request.search, &found, search_error(search));
	search_free(search);
}

/* 0, or an errno that ends the command. */
static int
collect(struct command *c, const struct parse_sort *request,
    struct search *search, struct sort *sort)
{
	const struct view *v = c->s->client.view;
	unsigned want = sort_wants(request);
	struct keys_reader *reader = keys_new(v->mailbox);
	struct keys keys;
	uint32_t seq = 0;
	int err = reader == NULL ? ENOMEM : 0;

	while (err == 0 && (seq = search_next(search, seq)) != 0) {
		if (keys_get(reader, view_uid(v, seq), want, &keys) == -1)
			search_fault(search, errno);
		else if (sort_add(sort, seq, &keys) == -1)
			err = ENOMEM;
	}
	keys_free(reader);
	return err;
}
