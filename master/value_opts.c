/*
 * Options of Courier's programs that stand in settings: TCPDOPTS (couriertcpd)
 * and LOGGEROPTS (courierlogger). What has no meaning here is silent if nobody
 * relies on it, and a warning if somebody may.
 */
#include <bsd/string.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "master/value.h"

#define OPTION_MAX      320
#define HAPROXY_TIMEOUT 15 /* s, couriertcpd's */

enum kind {
	NUMBER, /* a field of the view */
	FLAG,
	TEXT,
	SILENT,
	WARN,
	PLACES,  /* -haproxy */
	ADDRESS, /* only checked */
};

struct option {
	const char *name; /* with its "=" */
	enum kind kind;
	size_t offset;
	uint32_t min, max;
	const char *what; /* for WARN */
};

#define AT(f) offsetof(struct settings_view, f)

static const char haproxy_form[] =
    "-haproxy: [seconds/]port=[address.]number[,...] is needed, at most 16";
static const char no_list[] =
    "lists in the DNS are not asked here: let the firewall keep them out";
static const struct option tcpd[] = {
    {"-maxprocs=", NUMBER, AT(maxdaemons), 1, 1000000, NULL},
    {"-maxperip=", NUMBER, AT(maxperip), 1, 1000000, NULL},
    {"-maxperc=", NUMBER, AT(maxperc), 1, 1000000, NULL},
    {"-warn=", NUMBER, AT(warn), 1, 1000000, NULL},
    {"-listen=", NUMBER, AT(backlog), 1, 65535, NULL},
    {"-accesslocal", FLAG, AT(accesslocal), 0, 0, NULL},
    {"-denymsg=", TEXT, AT(denymsg), 0, 0, NULL},
    {"-nodnslookup", SILENT, 0, 0, 0, NULL}, /* we never look up */
    {"-noidentlookup", SILENT, 0, 0, 0, NULL},
    {"-user=", SILENT, 0, 0, 0, NULL}, /* processes are our own affair */
    {"-group=", SILENT, 0, 0, 0, NULL},
    {"-stderr=", SILENT, 0, 0, 0, NULL},
    {"-stderrlogger=", SILENT, 0, 0, 0, NULL},
    {"-stderrloggername=", SILENT, 0, 0, 0, NULL},
    {"-pid=", SILENT, 0, 0, 0, NULL},
    {"-stop", SILENT, 0, 0, 0, NULL},
    {"-restart", SILENT, 0, 0, 0, NULL},
    {"-proxy", SILENT, 0, 0, 0, NULL},
    {"-block=", WARN, 0, 0, 0, no_list},
    {"-allow=", WARN, 0, 0, 0, no_list},
    {"-drop", WARN, 0, 0, 0, no_list},
    {"-drop=", WARN, 0, 0, 0, no_list},
    {"-haproxy=", PLACES, 0, 0, 0, NULL},
    /* taken with PORT and IMAPACCESSFILE (value_tcpd_option) */
    {"-address=", ADDRESS, 0, 0, 0, NULL},
    {"-access=", SILENT, 0, 0, 0, NULL},
};

static const struct {
	const char *name;
	int facility; /* as syslog(3) has it, shifted by 3 */
} facilities[] = {{"kern", LOG_KERN}, {"user", LOG_USER}, {"mail", LOG_MAIL},
    {"daemon", LOG_DAEMON}, {"auth", LOG_AUTH}, {"syslog", LOG_SYSLOG},
    {"lpr", LOG_LPR}, {"news", LOG_NEWS}, {"uucp", LOG_UUCP},
    {"cron", LOG_CRON}, {"authpriv", LOG_AUTHPRIV}, {"ftp", LOG_FTP},
    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},
    {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7}};

static bool next_option(const char **, char out[OPTION_MAX]);
static void tcpd_option(const struct value *, const char *);
static void number(const struct value *, const struct option *, const char *);
static void places(const struct value *, const char *);
static bool is_address(const char *);
static bool place(const char *, struct settings_listen *);
static void facility(const struct value *, const char *name);

void
value_tcpdopts(const struct value *v)
{
	struct settings_view *view = v->field;
	const char *p = v->text;
	char word[OPTION_MAX];

	view->backlog = 1024;
	view->nhaproxy = 0;
	view->haproxy_timeout = HAPROXY_TIMEOUT;
	while (next_option(&p, word))
		tcpd_option(v, word);
}

bool
value_tcpd_option(const char *text, const char *name, char out[SETTINGS_PATH])
{
	char word[OPTION_MAX];
	size_t n = strlen(name);
	bool found = false;

	while (next_option(&text, word))
		if (strncmp(word, name, n) == 0 && word[n] != '\0') {
			snprintf(out, SETTINGS_PATH, "%s", word + n);
			found = true;
		}
	return found;
}

/* The next word between blanks, cut to size. */
static bool
next_option(const char **p, char out[OPTION_MAX])
{
	size_t n;

	*p += strspn(*p, " \t");
	n = strcspn(*p, " \t");
	if (n == 0)
		return false;
	snprintf(out, OPTION_MAX, "%.*s", (int)n, *p);
	*p += n;
	return true;
}

