/*
 * THE table of settings. A row: the name in the files, how its text becomes a
 * field, bounds, default, which listener's view it belongs to, whether it needs
 * a restart, and its place in struct settings. etc/imapd.5 documents each.
 */
#include "master/settings.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/value.h"
#include "shm/stir.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

enum row_view {
	SHARED, /* one value: the one that PORT sees */
	EACH,   /* PORT and SSLPORT have one each, of the same name */
	PLAIN,  /* a field of PORT's view only */
	SSL,    /* ... of SSLPORT's */
};

struct row {
	const char *name;
	void (*take)(const struct value *);
	int64_t min, max;
	const char *def;
	enum row_view view;
	bool restart;
	size_t offset, size;
};

#define FIELD(f) offsetof(struct settings, f), sizeof(((struct settings *)0)->f)
#define VIEW(f)                                                                \
	offsetof(struct settings_view, f),                                     \
	    sizeof(((struct settings_view *)0)->f)
#define WITH_COUNT(type, list, count)                                          \
	offsetof(struct type, list), offsetof(struct type, count) +            \
					 sizeof(uint32_t) -                    \
					 offsetof(struct type, list)
#define WHOLE_VIEW 0, sizeof(struct settings_view)
#define NONE       0, 0

static const struct row rows[] = {
    /* who listens where */
    {"ADDRESS", value_address, 0, 0, "0", PLAIN, false, NONE},
    {"PORT", value_ports, 0, 0, "143", PLAIN, true,
	WITH_COUNT(settings_view, listen, nlisten)},
    {"SSLADDRESS", value_address, 0, 0, "0", SSL, false, NONE},
    {"SSLPORT", value_ports, 0, 0, "993", SSL, true,
	WITH_COUNT(settings_view, listen, nlisten)},
    {"IMAPDSTART", value_flag, 0, 0, "YES", PLAIN, true, VIEW(start)},
    {"IMAPDSSLSTART", value_flag, 0, 0, "YES", SSL, true, VIEW(start)},
    {"MAXDAEMONS", value_number, 1, 1000000, "10000", EACH, false,
	VIEW(maxdaemons)},
    {"MAXPERIP", value_number, 1, 1000000, "20", EACH, false, VIEW(maxperip)},
    {"LOGGEROPTS", value_loggeropts, 0, 0, "-name=imapd", PLAIN, false,
	WHOLE_VIEW},
    {"SSLLOGGEROPTS", value_loggeropts, 0, 0, "-name=imapd-ssl", SSL, false,
	WHOLE_VIEW},
    {"MAILDIRPATH", value_text, 0, 0, "Maildir", EACH, false,
	VIEW(maildirpath)},
    /* after MAXDAEMONS and MAXPERIP: what stands here wins */
    {"TCPDOPTS", value_tcpdopts, 0, 0, "", EACH, false, WHOLE_VIEW},
    {"IMAPACCESSFILE", value_access, 0, 0, SYSCONFDIR "/imapaccess", SHARED,
	false, FIELD(accessfile)},

    /* processes */
    {"PIDFILE", value_path, 0, 0, "/run/imapd.pid", SHARED, true,
	FIELD(pidfile)},
    {"SSLPIDFILE", value_path, 0, 0, "", SHARED, true, FIELD(sslpidfile)},
    {"USERNAME", value_word, 0, 0, "imapd", SHARED, true, FIELD(username)},
    {"AUTHUSERNAME", value_word, 0, 0, "imapd-auth", SHARED, true,
	FIELD(authusername)},
    {"WORKERS", value_number, 1, 32, "", SHARED, true, FIELD(workers)},
    {"IMAP_SPARES", value_number, 0, 64, "8", SHARED, false, FIELD(spares)},
    {"IMAP_LINGER", value_number, 0, 3600, "10", SHARED, false, FIELD(linger)},
    {"IMAP_NOTIFYSOCKET", value_path, 0, 0, STIR_SOCKET, SHARED, true,
	FIELD(notifysocket)},
    {"IMAP_CONTROLSOCKET", value_path, 0, 0, "/run/imapd.control", SHARED, true,
	FIELD(controlsocket)},
    {"IMAPADMINGROUP", value_text, 0, 0, "", SHARED, true, FIELD(admingroup)},
    {"IMAP_PARK", value_flag, 0, 0, "1", SHARED, false, FIELD(park)},
    {"IMAP_PARK_YIELD", value_flag, 0, 0, "1", SHARED, false,
	FIELD(park_yield)},
    {"IMAP_PARK_LINGER", value_number, 0, 3600, "1", SHARED, false,
	FIELD(park_linger)},
    {"SANDBOX", value_sandbox, 0, 0, "on", SHARED, true, FIELD(sandbox)},

    /* who may come in, and how often */
    {"MAXPERIP_EXEMPT", value_nets, 0, 0, "", SHARED, false,
	WITH_COUNT(settings, exempt, nexempt)},
    {"TRUSTED_NETS", value_nets, 0, 0, "127.0.0.1 ::1", SHARED, false,
	WITH_COUNT(settings, trusted, ntrusted)},
    {"MAXPERIP_IPV6PREFIX", value_number, 16, 128, "64", SHARED, false,
	FIELD(ipv6_prefix)},
    {"MAXPERUSER", value_number, 1, 1000000, "100", SHARED, false,
	FIELD(maxperuser)},
    {"MAXUNAUTH", value_number, 1, 1000000, "1000", SHARED, false,
	FIELD(maxunauth)},
    {"MAXUNAUTH_PERIP", value_number, 1, 1000000, "10", SHARED, false,
	FIELD(maxunauth_perip)},
    {"MAXRATE_PERIP", value_number, 1, 1000000, "120", SHARED, false,
	FIELD(rate_perip)},
    {"AUTHMODULES", value_auth, 0, 0, "authpam", SHARED, false,
	FIELD(authmodules)},
    {"PAMSERVICE", value_word, 0, 0, "imap", SHARED, false, FIELD(pamservice)},
    {"PAMCONFDIR", value_path, 0, 0, "", SHARED, false, FIELD(pamconfdir)},
    {"USERDB", value_path, 0, 0, SYSCONFDIR "/userdb", SHARED, false,
	FIELD(userdb)},
    {"AUTHDAEMONSOCKET", value_path, 0, 0, "/run/courier/authdaemon/socket",
	SHARED, false, FIELD(authdaemonsocket)},
    {"DEFAULTOPTIONS", value_text, 0, 0, "", SHARED, false,
	FIELD(defaultoptions)},
    {"MINUID", value_number, 1, 4294967294, "500", SHARED, false,
	FIELD(minuid)},
    {"DEFDOMAIN", value_text, 0, 0, "", SHARED, false, FIELD(defdomain)},
    {"DOMAINSEP", value_text, 0, 0, "", SHARED, false, FIELD(domainsep)},
    {"AUTH_FLOOR_MS", value_number, 1, 60000, "2000", SHARED, false,
	FIELD(auth_floor_ms)},
    {"AUTH_RECHECK", value_number, 1, 604800, "86400", SHARED, false,
	FIELD(auth_recheck)},

    /* time-outs, in seconds */
    {"LOGIN_TIMEOUT", value_number, 1, 3600, "60", SHARED, false,
	FIELD(login_timeout)},
    {"HANDSHAKE_TIMEOUT", value_number, 1, 3600, "15", SHARED, false,
	FIELD(handshake_timeout)},
    {"INACTIVITY_TIMEOUT", value_number, 1, 604800, "1860", SHARED, false,
	FIELD(inactivity_timeout)},
    {"COMMAND_TIMEOUT", value_number, 1, 3600, "60", SHARED, false,
	FIELD(command_timeout)},
    {"OUTPUT_TIMEOUT", value_number, 1, 3600, "300", SHARED, false,
	FIELD(output_timeout)},
    {"STOP_TIMEOUT", value_number, 1, 600, "10", SHARED, false,
	FIELD(stop_timeout)},
    {"IMAP_DRAIN_TIMEOUT", value_number, 1, 604800, "3600", SHARED, false,
	FIELD(drain_timeout)},
    {"LOCK_TIMEOUT", value_number, 1, 600, "30", SHARED, false,
	FIELD(lock_timeout)},

    /* TLS */
    {"IMAPDSTARTTLS", value_flag, 0, 0, "YES", SHARED, false, FIELD(starttls)},
    {"IMAP_TLS_REQUIRED", value_flag, 0, 0, "0", SHARED, false,
	FIELD(tls_required)},
    {"IMAP_EXTERNAL", value_external, 0, 0, "", SHARED, true,
	FIELD(tls_external)},
    {"TLS_EXTERNAL", value_field, 0, 0, "", SHARED, false, FIELD(tls_field)},
    {"TLS_VERIFYPEER", value_verify, 0, 0, "NONE", SHARED, false,
	FIELD(tls_verify)},
    {"TLS_CHECK", value_number, 1, 86400, "60", SHARED, false,
	FIELD(tls_check)},
    {"TLS_CERTFILE", value_path, 0, 0, "", SHARED, false, FIELD(tls_certfile)},
    {"TLS_PRIVATE_KEYFILE", value_path, 0, 0, "", SHARED, false,
	FIELD(tls_keyfile)},
    {"TLS_PROTOCOL", value_protocol, 0, 0, "", SHARED, false,
	FIELD(tls_protocol)},
    {"TLS_CIPHER_LIST", value_text, 0, 0, "", SHARED, false,
	FIELD(tls_cipher_list)},
    {"TLS_TRUSTCERTS", value_path, 0, 0, "", SHARED, false,
	FIELD(tls_trustcerts)},

    /* IMAP */
    {"IMAP_CAPABILITY", value_text, 0, 0, "", SHARED, false, FIELD(capability)},
    {"IMAP_CAPABILITY_TLS", value_text, 0, 0, "", SHARED, false,
	FIELD(capability_tls)},
    {"IMAP_CAPABILITY_HIDE", value_text, 0, 0, "", SHARED, false,
	FIELD(capability_hide)},
    {"IMAP_KEYWORDS", value_number, 0, 2, "1", SHARED, false, FIELD(keywords)},
    {"IMAP_IDLE_TIMEOUT", value_number, 1, 3600, "60", SHARED, false,
	FIELD(idle_timeout)},
    {"IMAP_ENHANCEDIDLE", value_flag, 0, 0, "1", SHARED, false,
	FIELD(enhancedidle)},
    {"IMAP_USELOCKS", value_flag, 0, 0, "1", SHARED, false, FIELD(uselocks)},
    {"IMAP_UMASK", value_octal, 0, 0, "022", SHARED, false, FIELD(umask)},
    {"IMAP_ID_FIELDS", value_number, -1, 7, "-1", SHARED, false,
	FIELD(id_fields)},
    {"IMAP_NAMESPACE_PREFIX", value_namespace, 0, 0, "INBOX.", SHARED, false,
	FIELD(namespace_prefix)},
    {"IMAP_SPECIALUSE", value_uses, 0, 0,
	"Sent=\\Sent Drafts=\\Drafts Trash=\\Trash Junk=\\Junk "
	"Archive=\\Archive",
	SHARED, false, FIELD(special_use)},
    {"IMAP_TRASHFOLDERNAME", value_text, 0, 0, "Trash", SHARED, false,
	FIELD(trashfolder)},
    {"IMAP_EMPTYTRASH", value_trash, 0, 0, "", SHARED, false,
	WITH_COUNT(settings, emptytrash, nemptytrash)},
    {"IMAP_MOVE_EXPUNGE_TO_TRASH", value_flag, 0, 0, "0", SHARED, false,
	FIELD(expunge_to_trash)},
    {"IMAP_LOG_DELETIONS", value_present, 0, 0, "", SHARED, false,
	FIELD(log_deletions)},
    {"IMAP_MAILBOX_SANITY_CHECK", value_flag, 0, 0, "1", SHARED, false,
	FIELD(sanity_check)},
    {"IMAP_DISABLETHREADSORT", value_flag, 0, 0, "0", SHARED, false,
	FIELD(disablethreadsort)},
    {"IMAP_CHECK_ALL_FOLDERS", value_flag, 0, 0, "0", SHARED, false,
	FIELD(check_all_folders)},
    {"IMAP_OBSOLETE_CLIENT", value_flag, 0, 0, "0", SHARED, false,
	FIELD(obsolete_client)},
    {"APPENDLIMIT", value_number, 1024, 4294967295, "52428800", SHARED, false,
	FIELD(append_limit)},
    {"INDEXDIR", value_path, 0, 0, "", SHARED, false, FIELD(indexdir)},
    {"HOSTNAME", value_text, 0, 0, "", SHARED, false, FIELD(hostname)},

    /* Courier's, without a meaning here: silent */
    {"IMAP_CAPABILITY_ORIG", value_none, 0, 0, "", SHARED, false, NONE},
    {"IMAP_CAPABILITY_TLS_ORIG", value_none, 0, 0, "", SHARED, false, NONE},
    {"COURIERTLS", value_none, 0, 0, "", SHARED, false, NONE},
    {"TLS_STARTTLS_PROTOCOL", value_none, 0, 0, "", SHARED, false, NONE},
    {"TLS_DHPARAMS", value_none, 0, 0, "", SHARED, false, NONE},
    {"TLS_TIMEOUT", value_none, 0, 0, "", SHARED, false, NONE},
    {"TLS_CACHEFILE", value_none, 0, 0, "", SHARED, false, NONE},
    {"TLS_CACHESIZE", value_none, 0, 0, "", SHARED, false, NONE},
    {"TLS_ALPN", value_none, 0, 0, "", SHARED, false, NONE},
    {"IMAP_ACL", value_none, 0, 0, "", SHARED, false, NONE},
    {"IMAP_PROXY_FOREIGN", value_none, 0, 0, "", SHARED, false, NONE},
    {"PROXY_HOSTNAME", value_none, 0, 0, "", SHARED, false, NONE},
    {"SENDMAIL", value_none, 0, 0, "", SHARED, false, NONE},
    {"HEADERFROM", value_none, 0, 0, "", SHARED, false, NONE},
    {"OUTBOX_MULTIPLE_SEND", value_none, 0, 0, "", SHARED, false, NONE},
    {"IMAP_SHAREDINDEXFILE", value_none, 0, 0, "", SHARED, false, NONE},
    {"IMAP_ULIMITD", value_none, 0, 0, "", SHARED, false, NONE},
    {"IMAP_BROKENUIDV", value_none, 0, 0, "", SHARED, false, NONE},
    {"MAILDIR_SKIP_SYMLINK_CHECKS", value_none, 0, 0, "", SHARED, false, NONE},

    /* Courier's, accepted with a warning when switched on */
    {"IMAP_SHAREDMUNGENAMES", value_no_effect, 0, 0, "", SHARED, false, NONE},
    {"IMAPDEBUGFILE", value_no_effect, 0, 0, "", SHARED, false, NONE},
    {"TLS_PRIORITY", value_no_effect, 0, 0, "", SHARED, false, NONE},
    {"TLS_MIN_DH_BITS", value_no_effect, 0, 0, "", SHARED, false, NONE},
    {"TLS_DHCERTFILE", value_no_effect, 0, 0, "", SHARED, false, NONE},

    /* ... and refused when switched on: a client or an account relies on it */
    {"IMAP_PROXY", value_refused, 0, 0, "", SHARED, false, NONE},
    {"OUTBOX", value_refused, 0, 0, "", SHARED, false, NONE},
    {"SMAP_CAPABILITY", value_refused, 0, 0, "", SHARED, false, NONE},
    {"AUTH_MKHOMEDIR_SKEL", value_refused, 0, 0, "", SHARED, false, NONE},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void take(const struct row *, const struct conf *const conf[2],
    unsigned view, struct settings *, struct notes *);
static void take_option(const struct row *, const struct conf *,
    const struct conf_entry **, struct value *, char[SETTINGS_PATH]);
static void *field(const struct row *, unsigned view, struct settings *);
static void load_one(struct conf *, const char *file, bool optional);
static void tell_unset(struct notes each[2], struct notes *);
static void take_services(
    const struct conf *, struct settings *, struct notes *);
static void tell_unknown(const struct conf *, struct notes *);
static void tell_doubts(
    const struct conf *const conf[2], const struct settings *, struct notes *);
static void doubt(
    const struct conf *, const char *name, struct notes *, const char *what);
static void take_external(const struct conf *, struct settings *);
static void tell_anchors(
    const struct conf *, const struct settings *, struct notes *);
static bool for_a_shell(const struct row *);
static void finish(struct settings *);
static bool no_certificate(
    const struct conf *const conf[2], struct settings *, struct notes *);

void
settings_default(struct settings *out)
{
	static const struct conf *const none[2];
	struct notes notes = {.n = 0};

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < ROWS; i++)
		for (unsigned view = 0; view < 2; view++)
			take(&rows[i], none, view, out, &notes);
	note_done(&notes);
	finish(out);
}

