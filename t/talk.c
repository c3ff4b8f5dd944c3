/*
 * Plays wire conversations (t/wire/README) against the real server and prints
 * TAP, one line a script. Each script gets a server and a Maildir of its own.
 *
 *   talk -s IMAPD script...        each client is a shell: IMAPD ./Maildir
 *   talk -d SITE-SCRIPT script...  a daemon: SITE-SCRIPT DIR writes a site into
 *                                  DIR and runs it in the foreground on the
 *                                  ports TALK_PORT and TALK_SSLPORT
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
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
#define VARS    64
#define TEXTS   32
#define LINES   4096
#define STEP_MS 10000

struct client {
	int fd;
	pid_t pid; /* shell: its process */
	char *in;  /* bytes not yet cut into lines */
	size_t n, room;
	char *line[LINES];  /* unread lines, then read ones of this command */
	size_t next, count; /* next unread, all since the last command */
};
struct named {
	char *name, *value;
	size_t n;
};

static struct client clients[CLIENTS];
static struct named vars[VARS], texts[TEXTS];
static size_t nvars, ntexts;
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
static bool outside(char *, FILE *);

/* ---- small things ---- */

static bool
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return false;
}

static void *
must(void *p)
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

static struct named *
find(struct named *set, size_t n, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(set[i].name) == len &&
		    strncmp(set[i].name, name, len) == 0)
			return &set[i];
	return NULL;
}

static void
bind_var(const char *name, size_t len, const char *value, size_t n)
{
	struct named *v = find(vars, nvars, name, len);

	if (v == NULL) {
		if (nvars == VARS) {
			(void)fprintf(stderr, "talk: too many variables\n");
			exit(2);
		}
		v = &vars[nvars++];
		v->name = must(strndup(name, len));
	} else {
		free(v->value);
	}
	v->value = must(malloc(n + 1));
	memcpy(v->value, value, n);
	v->value[n] = '\0';
	v->n = n;
}

static size_t
name_length(const char *p)
{
	size_t n = 0;

	if (!islower((unsigned char)*p))
		return 0;
	while (islower((unsigned char)p[n]) || isdigit((unsigned char)p[n]))
		n++;
	return n;
}

static int
hex(int c)
{
	if (isdigit(c))
		return c - '0';
	return isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/*
 * Takes one "$" construct at p (just after the $) that stands for fixed bytes:
 * $#name, $<hex>, $$ or a lone $. Its length in p; the bytes in out, *n.
 */
static size_t
fixed(const char *p, char *out, size_t *n)
{
	struct named *t;
	size_t len, i;

	*n = 0;
	if (*p == '#' && (len = name_length(p + 1)) > 0) {
		if ((t = find(texts, ntexts, p + 1, len)) != NULL)
			*n = (size_t)sprintf(out, "%zu", t->n);
		return len + 1;
	}
	if (*p == '<') {
		for (i = 1; hex(p[i]) >= 0 && hex(p[i + 1]) >= 0 && *n < 200;
		     i += 2)
			out[(*n)++] = (char)(hex(p[i]) * 16 + hex(p[i + 1]));
		return p[i] == '>' ? i + 1 : i;
	}
	out[(*n)++] = '$';
	return *p == '$' ? 1 : 0;
}

/* TEXT with its variables; NULL: one is unbound. */
static char *
expand(const char *p, size_t *n)
{
	char *out = must(malloc(65536 + strlen(p))), piece[256];
	struct named *v;
	size_t len, m;

	for (*n = 0; *p != '\0';) {
		if (*p != '$') {
			out[(*n)++] = *p++;
			continue;
		}
		p++;
		if ((len = name_length(p)) > 0) {
			v = find(vars, nvars, p, len);
			if (v == NULL) {
				(void)fail("$%.*s is not bound", (int)len, p);
				free(out);
				return NULL;
			}
			memcpy(out + *n, v->value, v->n);
			*n += v->n;
			p += len;
			continue;
		}
		p += fixed(p, piece, &m);
		memcpy(out + *n, piece, m);
		*n += m;
	}
	out[*n] = '\0';
	return out;
}

/* ---- patterns ---- */

struct bound {
	const char *name, *value;
	size_t nlen, vlen;
};

static bool
match(const char *p, const char *s, struct bound *b, size_t nb)
{
	char piece[256];
	struct named *v;
	size_t len, n, i;

	for (; *p != '\0';) {
		if (strncmp(p, "...", 3) == 0) {
			do
				if (match(p + 3, s, b, nb))
					return true;
			while (*s++ != '\0');
			return false;
		}
		if (*p != '$') {
			if (*p++ != *s++)
				return false;
			continue;
		}
		p++;
		len = *p == '_' ? 1 : name_length(p);
		if (len == 0) {
			p += fixed(p, piece, &n);
			if (strncmp(s, piece, n) != 0)
				return false;
			s += n;
			continue;
		}
		n = strcspn(s, " ()[]\"");
		v = *p == '_' ? NULL : find(vars, nvars, p, len);
		for (i = 0; v == NULL && i < nb; i++)
			if (b[i].nlen == len &&
			    strncmp(b[i].name, p, len) == 0 && *p != '_') {
				if (strncmp(s, b[i].value, b[i].vlen) != 0)
					return false;
				return match(p + len, s + b[i].vlen, b, nb);
			}
		if (v != NULL) {
			if (strncmp(s, v->value, v->n) != 0)
				return false;
			s += v->n;
			p += len;
			continue;
		}
		for (; n > 0; n--) {
			if (*p != '_' && nb < 16) {
				b[nb] = (struct bound){p, s, len, n};
				if (match(p + len, s + n, b, nb + 1))
					return true;
			} else if (match(p + len, s + n, b, nb)) {
				return true;
			}
		}
		return false;
	}
	if (*s != '\0')
		return false;
	for (i = 0; i < nb; i++)
		bind_var(b[i].name, b[i].nlen, b[i].value, b[i].vlen);
	return true;
}

static bool
matches(const char *pattern, const char *line)
{
	struct bound b[17];

	return match(pattern, line, b, 0);
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
		line = must(calloc(1, used + 1));
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
			c->in = must(realloc(c->in, c->room));
		}
		n = read(c->fd, c->in + c->n, 65536);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
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
	long end = now_ms() + STEP_MS;

	while (c->next == c->count)
		if (!take_in(c, 50) || now_ms() > end) {
			if (c->next == c->count)
				return NULL;
			break;
		}
	return c->line[c->next++];
}

