/*
 * Lines to the client: untagged ones, tagged results with response codes (RFC
 * 3501 section 7, RFC 5530), mailbox names as they look on the wire. Holds the
 * only table from errno to response code.
 */
#ifndef IMAP_OUT_H
#define IMAP_OUT_H

#include <stddef.h>

#include "worker/imap/command.h"
#include "worker/imap/state.h"

enum out_word {
	OUT_OK,
	OUT_NO,
	OUT_BAD
};

/* A line "* text" at once. */
void out_line(struct session *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Hands session.line over to the wire and empties it. A line that outgrew its
 * memory ends the client: half a response cannot be taken back.
 */
void out_send(struct session *);
/*
 * Ends a command: the news of the folder that may be told, then "tag WORD
 * [code] text". code NULL: none. The text has no 8-bit bytes.
 */
void out_tagged(struct command *, enum out_word, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* NO with the code of an errno and this text; logs what an admin must know. */
void out_errno(struct command *, int err, const char *text);
/* The response code of an errno ("NONEXISTENT"). */
const char *out_code(int err);
/* A folder of the store, as a quoted name of the namespace and encoding. */
void out_mailbox(struct session *, struct buf *, const char *folder);
/* A name of the namespace, UTF-8, quoted and encoded. */
void out_name(struct session *, struct buf *, const char *name);
/*
 * The inside of a FLAGS list, to the line: system flags in Courier's order,
 * \Recent (which IMAP4rev2 does not have), then keywords.
 */
void out_flags(struct session *, const struct message *);

#endif