int
settings_load(const char *file, struct settings *out, struct notes *notes)
{
	struct notes each[2] = {{.n = 0}, {.n = 0}};
	struct conf *conf[2] = {conf_new(&each[0]), conf_new(&each[1])};
	const struct conf *const views[2] = {conf[0], conf[1]};
	char ssl[SETTINGS_PATH];
	int ret = -1;

	snprintf(ssl, sizeof(ssl), "%s-ssl", file);
	if (conf[0] == NULL || conf[1] == NULL) {
		note_add(notes, NOTE_ERROR, NULL, 0, "no memory");
		goto out;
	}
	/* Each daemon of Courier read its own file last. */
	load_one(conf[0], ssl, true);
	load_one(conf[0], file, false);
	load_one(conf[1], file, false);
	load_one(conf[1], ssl, true);
	for (int view = 0; view < 2; view++)
		for (size_t i = 0; i < each[view].n; i++)
			if (each[view].v[i].kind != NOTE_UNSET)
				note_add(notes, each[view].v[i].kind, NULL, 0,
				    "%s", each[view].v[i].text);
	tell_unset(each, notes);
	ret = settings_apply(views, file, out, notes);
out:
	conf_free(conf[0]);
	conf_free(conf[1]);
	note_done(&each[0]);
	note_done(&each[1]);
	return ret;
}

