/*
 * maildirsize, which belongs to the user: there is an answer, or none and a
 * notice; limits are what the file says or nothing.
 */
#include "maildir/maildir.h"
#include "maildir/quota.h"
#include "t/fuzz/world.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct maildir_options options = {
	    .hostname = "fuzz", .lock_seconds = 1};
	struct maildir_quota quota = {0};
	struct maildir *md;
	int r;

	world_put("maildirsize", data, size);
	md = maildir_open(dup(world()), &options);
	MUST(md != NULL);
	r = maildir_quota(md, &quota);
	MUST(r >= -1 && r <= 1);
	if (r == 1)
		MUST(quota.bytes < UINT64_MAX / 2 &&
		     quota.messages < UINT64_MAX / 2);
	maildir_close(md);
	return 0;
}
