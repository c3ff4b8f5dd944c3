/*
 * The beginning of a message's text, for a list of messages: RFC 8970. Of the
 * first part that is text and no attachment, plain before HTML, without what
 * was quoted; on one line. Pure.
 */
#ifndef IMAP_PREVIEW_H
#define IMAP_PREVIEW_H

#include "maildir/mime.h"
#include "worker/imap/buf.h"

#define PREVIEW_CHARS 200   /* characters */
#define PREVIEW_LOOK  65536 /* bytes of the part that are looked at */
#define PREVIEW_BYTES 4096  /* room that is always enough */

/* Appends it as UTF-8; nothing if there is no text. */
void preview_make(struct buf *, const char *msg, const struct mime *);

#endif
