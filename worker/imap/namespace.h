/*
 * Names of the wire (UTF-8 here) and folders of the store. With the prefix, as
 * Courier has it: INBOX is "", INBOX.Sent is "Sent", all else is no name. With
 * the empty prefix Sent is "Sent". Subscription lines always have Courier's
 * form, whatever the prefix, so that a site may switch. Pure.
 */
#ifndef IMAP_NAMESPACE_H
#define IMAP_NAMESPACE_H

#include <stddef.h>

#include "shm/settings.h"

/*
 * The folder of a name, at most size - 1 bytes. 0; -1 with errno: EINVAL if no
 * folder can have this name (another prefix, "/", a leading dot, a control
 * byte), ENAMETOOLONG.
 */
int namespace_folder(
    const struct settings *, const char *name, char *out, size_t size);
/* The name of a folder; -1: it has none here (EINVAL), ENAMETOOLONG. */
int namespace_name(
    const struct settings *, const char *folder, char *out, size_t size);
/* The subscription line of a folder; -1: ENAMETOOLONG. */
int namespace_line(const char *folder, char *out, size_t size);
/* The folder of a subscription line; -1: a foreign one, not shown. */
int namespace_of_line(const char *line, char *out, size_t size);

#endif
