/*
 * imapd-deliver's work: one message from a descriptor into a Maildir, whole or
 * not at all, and a post to the server that runs here. Results are exit codes
 * of sysexits.h: EX_TEMPFAIL for all that may pass.
 */
#ifndef MASTER_AGENT_H
#define MASTER_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_KEYWORDS 16
#define AGENT_ADDRESS  900 /* bytes: a line of the header has 998 */

struct agent {
	const char *maildir; /* path */
	const char *folder;  /* as clients see it or without INBOX.; "" */
	const char *sender;  /* for Return-Path, NULL: none is written */
	const char *address; /* for Delivered-To, NULL: none */
	const char *notify;  /* socket, "": none */
	uint8_t flags;       /* MESSAGE_* */
	size_t nkeywords;
	const char *keywords[AGENT_KEYWORDS];
	bool create; /* Maildir and folder, if they are missing */
	bool bounce; /* over quota: EX_UNAVAILABLE instead of EX_TEMPFAIL */
};

/*
 * Checks what was given (EX_USAGE), then delivers what fd holds. After EX_OK
 * the message is on disk; after anything else nothing of it is seen. Why it
 * failed is one line on stderr. *stop: set by a signal handler, the delivery
 * is given up until it is being filed.
 */
int agent_deliver(const struct agent *, int fd, const volatile int *stop);

/* Flags from letters (D F R S T), -1 for another letter. */
int agent_flags(const char *letters);

#endif
