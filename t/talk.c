/*
 * Plays wire conversations (t/wire/README) against the real server and prints
 * TAP, one line a script. Each script gets a server and a Maildir of its own.
 *
 *   talk -s IMAPD script...        each client is a shell: IMAPD ./Maildir
 *   talk -d SITE-SCRIPT script...  a daemon: SITE-SCRIPT DIR writes a site into
 *                                  DIR and runs it in the foreground on the
 *                                  ports TALK_PORT and TALK_SSLPORT
 *   talk -p PORT script...         a daemon that runs already; script "-" is
 *                                  standard input
 */
#include "t/talk.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 10
#define LINES   4096

struct client {
	int fd;
	pid_t pid;              /* shell: its process */
	struct talk_deflate *z; /* COMPRESS, or NULL */
	char *in;               /* bytes not yet cut into lines */
	size_t n, room;
	char *line[LINES];  /* unread lines, then read ones of this command */
	size_t next, count; /* next unread, all since the last command */
};

static struct client clients[CLIENTS];
static const char *program, *script;
static bool daemon_mode, started, skipped;
static char dir[256], why[1024];
static int lineno, port;
static pid_t server;
static char *settings[64];
static size_t nsettings;

static bool play(FILE *);
static bool step(char *, FILE *);
static bool client_step(struct client *, char *, const char *);
static bool set_up(char *);

/* ---- small things ---- */

bool
talk_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return false;
}

void *
talk_must(void *p)
{
	if (p == NULL) {
		perror("talk");
		exit(2);
	}
	return p;
}

static long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- clients ---- */

/* Cuts complete responses, literals included, out of the bytes. */
static void
cut_lines(struct client *c)
{
	char *eol, *brace, *line;
	size_t at = 0, lit, i, used;

	for (;;) {
		at = 0;
		for (;;) {
			eol = memmem(c->in + at, c->n - at, "\r\n", 2);
			if (eol == NULL)
				return;
			used = (size_t)(eol - c->in);
			if (used == at || c->in[used - 1] != '}')
				break;
			for (brace = eol - 2; brace > c->in + at &&
					      isdigit((unsigned char)*brace);
			     brace--)
				;
			if (*brace != '{' || brace == eol - 2)
				break;
			lit = strtoul(brace + 1, NULL, 10);
			at = used + 2 + lit;
			if (at > c->n)
				return;
		}
		line = talk_must(calloc(1, used + 1));
		lit = 0;
		for (i = 0; i < used; i++) {
			if (c->in[i] == '\r' && c->in[i + 1] == '\n') {
				line[lit++] = '|';
				i++;
			} else {
				line[lit++] =
				    c->in[i] == '\0' ? '\1' : c->in[i];
			}
		}
		memmove(c->in, c->in + used + 2, c->n - used - 2);
		c->n -= used + 2;
		if (c->count == LINES) {
			(void)fprintf(stderr, "talk: too many lines\n");
			exit(2);
		}
		c->line[c->count++] = line;
	}
}

/* The n bytes read last as text in their place, or -1. */
static ssize_t
took(struct client *c, size_t n)
{
	char *text;
	ssize_t got = talk_inflate(c->z, c->in + c->n, n, &text);

	if (got == -1)
		return -1;
	c->room = c->n + (size_t)got + 1;
	c->in = talk_must(realloc(c->in, c->room));
	memcpy(c->in + c->n, text, (size_t)got);
	free(text);
	return got;
}

/* Reads what is there, waiting up to ms for something. false: end. */
static bool
take_in(struct client *c, int ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	ssize_t n;

	if (c->fd == -1)
		return false;
	while (poll(&p, 1, ms) == 1) {
		if (c->room - c->n < 65536) {
			c->room = c->room * 2 + 131072;
			c->in = talk_must(realloc(c->in, c->room));
		}
		n = read(c->fd, c->in + c->n, 65536);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (c->z != NULL && (n = took(c, (size_t)n)) == -1)
			return false;
		c->n += (size_t)n;
		cut_lines(c);
		ms = 0;
	}
	return true;
}

static const char *
next_line(struct client *c)
{
	long end = now_ms() + TALK_STEP_MS;

	while (c->next == c->count)
		if (!take_in(c, 50) || now_ms() > end) {
			if (c->next == c->count)
				return NULL;
			break;
		}
	return c->line[c->next++];
}

static bool
send_raw(struct client *c, const char *p, size_t n)
{
	ssize_t w;
	struct pollfd pf = {.fd = c->fd, .events = POLLOUT};
	long end = now_ms() + TALK_STEP_MS;

	while (n > 0) {
		if (now_ms() > end)
			return talk_fail("the server takes no bytes");
		(void)poll(&pf, 1, 50);
		w = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (w == -1 && (errno == EAGAIN || errno == EINTR)) {
			(void)take_in(c, 0);
			continue;
		}
		if (w == -1)
			return talk_fail("send: %s", strerror(errno));
		p += w;
		n -= (size_t)w;
	}
	return true;
}

