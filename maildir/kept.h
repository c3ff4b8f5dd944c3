/*
 * Part of the door (maildir.h includes it): wire-ready texts of a message, made
 * by who knows how and kept in the index where there is one. A message's bytes
 * never change under its base name; what is kept is checked against that.
 */
#ifndef MAILDIR_KEPT_H
#define MAILDIR_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAILBOX_KEPT_MAX                                                       \
	32768 /* bytes of one text; a longer one is not kept                   \
	       */

struct mailbox;

enum mailbox_kept {
	MAILBOX_ENVELOPE = 1,
	MAILBOX_BODY,
	MAILBOX_BODYSTRUCTURE
};
#define MAILBOX_KEPT_KINDS 3

/*
 * Is a text of this message kept? Lent until something is asked of another
 * message, or kept.
 */
bool mailbox_kept(struct mailbox *, uint32_t uid, enum mailbox_kept,
    const char **p, size_t *n);
/* Keeps one, from the next sync on. It need not work. */
void mailbox_keep(
    struct mailbox *, uint32_t uid, enum mailbox_kept, const char *p, size_t n);

#endif
