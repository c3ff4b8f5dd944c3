/*
 * The operations as IMAP commands. A session is told "r NOOP", and when that is
 * answered the command "go"; what it said becomes the driver's "OK UIDVALIDITY
 * UID..." for the judge. What must be true before (\Deleted for EXPUNGE) is
 * done before "r".
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t/crash/crash.h"
#include "t/crash/run.h"

#define WAIT_MS 40000

struct talk {
	const char *op;
	const char *before; /* commands, tagged p; NULL: none */
	const char *command;
	unsigned messages; /* literals appended, each after its flags */
	const char *flags;
};

struct reply {
	char text[1u << 18];
	size_t n;
};

static const struct talk talks[] = {
    {"append", NULL, "APPEND INBOX", 1, ""},
    {"append-flags", NULL, "APPEND INBOX", 1, "(\\Seen \\Draft) "},
    {"append-edge", NULL, "APPEND INBOX.Edge", 1, "(\\Seen) "},
    {"append-courier", NULL, "APPEND INBOX.Courier", 1, "(\\Seen) "},
    {"multiappend", NULL, "APPEND INBOX", 3, "(\\Seen) "},
    {"copy", "p SELECT INBOX", "UID COPY 3,5,20 INBOX.Dest", 0, NULL},
    {"move", "p SELECT INBOX", "UID MOVE 3,5,20 INBOX.Dest", 0, NULL},
    {"expunge",
	"p SELECT INBOX\r\np UID STORE 3,5,20 +FLAGS.SILENT (\\Deleted)",
	"EXPUNGE", 0, NULL},
    {"close", "p SELECT INBOX\r\np UID STORE 3,5,20 +FLAGS.SILENT (\\Deleted)",
	"CLOSE", 0, NULL},
    {"store-flags", "p SELECT INBOX", "UID STORE 3,5,20 +FLAGS (\\Answered)", 0,
	NULL},
    {"store-keyword", "p SELECT INBOX", "UID STORE 3,5,20 +FLAGS (Later)", 0,
	NULL},
    {"store-many", "p SELECT INBOX", "UID STORE 1:20 +FLAGS (Later)", 0, NULL},
    {"number", NULL, "SELECT INBOX", 0, NULL},
    {"create", NULL, "CREATE INBOX.Fresh", 0, NULL},
    {"create-special", NULL, "CREATE INBOX.Fresh (USE (\\Junk))", 0, NULL},
    {"delete", NULL, "DELETE INBOX.Gone", 0, NULL},
    {"rename", NULL, "RENAME INBOX.Old INBOX.Fresh", 0, NULL},
    {"rename-inbox", NULL, "RENAME INBOX INBOX.Fresh", 0, NULL},
    {"subscribe", NULL, "SUBSCRIBE INBOX.Fresh", 0, NULL},
    {"unsubscribe", NULL, "UNSUBSCRIBE INBOX.Old", 0, NULL},
    {"look", "p SELECT INBOX",
	"UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY "
	"BODY.PEEK[])",
	0, NULL},
};

static bool ask(int, struct reply *, const char *, size_t, const char *);
static bool has_line(const struct reply *, const char *);
static void say_go(const struct talk *, FILE *);
static void append_message(FILE *, const char *, unsigned);
static void tell_said(const struct reply *, const char *);
static void tell_uids(FILE *, const char *);

void
wire_talk(int fd, const char *op, const char *said)
{
	static struct reply reply;
	const struct talk *t = talks;
	char *text = NULL, before[300];
	size_t n;
	FILE *f;

	while (strcmp(t->op, op) != 0) {
		if (++t == talks + sizeof(talks) / sizeof(talks[0]))
			die("no commands for %s", op);
	}
	reply.n = 0;
	(void)snprintf(before, sizeof(before), "%s%sr NOOP\r\n",
	    t->before != NULL ? t->before : "",
	    t->before != NULL ? "\r\n" : "");
	if (ask(fd, &reply, before, strlen(before), "r OK")) {
		f = open_memstream(&text, &n);
		if (f == NULL)
			die("memory");
		say_go(t, f);
		(void)fclose(f);
		if (ask(fd, &reply, text, n, "go "))
			(void)ask(fd, &reply, "z LOGOUT\r\n", 10, "z OK");
		free(text);
	}
	tell_said(&reply, said);
}

static void
say_go(const struct talk *t, FILE *f)
{
	unsigned i;

	(void)fprintf(f, "go %s", t->command);
	for (i = 0; i < t->messages; i++)
		append_message(f, t->flags, NEW_ID + i);
	(void)fprintf(f, "\r\n");
}

static void
append_message(FILE *f, const char *flags, unsigned id)
{
	size_t n, lines = 0, i;
	char *text;

	text = crash_text(id, &n);
	for (i = 0; i < n; i++)
		lines += text[i] == '\n';
	(void)fprintf(f, " %s{%zu+}\r\n", flags, n + lines);
	for (i = 0; i < n; i++) {
		if (text[i] == '\n')
			(void)putc('\r', f);
		(void)putc(text[i], f);
	}
	free(text);
}

/* Sends and reads until a line begins with the text; false: it is gone. */
static bool
ask(int fd, struct reply *r, const char *text, size_t n, const char *until)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t got;

	while (n > 0) {
		got = send(fd, text, n, MSG_NOSIGNAL);
		if (got == -1)
			break;
		text += got;
		n -= (size_t)got;
	}
	while (!has_line(r, until)) {
		if (poll(&p, 1, WAIT_MS) != 1)
			return false;
		got = read(fd, r->text + r->n, sizeof(r->text) - 1 - r->n);
		if (got <= 0)
			return false;
		r->n += (size_t)got;
		r->text[r->n] = '\0';
	}
	return true;
}

static bool
has_line(const struct reply *r, const char *text)
{
	const char *p;

	if (r->n == 0 || r->text[r->n - 1] != '\n')
		return false;
	for (p = r->text; (p = strstr(p, text)) != NULL; p++) {
		if (p == r->text || p[-1] == '\n')
			return true;
	}
	return false;
}

static void
tell_said(const struct reply *r, const char *said)
{
	const char *go, *code;
	FILE *f;

	f = fopen(said, "we");
	if (f == NULL)
		die("%s", said);
	(void)fprintf(f, "READY\n");
	go = r->n == 0 ? NULL : strstr(r->text, "\ngo ");
	if (go != NULL && strncmp(go, "\ngo OK", 6) == 0) {
		(void)fprintf(f, "OK");
		if ((code = strstr(r->text, "[APPENDUID ")) != NULL ||
		    (code = strstr(r->text, "[COPYUID ")) != NULL)
			tell_uids(f, code);
		else if ((code = strstr(r->text, "[UIDVALIDITY ")) != NULL)
			(void)fprintf(f, " %ld", strtol(code + 13, NULL, 10));
		(void)fprintf(f, "\n");
	} else if (go != NULL)
		(void)fprintf(f, "NO %s", go + 1);
	(void)fclose(f);
}

/* "[CODE UIDVALIDITY ... SET]": the last word is the new UIDs. */
static void
tell_uids(FILE *f, const char *code)
{
	unsigned long from, to;
	const char *p, *end;
	char *next;

	p = strchr(code, ' ');
	(void)fprintf(f, " %lu", strtoul(p, &next, 10));
	end = strchr(code, ']');
	for (p = end; p > code && p[-1] != ' ';)
		p--;
	while (p < end) {
		from = to = strtoul(p, &next, 10);
		if (*next == ':')
			to = strtoul(next + 1, &next, 10);
		for (; from <= to; from++)
			(void)fprintf(f, " %lu", from);
		p = next + 1;
	}
}
