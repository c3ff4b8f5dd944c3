/*
 * The grammar of folder names, both directions. Pure. A folder's name is UTF-8
 * with levels separated by '.'; its directory has one dot more in front; "" is
 * INBOX, the root itself. What a client may create is strict, what is already
 * in the tree may be anything that a directory can be called.
 */
#ifndef MAILDIR_NAME_H
#define MAILDIR_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_DIR_MAX 256 /* room for a directory's name and its NUL */

/*
 * May this name be looked for? 0; -1 with EINVAL ('/', a leading dot) or
 * ENAMETOOLONG (more than a directory's name can hold). "" may.
 */
int name_check(const char *folder);
/*
 * May this name be created? The above, and: UTF-8 without control characters
 * and line separators (RFC 6855 3), no empty level. 0; -1 with EINVAL (also
 * for "") or ENAMETOOLONG (MAILDIR_NAME_MAX bytes, MAILDIR_LEVELS_MAX levels).
 */
int name_check_new(const char *folder);
/* Can a client be shown it: UTF-8 without ASCII control characters. */
bool name_is_shown(const char *folder);
/* Is it below above ("a.b" below "a")? Everything but "" is below "". */
bool name_is_below(const char *folder, const char *above);
/* The directory of a folder that passed name_check: "." for "". */
void name_to_dir(char dir[NAME_DIR_MAX], const char *folder);
/* The folder in a directory's name (a part of it), NULL if it is none's. */
const char *name_of_dir(const char *dir);

#endif