static void
load_one(struct conf *conf, const char *file, bool optional)
{
	if (conf_load(conf, file) == 0 || (optional && errno == ENOENT))
		return;
	conf_note(conf, file, strerror(errno));
}

/* A name that is unset in both orders of the files is a slip. */
static void
tell_unset(struct notes each[2], struct notes *notes)
{
	for (size_t i = 0; i < each[0].n; i++)
		if (each[0].v[i].kind == NOTE_UNSET &&
		    note_has(&each[1], &each[0].v[i]))
			note_add(
			    notes, NOTE_WARN, NULL, 0, "%s", each[0].v[i].text);
}

int
settings_apply(const struct conf *const conf[2], const char *file,
    struct settings *out, struct notes *notes)
{
	struct settings set;

	settings_default(&set);
	for (size_t i = 0; i < ROWS; i++)
		for (unsigned view = 0; view < 2; view++)
			take(&rows[i], conf, view, &set, notes);
	if (strlcpy(set.config, file, sizeof(set.config)) >= sizeof(set.config))
		note_add(notes, NOTE_ERROR, NULL, 0, "%s: path too long", file);
	take_services(conf[0], &set, notes);
	tell_unknown(conf[0], notes);
	tell_unknown(conf[1], notes);
	tell_doubts(conf, &set, notes);
	take_external(conf[0], &set);
	if (!no_certificate(conf, &set, notes))
		tell_anchors(conf[0], &set, notes);
	finish(&set);
	if (notes->errors > 0)
		return -1;
	*out = set;
	return 0;
}