static bool
send_all(struct client *c, const char *p, size_t n)
{
	char *packed;
	bool ok;

	if (c->z == NULL)
		return send_raw(c, p, n);
	packed = talk_deflate(c->z, p, &n);
	ok = send_raw(c, packed, n);
	free(packed);
	return ok;
}

static void
forget_lines(struct client *c)
{
	size_t i, k = 0;

	for (i = 0; i < c->next; i++)
		free(c->line[i]);
	for (i = c->next; i < c->count; i++)
		c->line[k++] = c->line[i];
	c->next = 0;
	c->count = k;
}

static void
run_daemon(void)
{
	char **argv = talk_must(calloc(nsettings + 3, sizeof(*argv)));
	char path[400];
	size_t i;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/log", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	argv[0] = talk_must(strdup(program));
	argv[1] = dir;
	for (i = 0; i < nsettings; i++)
		argv[i + 2] = settings[i];
	(void)execvp(program, argv);
	_exit(127);
}

static void
show_log(void)
{
	char path[400], line[1200];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/log", dir);
	if ((f = fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		(void)printf("#   %s", line);
	(void)fclose(f);
}

static bool
start_daemon(void)
{
	char text[16];

	port = talk_free_port(0);
	(void)snprintf(text, sizeof(text), "%d", port);
	(void)setenv("TALK_PORT", text, 1);
	(void)snprintf(text, sizeof(text), "%d", talk_free_port(1));
	(void)setenv("TALK_SSLPORT", text, 1);
	server = fork();
	if (server == 0)
		run_daemon();
	return server > 0;
}

/* The first connection waits for the daemon to listen. */
static bool
connect_daemon(struct client *c)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	long end = now_ms() + 20000;

	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (;;) {
		c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			return true;
		(void)close(c->fd);
		c->fd = -1;
		if (now_ms() > end || program == NULL ||
		    waitpid(server, NULL, WNOHANG) == server)
			return talk_fail("connect: %s", strerror(errno));
		(void)usleep(10000);
	}
}

static bool
connect_client(struct client *c)
{
	char maildir[300];
	int sp[2];
	size_t i;

	started = true;
	if (daemon_mode) {
		if (server == 0 && program != NULL && !start_daemon())
			return false;
		return connect_daemon(c);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sp) == -1)
		return talk_fail("socketpair: %s", strerror(errno));
	c->pid = fork();
	if (c->pid == 0) {
		(void)dup2(sp[1], 0);
		(void)dup2(sp[1], 1);
		for (i = 0; i < nsettings; i++)
			(void)putenv(settings[i]);
		(void)snprintf(
		    maildir, sizeof(maildir), "%s/mail/demo/Maildir", dir);
		(void)execl(program, program, maildir, (char *)NULL);
		_exit(127);
	}
	(void)close(sp[1]);
	c->fd = sp[0];
	return true;
}

static bool
login(struct client *c, const char *user)
{
	const char *l;
	char cmd[128];

	if ((l = next_line(c)) == NULL)
		return talk_fail("no greeting");
	if (!daemon_mode)
		return strncmp(l, "* PREAUTH", 9) == 0 ? true
						       : talk_fail("%s", l);
	(void)snprintf(cmd, sizeof(cmd), "login LOGIN %s demo\r\n", user);
	if (!send_all(c, cmd, strlen(cmd)))
		return false;
	while ((l = next_line(c)) != NULL && strncmp(l, "login ", 6) != 0)
		;
	if (l == NULL || strncmp(l, "login OK", 8) != 0)
		return talk_fail("login: %s", l == NULL ? "no answer" : l);
	forget_lines(c);
	return true;
}

static bool
close_client(struct client *c)
{
	int status = 0;
	long end = now_ms() + TALK_STEP_MS;
	pid_t got = 0;

	if (c->fd == -1)
		return true;
	(void)close(c->fd);
	c->fd = -1;
	talk_deflate_free(c->z);
	c->z = NULL;
	c->next = c->count;
	forget_lines(c);
	c->n = 0;
	if (c->pid == 0)
		return true;
	while ((got = waitpid(c->pid, &status, WNOHANG)) == 0 && now_ms() < end)
		(void)usleep(2000);
	if (got == 0) {
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, &status, 0);
		c->pid = 0;
		return talk_fail("the shell session did not end");
	}
	c->pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return talk_fail(
		    "the shell session ended with status %x", status);
	return true;
}

/* ---- steps ---- */

static bool
step_connect(struct client *c, char *arg)
{
	if (c->fd != -1)
		return talk_fail("connected already");
	if (!connect_client(c))
		return false;
	if (strcmp(arg, "nologin") == 0)
		return true;
	return login(c, *arg == '\0' ? "demo" : arg);
}

