/*
 * For tests of one Maildir, open before each and closed after it with the
 * mailbox that the test may have opened.
 */
#ifndef T_UNIT_MAILDIR_OPENED_H
#define T_UNIT_MAILDIR_OPENED_H

#include "t/unit/maildir_store.h"

static struct maildir *md;
static struct mailbox *mb;

static inline int
opened_setup(void **state)
{
	if (tree_setup(state) == -1)
		return -1;
	md = tree_open(false);
	mb = NULL;
	return 0;
}

static inline int
opened_teardown(void **state)
{
	mailbox_close(mb);
	maildir_close(md);
	return tree_teardown(state);
}

#endif
