/*
 * The measuring program: bench MODE [options]. t/bench/run calls it; each mode
 * prints its figures as lines of figure, value, unit, CPU, peak and note with
 * tabs between. Talks to 127.0.0.1 only, ends itself after LIMIT seconds
 * whatever happens.
 */
#include "t/bench/bench.h"

#include <err.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 1800

static const struct mode {
	const char *name;
	void (*run)(void);
	const char *does;
} modes[] = {
    {"pool", gen_pool, "-M DIR -n N -o UID: makes N messages, once"},
    {"fill", gen_fill, "-M MAILDIR -D POOL -n N -o UID: links N into cur/"},
    {"tree", gen_tree, "-M MAILDIR -D POOL -n N -o UID: N folders of 20"},
    {"big", gen_big, "-M MAILDIR -n MB -o UID: one message of MB"},
    {"warm", gen_warm, "-D POOL: reads all files once"},
    {"login", rate_login, "-c CLIENTS -S SECS [-t]: logins per second"},
    {"pipe", rate_pipe, "-n MESSAGES -S SECS: pipelined commands per second"},
    {"append", rate_append, "-c CLIENTS -S SECS: APPENDs per second"},
    {"raw", raw_append, "-M DIR -c CLIENTS -S SECS: the same calls alone"},
    {"rawdir", raw_folder, "-M DIR -D POOL -n N: renames and unlinks alone"},
    {"quiet", held_memory,
	"-c CLIENTS -S SECS [-t] [-z]: memory and CPU of clients in IDLE"},
    {"hold", held_hold, "the same, then holds them until it is ended"},
    {"wake", quiet_wake, "-c WATCHERS -n ROUNDS -M MAILDIR: time to a wake"},
    {"resume", resume, "-n MESSAGES -c ROUNDS: commands after an IDLE"},
    {"folder", folder_all, "-n N -M MAILDIR: single commands over a folder"},
    {"status", folder_status, "-n FOLDERS: STATUS of each"},
    {"outside", outside, "-N NAME -x COMMAND: a load that prints its count"},
    {"stream", folder_stream, "-n MB [-t]: one large body"},
};

static void usage(void) __attribute__((noreturn));
static void parse(int, char **);
static void raise_limits(void);

static struct options opts = {
    .user = "user",
    .password = "demo",
    .first = 1,
    .users = 1,
    .clients = 1,
    .seconds = 4,
    .n = 1,
};

int
main(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		usage();
	}
	parse(argc - 1, argv + 1);
	raise_limits();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(LIMIT);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, argv[1]) == 0) {
			modes[i].run();
			return 0;
		}
	}
	usage();
}

const struct options *
options(void)
{
	return &opts;
}

static void
usage(void)
{
	size_t i;

	(void)fprintf(stderr,
	    "bench MODE [-p port] [-t] [-z] [-u user] [-w password] "
	    "[-f first] [-U users]\n"
	    "  [-G group] [-P pid] [-N name] [-B beside] ...\n");
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		(void)fprintf(
		    stderr, "  %-7s %s\n", modes[i].name, modes[i].does);
	}
	exit(2);
}

/* A flat list of options. */
static void
parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "p:tzu:w:f:U:c:S:n:M:D:o:G:P:N:B:x:")) !=
	       -1) {
		switch (c) {
		case 'p':
			opts.port = atoi(optarg);
			break;
		case 't':
			opts.tls = true;
			break;
		case 'z':
			opts.squeezed = true;
			break;
		case 'u':
			opts.user = optarg;
			break;
		case 'w':
			opts.password = optarg;
			break;
		case 'f':
			opts.first = atoi(optarg);
			break;
		case 'U':
			opts.users = atoi(optarg);
			break;
		case 'c':
			opts.clients = atoi(optarg);
			break;
		case 'S':
			opts.seconds = atof(optarg);
			break;
		case 'n':
			opts.n = atol(optarg);
			break;
		case 'M':
			opts.maildir = optarg;
			break;
		case 'D':
			opts.pool = optarg;
			break;
		case 'o':
			opts.owner = (uid_t)atol(optarg);
			break;
		case 'G':
			opts.group = *optarg == '\0' ? NULL : optarg;
			break;
		case 'P':
			opts.master = (pid_t)atol(optarg);
			break;
		case 'N':
			opts.name = optarg;
			break;
		case 'B':
			opts.beside = optarg;
			break;
		case 'x':
			opts.command = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || opts.users < 1 || opts.clients < 1 ||
	    opts.clients > 100000 || opts.n < 1 || opts.n > 10000000 ||
	    !(opts.seconds > 0 && opts.seconds <= 600)) {
		usage();
	}
} /* flat */

/* As many descriptors as may be had. */
static void
raise_limits(void)
{
	struct rlimit want = {200000, 200000};
	struct rlimit had;

	if (setrlimit(RLIMIT_NOFILE, &want) == 0 ||
	    getrlimit(RLIMIT_NOFILE, &had) == -1) {
		return;
	}
	had.rlim_cur = had.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &had);
}

double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void
pause_for(double seconds)
{
	struct timespec t;

	t.tv_sec = (time_t)seconds;
	t.tv_nsec = (long)((seconds - floor(seconds)) * 1e9);
	while (nanosleep(&t, &t) == -1) {
		continue;
	}
}

void
fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vwarnx(format, ap);
	va_end(ap);
	exit(1);
}

int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
quantile(const double *v, size_t n, double q)
{
	size_t i = (size_t)((double)n * q);

	return n == 0 ? 0 : v[i < n ? i : n - 1];
}

void
figure_print(const struct figure *f, const char *name, ...)
{
	va_list ap;

	va_start(ap, name);
	(void)vprintf(name, ap);
	va_end(ap);
	if (opts.beside != NULL) {
		(void)printf(" beside %s", opts.beside);
	}
	(void)printf("\t%.6g\t%s\t%.5g\t%.4g\t%s\n", f->value, f->unit,
	    f->cpu_ms, f->peak_mb, f->note == NULL ? "" : f->note);
}