/* Courier's TLS_EXTERNAL alone switches EXTERNAL on, for both ports. */
static void
take_external(const struct conf *conf, struct settings *set)
{
	if (set->tls_field[0] != '\0' &&
	    conf_find(conf, "IMAP_EXTERNAL") == NULL)
		set->tls_external = 3;
}

/* Certificates of clients are believed from somebody, or not at all. */
static void
tell_anchors(
    const struct conf *conf, const struct settings *set, struct notes *notes)
{
	static const char none[] =
	    "needs TLS_TRUSTCERTS: without it no certificate is believed";
	const struct conf_entry *e = conf_find(conf, "TLS_VERIFYPEER");

	if (set->tls_trustcerts[0] != '\0')
		return;
	if (set->tls_external != 0) {
		doubt(conf, "IMAP_EXTERNAL", notes, none);
		doubt(conf, "TLS_EXTERNAL", notes, none);
	}
	if (e != NULL && set->tls_verify != SETTINGS_VERIFY_NONE)
		note_add(notes, NOTE_ERROR, e->file, e->line,
		    "TLS_VERIFYPEER=%.64s: needs TLS_TRUSTCERTS, for example "
		    "/etc/ssl/certs for all public authorities",
		    e->value);
}

/* What a session without a server goes by: the mail and its time-outs. */
static bool
for_a_shell(const struct row *row)
{
	size_t n = strlen(row->name);

	if (row->size == 0)
		return false;
	return strncmp(row->name, "IMAP_", 5) == 0 ||
	       strcmp(row->name, "APPENDLIMIT") == 0 ||
	       (n > 8 && strcmp(row->name + n - 8, "_TIMEOUT") == 0);
}

