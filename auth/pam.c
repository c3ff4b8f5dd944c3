/*
 * The one file with PAM: a single conversation, in a child that lives for it.
 * pam_authenticate and pam_acct_mgmt, no session and no credentials. Account
 * data come from here too, so that auth itself needs no name service.
 */
#include "auth/pam.h"

#include <bsd/string.h>
#include <security/pam_appl.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GROUPS_MAX 1024 /* of which TICKET_GROUPS travel */

struct talk {
	const struct pam_question *question;
	int prompts;
};

static int start(const struct settings *, const struct pam_question *,
    const struct pam_conv *, pam_handle_t **);
static int set_items(pam_handle_t *, const struct pam_question *);
static void no_delay(int, unsigned, void *);
static int converse(
    int, const struct pam_message **, struct pam_response **, void *);
static int respond(
    struct talk *, const struct pam_message *, struct pam_response *);
static enum pam_verdict verdict_of_auth(int);
static enum pam_verdict verdict_of_account(int);
static bool has_expired(const char *);
static enum pam_verdict take_account(pam_handle_t *, struct pam_answer *);
static int take_groups(const struct passwd *, struct pam_answer *);

void
pam_warm(const struct settings *set)
{
	static const struct pam_question q = {.user = "root"};
	static const struct pam_conv conv = {converse, NULL};
	static pam_handle_t *kept; /* never ended: it holds the modules */

	(void)getpwnam("root");
	if (kept == NULL && start(set, &q, &conv, &kept) != PAM_SUCCESS)
		kept = NULL;
}

void
pam_ask(const struct settings *set, const struct pam_question *q,
    struct pam_answer *out)
{
	struct talk talk = {q, 0};
	const struct pam_conv conv = {converse, &talk};
	enum pam_verdict verdict = PAM_IS_RIGHT;
	pam_handle_t *pam = NULL;
	int r;

	memset(out, 0, sizeof(*out));
	out->id = q->id;
	r = start(set, q, &conv, &pam);
	if (r == PAM_SUCCESS)
		r = set_items(pam, q);
	if (r != PAM_SUCCESS) {
		verdict = PAM_IS_UNAVAILABLE;
	} else if (q->kind == PAM_PASSWORD) {
		r = pam_authenticate(
		    pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
		verdict = verdict_of_auth(r);
	}
	if (verdict == PAM_IS_RIGHT) {
		r = pam_acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
		verdict = verdict_of_account(r);
		if (verdict == PAM_IS_WRONG && has_expired(q->user))
			verdict = PAM_IS_EXPIRED;
	}
	if (verdict == PAM_IS_RIGHT)
		verdict = take_account(pam, out);
	if (pam != NULL && pam_end(pam, r) != PAM_SUCCESS)
		verdict = PAM_IS_UNAVAILABLE;
	out->code = (uint32_t)r;
	out->verdict = verdict;
}

static int
start(const struct settings *set, const struct pam_question *q,
    const struct pam_conv *conv, pam_handle_t **pam)
{
	const char *service =
	    q->service[0] != '\0' ? q->service : set->pamservice;

	if (set->pamconfdir[0] != '\0')
		return pam_start_confdir(
		    service, q->user, conv, set->pamconfdir, pam);
	return pam_start(service, q->user, conv, pam);
}

static int
set_items(pam_handle_t *pam, const struct pam_question *q)
{
	/* An item that is a function travels as a pointer to an object. */
	union {
		void (*function)(int, unsigned, void *);
		const void *item;
	} delay = {no_delay};
	int r;

	r = pam_set_item(pam, PAM_RHOST, q->rhost);
	if (r == PAM_SUCCESS)
		r = pam_set_item(pam, PAM_TTY, "imap");
	/* auth delays refusals itself, without holding a child for it. */
	if (r == PAM_SUCCESS)
		r = pam_set_item(pam, PAM_FAIL_DELAY, delay.item);
	return r;
}

static void
no_delay(int status, unsigned microseconds, void *arg)
{
	(void)status;
	(void)microseconds;
	(void)arg;
}

static int
converse(int n, const struct pam_message **messages,
    struct pam_response **responses, void *arg)
{
	struct pam_response *r;
	int i;

	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	if ((r = calloc((size_t)n, sizeof(*r))) == NULL)
		return PAM_BUF_ERR;
	for (i = 0; i < n; i++)
		if (respond(arg, messages[i], &r[i]) == -1)
			break;
	if (i == n) {
		*responses = r;
		return PAM_SUCCESS;
	}
	while (i-- > 0)
		free(r[i].resp);
	free(r);
	return PAM_CONV_ERR;
}

static int
respond(struct talk *talk, const struct pam_message *message,
    struct pam_response *out)
{
	const char *text;

