/* SEARCH and UID SEARCH: RFC 3501 6.4.4; RETURN and SAVE are found.c's. */
#include <errno.h>
#include <string.h>

#include "worker/imap/command.h"
#include "worker/imap/found.h"
#include "worker/imap/search.h"

void
cmd_search(struct command *c)
{
	struct parse_search request;
	struct progress progress = {0};
	struct search *search = NULL;
	struct found found;
	uint32_t seq = 0;
	bool gone;
	int err;

	memset(&request, 0, sizeof(request));
	parse_search(c->p, &request);
	if (!command_parsed(c) || !found_begin(c, &request, &progress, &search))
		return;
	if (!found_reserve(c, &found)) {
		found_fail(c, &request, ENOMEM);
		search_free(search);
		return;
	}
	while ((seq = search_next(search, seq)) != 0)
		found.seqs[found.n++] = seq;
	gone = search_interrupted(search);
	err = search_error(search);
	search_free(search);
	if (!gone)
		found_answer(c, &request, &found, err);
}