void
settings_environment(struct settings *out, struct notes *notes)
{
	struct value v = {.notes = notes, .address = "0"};

	settings_default(out);
	for (size_t i = 0; i < ROWS; i++) {
		if (!for_a_shell(&rows[i]))
			continue;
		v.text = getenv(rows[i].name);
		if (v.text == NULL)
			continue;
		v.name = rows[i].name;
		v.min = rows[i].min;
		v.max = rows[i].max;
		v.field = field(&rows[i], 0, out);
		v.size = rows[i].size;
		rows[i].take(&v);
	}
	finish(out);
}

const char *
settings_keep(const struct settings *running, struct settings *next, size_t *i)
{
	struct settings was = *running;
	const struct row *row;

	next->imap_uid = was.imap_uid;
	next->imap_gid = was.imap_gid;
	next->auth_uid = was.auth_uid;
	next->auth_gid = was.auth_gid;
	next->admin_gid = was.admin_gid;
	for (; *i < ROWS; (*i)++) {
		unsigned view = rows[*i].view == SSL ? 1 : 0;
		void *a, *b;

		row = &rows[*i];
		if (!row->restart)
			continue;
		a = field(row, view, &was);
		b = field(row, view, next);
		if (memcmp(a, b, row->size) == 0)
			continue;
		memcpy(b, a, row->size);
		(*i)++;
		return row->name;
	}
	return NULL;
}

