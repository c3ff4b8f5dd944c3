/*
 * Checks beyond the text of the settings, and the printing of imapd-master -t.
 */
#include "master/check.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master/access.h"
#include "master/certs.h"
#include "master/role.h"
#include "master/spawn.h"
#include "shm/capability.h"
#include "shm/ipc.h"

static void find_user(const char *setting, const char *name, uint32_t *uid,
    uint32_t *gid, struct notes *);
static void find_group(struct settings *, struct notes *);
static int parse_ids(const char *, uint32_t *uid, uint32_t *gid);
static void check_owner(const char *path, bool optional, struct notes *);
static int try_certs(const struct settings *, bool privileged, int certs,
    char *why, size_t size);
static void check_access(const struct settings *, struct notes *);
static void check_clear(const struct settings *, struct notes *);
static void print_stage(const struct settings *, enum capability_stage,
    bool external, const char *what);

int
check_settings(struct settings *set, bool privileged, struct notes *notes)
{
	char ssl[SETTINGS_PATH + 8];
	size_t errors = notes->errors;
	int fd;

	if (privileged) {
		find_user("USERNAME", set->username, &set->imap_uid,
		    &set->imap_gid, notes);
		find_user("AUTHUSERNAME", set->authusername, &set->auth_uid,
		    &set->auth_gid, notes);
		if (notes->errors == errors && set->imap_uid == set->auth_uid)
			note_add(notes, NOTE_WARN, NULL, 0,
			    "USERNAME and AUTHUSERNAME are one user: workers "
			    "and auth are not kept apart");
		snprintf(ssl, sizeof(ssl), "%s-ssl", set->config);
		check_owner(set->config, false, notes);
		check_owner(ssl, true, notes);
	}
	find_group(set, notes);
	if (certs_read(set, &fd, notes) == 0 && fd != -1)
		close(fd);
	check_clear(set, notes);
	check_access(set, notes);
	return notes->errors == errors ? 0 : -1;
}

int
check_certs(const struct settings *set, bool privileged, bool young, bool warn,
    struct notes *notes)
{
	size_t errors = notes->errors;
	char why[4096] = "no answer", *next = why, *line;
	bool excused;
	int fd, r;

	if (certs_read(set, &fd, notes) == -1)
		return -1;
	if (fd == -1)
		return 0;
	r = try_certs(set, privileged, fd, why, sizeof(why));
	close(fd);
	while (r == 0 && warn && (line = strsep(&next, "\n")) != NULL)
		if (*line != '\0')
			note_add(notes, NOTE_WARN, NULL, 0, "%s", line);
	if (r == 0)
		return 0;
	excused = young && certs_excused(set, why, time(NULL));
	note_add(notes, excused ? NOTE_WARN : NOTE_ERROR, NULL, 0,
	    "certificates: %s", why);
	return notes->errors == errors ? 0 : -1;
}

/* 0: they fit, why[size] has lines to warn of; -1: it says what does not. */
static int
try_certs(const struct settings *set, bool privileged, int certs, char *why,
    size_t size)
{
	static struct boot boot;
	char path[PATH_MAX];
	struct spawn spawn = {.program = path,
	    .option = "--certs",
	    .boot = &boot,
	    .parent = certs,
	    .board = -1};
	int out[2], status = -1;
	size_t has = 0;
	ssize_t n;
	pid_t pid;

	boot = (struct boot){.magic = BOOT_MAGIC,
	    .version = IPC_VERSION,
	    .size = sizeof(boot),
	    .role = BOOT_WORKER,
	    .privileged = privileged,
	    .set = *set};
	/* Whether the server may start without a wall is not asked here. */
	if (boot.set.sandbox == SETTINGS_SANDBOX_REQUIRED)
		boot.set.sandbox = SETTINGS_SANDBOX_ON;
	if (spawn_path("imapd-worker", path, sizeof(path)) == -1 ||
	    pipe2(out, O_CLOEXEC) == -1) {
		snprintf(why, size, "imapd-worker: %s", strerror(errno));
		return -1;
	}
	spawn.log = out[1];
	pid = spawn_start(&spawn);
	close(out[1]);
	while (has + 1 < size &&
	       ((n = read(out[0], why + has, size - 1 - has)) > 0 ||
		   (n == -1 && errno == EINTR)))
		has += n > 0 ? (size_t)n : 0;
	if (has > 0)
		why[has] = '\0';
	close(out[0]);
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (pid == -1 || status != 0)
		return -1;
	why[has] = '\0';
	return 0;
}

int
check_programs(struct notes *notes)
{
	size_t errors = notes->errors;
	const struct role *role;
	char path[PATH_MAX];

	for (unsigned i = 0; i < BOOT_ROLES; i++) {
		role = role_find((enum boot_role)i);
		if (role == NULL)
			continue;
		if (spawn_path(role->program, path, sizeof(path)) == -1 ||
		    access(path, X_OK) == -1)
			note_add(notes, NOTE_ERROR, NULL, 0, "%s: %s", path,
			    strerror(errno));
	}
	return notes->errors == errors ? 0 : -1;
}