static bool
send_all(struct client *c, const char *p, size_t n)
{
	ssize_t w;
	struct pollfd pf = {.fd = c->fd, .events = POLLOUT};
	long end = now_ms() + STEP_MS;

	while (n > 0) {
		if (now_ms() > end)
			return fail("the server takes no bytes");
		(void)poll(&pf, 1, 50);
		w = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (w == -1 && (errno == EAGAIN || errno == EINTR)) {
			(void)take_in(c, 0);
			continue;
		}
		if (w == -1)
			return fail("send: %s", strerror(errno));
		p += w;
		n -= (size_t)w;
	}
	return true;
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

/* A port of 127.0.0.1 that nobody listens on just now. */
static int
free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) == -1) {
		perror("talk: port");
		exit(2);
	}
	(void)close(fd);
	return ntohs(a.sin_port);
}

static void
run_daemon(void)
{
	char **argv = must(calloc(nsettings + 3, sizeof(*argv)));
	char path[400];
	size_t i;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/log", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	argv[0] = must(strdup(program));
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

	port = free_port();
	(void)snprintf(text, sizeof(text), "%d", port);
	(void)setenv("TALK_PORT", text, 1);
	(void)snprintf(text, sizeof(text), "%d", free_port());
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
		if (now_ms() > end || kill(server, 0) == -1 ||
		    waitpid(server, NULL, WNOHANG) == server)
			return fail("connect: %s", strerror(errno));
		(void)usleep(10000);
	}
}

static bool
connect_client(struct client *c)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	char maildir[300];
	int sp[2];
	size_t i;

	started = true;
	if (daemon_mode) {
		if (server == 0 && !start_daemon())
			return false;
		return connect_daemon(c);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sp) == -1)
		return fail("socketpair: %s", strerror(errno));
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
		return fail("no greeting");
	if (!daemon_mode)
		return strncmp(l, "* PREAUTH", 9) == 0 ? true : fail("%s", l);
	(void)snprintf(cmd, sizeof(cmd), "login LOGIN %s demo\r\n", user);
	if (!send_all(c, cmd, strlen(cmd)))
		return false;
	while ((l = next_line(c)) != NULL && strncmp(l, "login ", 6) != 0)
		;
	if (l == NULL || strncmp(l, "login OK", 8) != 0)
		return fail("login: %s", l == NULL ? "no answer" : l);
	forget_lines(c);
	return true;
}

static bool
close_client(struct client *c)
{
	int status = 0;
	long end = now_ms() + STEP_MS;
	pid_t got = 0;

	if (c->fd == -1)
		return true;
	(void)close(c->fd);
	c->fd = -1;
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
		return fail("the shell session did not end");
	}
	c->pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail("the shell session ended with status %x", status);
	return true;
}

