/*
 * Log lines. Every process hands finished lines to the log process over a
 * bounded channel and never waits: what finds no room is counted and told
 * later. Without a log process (imapd from a shell, tools, tests) lines go to
 * stderr. Text from outside is escaped on the way.
 */
#ifndef SHM_LOG_H
#define SHM_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINE_MAX 1000 /* bytes of one line; the rest is cut off */

enum log_level { /* as syslog(3) */
	LOG_LEVEL_ALERT = 1,
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARN = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/*
 * From now on to fd (SEQPACKET to the log process; -1: stderr). who: the role's
 * name, put before lines that are not of Courier's form.
 */
void log_init(int fd, const char *who);
/*
 * A pair for log lines: fds[0] is the log process's end, which the kernel tells
 * who has sent each. 0, or -1 with errno.
 */
int log_pair(int fds[2]);
/* Debug lines of log_line are dropped unless on. */
void log_verbose(int on);
/*
 * A line of Courier's form, exactly as formatted, under syslog ident "imapd"
 * (listener 0) or "imapd-ssl" (listener 1). Texts from outside must have gone
 * through log_text.
 */
void log_courier(int listener, enum log_level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A line of our own: role, then the text; control bytes are escaped. */
void log_line(enum log_level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Logs at ERR and exits with status 1. */
void log_fatal(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));
/*
 * Whether the next line of a kind is worth writing, where a peer can have as
 * many written as it likes: the 1st, 2nd, 4th, 8th ... *n counts them.
 */
bool log_rare(uint32_t *n);
/* in, with every byte that is not printable ASCII as '.', into out[size]. */
const char *log_text(char *out, __SIZE_TYPE__ size, const char *in);

#endif