static bool
step_eof(struct client *c)
{
	long end = now_ms() + TALK_STEP_MS;

	while (now_ms() < end)
		if (!take_in(c, 50))
			return close_client(c);
	return talk_fail("the server did not close");
}

static bool
step_send(struct client *c, const char *arg, bool line)
{
	size_t n;
	char *text = talk_expand(arg, &n);
	bool ok;

	if (text == NULL)
		return false;
	if (line) {
		forget_lines(c);
		memcpy(text + n, "\r\n", 2);
		n += 2;
	}
	ok = send_all(c, text, n);
	free(text);
	return ok;
}

static bool
step_text(struct client *c, const char *arg)
{
	const struct talk_text *t;
	char *p;
	size_t n, i;
	bool ok;

	if (isdigit((unsigned char)*arg)) {
		n = strtoul(arg, NULL, 10);
		p = talk_must(malloc(n + 1));
		for (i = 0; i < n; i++)
			p[i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : 'x';
		ok = send_all(c, p, n);
		free(p);
		return ok;
	}
	t = talk_named(arg);
	return t == NULL ? talk_fail("no text %s", arg)
			 : send_all(c, t->value, t->n);
}

static bool
step_any(struct client *c, const char *pattern)
{
	long end = now_ms() + TALK_STEP_MS;
	size_t i = c->next;
	char *l;

	for (;;) {
		for (; i < c->count; i++) {
			l = c->line[i];
			if (talk_matches(pattern, l)) {
				memmove(&c->line[c->next + 1],
				    &c->line[c->next],
				    (i - c->next) * sizeof(l));
				c->line[c->next++] = l;
				return true;
			}
			if (strncmp(l, "* ", 2) != 0 && l[0] != '+')
				return talk_fail("not before: %s", l);
		}
		if (!take_in(c, 50) && i == c->count)
			return talk_fail("end of stream");
		if (now_ms() > end)
			return talk_fail("no such line in time");
	}
}

static bool
step_tagged(struct client *c, char *arg)
{
	char *tag = strsep(&arg, " "), *word = strsep(&arg, " ");
	char want[256];
	const char *l, *p;
	size_t n;

	n = (size_t)snprintf(want, sizeof(want), "%s ", tag);
	while ((l = next_line(c)) != NULL) {
		if (strncmp(l, "* ", 2) == 0 || l[0] == '+')
			continue;
		if (strncmp(l, want, n) != 0)
			return talk_fail("another tag: %s", l);
		p = l + n;
		n = word == NULL ? 0 : strlen(word);
		if (word != NULL &&
		    (strncmp(p, word, n) != 0 || (p[n] != ' ' && p[n] != '\0')))
			return talk_fail("%s", l);
		p += n + (p[n] == ' ');
		if (arg != NULL && !talk_matches(arg, p))
			return talk_fail("%s", l);
		return true;
	}
	return talk_fail("no tagged response");
}

static bool
step_never(struct client *c, const char *pattern)
{
	size_t i;

	(void)take_in(c, 0);
	for (i = 0; i < c->count; i++)
		if (talk_matches(pattern, c->line[i]))
			return talk_fail("came: %s", c->line[i]);
	return true;
}

static bool
client_step(struct client *c, char *op, const char *arg)
{
	const char *l;
	char copy[8192];

	(void)snprintf(copy, sizeof(copy), "%s", arg);
	if (strcmp(op, "+") == 0)
		return step_connect(c, copy);
	if (c->fd == -1 && !step_connect(c, (char[]){""}))
		return false;
	if (strcmp(op, "-") == 0)
		return strcmp(arg, "eof") == 0 ? step_eof(c) : close_client(c);
	if (strcmp(op, ">") == 0 || strcmp(op, ">>") == 0)
		return step_send(c, arg, op[1] == '\0');
	if (strcmp(op, "~") == 0)
		return step_text(c, arg);
	if (strcmp(op, "^") == 0) {
		c->z = talk_must(talk_deflate_new());
		return true;
	}
	if (strcmp(op, "<*") == 0)
		return step_any(c, arg);
	if (strcmp(op, "$") == 0)
		return step_tagged(c, copy);
	if (strcmp(op, "!") == 0)
		return step_never(c, arg);
	if (strcmp(op, "=") == 0) {
		(void)take_in(c, 0);
		return c->next == c->count
			   ? true
			   : talk_fail("unread: %s", c->line[c->next]);
	}
	if (strcmp(op, "<") != 0)
		return talk_fail("unknown step");
	if ((l = next_line(c)) == NULL)
		return talk_fail("no line came");
	return talk_matches(arg, l) ? true : talk_fail("got: %s", l);
}

/* ---- scripts ---- */

/* @setting and @only: true if it was one of them. */
static bool
set_up(char *line)
{
	if (strncmp(line, "setting ", 8) == 0 && !started && nsettings < 64) {
		settings[nsettings++] = talk_must(strdup(line + 8));
		return true;
	}
	if (strncmp(line, "only ", 5) == 0) {
		skipped = (strcmp(line + 5, "daemon") == 0) != daemon_mode;
		return true;
	}
	return false;
}

static bool
step(char *line, FILE *in)
{
	char op[3] = "";
	size_t n;

	if (line[0] == '@')
		return set_up(line + 1) ||
		       talk_outside(dir, line + 1, in, &lineno);
	if (!isdigit((unsigned char)line[0]) || line[0] == '0')
		return talk_fail("not a step");
	n = strcspn(line + 1, " ");
	if (n == 0 || n > 2)
		return talk_fail("not a step");
	memcpy(op, line + 1, n);
	return client_step(&clients[line[0] - '0'], op,
	    line[n + 1] == '\0' ? "" : line + n + 2);
}

static bool
play(FILE *in)
{
	char line[8192], copy[8192];

	for (lineno = 1; fgets(line, sizeof(line), in) != NULL; lineno++) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		(void)snprintf(copy, sizeof(copy), "%s", line);
		if (!step(copy, in)) {
			(void)fprintf(stdout, "# %s:%d: %s\n# %s\n", script,
			    lineno, line, why);
			return false;
		}
		if (skipped)
			return true;
	}
	return true;
}

