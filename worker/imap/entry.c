/* Accounts that are not served, though the password was right. */
#include "worker/imap/entry.h"

#include <sys/stat.h>

#include <unistd.h>

#include "shm/log.h"

static bool is_locked(const struct session_account *);

bool
entry_is_foreign(const struct settings *set, int rootfd)
{
	struct stat st;

	return set->sanity_check != 0 && fstat(rootfd, &st) == 0 &&
	       (st.st_uid != geteuid() || st.st_gid != getegid());
}

const char *
entry_refusal(const struct session *s)
{
	const struct client *c = &s->client;
	char user[SESSION_MAX_NAME];

	if (is_locked(s->account)) {
		log_courier((c->flags & (IPC_SERVE_TLS | IPC_SERVE_STARTTLS)) ==
				IPC_SERVE_TLS,
		    LOG_LEVEL_INFO, "LOCKED, user=%s, ip=[%s], port=[%u]",
		    log_text(user, sizeof(user), s->account->user), c->peer,
		    c->port);
		return "Your account is temporarily unavailable (+t bit set "
		       "on home directory).";
	}
	if (s->foreign) {
		log_line(LOG_LEVEL_ERR,
		    "maildir of another owner user=%s: its uid or gid is not "
		    "the session's (IMAP_MAILBOX_SANITY_CHECK)",
		    s->account->user);
		return "[ALERT] Fatal error: Account's mailbox directory is "
		       "not owned by the correct uid or gid: Operation not "
		       "permitted";
	}
	return NULL;
}

/* qmail's sign of a mailbox that is being worked on. */
static bool
is_locked(const struct session_account *account)
{
	struct stat st;

	return account->home != NULL && stat(account->home, &st) == 0 &&
	       (st.st_mode & S_ISVTX) != 0;
}
