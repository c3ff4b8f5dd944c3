/*
 * The log lines of a connection. Text from outside loses what would let it
 * pass for another field: a user named "x, ip=[192.0.2.1]" must not get
 * somebody else's address banned.
 */
#include "worker/net/tell.h"

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "shm/log.h"
#include "worker/net/gate.h"

#define WHERE  96
#define BEHIND 80

static const char *where(const struct client *, char[WHERE]);
static const char *behind(const struct client *, char[BEHIND]);
static const char *clean(char *, size_t, const char *);
static uint64_t seconds(uint64_t, uint64_t);
static void add_pair(char *, size_t, struct login_text, struct login_text);

void
tell_connection(const struct client *c)
{
	char at[WHERE];

	log_courier(
	    c->listener, LOG_LEVEL_DEBUG, "Connection, %s", where(c, at));
}

void
tell_proxied(const struct client *c, const char *balancer)
{
	char at[WHERE];

	log_courier(c->listener, LOG_LEVEL_DEBUG, "Connection, %s, proxy=[%s]",
	    where(c, at), balancer);
}

void
tell_trouble(const struct client *c, const char *why)
{
	char at[WHERE];

	log_courier(c->listener, LOG_LEVEL_INFO, "%s, %s", where(c, at), why);
}

void
tell_disconnected(const struct worker *w, const struct client *c)
{
	char at[WHERE];

	log_courier(c->listener, LOG_LEVEL_DEBUG,
	    "Disconnected, %s, time=%llu%s", where(c, at),
	    (unsigned long long)seconds(c->born, w->now),
	    c->tls != NULL ? ", starttls=1" : "");
}

void
tell_logout(const struct client *c)
{
	char at[WHERE];

	log_courier(c->listener, LOG_LEVEL_INFO,
	    "LOGOUT, %s, rcvd=%llu, sent=%llu", where(c, at),
	    (unsigned long long)c->received,
	    (unsigned long long)(c->sent + c->nout - c->sentout));
}

void
tell_login(const struct client *c)
{
	char at[WHERE], by[BEHIND], user[256];

	log_courier(c->listener, LOG_LEVEL_INFO,
	    "LOGIN, user=%s, %s, protocol=IMAP%s%s",
	    clean(user, sizeof(user), c->user), where(c, at),
	    c->tls != NULL ? ", starttls=1" : "", behind(c, by));
}

void
tell_failed(const struct client *c, const char *user, const char *method)
{
	char at[WHERE], by[BEHIND], name[256];

	if (method != NULL)
		log_courier(c->listener, LOG_LEVEL_INFO,
		    "LOGIN FAILED, method=%s, %s%s", method, where(c, at),
		    behind(c, by));
	else
		log_courier(c->listener, LOG_LEVEL_INFO,
		    "LOGIN FAILED, user=%s, %s%s",
		    clean(name, sizeof(name), user), where(c, at),
		    behind(c, by));
}

void
tell_refused(const struct client *c, const char *user, const char *why)
{
	char at[WHERE], by[BEHIND], name[256];

	log_courier(c->listener, LOG_LEVEL_NOTICE,
	    "LOGIN REFUSED, user=%s, %s, reason=%s%s",
	    clean(name, sizeof(name), user), where(c, at), why, behind(c, by));
}

void
tell_id(const struct client *c, const struct login_command *id)
{
	char at[WHERE], pairs[LOG_LINE_MAX - 2 * WHERE];

	pairs[0] = '\0';
	for (unsigned i = 0; i < id->npairs; i++)
		add_pair(pairs, sizeof(pairs), id->key[i], id->value[i]);
	log_courier(
	    c->listener, LOG_LEVEL_INFO, "ID, %s%s", where(c, at), pairs);
}

static void
add_pair(char *out, size_t size, struct login_text key, struct login_text value)
{
	char raw[256], text[256];

	(void)snprintf(raw, sizeof(raw), "%.*s=%.*s", (int)key.n, key.p,
	    (int)value.n, value.p != NULL ? value.p : "");
	(void)strlcat(out, ", ", size);
	(void)strlcat(out, clean(text, sizeof(text), raw), size);
}

void
tell_end(
    const struct worker *w, const struct client *c, const struct tell_end *end)
{
	static const char *const words[] = {
	    [IPC_END_LOGOUT] = "LOGOUT",
	    [IPC_END_DISCONNECTED] = "DISCONNECTED",
	    [IPC_END_TIMEOUT] = "TIMEOUT",
	    [IPC_END_SHUTDOWN] =
		"NOTICE: Disconnected during shutdown by signal",
	    [IPC_END_PROTOCOL] = "DISCONNECTED",
	};
	char at[WHERE], user[256];

	log_courier(c->listener, LOG_LEVEL_INFO,
	    "%s, user=%s, %s, headers=%llu, body=%llu, rcvd=%llu, sent=%llu, "
	    "time=%llu%s",
	    words[end->why], clean(user, sizeof(user), c->user), where(c, at),
	    (unsigned long long)end->headers, (unsigned long long)end->body,
	    (unsigned long long)end->received, (unsigned long long)end->sent,
	    (unsigned long long)seconds(c->login, w->now),
	    c->tls != NULL ? ", starttls=1" : "");
}

void
tell_tls(const struct client *c, const char *why)
{
	log_courier(c->listener, LOG_LEVEL_INFO,
	    "ip=[%s%s], couriertls: accept: %s",
	    strchr(c->peer, ':') != NULL ? "" : "::ffff:", c->peer, why);
}

void
tell_tls_end(const struct client *c)
{
	char at[WHERE];

	if (tls_is_cut(c->tls))
		log_courier(c->listener, LOG_LEVEL_DEBUG,
		    "Unexpected SSL connection shutdown., %s", where(c, at));
	else
		log_courier(c->listener, LOG_LEVEL_INFO,
		    "ip=[%s%s], couriertls: read: %s",
		    strchr(c->peer, ':') != NULL ? "" : "::ffff:", c->peer,
		    tls_why(c->tls));
}

void
tell_deflate(const struct client *c, const char *why)
{
	char at[WHERE], user[256];

	log_courier(c->listener, LOG_LEVEL_NOTICE,
	    "COMPRESS broken, user=%s, %s, reason=%s",
	    clean(user, sizeof(user), c->user), where(c, at), why);
}

/* Courier's form: an IPv4 address is mapped. */
static const char *
where(const struct client *c, char out[WHERE])
{
	(void)snprintf(out, WHERE, "ip=[%s%s], port=[%u]",
	    strchr(c->peer, ':') != NULL ? "" : "::ffff:", c->peer,
	    c->peer_port);
	return out;
}

/* For whom a trusted webmail came: last, where no reader of logs trips. */
static const char *
behind(const struct client *c, char out[BEHIND])
{
	out[0] = '\0';
	if (c->gate != NULL && c->gate->claimed[0] != '\0')
		(void)snprintf(out, BEHIND, ", client=[%s%s]",
		    strchr(c->gate->claimed, ':') != NULL ? "" : "::ffff:",
		    c->gate->claimed);
	return out;
}

static const char *
clean(char *out, size_t size, const char *in)
{
	(void)log_text(out, size, in != NULL ? in : "");
	for (char *p = out; (p = strpbrk(p, ",[]")) != NULL; p++)
		*p = '.';
	return out;
}

static uint64_t
seconds(uint64_t from, uint64_t now)
{
	return now > from ? (now - from) / 1000 : 0;
}
