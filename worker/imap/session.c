/*
 * A session: the process's life, and the loop that serves one client. Straight
 * code; the only waits are wire_wait, with a deadline each. RFC 3501 5.4 (the
 * inactivity timer), 7.1.5 (BYE).
 */
#include "worker/imap/session.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/capability.h"
#include "shm/log.h"
#include "worker/imap/command.h"
#include "worker/imap/entry.h"
#include "worker/imap/idle.h"
#include "worker/imap/notify.h"
#include "worker/imap/out.h"
#include "worker/imap/parking.h"
#include "worker/imap/session_control.h"
#include "worker/imap/text_charset.h"
#include "worker/imap/trash.h"
#include "worker/imap/view.h"

#define CAPABILITY_MAX 2048
#define CONTROL_EVERY  64           /* commands of a client that never pauses */
#define MALLOC_KEPT    (512 * 1024) /* bytes */

static int init(struct session *, const struct settings *,
    const struct session_account *, int);
static void done(struct session *);
static void open_account(struct session *);
static void serve_stream(struct session *, const struct control_serve *);
static void come_back(struct session *, const struct control_serve *);
static bool greet(struct session *, const char *);
static void refuse_account(struct session *, const char *);
static void serve(struct session *);
static void run(struct session *);
static void next_command(struct session *);
static void wait_input(struct session *);
static unsigned left(time_t);
static enum wire_event wait_quiet(struct session *, time_t, time_t);
static void forget_client(struct session *);
static void tell_notices(struct session *);
static void log_end(const struct session *);

void
session_warm(void)
{
	tzset();
	text_charset_warm();
	/* A client's buffers come and go: not to the kernel and back. */
	(void)mallopt(M_MMAP_THRESHOLD, MALLOC_KEPT);
	(void)mallopt(M_TRIM_THRESHOLD, MALLOC_KEPT);
}

int
session_serve(const struct settings *set, const struct session_account *account,
    int control)
{
	struct control_serve *next;
	struct session s;
	unsigned seconds = SESSION_FIRST_WAIT;
	int result = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	if (init(&s, set, account, control) == -1)
		return 1;
	while (
	    result == 0 && (result = control_next(&s, seconds, &next)) == 1) {
		s.client = next->client;
		serve_stream(&s, next);
		result = 0;
		if (s.client.state != SESSION_PARKED)
			result = control_end(&s);
		control_free(next);
		forget_client(&s);
		seconds = set->linger;
		s.lingers = true;
	}
	if (result == 0)
		control_leave(&s);
	done(&s);
	return result == -1 ? 1 : 0;
}

int
session_shell(const struct settings *set, const struct session_account *account)
{
	struct session s;
	char user[SESSION_MAX_NAME];
	const char *why;

	(void)signal(SIGPIPE, SIG_IGN);
	if (init(&s, set, account, -1) == -1)
		return 1;
	(void)log_text(user, sizeof(user), account->user);
	(void)strcpy(s.client.peer, "127.0.0.1");
	if (wire_init(&s.wire, STDIN_FILENO, STDOUT_FILENO, -1, NULL, 0) ==
	    -1) {
		done(&s);
		return 1;
	}
	s.wire.output_seconds = set->output_timeout;
	s.client.since = session_clock();
	log_courier(0, LOG_LEVEL_INFO,
	    "LOGIN, user=%s, ip=[127.0.0.1], port=[0], protocol=IMAP", user);
	if (s.maildir == NULL)
		refuse_account(&s, NULL);
	else if ((why = entry_refusal(&s)) != NULL)
		session_bye(&s, IPC_END_PROTOCOL, why);
	else
		/* COURIER 2.4: no capabilities here, clients ask for them. */
		wire_str(&s.wire, "* PREAUTH Ready.\r\n");
	serve(&s);
	log_end(&s);
	forget_client(&s);
	done(&s);
	return 0;
}

void
session_enter(struct session *s, enum session_state to)
{
	enum session_state from = s->client.state;

	assert(from != SESSION_PARKED);
	assert(from != SESSION_LOGOUT || to == SESSION_LOGOUT);
	assert((to == SESSION_SELECTED) == (s->client.view != NULL) ||
	       to == SESSION_LOGOUT || to == SESSION_PARKED);
	s->client.state = to;
	s->client.keeps = false; /* it may be smaller now */
}

void
session_bye(struct session *s, enum ipc_end why, const char *text)
{
	if (s->client.state >= SESSION_LOGOUT)
		return;
	s->client.why = why;
	session_enter(s, SESSION_LOGOUT);
	wire_str(&s->wire, "* BYE ");
	wire_str(&s->wire, text);
	wire_str(&s->wire, "\r\n");
}

bool
session_alive(struct session *s)
{
	if (s->client.state >= SESSION_LOGOUT)
		return false;
	if (s->wire.state == WIRE_OPEN || s->wire.state == WIRE_EOF)
		return true;
	s->client.why = s->wire.state == WIRE_TIMEOUT ? IPC_END_TIMEOUT
						      : IPC_END_DISCONNECTED;
	session_enter(s, SESSION_LOGOUT);
	return false;
}