/* One row for one view: from the tables, or (conf[view] NULL) its default. */
static void
take(const struct row *row, const struct conf *const conf[2], unsigned view,
    struct settings *set, struct notes *notes)
{
	const struct conf_entry *e = NULL, *address = NULL;
	char option[SETTINGS_PATH] = "";
	struct value v = {.name = row->name,
	    .text = row->def,
	    .min = row->min,
	    .max = row->max,
	    .field = field(row, view, set),
	    .size = row->size,
	    .address = "0",
	    .notes = notes};

	if ((view == 1 && (row->view == SHARED || row->view == PLAIN)) ||
	    (view == 0 && row->view == SSL))
		return;
	if (conf[view] != NULL) {
		e = conf_find(conf[view], row->name);
		address =
		    conf_find(conf[view], view == 0 ? "ADDRESS" : "SSLADDRESS");
	}
	if (address != NULL && address->value[0] != '\0' &&
	    row->take == value_ports)
		v.address = address->value;
	if (conf[view] != NULL)
		take_option(row, conf[view], &e, &v, option);
	if (e != NULL) {
		if (option[0] == '\0' || row->take == value_ports)
			v.text = e->value;
		v.file = e->file;
		v.line = e->line;
	} else if (conf[view] != NULL && row->take != value_ports) {
		return; /* the default stands there already */
	}
	row->take(&v);
}

