/*
 * A change of the index under way: planned in a reading transaction, written
 * in another. Shared by history.c and history_apply.c.
 */
#ifndef MAILDIR_HISTORY_PLAN_H
#define MAILDIR_HISTORY_PLAN_H

#include "maildir/history.h"
#include "maildir/history_record.h"
#include "maildir/mailbox.h"

#define PLAN_AGAIN 1 /* the index was replaced in between */

enum op_kind {
	OP_CHANGED, /* gets a new number */
	OP_SAME,    /* keeps its own, its file name is another one */
	OP_GONE
};

struct op {
	uint32_t uid;
	enum op_kind kind;
	size_t i; /* index of the message */
	uint64_t modseq;
	bool had; /* the index knows it, with: */
	bool old_new;
	bool old_keywords; /* any */
	uint8_t old_flags;
};

struct plan {
	struct mailbox *mb;
	enum history_scope scope;
	struct folder_record folder;
	bool known; /* folder is what the index has */
	bool level; /* and the picture is what it says, but for what is dirty */
	struct op *ops;
	size_t n, room;
	bool failed;     /* no memory */
	uint64_t modseq; /* the new number */
	char **texts;    /* of keyword sets */
	size_t ntexts;
	unsigned char value[RECORD_MAX];
};

/* The names of a set in an order that no session decides; NULL: ENOMEM. */
const char *plan_keywords(struct plan *, uint32_t set);
/* What the folder's record is to say of the folder's looks. */
void plan_state(const struct plan *, struct folder_state *);
/*
 * In a writing transaction: 0, PLAN_AGAIN, MODSEQ_RAISE, -1 (p->failed).
 */
int plan_apply(struct index_txn *, void *plan);

#endif
