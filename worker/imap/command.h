/*
 * The commands after login: the table of their names, the states in which they
 * are legal, what the dispatcher does around them, and their functions.
 */
#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include <stdbool.h>

#include "worker/imap/parse.h"
#include "worker/imap/reader.h"
#include "worker/imap/state.h"

struct command_row;

struct command { /* one command on its way */
	struct session *s;
	const struct command_row *row;
	const struct reader_command *text;
	struct parse *p; /* behind the name (and what SP follows) */
	const char *tag;
	bool uid; /* came with the UID prefix */
};

/* Parses the head, finds the row, runs it. */
void command_run(struct session *, const struct reader_command *);
/* A command that could not even be read: BAD, and BYE after too many. */
void command_refuse(struct session *, const char *tag, const char *why);
/*
 * For the functions, after their last take: whether all was read well. If not
 * the BAD is answered already.
 */
bool command_parsed(struct command *);
/* BAD for another reason than the grammar; counts like one. */
void command_bad(struct command *, const char *why);
/* The command's name as the table has it. */
const char *command_name(const struct command *);
/* EXPUNGE may be told at the end of this one, RFC 3501 7.4.1. */
bool command_tells_expunge(const struct command *);

/*
 * The literals of an APPEND that is refused: those that come anyway (non-sync)
 * are read and thrown away, the others are never asked for. A size that goes
 * far beyond the limit ends the client.
 */
void append_discard(struct command *);

/*
 * These items, and the UID, of messages from one sequence number to another, as
 * NOTIFY tells of new ones: \Seen is not set.
 */
void fetch_tell(
    struct session *, const struct parse_fetch *, uint32_t from, uint32_t to);

void cmd_append(struct command *);
void cmd_capability(struct command *);
void cmd_check(struct command *);
void cmd_close(struct command *);
void cmd_compress(struct command *);
void cmd_copy(struct command *);
void cmd_create(struct command *);
void cmd_delete(struct command *);
void cmd_enable(struct command *);
void cmd_esearch(struct command *);
void cmd_examine(struct command *);
void cmd_expunge(struct command *);
void cmd_fetch(struct command *);
void cmd_getquota(struct command *);
void cmd_getquotaroot(struct command *);
void cmd_id(struct command *);
void cmd_idle(struct command *);
void cmd_list(struct command *);
void cmd_logout(struct command *);
void cmd_lsub(struct command *);
void cmd_move(struct command *);
void cmd_namespace(struct command *);
void cmd_noop(struct command *);
void cmd_notify(struct command *);
void cmd_rename(struct command *);
void cmd_search(struct command *);
void cmd_select(struct command *);
void cmd_setquota(struct command *);
void cmd_sort(struct command *);
void cmd_status(struct command *);
void cmd_store(struct command *);
void cmd_subscribe(struct command *);
void cmd_thread(struct command *);
void cmd_uidbatches(struct command *);
void cmd_unselect(struct command *);
void cmd_unsubscribe(struct command *);

#endif