	if (++talk->prompts > PAM_PROMPTS)
		return -1;
	switch (message->msg_style) {
	case PAM_PROMPT_ECHO_OFF:
		if (talk->question->kind != PAM_PASSWORD)
			return -1;
		text = talk->question->password;
		break;
	case PAM_PROMPT_ECHO_ON:
		text = talk->question->user;
		break;
	case PAM_TEXT_INFO:
	case PAM_ERROR_MSG:
		return 0;
	default:
		return -1;
	}
	out->resp = strdup(text);
	return out->resp == NULL ? -1 : 0;
}

/* Only what PAM says of the password may count as a wrong one. */
static enum pam_verdict
verdict_of_auth(int r)
{
	switch (r) {
	case PAM_SUCCESS:
		return PAM_IS_RIGHT;
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_MAXTRIES:
	case PAM_PERM_DENIED:
	case PAM_CRED_INSUFFICIENT:
	case PAM_ACCT_EXPIRED:
	case PAM_NEW_AUTHTOK_REQD:
		return PAM_IS_WRONG;
	default:
		return PAM_IS_UNAVAILABLE;
	}
}

static enum pam_verdict
verdict_of_account(int r)
{
	switch (r) {
	case PAM_SUCCESS:
		return PAM_IS_RIGHT;
	case PAM_ACCT_EXPIRED:
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_AUTHTOK_EXPIRED:
		return PAM_IS_EXPIRED;
	case PAM_AUTH_ERR:
	case PAM_PERM_DENIED:
	case PAM_USER_UNKNOWN:
		return PAM_IS_WRONG;
	default:
		return PAM_IS_UNAVAILABLE;
	}
}

/*
 * Many a stack, Debian's common-account among them, ends in pam_deny, which
 * says only that there is no way in. As pam_unix reckons.
 */
static bool
has_expired(const char *user)
{
	const struct spwd *sp = getspnam(user);
	long today = (long)(time(NULL) / (24 * 3600));

	if (sp == NULL)
		return false;
	if (sp->sp_expire > 0 && today >= sp->sp_expire)
		return true;
	return sp->sp_lstchg > 0 && sp->sp_max >= 0 && sp->sp_inact >= 0 &&
	       today > sp->sp_lstchg && today - sp->sp_lstchg > sp->sp_max &&
	       today - sp->sp_lstchg > sp->sp_max + sp->sp_inact;
}

/* The account that the modules settled on, which may have another name. */
static enum pam_verdict
take_account(pam_handle_t *pam, struct pam_answer *out)
{
	const void *item = NULL;
	const struct passwd *pw;

	if (pam_get_item(pam, PAM_USER, &item) != PAM_SUCCESS || item == NULL)
		return PAM_IS_UNAVAILABLE;
	if (strlcpy(out->user, item, sizeof(out->user)) >= sizeof(out->user) ||
	    !sasl_is_name(out->user))
		return PAM_IS_UNAVAILABLE;
	errno = 0;
	pw = getpwnam(out->user);
	if (pw == NULL) {
		/* A right password without an account is no way in. */
		return errno == 0 || errno == ENOENT ? PAM_IS_WRONG
						     : PAM_IS_UNAVAILABLE;
	}
	if (pw->pw_dir[0] != '/' || strlcpy(out->home, pw->pw_dir,
					sizeof(out->home)) >= sizeof(out->home))
		return PAM_IS_UNAVAILABLE;
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	return take_groups(pw, out) == -1 ? PAM_IS_UNAVAILABLE : PAM_IS_RIGHT;
}

static int
take_groups(const struct passwd *pw, struct pam_answer *out)
{
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;

	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) == -1)
		return -1;
	out->allgroups = (uint32_t)n;
	for (int i = 0; i < n && out->ngroups < TICKET_GROUPS; i++)
		out->groups[out->ngroups++] = groups[i];
	return 0;
}

const char *
pam_text(uint32_t code)
{
	return pam_strerror(NULL, (int)code);
}