void
check_print(const struct settings *set)
{
	static const char *const names[] = {"PORT", "SSLPORT"};
	const struct settings_view *view;

	for (unsigned i = 0; i < 2; i++) {
		view = &set->view[i];
		for (uint32_t k = 0; view->start != 0 && k < view->nlisten; k++)
			printf("%s: address %s port %u\n", names[i],
			    view->listen[k].addr, view->listen[k].port);
		if (view->start == 0)
			printf("%s: closed\n", names[i]);
	}
	if (set->view[0].start != 0) {
		bool ext = (set->tls_external & 1) != 0;

		print_stage(set, CAPABILITY_LOGIN, ext, "before login");
		if (set->starttls != 0)
			print_stage(
			    set, CAPABILITY_LOGIN_TLS, ext, "after STARTTLS");
		print_stage(set, CAPABILITY_MAIL, ext, "after login");
	}
	if (set->view[1].start != 0 || set->starttls != 0) {
		bool ext = (set->tls_external & 2) != 0;

		if (set->view[1].start != 0)
			print_stage(set, CAPABILITY_LOGIN_TLS, ext,
			    "before login, TLS");
		print_stage(set, CAPABILITY_MAIL_TLS, ext, "after login, TLS");
	}
}

static void
print_stage(const struct settings *set, enum capability_stage stage,
    bool external, const char *what)
{
	char words[2048];

	capability_print(set, stage, external, words, sizeof(words));
	printf("%s: %s\n", what, words);
}

/* A name of the system's, or UID, or UID:GID. */
static void
find_user(const char *setting, const char *name, uint32_t *uid, uint32_t *gid,
    struct notes *notes)
{
	const struct passwd *pw;

	errno = 0;
	if (parse_ids(name, uid, gid) == -1) {
		pw = getpwnam(name);
		if (pw == NULL) {
			note_add(notes, NOTE_ERROR, NULL, 0,
			    "%s=%s: %s; make it with: adduser --system "
			    "--group --no-create-home --home /nonexistent %s",
			    setting, name,
			    errno != 0 ? strerror(errno) : "no such user",
			    name);
			return;
		}
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
	}
	if (*uid == 0 || *gid == 0)
		note_add(notes, NOTE_ERROR, NULL, 0,
		    "%s=%s: root is not allowed", setting, name);
}

/* IMAPADMINGROUP: a name of the system's, or a number. */
static void
find_group(struct settings *set, struct notes *notes)
{
	const struct group *gr;
	uint32_t gid, same;

	if (set->admingroup[0] == '\0')
		return;
	if (parse_ids(set->admingroup, &gid, &same) == -1) {
		gr = getgrnam(set->admingroup);
		if (gr == NULL) {
			note_add(notes, NOTE_ERROR, NULL, 0,
			    "IMAPADMINGROUP=%s: no such group",
			    set->admingroup);
			return;
		}
		gid = gr->gr_gid;
	}
	set->admin_gid = gid;
}

static int
parse_ids(const char *text, uint32_t *uid, uint32_t *gid)
{
	unsigned long u, g;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	u = g = strtoul(text, &end, 10);
	if (*end == ':' && end[1] >= '0' && end[1] <= '9')
		g = strtoul(end + 1, &end, 10);
	if (errno != 0 || *end != '\0' || u >= UINT32_MAX || g >= UINT32_MAX)
		return -1;
	*uid = (uint32_t)u;
	*gid = (uint32_t)g;
	return 0;
}

/* What root believes must be root's alone to change. */
static void
check_owner(const char *path, bool optional, struct notes *notes)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		if (!optional || errno != ENOENT)
			note_add(notes, NOTE_ERROR, NULL, 0, "%s: %s", path,
			    strerror(errno));
		return;
	}
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		note_add(notes, NOTE_ERROR, NULL, 0,
		    "%s: must belong to root and be writable by nobody else",
		    path);
}

static void
check_access(const struct settings *set, struct notes *notes)
{
	char dat[SETTINGS_PATH + 8];

	access_free(access_load(set->accessfile, notes));
	if (access(set->accessfile, F_OK) == 0)
		return;
	snprintf(dat, sizeof(dat), "%s.dat", set->accessfile);
	if (access(dat, F_OK) == 0)
		note_add(notes, NOTE_ERROR, NULL, 0,
		    "%s: there is only %s, which is not read: write the text "
		    "that it was made from",
		    set->accessfile, dat);
}

static void
check_clear(const struct settings *set, struct notes *notes)
{
	const struct settings_view *view = &set->view[0];
	const char *addr;

	if (set->tls_required != 0 || view->start == 0)
		return;
	for (uint32_t i = 0; i < view->nlisten; i++) {
		addr = view->listen[i].addr;
		if (strncmp(addr, "127.", 4) == 0 || strcmp(addr, "::1") == 0)
			continue;
		note_add(notes, NOTE_WARN, NULL, 0,
		    "IMAP_TLS_REQUIRED=0: passwords may come in clear on "
		    "address %s port %u",
		    addr, view->listen[i].port);
		return;
	}
}
