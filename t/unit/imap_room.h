/*
 * A session over a real Maildir in a temporary folder, its wire held back, for
 * the unit tests of this room: what it would send is read from obuf.
 */
#ifndef T_IMAP_ROOM_H
#define T_IMAP_ROOM_H

#include <sys/stat.h>

#include <bsd/string.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker/imap/state.h"
#include "worker/imap/view.h"

struct room {
	char dir[256];
	struct settings set;
	struct session_account account;
	struct session s;
};

static inline int
room_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
room_path(struct room *r, char out[512], const char *sub)
{
	(void)snprintf(out, 512, "%s/%s", r->dir, sub);
}

/* A message of that name, "cur/NAME:2,S" or "new/NAME". */
static inline void
room_deliver(struct room *r, const char *file)
{
	char path[512];
	FILE *f;

	room_path(r, path, file);
	f = fopen(path, "w");
	if (f == NULL || fputs("Subject: x\n\nbody\n", f) == EOF)
		abort();
	(void)fclose(f);
}

static inline void
room_mkdir(struct room *r, const char *sub)
{
	char path[512];

	room_path(r, path, sub);
	if (mkdir(path, 0700) == -1)
		abort();
}

static inline void
room_settings(struct settings *set)
{
	set->keywords = 1;
	set->namespace_prefix = 1;
	set->enhancedidle = 1;
	set->idle_timeout = 60;
	set->inactivity_timeout = 60;
	set->command_timeout = 10;
	set->output_timeout = 10;
	set->lock_timeout = 5;
	set->linger = 5;
	set->id_fields = -1;
	set->append_limit = 1000000;
	(void)strlcpy(set->hostname, "localhost", sizeof(set->hostname));
}

/* index: with one, so that texts are kept. */
static inline void
room_begin(struct room *r, bool index)
{
	const char *tmp = getenv("TMPDIR");
	struct maildir_options options = {.hostname = "localhost",
	    .keywords = true,
	    .lock_seconds = 5,
	    .index = index};

	memset(r, 0, sizeof(*r));
	(void)snprintf(r->dir, sizeof(r->dir), "%s/room-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(r->dir) == NULL)
		abort();
	room_mkdir(r, "cur");
	room_mkdir(r, "new");
	room_mkdir(r, "tmp");
	room_settings(&r->set);
	r->account = (struct session_account){.user = "demo", .options = ""};
	r->account.rootfd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->s.set = &r->set;
	r->s.account = &r->account;
	r->s.control = -1;
	r->s.arena = arena_new(SESSION_ARENA_MAX);
	r->s.scratch = arena_new(SESSION_ARENA_MAX);
	buf_init(&r->s.line, SESSION_LINE_MAX);
	if (wire_init(&r->s.wire, -1, -1, -1, NULL, 0) == -1)
		abort();
	r->s.maildir = maildir_open(dup(r->account.rootfd), &options);
	if (r->s.maildir == NULL)
		abort();
}

static inline void
room_init(struct room *r)
{
	room_begin(r, false);
}

static inline void
room_select(struct room *r, const char *folder)
{
	r->s.client.view = view_open(&r->s, folder, false);
	if (r->s.client.view == NULL)
		abort();
	session_enter(&r->s, SESSION_SELECTED);
}

/* What was written since the last call; lent until then. */
static inline const char *
room_output(struct room *r)
{
	static char out[65536];
	size_t n = r->s.wire.obuf.n;

	if (n >= sizeof(out))
		abort();
	if (n > 0)
		memcpy(out, r->s.wire.obuf.p, n);
	out[n] = '\0';
	buf_clear(&r->s.wire.obuf);
	return out;
}

static inline void
room_done(struct room *r)
{
	view_close(r->s.client.view);
	maildir_close(r->s.maildir);
	wire_done(&r->s.wire);
	buf_done(&r->s.line);
	arena_free(r->s.arena);
	arena_free(r->s.scratch);
	free(r->s.client.saved);
	(void)close(r->account.rootfd);
	(void)nftw(r->dir, room_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
