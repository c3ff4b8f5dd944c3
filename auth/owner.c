/* From account data to struct owner. */
#include "auth/owner.h"

#include <bsd/string.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int join(const char *, const char *, char[TICKET_TEXT]);
static bool is_true(const char *, size_t);
static const char *find(const char *, const char *, size_t, size_t *);

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

int
owner_from_daemon(const struct authdaemon_answer *a, const char *maildirpath,
    struct owner *out)
{
	memset(out, 0, sizeof(*out));
	if (memchr(a->maildir, '\0', sizeof(a->maildir)) == NULL ||
	    a->ngroups > TICKET_GROUPS || a->home[0] != '/' ||
	    strlcpy(out->user, a->user, sizeof(out->user)) >=
		sizeof(out->user) ||
	    strlcpy(out->home, a->home, sizeof(out->home)) >=
		sizeof(out->home) ||
	    strlcpy(out->options, a->options, sizeof(out->options)) >=
		sizeof(out->options))
		return -1;
	out->uid = a->uid;
	out->gid = a->gid;
	out->ngroups = a->ngroups;
	memcpy(out->groups, a->groups, a->ngroups * sizeof(a->groups[0]));
	if (a->maildir[0] != '\0')
		maildirpath = a->maildir;
	return join(out->home, maildirpath, out->maildir);
}

int
owner_defaults(struct owner *o, const char *defaults)
{
	size_t used = strlen(o->options), own = used, len, name, n;
	char had[TICKET_TEXT];

	(void)strlcpy(had, o->options, sizeof(had));
	for (const char *p = defaults; *p != '\0'; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		name = strcspn(p, ",=");
		if (name == 0 || find(had, p, name, &n) != NULL)
			continue;
		if (used + (used > 0) + len >= sizeof(o->options)) {
			o->options[own] = '\0';
			return -1;
		}
		if (used > 0)
			o->options[used++] = ',';
		memcpy(o->options + used, p, len);
		used += len;
		o->options[used] = '\0';
	}
	return 0;
}

bool
owner_option(const struct owner *o, const char *name)
{
	size_t n = strlen(name), len;
	const char *p = find(o->options, name, n, &len);

	if (p == NULL)
		return false;
	return len == n || is_true(p + n + 1, len - n - 1);
}

/* An option by name in a list: where it begins, and its length. */
static const char *
find(const char *list, const char *name, size_t n, size_t *len)
{
	for (const char *p = list;; p += *len + 1) {
		*len = strcspn(p, ",");
		if (*len >= n && strncasecmp(p, name, n) == 0 &&
		    (*len == n || p[n] == '='))
			return p;
		if (p[*len] == '\0')
			return NULL;
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