/*
 * -address and -access may be repeated in TCPDOPTS and win there. *e becomes
 * the line that counts, option what stands in it.
 */
static void
take_option(const struct row *row, const struct conf *conf,
    const struct conf_entry **e, struct value *v, char option[SETTINGS_PATH])
{
	const struct conf_entry *opts = conf_find(conf, "TCPDOPTS");

	if (opts == NULL)
		return;
	if (row->take == value_ports &&
	    value_tcpd_option(opts->value, "-address=", option))
		v->address = option;
	if (row->take == value_access &&
	    value_tcpd_option(opts->value, "-access=", option)) {
		v->text = option;
		*e = opts;
	}
}

static void *
field(const struct row *row, unsigned view, struct settings *set)
{
	if (row->view == SHARED)
		return (char *)set + row->offset;
	return (char *)&set->view[view] + row->offset;
}

/* AUTHSERVICE<port>: a row would be needed for every port. */
static void
take_services(
    const struct conf *conf, struct settings *set, struct notes *notes)
{
	const struct conf_entry *e;

	for (size_t i = 0; (e = conf_at(conf, i)) != NULL; i++)
		if (e->file != NULL && strncmp(e->name, "AUTHSERVICE", 11) == 0)
			value_service(&(struct value){.name = e->name,
			    .text = e->value,
			    .file = e->file,
			    .line = e->line,
			    .field = set,
			    .notes = notes});
}

static void
tell_unknown(const struct conf *conf, struct notes *notes)
{
	const struct conf_entry *e;
	size_t i, k;

	for (i = 0; (e = conf_at(conf, i)) != NULL; i++) {
		for (k = 0; k < ROWS; k++)
			if (strcmp(rows[k].name, e->name) == 0)
				break;
		if (k < ROWS || e->file == NULL ||
		    strncmp(e->name, "AUTHSERVICE", 11) == 0)
			continue;
		note_add(notes, NOTE_WARN, e->file, e->line,
		    "unknown setting %s, it has no effect", e->name);
	}
}

/* What is allowed, but an admin ought to think about again. */
static void
tell_doubts(const struct conf *const conf[2], const struct settings *set,
    struct notes *notes)
{
	const struct conf_entry *protocol, *starttls;

