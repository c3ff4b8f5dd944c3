/*
 * Accounts from Courier's userdb in its text form: a file, or a tree of files,
 * of lines "login<TAB>field=value|field=value...". Read directly, and again
 * when it changes. See userdb(5).
 */
#ifndef AUTH_USERDB_H
#define AUTH_USERDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/password.h"
#include "auth/ticket.h"

#define USERDB_LINE  4096        /* bytes of a line at most */
#define USERDB_BYTES (64u << 20) /* of all files together */
#define USERDB_FILES 4096        /* files and directories of a tree */
#define USERDB_DEPTH 16          /* directories below one another */

struct userdb;

struct userdb_account { /* lent until the next call */
	const char *login;
	const char *fields; /* the right side of the line, as written */
	uint32_t uid, gid;
};

/*
 * A database over a path that need not exist yet. strict: files must belong to
 * root or to us and have no group or other permission bits. report is told of
 * each broken line (0: the file itself) and why it does not count. NULL
 * without memory. Nothing is read before the first lookup. End with
 * userdb_close.
 */
struct userdb *userdb_open(const char *path, bool strict,
    void (*report)(const char *file, unsigned line, const char *why));
void userdb_close(struct userdb *);

/*
 * Looks an account up, after reading again what has changed. 1: *out is
 * filled. 0: there is no such account. -1: it cannot be said, because a file
 * could not be read (reported).
 */
int userdb_find(struct userdb *, const char *login, struct userdb_account *out);
/*
 * Reads again what has changed. How often it was read, if what it holds is
 * whole and can be believed in what it lacks, too: all could be read, the file
 * is there, and nothing changed within the last second (an editor may be at
 * work). Else 0.
 */
unsigned userdb_settled(struct userdb *);
/*
 * The password text for a service: SERVICEpw if the account has it, else
 * systempw. false if there is neither.
 */
bool userdb_secret(const struct userdb_account *, const char *service,
    char out[PASSWORD_TEXT]);
/*
 * The text that an unknown login is checked against, so that it costs what a
 * known one costs: that of some account, always the same for the same name.
 * false if no account has any.
 */
bool userdb_decoy(struct userdb *, const char *login, const char *service,
    char out[PASSWORD_TEXT]);

/*
 * Cuts one line without its newline in place. 1: *out points into it; 0: empty
 * or a comment; -1: broken, *why says what is wrong.
 */
int userdb_parse(char *line, struct userdb_account *out, const char **why);
/*
 * Copies a field's value, terminated; the first counts. false if there is none
 * or it does not fit: out is then empty.
 */
bool userdb_field(const char *fields, const char *name, char *out, size_t size);

#endif
