/*
 * Texts of clients on an administrator's terminal and in JSON: UTF-8 that is
 * whole and no control character passes, every other byte is shown as "?" (or,
 * in JSON, as U+FFFD).
 */
#ifndef MASTER_CTL_TEXT_H
#define MASTER_CTL_TEXT_H

#include <stdio.h>

/* Columns that it took; stops after so many, 0: all of it. */
int ctl_text(FILE *, const char *, int columns);
/* With the quotes. */
void ctl_text_json(FILE *, const char *);

#endif
