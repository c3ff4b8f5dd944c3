/*
 * imapctl: the administrator's tool; see imapctl(8).
 */
#include <bsd/readpassphrase.h>
#include <bsd/string.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth.h"
#include "master/ctl_mail.h"
#include "master/ctl_post.h"
#include "master/ctl_server.h"

#define PASSWORD 1024 /* bytes, terminator included */
#define FIELDS   64   /* of one set */

struct options {
	const char *file;     /* -f */
	const char *settings; /* -c, NULL: the usual file */
	const char *scheme;   /* -s, NULL: the best */
	const char *notify;   /* -N, NULL: the default */
	const char *control;  /* -C, likewise */
	bool json, prometheus;
};

static int usage(FILE *, int);
static int mail(const struct options *, int, char **);
static int userdb(const struct options *, int, char **);
static int userdb_set(const struct options *, int, char **);
static int userdb_password(const struct options *, int, char **);
static int userdb_delete(const struct options *, int, char **);
static int finish(int, const char *);
static int read_password(char[PASSWORD]);
static int read_line(char[PASSWORD]);

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'v'},
	    {NULL, 0, NULL, 0},
	};
	struct options o = {.file = SYSCONFDIR "/userdb"};
	int c;

	while ((c = getopt_long(argc, argv, "c:C:f:jN:ps:hv", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'f':
			o.file = optarg;
			break;
		case 's':
			o.scheme = optarg;
			break;
		case 'c':
			o.settings = optarg;
			break;
		case 'C':
			o.control = optarg;
			break;
		case 'j':
			o.json = true;
			break;
		case 'p':
			o.prometheus = true;
			break;
		case 'N':
			o.notify = optarg;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'v':
			(void)printf("imapctl " VERSION "\n");
			return 0;
		default:
			return usage(stderr, 2);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc > 0 && strcmp(argv[0], "userdb") == 0)
		return userdb(&o, argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[0], "post") == 0)
		return ctl_post(o.notify, argc - 1, argv + 1);
	if (argc == 1 && strcmp(argv[0], "who") == 0)
		return ctl_who(o.control, o.json);
	if (argc == 2 && strcmp(argv[0], "kick") == 0)
		return ctl_kick(o.control, argv[1]);
	if (argc == 1 && strcmp(argv[0], "stats") == 0)
		return ctl_stats(o.control, o.prometheus);
	return mail(&o, argc, argv);
}

static int
usage(FILE *out, int status)
{
	(void)fprintf(out,
	    "usage: imapctl [-f file] userdb set login field=value ...\n"
	    "       imapctl [-f file] [-s scheme] userdb pw login\n"
	    "       imapctl [-f file] userdb del login\n"
	    "       imapctl [-f file] names check|convert user|maildir\n"
	    "       imapctl [-f file] restored user|maildir\n"
	    "       imapctl [-c settings] [-f file] index check|rebuild|drop "
	    "user|maildir\n"
	    "       imapctl [-N socket] post directory ...\n"
	    "       imapctl [-C socket] who [-j]\n"
	    "       imapctl [-C socket] kick user|number\n"
	    "       imapctl [-C socket] stats [-p]\n"
	    "       imapctl -v | --help\n"
	    "file: " SYSCONFDIR "/userdb unless named; a field without a "
	    "value is taken away\n"
	    "scheme: one of %s\n",
	    auth_userdb_schemes());
	return status;
}

/* Commands on a user's Maildir. */
static int
mail(const struct options *o, int argc, char **argv)
{
	static const char *const verbs[] = {
	    [CTL_INDEX_CHECK] = "check",
	    [CTL_INDEX_REBUILD] = "rebuild",
	    [CTL_INDEX_DROP] = "drop",
	};

	if (argc == 3 && strcmp(argv[0], "names") == 0 &&
	    (strcmp(argv[1], "check") == 0 || strcmp(argv[1], "convert") == 0))
		return ctl_names(
		    o->file, argv[2], strcmp(argv[1], "convert") == 0);
	if (argc == 2 && strcmp(argv[0], "restored") == 0)
		return ctl_restored(o->file, argv[1]);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (argc == 3 && strcmp(argv[0], "index") == 0 &&
		    strcmp(argv[1], verbs[i]) == 0)
			return ctl_index(
			    o->settings, o->file, argv[2], (enum ctl_index)i);
	return usage(stderr, 2);
}

static int
userdb(const struct options *o, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *, int, char **);
	} commands[] = {
	    {"set", userdb_set},
	    {"pw", userdb_password},
	    {"del", userdb_delete},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc > 1 && strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(o, argc - 1, argv + 1);
	return usage(stderr, 2);
}

static int
userdb_set(const struct options *o, int argc, char **argv)
{
	struct auth_field fields[FIELDS];
	char why[256], *value;
	int i;

	if (argc < 2 || argc > FIELDS)
		return usage(stderr, 2);
	for (i = 1; i < argc; i++) {
		if ((value = strchr(argv[i], '=')) == NULL) {
			(void)fprintf(stderr,
			    "imapctl: %s: write it as field=value\n", argv[i]);
			return 2;
		}
		*value++ = '\0';
		fields[i - 1] = (struct auth_field){
		    argv[i], value[0] == '\0' ? NULL : value};
	}
	return finish(
	    auth_userdb_set(o->file, argv[0], fields, (size_t)argc - 1, why),
	    why);
}

static int
userdb_password(const struct options *o, int argc, char **argv)
{
	char password[PASSWORD], why[256];
	int r;

	if (argc != 1)
		return usage(stderr, 2);
	if (read_password(password) == -1)
		return 1;
	r = auth_userdb_password(o->file, argv[0], password, o->scheme, why);
	explicit_bzero(password, sizeof(password));
	return finish(r, why);
}

static int
userdb_delete(const struct options *o, int argc, char **argv)
{
	char why[256];

	if (argc != 1)
		return usage(stderr, 2);
	return finish(auth_userdb_delete(o->file, argv[0], why), why);
}

static int
finish(int r, const char *why)
{
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "imapctl: %s\n", why);
	return 1;
}

/* Twice from a terminal, without echo; else one line of standard input. */
static int
read_password(char password[PASSWORD])
{
	char again[PASSWORD];
	bool same;

	if (!isatty(STDIN_FILENO))
		return read_line(password);
	if (readpassphrase("New password: ", password, PASSWORD,
		RPP_REQUIRE_TTY) == NULL ||
	    readpassphrase(
		"Once more: ", again, sizeof(again), RPP_REQUIRE_TTY) == NULL) {
		(void)fprintf(
		    stderr, "imapctl: terminal: %s\n", strerror(errno));
		return -1;
	}
	same = strcmp(password, again) == 0;
	explicit_bzero(again, sizeof(again));
	if (same)
		return 0;
	explicit_bzero(password, PASSWORD);
	(void)fprintf(stderr, "imapctl: the two differ\n");
	return -1;
}

static int
read_line(char password[PASSWORD])
{
	size_t n = 0;
	ssize_t r;

	/* Byte by byte: what follows the line stays for who comes next. */
	while (n < PASSWORD - 1 &&
	       (r = read(STDIN_FILENO, password + n, 1)) != 0) {
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1 || password[n] == '\0') {
			(void)fprintf(stderr, "imapctl: no password read\n");
			return -1;
		}
		if (password[n] == '\n')
			break;
		n++;
	}
	password[n] = '\0';
	return 0;
}