/* ---- steps ---- */

static bool
step_connect(struct client *c, char *arg)
{
	if (c->fd != -1)
		return fail("connected already");
	if (!connect_client(c))
		return false;
	if (strcmp(arg, "nologin") == 0)
		return true;
	return login(c, *arg == '\0' ? "demo" : arg);
}

static bool
step_eof(struct client *c)
{
	long end = now_ms() + STEP_MS;

	while (now_ms() < end)
		if (!take_in(c, 50))
			return close_client(c);
	return fail("the server did not close");
}

static bool
step_send(struct client *c, const char *arg, bool line)
{
	size_t n;
	char *text = expand(arg, &n);
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
	struct named *t;
	char *p;
	size_t n, i;
	bool ok;

	if (isdigit((unsigned char)*arg)) {
		n = strtoul(arg, NULL, 10);
		p = must(malloc(n + 1));
		for (i = 0; i < n; i++)
			p[i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : 'x';
		ok = send_all(c, p, n);
		free(p);
		return ok;
	}
	t = find(texts, ntexts, arg, strlen(arg));
	return t == NULL ? fail("no text %s", arg)
			 : send_all(c, t->value, t->n);
}

static bool
step_any(struct client *c, const char *pattern)
{
	long end = now_ms() + STEP_MS;
	size_t i = c->next;
	char *l;

	for (;;) {
		for (; i < c->count; i++) {
			l = c->line[i];
			if (matches(pattern, l)) {
				memmove(&c->line[c->next + 1],
				    &c->line[c->next],
				    (i - c->next) * sizeof(l));
				c->line[c->next++] = l;
				return true;
			}
			if (strncmp(l, "* ", 2) != 0 && l[0] != '+')
				return fail("not before: %s", l);
		}
		if (!take_in(c, 50) && i == c->count)
			return fail("end of stream");
		if (now_ms() > end)
			return fail("no such line in time");
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
			return fail("another tag: %s", l);
		p = l + n;
		n = word == NULL ? 0 : strlen(word);
		if (word != NULL &&
		    (strncmp(p, word, n) != 0 || (p[n] != ' ' && p[n] != '\0')))
			return fail("%s", l);
		p += n + (p[n] == ' ');
		if (arg != NULL && !matches(arg, p))
			return fail("%s", l);
		return true;
	}
	return fail("no tagged response");
}

static bool
step_never(struct client *c, const char *pattern)
{
	size_t i;

	(void)take_in(c, 0);
	for (i = 0; i < c->count; i++)
		if (matches(pattern, c->line[i]))
			return fail("came: %s", c->line[i]);
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
			   : fail("unread: %s", c->line[c->next]);
	}
	if (strcmp(op, "<") != 0)
		return fail("unknown step");
	if ((l = next_line(c)) == NULL)
		return fail("no line came");
	return matches(arg, l) ? true : fail("got: %s", l);
}

/* ---- the world outside ---- */

static void
folder_path(char *out, size_t size, const char *folder)
{
	if (strcmp(folder, "INBOX") == 0)
		(void)snprintf(out, size, "%s/mail/demo/Maildir", dir);
	else
		(void)snprintf(
		    out, size, "%s/mail/demo/Maildir/.%s", dir, folder);
}

/* Reads a block up to "." with the line end given. */
static char *
block(FILE *in, const char *eol, size_t *n)
{
	char line[8192], *out = must(calloc(1, 1));

	*n = 0;
	while (fgets(line, sizeof(line), in) != NULL) {
		lineno++;
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, ".") == 0)
			break;
		out = must(realloc(out, *n + strlen(line) + 3));
		*n += (size_t)sprintf(out + *n, "%s%s", line, eol);
	}
	return out;
}

/* As root the mail belongs to the owner of the account's folder. */
static void
give(const char *path)
{
	char owner[300];
	struct stat st;

	(void)snprintf(owner, sizeof(owner), "%s/mail/demo", dir);
	if (geteuid() == 0 && stat(owner, &st) == 0)
		(void)!lchown(path, st.st_uid, st.st_gid);
}

static bool
put_file(const char *path, const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd != -1 && write(fd, p, n) == (ssize_t)n;

	if (fd != -1)
		(void)close(fd);
	give(path);
	return ok ? true : fail("%s: %s", path, strerror(errno));
}

