/*
 * The CAPABILITY line: which words are announced when, from the settings. In
 * the commons because worker (before login), session (after it) and
 * imapd-master -t must agree on every byte.
 */
#ifndef SHM_CAPABILITY_H
#define SHM_CAPABILITY_H

#include <stddef.h>

#include "shm/settings.h"

enum capability_stage {
	CAPABILITY_LOGIN,     /* before login, in clear */
	CAPABILITY_LOGIN_TLS, /* before login, TLS */
	CAPABILITY_MAIL,      /* after login, in clear */
	CAPABILITY_MAIL_TLS,  /* after login, TLS */
	CAPABILITY_SHELL,     /* from a shell: no worker */
};

/*
 * Writes the words, separated by single blanks, into out[size], terminated:
 * "IMAP4rev1 ..." without "* CAPABILITY ". IMAP_CAPABILITY(_TLS), when it is
 * neither empty nor a list that a Courier version shipped, hides the words that
 * Courier knows and it does not list; IMAP_CAPABILITY_HIDE hides any. external:
 * AUTH=EXTERNAL is on for this listener.
 */
void capability_print(const struct settings *, enum capability_stage,
    bool external, char *out, size_t size);
/* Whether a word ("MOVE") is announced after login. */
bool capability_has(const struct settings *, const char *word);

#endif