static bool
stop_server(void)
{
	int status = 0;
	long end = now_ms() + 15000;
	pid_t got = 0;

	if (server == 0)
		return true;
	(void)kill(server, SIGTERM);
	while ((got = waitpid(server, &status, WNOHANG)) == 0 && now_ms() < end)
		(void)usleep(5000);
	if (got == 0) {
		(void)kill(server, SIGKILL);
		(void)waitpid(server, &status, 0);
	}
	server = 0;
	if (got == 0)
		return talk_fail("the server did not stop");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return talk_fail("the server ended with status %x", status);
	return true;
}

static void
begin(void)
{
	static const char *const dirs[] = {"", "/mail", "/mail/demo",
	    "/mail/demo/Maildir", "/mail/demo/Maildir/cur",
	    "/mail/demo/Maildir/new", "/mail/demo/Maildir/tmp"};
	const char *tmp = getenv("TMPDIR");
	char path[400];
	size_t i;

	(void)snprintf(
	    dir, sizeof(dir), "%s/talk-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	(void)talk_must(mkdtemp(dir));
	(void)chmod(dir, 0755);
	for (i = 1; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", dir, dirs[i]);
		if (mkdir(path, i < 2 ? 0755 : 0700) == -1)
			perror(path);
	}
	for (i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	talk_text_reset();
	while (nsettings > 0)
		free(settings[--nsettings]);
	started = skipped = false;
	why[0] = '\0';
}

static bool
end(bool ok)
{
	char first[sizeof(why)];
	size_t i;

	(void)memcpy(first, why, sizeof(first));
	for (i = 0; i < CLIENTS; i++)
		if (!close_client(&clients[i]) && ok) {
			(void)printf("# %s: client %zu: %s\n", script, i, why);
			ok = false;
		}
	if (!stop_server() && ok) {
		(void)printf("# %s: %s\n", script, why);
		ok = false;
	}
	if (!ok)
		show_log();
	if (getenv("TALK_KEEP") == NULL)
		(void)talk_remove(dir);
	return ok;
}

static void
clean_up(void)
{
	size_t i;

	talk_text_reset();
	while (nsettings > 0)
		free(settings[--nsettings]);
	for (i = 0; i < CLIENTS; i++)
		free(clients[i].in);
}

int
main(int argc, char **argv)
{
	int i, bad = 0;
	bool ok;
	FILE *in;

	if (argc < 3 || argv[1][0] != '-' || argv[1][1] == '\0' ||
	    strchr("sdp", argv[1][1]) == NULL) {
		(void)fprintf(stderr, "usage: talk -s IMAPD | -d SITE-SCRIPT | "
				      "-p PORT script ...\n");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	daemon_mode = argv[1][1] != 's';
	program = argv[1][1] == 'p' ? NULL : argv[2];
	port = program == NULL ? atoi(argv[2]) : 0;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)printf("1..%d\n", argc - 3);
	for (i = 3; i < argc; i++) {
		script = argv[i];
		in = strcmp(script, "-") == 0 ? stdin
					      : talk_must(fopen(script, "re"));
		begin();
		ok = play(in);
		ok = end(ok);
		(void)fclose(in);
		(void)printf("%s %d - %s%s\n", ok ? "ok" : "not ok", i - 2,
		    script, skipped ? " # SKIP other kind of server" : "");
		bad += !ok;
	}
	clean_up();
	return bad > 0;
}
