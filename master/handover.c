/*
 * A line is a word and numbers, or a word and a text to the end of the line:
 *
 *   handover VERSION IPC_VERSION     the first
 *   config PATH, pidfile PATH
 *   master FOREGROUND LOCK LOGIN LOGOUT NOTIFY CONTROL STARTED INCARNATIONS
 *   key FOUR NUMBERS
 *   notbefore TIME USER           ("": of all accounts)
 *   listener FD VIEW
 *   child ROLE NUMBER INCARNATION PID CHANNEL LOG TABLE EXTERNAL HELLO
 *   conn ID STATE TRUSTED VIEW WORKER WIDE KIND NET WIDENET   (nets: two each)
 *   end                              the last
 */
#include "master/handover.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "master/notbefore.h"

#define NUMBERS  16
#define LINE_MAX (SETTINGS_PATH + 64)

struct reading {
	struct handover *out;
	uint64_t n[NUMBERS]; /* of the line at hand */
	size_t count;
	bool complete; /* "end" was seen */
};

static void put_tickets(FILE *, const struct handover *);
static void put_child(FILE *, const struct child *);
static void put_conn(FILE *, const struct admit_saved *);
static int take_line(struct reading *, char *);
static int take_numbers(struct reading *, const char *);
static int take_master(struct reading *);
static int take_listener(struct reading *);
static int take_key(struct reading *);
static int take_notbefore(const char *);
static int take_child(struct reading *);
static int take_conn(struct reading *);
static uint64_t half(const uint8_t *);
static void unhalf(uint8_t *, uint64_t);
static int keep(int fd, bool on);

