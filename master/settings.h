/*
 * THE table of settings: from the files (master/conf.h) or the environment to
 * struct settings (shm/settings.h). Every value is checked against its bounds;
 * no limit can be switched off by an empty value or a zero.
 */
#ifndef MASTER_SETTINGS_H
#define MASTER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "master/conf.h"
#include "master/note.h"
#include "shm/settings.h"

/* Fills *out with the table's defaults. */
void settings_default(struct settings *out);
/*
 * Reads file and its companion file-ssl. 0: *out is filled and may be used;
 * -1: notes has at least one error and *out is untouched. Only the texts are
 * looked at: see settings_check for what they name.
 */
int settings_load(const char *file, struct settings *out, struct notes *notes);
/*
 * The same from two tables: conf[0] as PORT sees the files (imapd wins),
 * conf[1] as SSLPORT does (imapd-ssl wins).
 */
int settings_apply(const struct conf *const conf[2], const char *file,
    struct settings *out, struct notes *notes);
/*
 * For imapd from a shell: the table's defaults, and the variables IMAP_* of the
 * environment. What is wrong with one is noted and leaves the default.
 */
void settings_environment(struct settings *out, struct notes *notes);
/*
 * After a reload: settings that need a restart keep in *next the value that is
 * running. Returns the next such setting's name that differed, from *i = 0 on,
 * NULL when there is none left.
 */
const char *settings_keep(
    const struct settings *running, struct settings *next, size_t *i);

#endif