static void
tcpd_option(const struct value *v, const char *word)
{
	size_t n = strcspn(word, "=");
	const struct option *o = NULL;
	const uint32_t on = 1;
	char what[512];

	n += word[n] == '=';
	for (size_t i = 0; i < sizeof(tcpd) / sizeof(tcpd[0]); i++)
		if (strlen(tcpd[i].name) == n &&
		    strncmp(tcpd[i].name, word, n) == 0)
			o = &tcpd[i];
	snprintf(what, sizeof(what), "%.64s: %s", word,
	    o != NULL && o->what != NULL ? o->what : "has no effect here");
	switch (o != NULL ? o->kind : WARN) {
	case NUMBER:
		number(v, o, word + n);
		break;
	case FLAG:
		memcpy((char *)v->field + o->offset, &on, sizeof(on));
		break;
	case TEXT:
		if (strlcpy((char *)v->field + o->offset, word + n, 256) >= 256)
			value_wrong(v, "-denymsg: longer than 255 bytes");
		break;
	case SILENT:
		break;
	case WARN:
		value_warn(v, what);
		break;
	case ADDRESS:
		if (!is_address(word + n))
			value_wrong(v, "-address: one IP address, or 0 for "
				       "all, is needed");
		break;
	case PLACES:
		places(v, word + n);
		break;
	}
}

static void
number(const struct value *v, const struct option *o, const char *word)
{
	unsigned long n = strtoul(word, NULL, 10);
	char what[128];
	uint32_t narrow;

	if (word[0] == '\0' || strlen(word) > 7 ||
	    word[strspn(word, "0123456789")] != '\0' || n < o->min ||
	    n > o->max) {
		snprintf(what, sizeof(what), "%s allowed is %u to %u", o->name,
		    o->min, o->max);
		value_wrong(v, what);
		return;
	}
	narrow = (uint32_t)n;
	memcpy((char *)v->field + o->offset, &narrow, sizeof(narrow));
}

/* [timeout/]port=[ip.]n[,[ip.]n]: where balancers connect. */
static void
places(const struct value *v, const char *word)
{
	struct settings_view *view = v->field;
	char list[OPTION_MAX], *p = list, *one;
	size_t digits = strspn(word, "0123456789");
	unsigned long seconds = HAPROXY_TIMEOUT;

	if (digits > 0 && digits < 5 && word[digits] == '/') {
		seconds = strtoul(word, NULL, 10);
		word += digits + 1;
	}
	if (strncmp(word, "port=", 5) != 0 || seconds < 1 || seconds > 3600) {
		value_wrong(v, haproxy_form);
		return;
	}
	snprintf(list, sizeof(list), "%s", word + 5);
	while ((one = strsep(&p, ",")) != NULL) {
		if (view->nhaproxy == SETTINGS_LISTS ||
		    !place(one, &view->haproxy[view->nhaproxy])) {
			value_wrong(v, haproxy_form);
			return;
		}
		view->nhaproxy++;
	}
	view->haproxy_timeout = (uint32_t)seconds;
}

static bool
place(const char *text, struct settings_listen *out)
{
	const char *dot = strrchr(text, '.');
	const char *port = dot == NULL ? text : dot + 1;
	size_t n = strspn(port, "0123456789");

	snprintf(out->addr, sizeof(out->addr), "0");
	if (dot != NULL)
		snprintf(out->addr, sizeof(out->addr), "%.*s",
		    (int)(dot - text), text);
	if (n == 0 || n > 5 || port[n] != '\0' || atol(port) < 1 ||
	    atol(port) > UINT16_MAX)
		return false;
	out->port = (uint16_t)atol(port);
	return is_address(out->addr);
}

static bool
is_address(const char *text)
{
	struct settings_net net;

	return strcmp(text, "0") == 0 ||
	       (strchr(text, '/') == NULL && value_net(text, &net) == 0);
}

void
value_loggeropts(const struct value *v)
{
	struct settings_view *view = v->field;
	const char *p = v->text;
	char word[OPTION_MAX];

	view->facility = LOG_MAIL >> 3;
	while (next_option(&p, word)) {
		if (strncmp(word, "-name=", 6) == 0 && word[6] != '\0' &&
		    strlen(word + 6) < sizeof(view->ident))
			strlcpy(view->ident, word + 6, sizeof(view->ident));
		else if (strncmp(word, "-facility=", 10) == 0)
			facility(v, word + 10);
		else if (strcmp(word, "-droproot") != 0 &&
			 strncmp(word, "-user=", 6) != 0 &&
			 strncmp(word, "-group=", 7) != 0)
			value_warn(v, "only -name=IDENT and -facility=NAME "
				      "have an effect");
	}
}

static void
facility(const struct value *v, const char *name)
{
	struct settings_view *view = v->field;

	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (strcmp(facilities[i].name, name) == 0) {
			view->facility = (uint32_t)facilities[i].facility >> 3;
			return;
		}
	value_wrong(v, "-facility: mail, daemon, auth, authpriv, user, local0 "
		       "to local7 and the like are understood");
}