void
session_obey(struct session *s)
{
	if (s->news.end == NEWS_KICKED)
		session_bye(s, IPC_END_SHUTDOWN,
		    "[ALERT] Disconnected by the administrator.");
	else if (s->news.end != NEWS_NONE)
		session_bye(s, IPC_END_SHUTDOWN,
		    "Corkboard IMAP server shut down by signal.");
}

time_t
session_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static int
init(struct session *s, const struct settings *set,
    const struct session_account *account, int control)
{
	memset(s, 0, sizeof(*s));
	STAILQ_INIT(&s->queue);
	s->set = set;
	s->account = account;
	s->control = control;
	buf_init(&s->line, SESSION_LINE_MAX);
	s->arena = arena_new(SESSION_ARENA_MAX);
	s->scratch = arena_new(SESSION_ARENA_MAX);
	s->reader = reader_new();
	if (s->arena == NULL || s->scratch == NULL || s->reader == NULL) {
		done(s);
		return -1;
	}
	open_account(s);
	return 0;
}

static void
done(struct session *s)
{
	struct control_serve *m;

	while ((m = STAILQ_FIRST(&s->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->queue, next);
		control_free(m);
	}
	kept_drop(s);
	if (s->maildir != NULL)
		maildir_close(s->maildir);
	reader_free(s->reader);
	arena_free(s->scratch);
	arena_free(s->arena);
	buf_done(&s->line);
}

/* A Maildir that cannot be opened is told to each client, not died of. */
static void
open_account(struct session *s)
{
	const struct maildir_options options = {
	    .hostname = s->set->hostname,
	    .uselocks = s->set->uselocks != 0,
	    .keywords = s->set->keywords != 0,
	    .umask = (mode_t)s->set->umask,
	    .lock_seconds = s->set->lock_timeout,
	    .index = true,
	    .indexdir = s->account->indexdir,
	    .trash = s->set->trashfolder,
	};

	s->rooterr = s->account->rooterr;
	if (s->account->rootfd == -1)
		return;
	s->foreign = entry_is_foreign(s->set, s->account->rootfd);
	s->maildir = maildir_open(s->account->rootfd, &options);
	if (s->maildir == NULL)
		s->rooterr = errno;
}

static void
serve_stream(struct session *s, const struct control_serve *m)
{
	if (wire_init(&s->wire, m->fd, m->fd, s->control, m->input,
		m->ninput) == -1) {
		s->client.why = IPC_END_PROTOCOL;
		session_enter(s, SESSION_LOGOUT);
		return;
	}
	s->wire.output_seconds = s->set->output_timeout;
	if (m->resume)
		come_back(s, m);
	else if (greet(s, m->tag))
		serve(s);
	else
		(void)wire_flush(&s->wire);
}

/* A parked client, as if it had never been away. */
static void
come_back(struct session *s, const struct control_serve *m)
{
	arena_reset(s->arena);
	if (s->maildir == NULL)
		refuse_account(s, NULL);
	else if (park_restore(s, m->record, m->nrecord) &&
		 s->client.idle_tag[0] != '\0')
		idle_resume(s);
	else
		notify_resume(s);
	run(s);
}

/* The answer to LOGIN or AUTHENTICATE: it is the session that gives it. */
static bool
greet(struct session *s, const char *tag)
{
	char words[CAPABILITY_MAX];
	const char *why;

	if (s->maildir == NULL) {
		refuse_account(s, tag);
		return false;
	}
	if ((why = entry_refusal(s)) != NULL) {
		session_bye(s, IPC_END_PROTOCOL, why);
		return false;
	}
	capability_print(s->set,
	    (s->client.flags & IPC_SERVE_TLS) != 0 ? CAPABILITY_MAIL_TLS
						   : CAPABILITY_MAIL,
	    false, words, sizeof(words));
	wire_str(&s->wire, tag);
	wire_str(&s->wire, " OK [CAPABILITY ");
	wire_str(&s->wire, words);
	wire_str(&s->wire, "] LOGIN Ok.\r\n");
	return true;
}

static void
refuse_account(struct session *s, const char *tag)
{
	log_line(LOG_LEVEL_ERR, "maildir cannot be opened user=%s: %s",
	    s->account->user, strerror(s->rooterr));
	if (tag != NULL) {
		wire_str(&s->wire, tag);
		wire_str(&s->wire,
		    " NO [UNAVAILABLE] Mailbox cannot be opened.\r\n");
	}
	session_bye(s, IPC_END_PROTOCOL,
	    "[UNAVAILABLE] The mailbox cannot be opened, try again later.");
}

static void
serve(struct session *s)
{
	bool served = session_alive(s);

	/* The client need not wait for it, or for its end. */
	if (served && wire_flush(&s->wire) == 0)
		trash_empty(s);
	run(s);
}

/* Command after command, until it ends or parks. */
static void
run(struct session *s)
{
	bool served = s->client.state != SESSION_LOGOUT;

	while (session_alive(s)) {
		/* At the top, so that no error path can skip it. */
		arena_reset(s->arena);
		next_command(s);
		tell_notices(s);
		/* What comes over the channel now is for the next client. */
		if (s->client.state == SESSION_PARKED)
			break;
		if (s->control != -1 && ++s->served % CONTROL_EVERY == 0)
			session_control(s);
		session_obey(s);
	}
	if (s->client.state == SESSION_PARKED)
		return;
	(void)wire_flush(&s->wire);
	if (served && s->news.end == NEWS_NONE)
		trash_empty(s);
}

static void
next_command(struct session *s)
{
	struct reader_command text;
	const char *tag, *why;

	switch (reader_next(s->reader, &s->wire, s->arena, &text, &tag, &why)) {
	case READER_COMMAND:
		command_run(s, &text);
		return;
	case READER_MORE:
		wait_input(s);
		return;
	case READER_BAD:
		command_refuse(s, tag, why);
		return;
	case READER_BYE:
		command_refuse(s, tag, why);
		session_bye(s, IPC_END_PROTOCOL, why);
		return;
	}
}

/* RFC 3501 5.4: at least 30 minutes between commands; less inside of one. */
static void
wait_input(struct session *s)
{
	bool busy = reader_busy(s->reader);
	time_t begin = session_clock();
	time_t end = begin + (time_t)(busy ? s->set->command_timeout
					   : s->set->inactivity_timeout);

	while (session_alive(s)) {
		if (!busy)
			notify_turn(s);
		switch (busy ? wire_wait(&s->wire, left(end))
			     : wait_quiet(s, begin, end)) {
		case WIRE_INPUT:
			return;
		case WIRE_CONTROL:
			session_control(s);
			session_obey(s);
			if (s->news.wanted && !busy)
				(void)park_client(s, session_clock() - begin);
			break;
		case WIRE_LATE:
			if (s->client.state == SESSION_PARKED ||
			    session_clock() < end)
				break;
			session_bye(s, IPC_END_TIMEOUT,
			    busy ? "Timed out in the middle of a command."
				 : "Disconnected for inactivity.");
			return;
		case WIRE_GONE:
			if (s->wire.state == WIRE_EOF) {
				s->client.why = IPC_END_DISCONNECTED;
				session_enter(s, SESSION_LOGOUT);
			}
			return;
		}
	}
}

static unsigned
left(time_t end)
{
	time_t now = session_clock();

	return end > now ? (unsigned)(end - now) : 0;
}

/*
 * When the client goes quiet it is parked. One that cannot be has the store pay
 * the scan that it owes; what it finds is told with the next command.
 */
static enum wire_event
wait_quiet(struct session *s, time_t begin, time_t end)
{
	unsigned seconds = notify_patience(s, left(end));
	enum wire_event e;

	if (park_possible(s) && seconds >= s->set->park_linger) {
		e = wire_wait(&s->wire, s->set->park_linger);
		if (e == WIRE_LATE)
			(void)park_client(s, session_clock() - begin);
		return e;
	}
	if (session_clock() < begin + SESSION_QUIET &&
	    seconds > SESSION_QUIET) {
		e = wire_wait(&s->wire, SESSION_QUIET);
		if (e == WIRE_LATE && s->client.state == SESSION_SELECTED)
			(void)view_look(s, false);
		return e;
	}
	if (park_on(s) && !s->client.keeps && seconds > SESSION_PARK_AGAIN)
		seconds = SESSION_PARK_AGAIN;
	return wire_wait(&s->wire, seconds);
}

static void
forget_client(struct session *s)
{
	notify_free(s);
	view_close(s->client.view);
	free(s->client.saved);
	memset(&s->client, 0, sizeof(s->client));
	s->news = (struct session_news){
	    /* Those in the queue have not heard of it yet. */
	    .end = STAILQ_EMPTY(&s->queue) ? NEWS_NONE : s->news.end};
	wire_done(&s->wire);
	buf_clear(&s->line);
	/* Half a command of this client is not the next one's. */
	reader_free(s->reader);
	s->reader = reader_new();
	if (s->reader == NULL)
		log_fatal("out of memory");
}

static void
tell_notices(struct session *s)
{
	const char *text;

	while ((text = maildir_notice(s->maildir)) != NULL)
		log_line(LOG_LEVEL_WARN, "user=%s: %s", s->account->user, text);
}

/* From a shell nobody else writes the line of the end, COURIER 5.4. */
static void
log_end(const struct session *s)
{
	const struct client *c = &s->client;
	char user[SESSION_MAX_NAME];
	const char *word = "DISCONNECTED";

	if (c->why == IPC_END_LOGOUT)
		word = "LOGOUT";
	else if (c->why == IPC_END_TIMEOUT)
		word = "TIMEOUT";
	log_courier(0, LOG_LEVEL_INFO,
	    "%s, user=%s, ip=[%s], port=[%u], headers=%llu, body=%llu, "
	    "rcvd=%llu, sent=%llu, time=%lld",
	    word, log_text(user, sizeof(user), s->account->user), c->peer,
	    c->port, (unsigned long long)c->header_bytes,
	    (unsigned long long)c->body_bytes,
	    (unsigned long long)s->wire.received,
	    (unsigned long long)s->wire.sent,
	    (long long)(session_clock() - c->since));
}