static bool
do_deliver(char *arg, FILE *in)
{
	static unsigned serial;
	char *folder = strsep(&arg, " "), base[300], tmp[1200], to[1200],
	     box[400];
	size_t n;
	char *text = block(in, "\n", &n);
	bool ok;

	if (arg != NULL)
		(void)snprintf(base, sizeof(base), "%s", arg);
	else
		(void)snprintf(base, sizeof(base), "%ld.M%uP%d.talk",
		    (long)time(NULL), ++serial, (int)getpid());
	folder_path(box, sizeof(box), folder);
	(void)snprintf(tmp, sizeof(tmp), "%s/tmp/%s", box, base);
	(void)snprintf(to, sizeof(to), "%s/new/%s", box, base);
	ok = put_file(tmp, text, n);
	free(text);
	if (ok && rename(tmp, to) == -1)
		return fail("%s: %s", to, strerror(errno));
	return ok;
}

/* The path of a message file by its base name. */
static bool
find_file(const char *folder, const char *base, char *out, size_t size)
{
	static const char *const subs[] = {"new", "cur"};
	char box[400], sub[900];
	struct dirent *e;
	size_t i, n = strlen(base);
	DIR *d;

	folder_path(box, sizeof(box), folder);
	for (i = 0; i < 2; i++) {
		(void)snprintf(sub, sizeof(sub), "%s/%s", box, subs[i]);
		if ((d = opendir(sub)) == NULL)
			continue;
		while ((e = readdir(d)) != NULL)
			if (strncmp(e->d_name, base, n) == 0 &&
			    (e->d_name[n] == '\0' || e->d_name[n] == ':')) {
				(void)snprintf(
				    out, size, "%s/%s", sub, e->d_name);
				(void)closedir(d);
				return true;
			}
		(void)closedir(d);
	}
	return fail("no file %s in %s", base, folder);
}

static bool
do_flags(char *arg)
{
	char *folder = strsep(&arg, " "), *file = strsep(&arg, " ");
	char from[900], to[900], box[400];

	if (!find_file(folder, file, from, sizeof(from)))
		return false;
	folder_path(box, sizeof(box), folder);
	(void)snprintf(to, sizeof(to), "%s/cur/%s:2,%s", box, file,
	    arg == NULL ? "" : arg);
	return rename(from, to) == 0 ? true : fail("%s", strerror(errno));
}

static bool
do_ls(char *arg)
{
	char *folder = strsep(&arg, " "), *glob = strsep(&arg, " ");
	char box[400], sub[900], name[800];
	struct dirent *e;
	long count = 0;
	size_t n = strcspn(glob, "/");
	DIR *d;

	folder_path(box, sizeof(box), folder);
	(void)snprintf(sub, sizeof(sub), "%s/%.*s", box, (int)n, glob);
	if ((d = opendir(glob[n] == '/' ? sub : box)) == NULL)
		return fail("%s: %s", sub, strerror(errno));
	while ((e = readdir(d)) != NULL) {
		(void)snprintf(
		    name, sizeof(name), "%.*s/%s", (int)n, glob, e->d_name);
		if (e->d_name[0] != '.' &&
		    fnmatch(glob, glob[n] == '/' ? name : e->d_name, 0) == 0)
			count++;
	}
	(void)closedir(d);
	if (arg == NULL ? count > 0 : count == atol(arg))
		return true;
	return fail("%ld files", count);
}

static bool
do_mkdir(const char *folder)
{
	static const char *const subs[] = {"", "/cur", "/new", "/tmp"};
	char box[400], path[500];
	size_t i;

	folder_path(box, sizeof(box), folder);
	for (i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", box, subs[i]);
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return fail("%s: %s", path, strerror(errno));
		give(path);
	}
	(void)snprintf(path, sizeof(path), "%s/maildirfolder", box);
	return put_file(path, "", 0);
}

static bool
do_has(char *arg)
{
	char *file = strsep(&arg, " "), path[900], line[8192];
	bool found = false;
	FILE *f;

	(void)snprintf(
	    path, sizeof(path), "%s/mail/demo/Maildir/%s", dir, file);
	if ((f = fopen(path, "re")) == NULL)
		return fail("%s: %s", path, strerror(errno));
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = matches(arg, line);
	}
	(void)fclose(f);
	return found ? true : fail("no line of %s matches", file);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static bool
do_text(char *arg, FILE *in)
{
	struct named *t = &texts[ntexts];

	if (ntexts == TEXTS)
		return fail("too many texts");
	t->name = must(strdup(arg));
	t->value = block(in, "\r\n", &t->n);
	ntexts++;
	return true;
}