	if (set->enhancedidle == 0)
		doubt(conf[0], "IMAP_ENHANCEDIDLE", notes,
		    "notices to waiting clients come only every "
		    "IMAP_IDLE_TIMEOUT seconds; Courier's reason for 0 (FAM, "
		    "Gamin) is gone: use 1");
	if (set->uselocks == 0)
		doubt(conf[0], "IMAP_USELOCKS", notes,
		    "off: not safe while Courier works on the same Maildirs, "
		    "nor on NFS");
	if (set->inactivity_timeout < 1800)
		doubt(conf[0], "INACTIVITY_TIMEOUT", notes,
		    "RFC 3501 5.4 asks for at least 1800");
	for (unsigned view = 0; view < 2; view++) {
		if (set->view[view].maxdaemons <= 40)
			doubt(conf[view], "MAXDAEMONS", notes,
			    "so few connections in all: Courier's old default "
			    "does not suit clients that keep several open");
		if (set->view[view].maxperip <= 4)
			doubt(conf[view], "MAXPERIP", notes,
			    "today's clients open more connections than this");
	}
	protocol = conf_find(conf[0], "TLS_PROTOCOL");
	starttls = conf_find(conf[0], "TLS_STARTTLS_PROTOCOL");
	if (starttls != NULL && starttls->value[0] != '\0' &&
	    strcmp(starttls->value, protocol ? protocol->value : "") != 0)
		doubt(conf[0], "TLS_STARTTLS_PROTOCOL", notes,
		    "TLS_PROTOCOL counts for both ports here");
}

/* TLS without a certificate: off where not asked for, else an error. */
static bool
no_certificate(
    const struct conf *const conf[2], struct settings *set, struct notes *notes)
{
	const struct conf_entry *e;

	if (set->tls_certfile[0] != '\0')
		return false;
	e = conf_find(conf[1], "IMAPDSSLSTART");
	if (e != NULL && set->view[1].start != 0)
		note_add(notes, NOTE_ERROR, e->file, e->line,
		    "IMAPDSSLSTART needs TLS_CERTFILE");
	e = conf_find(conf[0], "IMAP_TLS_REQUIRED");
	if (e != NULL && set->tls_required != 0)
		note_add(notes, NOTE_ERROR, e->file, e->line,
		    "IMAP_TLS_REQUIRED needs TLS_CERTFILE");
	e = conf_find(conf[0], "IMAP_EXTERNAL");
	if (e != NULL && set->tls_external != 0)
		note_add(notes, NOTE_ERROR, e->file, e->line,
		    "IMAP_EXTERNAL needs TLS_CERTFILE");
	e = conf_find(conf[0], "TLS_EXTERNAL");
	if (e != NULL && set->tls_external != 0)
		note_add(notes, NOTE_WARN, e->file, e->line,
		    "TLS_EXTERNAL: no EXTERNAL without TLS_CERTFILE");
	set->tls_external = 0;
	e = conf_find(conf[0], "IMAPDSTARTTLS");
	if (e != NULL && set->starttls != 0)
		note_add(notes, NOTE_WARN, e->file, e->line,
		    "IMAPDSTARTTLS: no STARTTLS without TLS_CERTFILE");
	set->starttls = 0;
	set->view[1].start = 0;
	return true;
}

static void
doubt(const struct conf *conf, const char *name, struct notes *notes,
    const char *what)
{
	const struct conf_entry *e = conf_find(conf, name);

	if (e != NULL)
		note_add(notes, NOTE_WARN, e->file, e->line, "%s=%.64s: %s",
		    name, e->value, what);
}

/* What depends on the host, and values that stand for others. */
static void
finish(struct settings *set)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (set->workers == 0)
		set->workers = cpus < 1 ? 1 : cpus > 32 ? 32 : (uint32_t)cpus;
	if (set->keywords == 2) /* "on, with locking": ours always lock */
		set->keywords = 1;
	if (set->hostname[0] == '\0' &&
	    gethostname(set->hostname, sizeof(set->hostname)) == -1)
		strlcpy(set->hostname, "localhost", sizeof(set->hostname));
	set->hostname[sizeof(set->hostname) - 1] = '\0';
}
