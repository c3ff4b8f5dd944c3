/* From account data to struct owner. */
#include "auth/owner.h"

#include <bsd/string.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int join(const char *, const char *, char[TICKET_TEXT]);
static bool is_true(const char *, size_t);

int
owner_from_userdb(
    const struct userdb_account *a, const char *maildirpath, struct owner *out)
{
	char mail[TICKET_TEXT];

	memset(out, 0, sizeof(*out));
	if (strlcpy(out->user, a->login, sizeof(out->user)) >=
		sizeof(out->user) ||
	    !userdb_field(a->fields, "home", out->home, sizeof(out->home)))
		return -1;
	out->uid = a->uid;
	out->gid = a->gid;
	(void)userdb_field(
	    a->fields, "options", out->options, sizeof(out->options));
	if (userdb_field(a->fields, "mail", mail, sizeof(mail)))
		maildirpath = mail;
	return join(out->home, maildirpath, out->maildir);
}

/* An absolute path as it is, another one beneath home. */
static int
join(const char *home, const char *path, char out[TICKET_TEXT])
{
	int n;

	while (path[0] == '.' && path[1] == '/')
		for (path++; path[0] == '/'; path++)
			;
	if (path[0] == '\0')
		path = "Maildir";
	if (path[0] == '/')
		n = snprintf(out, TICKET_TEXT, "%s", path);
	else
		n = snprintf(out, TICKET_TEXT, "%s%s%s", home,
		    home[strlen(home) - 1] == '/' ? "" : "/", path);
	return n > 0 && n < TICKET_TEXT ? 0 : -1;
}

int
owner_from_pam(
    const struct pam_answer *a, const char *maildirpath, struct owner *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->user, a->user, sizeof(out->user));
	memcpy(out->home, a->home, sizeof(out->home));
	if (out->user[sizeof(out->user) - 1] != '\0' ||
	    out->home[sizeof(out->home) - 1] != '\0' ||
	    a->ngroups > TICKET_GROUPS || !sasl_is_name(out->user) ||
	    out->home[0] != '/')
		return -1;
	out->uid = a->uid;
	out->gid = a->gid;
	out->ngroups = a->ngroups;
	memcpy(out->groups, a->groups, a->ngroups * sizeof(a->groups[0]));
	return join(out->home, maildirpath, out->maildir);
}

bool
owner_option(const struct owner *o, const char *name)
{
	const char *p = o->options;
	size_t n = strlen(name), len;

	for (;; p += len + 1) {
		len = strcspn(p, ",");
		if (len >= n && strncasecmp(p, name, n) == 0) {
			if (len == n)
				return true;
			if (p[n] == '=')
				return is_true(p + n + 1, len - n - 1);
		}
		if (p[len] == '\0')
			return false;
	}
}

static bool
is_true(const char *value, size_t len)
{
	if (len == 0)
		return false;
	if (strchr("tTyY", value[0]) != NULL)
		return true;
	/* strtol stops at the comma by itself. */
	return strtol(value, NULL, 10) != 0;
}