static bool
do_set(char *arg)
{
	char *name = strsep(&arg, " "), *v;
	size_t n;

	if ((v = expand(arg == NULL ? "" : arg, &n)) == NULL)
		return false;
	bind_var(name, strlen(name), v, n);
	free(v);
	return true;
}

static bool
do_file(const char *verb, char *arg, FILE *in)
{
	char path[900], *folder, *text;
	size_t n;
	bool ok;

	if (strcmp(verb, "unlink") == 0) {
		folder = strsep(&arg, " ");
		if (!find_file(folder, arg, path, sizeof(path)))
			return false;
		return unlink(path) == 0 ? true : fail("%s", strerror(errno));
	}
	if (strcmp(verb, "rmdir") == 0) {
		folder_path(path, sizeof(path), arg);
		return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0
			   ? true
			   : fail("%s: %s", path, strerror(errno));
	}
	(void)snprintf(path, sizeof(path), "%s/mail/demo/Maildir/%s", dir, arg);
	if (strcmp(verb, "touch") == 0) {
		ok = utimensat(AT_FDCWD, path, NULL, 0) == 0;
		return ok ? true : put_file(path, "", 0);
	}
	text = block(in, "\n", &n);
	ok = put_file(path, text, n);
	free(text);
	return ok;
}

static bool
outside(char *line, FILE *in)
{
	char *arg = line, *verb = strsep(&arg, " ");

	if (arg == NULL)
		arg = line + strlen(line);
	if (strcmp(verb, "setting") == 0) {
		if (started || nsettings == 64)
			return fail("a setting comes first");
		settings[nsettings++] = must(strdup(arg));
		return true;
	}
	if (strcmp(verb, "only") == 0) {
		skipped = (strcmp(arg, "daemon") == 0) != daemon_mode;
		return true;
	}
	if (strcmp(verb, "text") == 0)
		return do_text(arg, in);
	if (strcmp(verb, "deliver") == 0)
		return do_deliver(arg, in);
	if (strcmp(verb, "flags") == 0)
		return do_flags(arg);
	if (strcmp(verb, "ls") == 0)
		return do_ls(arg);
	if (strcmp(verb, "mkdir") == 0)
		return do_mkdir(arg);
	if (strcmp(verb, "has") == 0)
		return do_has(arg);
	if (strcmp(verb, "set") == 0)
		return do_set(arg);
	if (strcmp(verb, "sleep") == 0)
		return usleep((useconds_t)atol(arg) * 1000) == 0;
	if (strcmp(verb, "write") == 0 || strcmp(verb, "touch") == 0 ||
	    strcmp(verb, "unlink") == 0 || strcmp(verb, "rmdir") == 0)
		return do_file(verb, arg, in);
	return fail("unknown step @%s", verb);
}

static bool
step(char *line, FILE *in)
{
	char op[3] = "";
	size_t n;

	if (line[0] == '@')
		return outside(line + 1, in);
	if (!isdigit((unsigned char)line[0]) || line[0] == '0')
		return fail("not a step");
	n = strcspn(line + 1, " ");
	if (n == 0 || n > 2)
		return fail("not a step");
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
	port = 0;
	if (got == 0)
		return fail("the server did not stop");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail("the server ended with status %x", status);
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
	(void)must(mkdtemp(dir));
	(void)chmod(dir, 0755);
	for (i = 1; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", dir, dirs[i]);
		if (mkdir(path, i < 2 ? 0755 : 0700) == -1)
			perror(path);
	}
	for (i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	while (nvars > 0)
		nvars--;
	ntexts = nsettings = 0;
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
		(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return ok;
}

int
main(int argc, char **argv)
{
	int i, bad = 0;
	bool ok;
	FILE *in;

	if (argc < 3 ||
	    (strcmp(argv[1], "-s") != 0 && strcmp(argv[1], "-d") != 0)) {
		(void)fprintf(stderr,
		    "usage: talk -s IMAPD | -d SITE-SCRIPT script ...\n");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	daemon_mode = argv[1][1] == 'd';
	program = argv[2];
	(void)signal(SIGPIPE, SIG_IGN);
	(void)printf("1..%d\n", argc - 3);
	for (i = 3; i < argc; i++) {
		script = argv[i];
		in = must(fopen(script, "re"));
		begin();
		ok = play(in);
		ok = end(ok);
		(void)fclose(in);
		(void)printf("%s %d - %s%s\n", ok ? "ok" : "not ok", i - 2,
		    script, skipped ? " # SKIP other kind of server" : "");
		bad += !ok;
	}
	return bad > 0;
}
