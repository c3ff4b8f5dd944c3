/*
 * Log lines, from any process to the log process: a datagram of a level digit,
 * an ident digit and the text. Never waits; what was dropped is told with the
 * next line that finds room.
 */
#include "shm/log.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/ipc.h"

static int log_fd = -1;
static const char *log_who = "imapd";
static int log_debug;
static unsigned long log_dropped;

static void emit(int, enum log_level, const char *, va_list, const char *)
    __attribute__((format(printf, 3, 0)));
static void escape(char *, size_t, const char *);
static int send_line(int, enum log_level, const char *);

void
log_init(int fd, const char *who)
{
	log_fd = fd;
	log_who = who;
}

int
log_pair(int fds[2])
{
	int on = 1;

	if (ipc_pair(fds) == -1)
		return -1;
	(void)setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	return 0;
}

void
log_verbose(int on)
{
	log_debug = on;
}

void
log_courier(int listener, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(listener, level, fmt, ap, NULL);
	va_end(ap);
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(0, level, fmt, ap, log_who);
	va_end(ap);
}

void
log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(0, LOG_LEVEL_ERR, fmt, ap, log_who);
	va_end(ap);
	exit(1);
}

bool
log_rare(uint32_t *n)
{
	++*n;
	return (*n & (*n - 1)) == 0;
}

const char *
log_text(char *out, size_t size, const char *in)
{
	size_t i;

	for (i = 0; i + 1 < size && in[i] != '\0'; i++)
		out[i] = in[i] >= ' ' && in[i] <= '~' ? in[i] : '.';
	if (size > 0)
		out[i] = '\0';
	return out;
}

static void
emit(int listener, enum log_level level, const char *fmt, va_list ap,
    const char *who)
{
	char raw[LOG_LINE_MAX + 1], line[LOG_LINE_MAX + 1], note[64];
	int n = 0, saved = errno;

	/* Lines of Courier's form are counted by others: syslog may drop them.
	 */
	if (level == LOG_LEVEL_DEBUG && who != NULL && !log_debug)
		return;
	if (who != NULL)
		n = snprintf(raw, sizeof(raw), "%s: ", who);
	(void)vsnprintf(raw + n, sizeof(raw) - (size_t)n, fmt, ap);
	escape(line, sizeof(line), raw);
	if (log_dropped > 0) {
		(void)snprintf(note, sizeof(note), "%s: %lu log lines dropped",
		    log_who, log_dropped);
		if (send_line(0, LOG_LEVEL_WARN, note) == 0)
			log_dropped = 0;
	}
	if (send_line(listener, level, line) == -1)
		log_dropped++;
	errno = saved;
}

/* Control bytes as octal, so that no text can forge a line. */
static void
escape(char *out, size_t size, const char *in)
{
	size_t n = 0;

	for (; *in != '\0' && n + 5 < size; in++) {
		if ((unsigned char)*in >= ' ' && *in != 0x7f)
			out[n++] = *in;
		else
			n += (size_t)snprintf(out + n, size - n, "\\%03o",
			    (unsigned)(unsigned char)*in);
	}
	out[n] = '\0';
}

static int
send_line(int listener, enum log_level level, const char *text)
{
	char msg[LOG_LINE_MAX + 4];
	int n;

	if (log_fd == -1) {
		(void)fprintf(stderr, "%s\n", text);
		return 0;
	}
	n = snprintf(msg, sizeof(msg), "%d%d%s", (int)level, listener, text);
	if (n >= (int)sizeof(msg))
		n = (int)sizeof(msg) - 1;
	if (send(log_fd, msg, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		return -1;
	return 0;
}