int
handover_write(const struct handover *h)
{
	int fd = memfd_create("imapd-handover", MFD_CLOEXEC), copy;
	struct admit_saved saved;
	uint32_t at = 0;
	FILE *f;

	if (fd == -1)
		return -1;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	f = copy == -1 ? NULL : fdopen(copy, "w");
	if (f == NULL) {
		if (copy != -1)
			close(copy);
		close(fd);
		return -1;
	}
	(void)fprintf(f,
	    "handover %d %d\nconfig %s\npidfile %s\n"
	    "master %u %d %d %d %d %d %llu %llu\n",
	    HANDOVER_VERSION, IPC_VERSION, h->config, h->pidfile, h->foreground,
	    h->lock, h->log[0], h->log[1], h->notify + 1, h->control + 1,
	    (unsigned long long)h->started,
	    (unsigned long long)h->incarnations);
	put_tickets(f, h);
	for (size_t i = 0; i < h->listeners.n; i++)
		(void)fprintf(f, "listener %d %u\n", h->listeners.v[i].fd,
		    h->listeners.v[i].view);
	for (size_t i = 0; i < h->nchildren; i++)
		put_child(f, &h->children[i]);
	while (admit_save(h->admit, &at, &saved))
		put_conn(f, &saved);
	(void)fprintf(f, "end\n");
	if (fclose(f) == EOF || lseek(fd, 0, SEEK_SET) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
put_tickets(FILE *f, const struct handover *h)
{
	const char *user;
	uint64_t when;

	(void)fprintf(f, "key %llu %llu %llu %llu\n",
	    (unsigned long long)half(h->key),
	    (unsigned long long)half(h->key + 8),
	    (unsigned long long)half(h->key + 16),
	    (unsigned long long)half(h->key + 24));
	for (size_t i = 0; notbefore_each(i, &user, &when); i++)
		/* No name has a line's end; rather all than none. */
		if (when > 0)
			(void)fprintf(f, "notbefore %llu %s\n",
			    (unsigned long long)when,
			    strchr(user, '\n') == NULL ? user : "");
}

static void
put_child(FILE *f, const struct child *c)
{
	(void)fprintf(f, "child %u %u %llu %d %d %d %d %d %d\n",
	    (unsigned)c->role, c->number, (unsigned long long)c->incarnation,
	    (int)c->pid, c->channel + 1, c->log + 1, c->table + 1, c->external,
	    c->hello);
}

static void
put_conn(FILE *f, const struct admit_saved *s)
{
	(void)fprintf(f, "conn %llu %u %u %u %u %u %u %llu %llu %llu %llu\n",
	    (unsigned long long)s->conn, s->state, s->trusted, s->view,
	    s->worker, s->has_wide, s->kind, (unsigned long long)half(s->net),
	    (unsigned long long)half(s->net + 8),
	    (unsigned long long)half(s->wide),
	    (unsigned long long)half(s->wide + 8));
}

static uint64_t
half(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void
unhalf(uint8_t *p, uint64_t v)
{
	for (int i = 8; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

int
handover_read(int fd, struct handover *out, struct notes *notes)
{
	struct reading r = {.out = out};
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	char line[LINE_MAX];
	unsigned number = 0;
	bool bad = false;
	FILE *f;

	memset(out, 0, sizeof(*out));
	out->lock = out->notify = out->control = -1;
	out->admit = admit_new();
	f = copy == -1 ? NULL : fdopen(copy, "r");
	if (f == NULL || out->admit == NULL || fseek(f, 0, SEEK_SET) == -1) {
		note_add(notes, NOTE_ERROR, NULL, 0, "handover: %s",
		    strerror(errno));
		if (f != NULL)
			(void)fclose(f);
		else if (copy != -1)
			close(copy);
		return -1;
	}
	while (!bad && fgets(line, sizeof(line), f) != NULL) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		bad = r.complete || take_line(&r, line) == -1 ||
		      (number == 1) != (strncmp(line, "handover ", 9) == 0);
	}
	(void)fclose(f);
	if (!bad && r.complete && out->lock != -1)
		return 0;
	note_add(notes, NOTE_ERROR, NULL, 0,
	    "handover from the running server, line %u: not understood, a "
	    "restart is needed",
	    number);
	return -1;
}

static int
take_line(struct reading *r, char *line)
{
	static const struct {
		const char *word;
		int (*take)(struct reading *);
	} words[] = {
	    {"master ", take_master},
	    {"listener ", take_listener},
	    {"key ", take_key},
	    {"child ", take_child},
	    {"conn ", take_conn},
	};
	size_t n;

	if (strcmp(line, "end") == 0) {
		r->complete = true;
		return 0;
	}
	if (strncmp(line, "handover ", 9) == 0)
		return take_numbers(r, line + 9) == 0 && r->count == 2 &&
			       r->n[0] == HANDOVER_VERSION &&
			       r->n[1] == IPC_VERSION
			   ? 0
			   : -1;
	if (strncmp(line, "config ", 7) == 0) {
		n = strlcpy(r->out->config, line + 7, sizeof(r->out->config));
		return n < sizeof(r->out->config) ? 0 : -1;
	}
	if (strncmp(line, "pidfile ", 8) == 0) {
		n = strlcpy(r->out->pidfile, line + 8, sizeof(r->out->pidfile));
		return n < sizeof(r->out->pidfile) ? 0 : -1;
	}
	if (strncmp(line, "notbefore ", 10) == 0)
		return take_notbefore(line + 10);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		n = strlen(words[i].word);
		if (strncmp(line, words[i].word, n) == 0)
			return take_numbers(r, line + n) == -1
				   ? -1
				   : words[i].take(r);
	}
	return -1;
}

static int
take_numbers(struct reading *r, const char *p)
{
	char *end;

	for (r->count = 0; *p != '\0'; r->count++) {
		if (r->count == NUMBERS || *p < '0' || *p > '9')
			return -1;
		errno = 0;
		r->n[r->count] = strtoull(p, &end, 10);
		if (errno != 0 || (*end != ' ' && *end != '\0'))
			return -1;
		p = *end == ' ' ? end + 1 : end;
	}
	return 0;
}

static int
take_master(struct reading *r)
{
	struct handover *h = r->out;

	if (r->count != 8)
		return -1;
	h->foreground = r->n[0] != 0;
	h->lock = (int)r->n[1];
	h->log[0] = (int)r->n[2];
	h->log[1] = (int)r->n[3];
	h->notify = (int)r->n[4] - 1;
	h->control = (int)r->n[5] - 1;
	h->started = r->n[6];
	h->incarnations = r->n[7];
	return 0;
}

static int
take_listener(struct reading *r)
{
	struct listeners *l = &r->out->listeners;

	if (r->count != 2 || l->n == LISTEN_MAX || r->n[1] > 1)
		return -1;
	l->v[l->n++] = (struct listener){(int)r->n[0], (unsigned)r->n[1]};
	return 0;
}

static int
take_key(struct reading *r)
{
	if (r->count != 4)
		return -1;
	for (size_t i = 0; i < 4; i++)
		unhalf(r->out->key + 8 * i, r->n[i]);
	return 0;
}

static int
take_notbefore(const char *p)
{
	uint64_t when;
	char *end;

	errno = 0;
	when = strtoull(p, &end, 10);
	if (*p < '0' || *p > '9' || errno != 0 || *end != ' ')
		return -1;
	notbefore_set(end + 1, when);
	return 0;
}

static int
take_child(struct reading *r)
{
	struct child *c = &r->out->children[r->out->nchildren];

	if (r->count != 9 || r->out->nchildren == BROOD_MAX ||
	    r->n[0] >= BOOT_ROLES || r->n[1] >= BOOT_WORKERS || r->n[3] < 2)
		return -1;
	*c = (struct child){.role = (enum boot_role)r->n[0],
	    .number = (uint32_t)r->n[1],
	    .incarnation = r->n[2],
	    .pid = (pid_t)r->n[3],
	    .channel = (int)r->n[4] - 1,
	    .log = (int)r->n[5] - 1,
	    .table = (int)r->n[6] - 1,
	    .external = r->n[7] != 0,
	    .hello = r->n[8] != 0,
	    .old = true,
	    .retired = true};
	r->out->nchildren++;
	return 0;
}

static int
take_conn(struct reading *r)
{
	struct admit_saved s = {.conn = r->n[0],
	    .state = (uint32_t)r->n[1],
	    .trusted = (uint32_t)r->n[2],
	    .view = (uint32_t)r->n[3],
	    .worker = (uint32_t)r->n[4],
	    .has_wide = (uint32_t)r->n[5],
	    .kind = (uint32_t)r->n[6]};

	unhalf(s.net, r->n[7]);
	unhalf(s.net + 8, r->n[8]);
	unhalf(s.wide, r->n[9]);
	unhalf(s.wide + 8, r->n[10]);
	return r->count != 11 ? -1 : admit_restore(r->out->admit, &s);
}

int
handover_keep(const struct handover *h, bool on)
{
	const int own[] = {
	    h->lock, h->log[0], h->log[1], h->notify, h->control};
	int ret = 0;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		ret |= keep(own[i], on);
	for (size_t i = 0; i < h->listeners.n; i++)
		ret |= keep(h->listeners.v[i].fd, on);
	for (size_t i = 0; i < h->nchildren; i++) {
		ret |= keep(h->children[i].channel, on);
		ret |= keep(h->children[i].log, on);
		ret |= keep(h->children[i].table, on);
	}
	return ret;
}

static int
keep(int fd, bool on)
{
	return fd == -1 ? 0 : fcntl(fd, F_SETFD, on ? 0 : FD_CLOEXEC);
}
