/* What the parts of talk share: variables and patterns, the world outside. */
#ifndef T_TALK_H
#define T_TALK_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define TALK_STEP_MS 10000

struct talk_text {
	char *name, *value;
	size_t n;
};

/* Remembers why a step failed; always false. */
bool talk_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* p, or the end of the program if it is NULL. */
void *talk_must(void *p);

/* talk_text.c: forgets all variables and texts. */
void talk_text_reset(void);
/* TEXT with its variables, the caller's; NULL: one is unbound. */
char *talk_expand(const char *text, size_t *n);
/* Whether the whole line matches; binds variables if so. */
bool talk_matches(const char *pattern, const char *line);
/* Binds a variable; the text of @text NAME, or NULL. */
void talk_bind(const char *name, size_t len, const char *value, size_t n);
void talk_define(const char *name, char *value, size_t n);
const struct talk_text *talk_named(const char *name);

/* talk_deflate.c: a client's COMPRESS, from its first byte on. */
struct talk_deflate;
struct talk_deflate *talk_deflate_new(void);
void talk_deflate_free(struct talk_deflate *);
/* What to send for *n bytes; the caller's. */
char *talk_deflate(struct talk_deflate *, const char *, size_t *n);
/* Text for n bytes received, the caller's: its length, or -1. */
ssize_t talk_inflate(
    struct talk_deflate *, const char *, size_t n, char **text);

/* talk_world.c: an @ step, without the @, on the site in dir. */
bool talk_outside(const char *dir, char *line, FILE *in, int *lineno);
/* Removes a folder and all in it. */
bool talk_remove(const char *path);
/* A port of 127.0.0.1 for a server, 0 or 1 of a site; it is ours until the next
 * call for the same one. It lies below the ports that the kernel gives to outgoing
 * connections, so that what is free stays free until the server listens. */
int talk_free_port(int which);

#endif
