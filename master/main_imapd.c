/*
 * imapd: an IMAP session over standard input and output, for who has logged in
 * otherwise (a shell, ssh, another login program); and, executed by the spawner
 * with --role, the template that sessions of the server are forked from.
 */
#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/indexdir.h"
#include "master/loginexec.h"
#include "master/settings.h"
#include "master/spare.h"
#include "shm/jail.h"
#include "shm/log.h"
#include "worker/imap/session.h"

static int serve_template(void);
static int serve_session(const struct settings *, const struct owner *,
    int rootfd, int rooterr, int control);
static int serve_shell(const char *dir);
static void login_exec(const struct session_account *, const char *dir);
static const char *user_name(void);

int
main(int argc, char **argv)
{
	const char *dir = getenv("MAILDIR");

	setproctitle_init(argc, argv, environ);
	if (argc == 2 && strcmp(argv[1], "--role") == 0)
		return serve_template();
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("Corkboard IMAP %s\n", VERSION);
		return 0;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fprintf(stderr, "usage: imapd [--version | directory]\n");
		return 2;
	}
	/* The argument wins, as in Courier's program. */
	if (argc == 2)
		dir = argv[1];
	if (dir == NULL || dir[0] == '\0')
		dir = "./Maildir";
	return serve_shell(dir);
}

static int
serve_template(void)
{
	static const struct spare_work work = {serve_session};
	static struct boot boot;

	if (boot_take(&boot) == -1 || boot.role != BOOT_TEMPLATE) {
		fprintf(stderr, "imapd: --role is not for people\n");
		return 1;
	}
	setproctitle("template");
	log_init(BOOT_FD_LOG, boot_role_name(BOOT_TEMPLATE));
	/* What sessions will want to load is loaded while it still can be. */
	session_warm();
	if (jail_enter(&boot) == -1)
		log_fatal("jail: %s", strerror(errno));
	return template_run(&boot, BOOT_FD_PARENT, &work);
}

static int
serve_session(const struct settings *set, const struct owner *owner, int rootfd,
    int rooterr, int control)
{
	struct session_account account = {.user = owner->user,
	    .options = owner->options,
	    .home = owner->home,
	    .rootfd = rootfd,
	    .rooterr = rooterr,
	    .path = owner->maildir};
	static char index[SETTINGS_PATH + 64];

	if (indexdir_path(set, owner, index, sizeof(index)))
		account.indexdir = index;
	return session_serve(set, &account, control);
}

static int
serve_shell(const char *dir)
{
	static struct settings set;
	static struct notes notes;
	const char *options = getenv("OPTIONS");
	struct session_account account = {
	    .user = user_name(), .options = options == NULL ? "" : options};

	log_init(-1, "imapd");
	settings_environment(&set, &notes);
	for (size_t i = 0; i < notes.n; i++)
		log_line(LOG_LEVEL_WARN, "%s", notes.v[i].text);
	note_done(&notes);
	umask((mode_t)set.umask);
	account.rootfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (account.rootfd == -1)
		account.rooterr = errno;
	else
		login_exec(&account, dir);
	/* A login program has gone to the home before; a user is anywhere. */
	if (getenv("AUTHENTICATED") != NULL)
		account.home = ".";
	return session_shell(&set, &account);
}

static void
login_exec(const struct session_account *account, const char *dir)
{
	const struct loginexec how = {.user = account->user,
	    .home = getenv("HOME"),
	    .maildir = dir,
	    .options = account->options,
	    .seconds = LOGINEXEC_SECONDS};

	loginexec_run(account->rootfd, &how);
}

/* Who has logged in, as whoever did the login says; else the owner's name. */
static const char *
user_name(void)
{
	const char *name = getenv("AUTHENTICATED");
	const struct passwd *pw;

	if (name != NULL && name[0] != '\0' && strlen(name) < 256)
		return name;
	pw = getpwuid(getuid());
	return pw == NULL ? "unknown" : pw->pw_name;
}
