/*
 * What the parts of the measuring program share: its options, one figure of
 * the table, the account of a server's work, a connection, the modes. All
 * connections go to 127.0.0.1; every loop has a deadline.
 */
#ifndef T_BENCH_BENCH_H
#define T_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_STEP 300.0 /* seconds that one command may take */

struct options {
	int port;
	bool tls;
	const char *user; /* followed by four digits, from first on */
	const char *password;
	int first, users; /* the users first .. first + users - 1 */
	int clients;
	double seconds;
	long n;
	const char
	    *maildir; /* of the user, where a mode writes beside the server */
	const char *pool; /* the folder of generated messages */
	uid_t owner;
	const char *group;   /* the server's accounting group, or NULL */
	pid_t master;        /* the root of its process tree */
	const char *name;    /* of the figure */
	const char *command; /* another program's load */
	bool squeezed;       /* COMPRESS after the login */
	const char *beside;  /* what else there is: ends each figure's name */
};

/* The options of this run; set once by main. */
const struct options *options(void);

/* Seconds on a clock that only goes forward. */
double now(void);
void pause_for(double seconds);
/* Ends the program with a message. */
void fail(const char *, ...) __attribute__((noreturn, format(printf, 1, 2)));
int compare_doubles(const void *, const void *);
/* The q-quantile (0..1) of n sorted values; 0 of none. */
double quantile(const double *, size_t n, double q);

/*
 * One line of the result: figure, value, unit, the server's CPU in ms (less
 * than 0: unknown), its largest process's peak in MB (0: unknown), a note.
 */
struct figure {
	double value;
	const char *unit;
	double cpu_ms;
	double peak_mb;
	const char *note;
};
void figure_print(const struct figure *, const char *name, ...)
    __attribute__((format(printf, 2, 3)));

/* The server's work between begin and end. */
struct meter {
	double cpu;  /* seconds, dead children included */
	double peak; /* MB, largest process */
};
void meter_begin(struct meter *);
void meter_end(struct meter *);
/* PSS of all its processes in kB, and how many they are. */
double meter_pss(int *processes);
int meter_processes(void);

enum conn_state {
	CONN_DEAD,
	CONN_CONNECTING,
	CONN_HANDSHAKE,
	CONN_GREETING,
	CONN_LOGIN,
	CONN_READY
};

struct conn {
	enum conn_state state;
	int fd;
	int user;
	void *ssl;
	struct squeeze *squeeze; /* COMPRESS is on */
	char *part; /* the beginning of a line that has not ended */
	size_t npart;
	uint64_t skip; /* octets of a literal still to come */
	bool inside;   /* the next line goes on after a literal */
	/* The mode's own. */
	unsigned step;
	unsigned long sent, done;
	double since;
	/* conn_talk's: what the last command brought */
	char status; /* 'O', 'N', 'B'; 0: not answered */
	unsigned long lines, exists, fetched;
	uint64_t octets;
};

/*
 * What happens on a connection: it has logged in; a line came (without CRLF,
 * literals left out); it ended without conn_close. Any of them may close it.
 */
struct conn_ops {
	void (*ready)(struct conn *);
	void (*line)(struct conn *, const char *, size_t);
	void (*ended)(struct conn *);
};

void conn_begin(const struct conn_ops *);
/* Starts one; false when no socket is to be had. */
bool conn_open(struct conn *, int user);
void conn_close(struct conn *);
void conn_put(struct conn *, const char *, size_t);
void conn_say(struct conn *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* Waits at most ms for something and handles what came. */
void conn_step(int ms);

/*
 * COMPRESS. Text goes out through put; what came is given, then taken as text
 * until none is left (0).
 */
struct squeeze *squeeze_new(void);
void squeeze_free(struct squeeze *);
void squeeze_out(struct squeeze *, const char *, size_t,
    void (*put)(struct conn *, const char *, size_t), struct conn *);
void squeeze_give(struct squeeze *, const char *, size_t);
size_t squeeze_take(struct squeeze *, char *, size_t);

/*
 * n clients in IDLE: of one user, or the k-th user onwards, spread. Ends with
 * fewer when the machine or the server has no more to give; quiet_count says
 * how many there are, how many were lost, and why there are no more (or NULL).
 */
struct conn *quiet_open(int n, bool one, int k);
const char *quiet_count(int *idling, int *lost);
void quiet_settle(double seconds);

/*
 * One client that says one thing at a time. talk_open gives up the program
 * when it cannot log in; talk returns the seconds from the command to its
 * tagged answer, and leaves status, lines, exists, fetched and octets.
 */
void talk_open(struct conn *, int user);
double talk(struct conn *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
void talk_close(struct conn *);
/* The personal namespace's prefix, as "INBOX." or "". */
const char *talk_prefix(struct conn *);

/* A message of n octets with CRLF, then the CRLF that ends an APPEND. */
void letter_make(char *, size_t n);
/* Writes a message of n octets into tmp/ and renames it into new/; the time
 * just before the rename. */
double deliver(const char *maildir, size_t n);

/* The modes. */
void gen_pool(void);
void gen_fill(void);
void gen_tree(void);
void gen_big(void);
void gen_warm(void);
void rate_login(void);
void rate_pipe(void);
void rate_append(void);
void raw_append(void);
void raw_folder(void);
void quiet_wake(void);
void held_memory(void);
void held_hold(void);
void resume(void);
void folder_all(void);
void folder_status(void);
void folder_stream(void);
void outside(void);

#endif
