/*
 * A Courier site's settings: every assignment with the values that Debian 11,
 * Debian 12 and upstream ship, and the options of its programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "master/conf.h"
#include "master/settings.h"

static struct settings set;
static struct notes notes;

static size_t
load(const char *plain, const char *ssl)
{
	struct conf *conf[2] = {conf_new(&notes), conf_new(&notes)};
	const struct conf *const views[2] = {conf[0], conf[1]};

	note_done(&notes);
	conf_parse(conf[0], "imapd-ssl", ssl, strlen(ssl));
	conf_parse(conf[0], "imapd", plain, strlen(plain));
	conf_parse(conf[1], "imapd", plain, strlen(plain));
	conf_parse(conf[1], "imapd-ssl", ssl, strlen(ssl));
	settings_apply(views, "/etc/courier/imapd", &set, &notes);
	conf_free(conf[0]);
	conf_free(conf[1]);
	return notes.errors;
}

static bool
told(enum note_kind kind, const char *part)
{
	for (size_t i = 0; i < notes.n; i++)
		if (notes.v[i].kind == kind &&
		    strstr(notes.v[i].text, part) != NULL)
			return true;
	return false;
}

enum says {
	SILENT,
	WARNS
};

struct shipped {
	const char *name;
	const char *values[5]; /* of one version or another */
	enum says says;        /* of all of them */
};

#define CAPS                                                                   \
	"IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT "          \
	"THREAD=REFERENCES SORT QUOTA IDLE"

static const struct shipped plain[] = {
    {"ADDRESS", {"0"}, SILENT},
    {"PORT", {"143"}, SILENT},
    {"AUTHSERVICE143", {"imap"}, SILENT},
    {"MAXDAEMONS", {"40"}, WARNS},
    {"MAXPERIP", {"20"}, SILENT},
    {"MAXPERIP", {"4"}, WARNS},
    {"PIDFILE", {"/run/courier/imapd.pid", "/var/run/courier/imapd.pid"},
	SILENT},
    {"TCPDOPTS", {"-nodnslookup", "-nodnslookup -noidentlookup"}, SILENT},
    {"IMAPACCESSFILE", {"/etc/courier/imapaccess"}, SILENT},
    {"LOGGEROPTS", {"-name=imapd"}, SILENT},
    {"DEFDOMAIN", {"@example.com"}, SILENT},
    {"DOMAINSEP", {"@%"}, SILENT},
    {"IMAP_CAPABILITY", {CAPS, CAPS " AUTH=CRAM-MD5 AUTH=CRAM-SHA1"}, SILENT},
    {"IMAP_CAPABILITY_ORIG", {CAPS " AUTH=CRAM-MD5"}, SILENT},
    {"IMAP_KEYWORDS", {"0", "1", "2"}, SILENT},
    {"IMAP_ACL", {"0", "1"}, SILENT},
    {"SMAP1_CAPABILITY", {"SMAP1"}, WARNS},
    {"SMAP_CAPABILITY", {""}, SILENT},
    {"IMAP_PROXY", {"0"}, SILENT},
    {"PROXY_HOSTNAME", {"localhost"}, SILENT},
    {"IMAP_PROXY_FOREIGN", {"0"}, SILENT},
    {"IMAP_IDLE_TIMEOUT", {"60"}, SILENT},
    {"IMAP_MAILBOX_SANITY_CHECK", {"0", "1"}, SILENT},
    {"IMAP_CAPABILITY_TLS", {CAPS " AUTH=PLAIN"}, SILENT},
    {"IMAP_CAPABILITY_TLS_ORIG", {CAPS " AUTH=CRAM-MD5 AUTH=PLAIN"}, SILENT},
    {"IMAP_DISABLETHREADSORT", {"0"}, SILENT},
    {"IMAP_CHECK_ALL_FOLDERS", {"0"}, SILENT},
    {"IMAP_OBSOLETE_CLIENT", {"0"}, SILENT},
    {"IMAP_UMASK", {"022", "0022", "007"}, SILENT},
    {"IMAP_ULIMITD", {"65536", "131072", "262144"}, SILENT},
    {"IMAP_USELOCKS", {"1"}, SILENT},
    {"IMAP_USELOCKS", {"0"}, WARNS},
    {"IMAP_SHAREDINDEXFILE", {"/etc/courier/shared/index"}, SILENT},
    {"IMAP_ENHANCEDIDLE", {"1"}, SILENT},
    {"IMAP_ENHANCEDIDLE", {"0"}, WARNS},
    {"IMAP_TRASHFOLDERNAME", {"Trash"}, SILENT},
    {"IMAP_EMPTYTRASH", {""}, SILENT},
    {"IMAP_MOVE_EXPUNGE_TO_TRASH", {"0"}, SILENT},
    {"IMAP_LOG_DELETIONS", {"", "0"}, SILENT},
    {"AUTH_MKHOMEDIR_SKEL", {""}, SILENT},
    {"IMAPDEBUGFILE", {"imaplog.dat"}, WARNS},
    {"OUTBOX", {""}, SILENT},
    {"SENDMAIL", {"/usr/sbin/sendmail"}, SILENT},
    {"HEADERFROM", {"X-IMAP-Sender"}, SILENT},
    {"OUTBOX_MULTIPLE_SEND", {"1"}, SILENT},
    {"IMAP_ID_FIELDS", {"0", "7"}, SILENT},
    {"IMAPDSTART", {"YES", "NO", "yes", "no"}, SILENT},
    {"MAILDIRPATH", {"Maildir"}, SILENT},
    {"IMAP_BROKENUIDV", {"1"}, SILENT},
    {"MAILDIR_SKIP_SYMLINK_CHECKS", {"1"}, SILENT},
};

static const struct shipped ssl[] = {
    {"SSLPORT", {"993"}, SILENT},
    {"SSLADDRESS", {"0"}, SILENT},
    {"SSLPIDFILE", {"/run/courier/imapd-ssl.pid"}, SILENT},
    {"SSLLOGGEROPTS", {"-name=imapd-ssl"}, SILENT},
    {"IMAPDSSLSTART", {"YES", "NO"}, SILENT},
    {"IMAPDSTARTTLS", {"YES", "NO"}, SILENT},
    {"IMAP_TLS_REQUIRED", {"0", "1"}, SILENT},
    {"COURIERTLS", {"/usr/bin/couriertls"}, SILENT},
    {"TLS_PRIORITY", {""}, SILENT},
    {"TLS_PRIORITY", {"NORMAL:-CTYPE-OPENPGP"}, WARNS},
    {"TLS_PROTOCOL", {"", "TLSv1.2", "TLSv1.2+", "TLSv1.2++"}, SILENT},
    {"TLS_PROTOCOL", {"TLSv1", "TLSv1.1", "TLSv1.1+", "TLSv1.1++", "SSL23"},
	WARNS},
    {"TLS_CIPHER_LIST", {"TLSv1:HIGH:!LOW:!MEDIUM:!EXP:!NULL:!aNULL@STRENGTH"},
	SILENT},
    {"TLS_STARTTLS_PROTOCOL", {"$TLS_PROTOCOL", ""}, SILENT},
    {"TLS_MIN_DH_BITS", {"1024"}, WARNS},
    {"TLS_TIMEOUT", {"0"}, SILENT},
    {"TLS_CERTFILE", {"/etc/courier/imapd.pem"}, SILENT},
    {"TLS_PRIVATE_KEYFILE", {"", "/etc/courier/imapd_private_key.pem"}, SILENT},
    {"TLS_DHPARAMS", {"/etc/courier/dhparams.pem"}, SILENT},
    {"TLS_DHCERTFILE", {"/etc/courier/dh.pem"}, WARNS},
    {"TLS_TRUSTCERTS", {"/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt"},
	SILENT},
    {"TLS_VERIFYPEER", {"NONE"}, SILENT},
    {"TLS_EXTERNAL", {""}, SILENT},
    {"TLS_CACHEFILE", {"/var/lib/courier/couriersslpop3cache"}, SILENT},
    {"TLS_CACHESIZE", {"524288"}, SILENT},
    {"TLS_ALPN", {"imap"}, SILENT},
    {"MAILDIRPATH", {"Maildir"}, SILENT},
};

static void
check(const struct shipped *s, const char *value, bool in_ssl)
{
	char text[1024];

	/* TLS settings alone want a certificate. */
	snprintf(text, sizeof(text), "%s%s=\"%s\"\n",
	    in_ssl ? "TLS_CERTFILE=/x.pem\n" : "", s->name, value);
	if (load(in_ssl ? "" : text, in_ssl ? text : "") != 0 ||
	    (notes.n > 0) != (s->says == WARNS))
		fail_msg("%s=%s: %zu errors, %zu notes: %s", s->name, value,
		    notes.errors, notes.n, notes.n > 0 ? notes.v[0].text : "");
}

static void
every_value_that_is_shipped_loads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		for (int k = 0; k < 5 && plain[i].values[k] != NULL; k++)
			check(&plain[i], plain[i].values[k], false);
	for (size_t i = 0; i < sizeof(ssl) / sizeof(ssl[0]); i++)
		for (int k = 0; k < 5 && ssl[i].values[k] != NULL; k++)
			check(&ssl[i], ssl[i].values[k], true);
}

static void
what_we_have_not_is_refused_when_it_is_on(void **state)
{
	static const char *const on[] = {"IMAP_PROXY=1", "OUTBOX=.Outbox",
	    "SMAP_CAPABILITY=SMAP1", "AUTH_MKHOMEDIR_SKEL=/etc/skel",
	    "TLS_PROTOCOL=SSL3", "TCPDOPTS=-haproxy=143",
	    "TCPDOPTS=-haproxy=port=", "TCPDOPTS=-haproxy=port=0",
	    "TCPDOPTS=-haproxy=port=65536", "TCPDOPTS=-haproxy=0/port=143",
	    "TCPDOPTS=-haproxy=3601/port=143", "TCPDOPTS=-haproxy=port=143,",
	    "TCPDOPTS=-haproxy=port=x.143",
	    "TCPDOPTS=-haproxy=port=10.0.0.0/8.143", "TCPDOPTS=-address=x",
	    "TCPDOPTS=-address=10.0.0.0/8", "TCPDOPTS=-access=x.dat",
	    "TCPDOPTS=-maxperc=0", "TCPDOPTS=-maxperc=x",
	    "TCPDOPTS=-warn=", "TCPDOPTS=-listen=65536",
	    "LOGGEROPTS=-facility=post", "TLS_VERIFYPEER=ALWAYS",
	    "TLS_EXTERNAL='a b'", "IMAP_EMPTYTRASH=Trash:x",
	    "IMAP_EMPTYTRASH=:7", "IMAP_EMPTYTRASH=Trash:"};

	(void)state;
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		if (load(on[i], "") != 1 || !told(NOTE_ERROR, "imapd:1: "))
			fail_msg("%s: %zu errors", on[i], notes.errors);
}

static void
a_refusal_says_what_to_do_instead(void **state)
{
	static const struct {
		const char *text, *instead;
	} t[] = {{"IMAP_PROXY=1", "the host that has their mail"},
	    {"OUTBOX=.Outbox", "by SMTP"}, {"SMAP_CAPABILITY=SMAP1", "IMAP"},
	    {"AUTH_MKHOMEDIR_SKEL=/x", "when the account is made"}};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(load(t[i].text, ""), 1);
		assert_true(told(NOTE_ERROR, t[i].instead));
	}
}

static void
balancers_are_expected_on_their_ports(void **state)
{
	const struct settings_view *v = set.view;
	char text[256] = "TCPDOPTS=-haproxy=port=1";

	(void)state;
	assert_int_equal(load("", ""), 0);
	assert_int_equal(v[0].nhaproxy, 0);
	assert_int_equal(load("TCPDOPTS=\"-nodnslookup -haproxy=port=143\"",
			     "TCPDOPTS=-haproxy=3600/port=0.993,::1.994"),
	    0);
	assert_int_equal(notes.n, 0);
	assert_int_equal(v[0].nhaproxy, 1);
	assert_int_equal(v[0].haproxy_timeout, 15);
	assert_string_equal(v[0].haproxy[0].addr, "0");
	assert_int_equal(v[0].haproxy[0].port, 143);
	assert_int_equal(v[1].nhaproxy, 2);
	assert_int_equal(v[1].haproxy_timeout, 3600);
	assert_string_equal(v[1].haproxy[1].addr, "::1");
	assert_int_equal(v[1].haproxy[1].port, 994);
	for (int i = 2; i <= SETTINGS_LISTS; i++)
		strcat(text, ",1");
	assert_int_equal(load(text, ""), 0);
	assert_int_equal(v[0].nhaproxy, SETTINGS_LISTS);
	strcat(text, ",1");
	assert_int_equal(load(text, ""), 1);
}

static void
addresses_and_access_of_couriertcpd_win(void **state)
{
	(void)state;
	assert_int_equal(
	    load("ADDRESS=192.0.2.1\nPORT=143,192.0.2.2.144\n"
		 "TCPDOPTS=\"-address=127.0.0.1 -access=/a/x.dat\"\n"
		 "IMAPACCESSFILE=/b\n",
		"TCPDOPTS=\"-address=192.0.2.3 -address=::1\""),
	    0);
	assert_int_equal(notes.n, 0);
	assert_string_equal(set.view[0].listen[0].addr, "127.0.0.1");
	assert_string_equal(set.view[0].listen[1].addr, "192.0.2.2");
	assert_string_equal(set.view[1].listen[0].addr, "::1");
	assert_string_equal(set.accessfile, "/a/x");
	assert_int_equal(load("PORT=143\nADDRESS=192.0.2.1", ""), 0);
	assert_string_equal(set.view[0].listen[0].addr, "192.0.2.1");
}

static void
options_of_couriertcpd_are_taken(void **state)
{
	(void)state;
	assert_int_equal(load("", ""), 0);
	assert_int_equal(set.view[0].maxperc, 0);
	assert_int_equal(set.view[0].warn, 0);
	assert_int_equal(set.view[1].backlog, 1024);
	assert_int_equal(
	    load("MAXPERIP=30\nTCPDOPTS=\"-nodnslookup -maxperc=50 -warn=400 "
		 "-listen=64 -accesslocal -denymsg=Go_away -maxprocs=500 "
		 "-user=daemon -group=daemon -stderrlogger=/x -pid=/y\"",
		"TCPDOPTS=\"-maxperip=31 -listen=65535\""),
	    0);
	assert_int_equal(notes.n, 0);
	assert_int_equal(set.view[0].maxperc, 50);
	assert_int_equal(set.view[0].warn, 400);
	assert_int_equal(set.view[0].backlog, 64);
	assert_int_equal(set.view[0].accesslocal, 1);
	assert_string_equal(set.view[0].denymsg, "Go_away");
	assert_int_equal(set.view[0].maxdaemons, 500);
	assert_int_equal(set.view[0].maxperip, 30);
	assert_int_equal(set.view[1].maxperc, 0);
	assert_int_equal(set.view[1].maxperip, 31);
	assert_int_equal(set.view[1].backlog, 65535);
}

static void
options_without_effect_warn(void **state)
{
	static const char *const t[] = {"-block=zen.example.org",
	    "-allow=list.example.org,BLOCK", "-drop", "-drop=BLOCK",
	    "-nonsense", "-maxperc", "word"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(text, sizeof(text), "TCPDOPTS=%s", t[i]);
		if (load(text, "") != 0 || !told(NOTE_WARN, t[i]))
			fail_msg("%s", t[i]);
	}
}

static void
a_denymsg_fits_or_is_refused(void **state)
{
	char text[400] = "TCPDOPTS=-denymsg=";
	size_t n = strlen(text);

	(void)state;
	for (size_t len = 254; len <= 256; len++) {
		memset(text + n, 'x', len);
		text[n + len] = '\0';
		assert_int_equal(load(text, ""), len > 255);
	}
}

static void
log_lines_have_name_and_facility(void **state)
{
	(void)state;
	assert_int_equal(load("", ""), 0);
	assert_int_equal(set.view[0].facility, LOG_MAIL >> 3);
	assert_int_equal(set.view[1].facility, LOG_MAIL >> 3);
	assert_int_equal(
	    load("LOGGEROPTS=\"-name=post -facility=local3 -droproot\"",
		"SSLLOGGEROPTS=-facility=authpriv"),
	    0);
	assert_int_equal(notes.n, 0);
	assert_string_equal(set.view[0].ident, "post");
	assert_int_equal(set.view[0].facility, LOG_LOCAL3 >> 3);
	assert_string_equal(set.view[1].ident, "imapd-ssl");
	assert_int_equal(set.view[1].facility, LOG_AUTHPRIV >> 3);
	assert_int_equal(load("LOGGEROPTS=-colour=red", ""), 0);
	assert_true(told(NOTE_WARN, "-name=IDENT and -facility=NAME"));
}

static void
the_trash_has_folders_and_days(void **state)
{
	char text[1024] = "IMAP_EMPTYTRASH='";

	(void)state;
	assert_int_equal(load("", ""), 0);
	assert_int_equal(set.nemptytrash, 0);
	assert_int_equal(
	    load("IMAP_EMPTYTRASH=Trash:7,Sent:30,Spam.Old:0,14", ""), 0);
	assert_int_equal(set.nemptytrash, 4);
	assert_string_equal(set.emptytrash[0].folder, "Trash");
	assert_int_equal(set.emptytrash[0].days, 7);
	assert_string_equal(set.emptytrash[2].folder, "Spam.Old");
	assert_int_equal(set.emptytrash[2].days, 1);
	assert_string_equal(set.emptytrash[3].folder, "");
	assert_int_equal(set.emptytrash[3].days, 14);
	for (int i = 0; i < SETTINGS_TRASH; i++)
		strcat(text, "F:1,");
	strcat(text, "'");
	assert_int_equal(load(text, ""), 0);
	assert_int_equal(set.nemptytrash, SETTINGS_TRASH);
	text[strlen(text) - 1] = '\0';
	strcat(text, "F:1'");
	assert_int_equal(load(text, ""), 1);
}

static void
certificates_of_clients_need_an_authority(void **state)
{
	static const char cert[] = "TLS_CERTFILE=/x.pem\n";
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "%sTLS_VERIFYPEER=PEER\n", cert);
	assert_int_equal(load("", text), 1);
	assert_true(told(NOTE_ERROR, "imapd-ssl:2: TLS_VERIFYPEER=PEER"));
	strcat(text, "TLS_TRUSTCERTS=/etc/ssl/certs\n");
	assert_int_equal(load("", text), 0);
	assert_int_equal(set.tls_verify, SETTINGS_VERIFY_PEER);
	strcat(text, "TLS_VERIFYPEER=REQUIREPEER\nTLS_EXTERNAL=emailaddress");
	assert_int_equal(load("", text), 0);
	assert_int_equal(set.tls_verify, SETTINGS_VERIFY_REQUIRE);
	assert_string_equal(set.tls_field, "emailaddress");
	assert_int_equal(set.tls_external, 3); /* both ports, as Courier */
	assert_int_equal(load("IMAP_EXTERNAL=SSLPORT", text), 0);
	assert_int_equal(set.tls_external, 2);
	/* Without a certificate of our own there is no TLS to ask in. */
	assert_int_equal(load("TLS_EXTERNAL=CN", ""), 0);
	assert_int_equal(set.tls_external, 0);
	assert_true(told(NOTE_WARN, "TLS_EXTERNAL"));
}

static void
a_port_is_closed_by_no(void **state)
{
	(void)state;
	assert_int_equal(
	    load("IMAPDSTART=NO", "TLS_CERTFILE=/x.pem\nIMAPDSSLSTART=yes"), 0);
	assert_int_equal(set.view[0].start, 0);
	assert_int_equal(set.view[1].start, 1);
	assert_int_equal(
	    load("IMAPDSTART=YES", "TLS_CERTFILE=/x.pem\nIMAPDSSLSTART=no"), 0);
	assert_int_equal(set.view[0].start, 1);
	assert_int_equal(set.view[1].start, 0);
}

static void
the_access_file_is_the_text(void **state)
{
	(void)state;
	assert_int_equal(load("IMAPACCESSFILE=/etc/courier/imapaccess", ""), 0);
	assert_string_equal(set.accessfile, "/etc/courier/imapaccess");
	assert_int_equal(load("IMAPACCESSFILE=/a/imapaccess.dat", ""), 0);
	assert_string_equal(set.accessfile, "/a/imapaccess");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_value_that_is_shipped_loads),
	    cmocka_unit_test(what_we_have_not_is_refused_when_it_is_on),
	    cmocka_unit_test(a_refusal_says_what_to_do_instead),
	    cmocka_unit_test(balancers_are_expected_on_their_ports),
	    cmocka_unit_test(addresses_and_access_of_couriertcpd_win),
	    cmocka_unit_test(options_of_couriertcpd_are_taken),
	    cmocka_unit_test(options_without_effect_warn),
	    cmocka_unit_test(a_denymsg_fits_or_is_refused),
	    cmocka_unit_test(log_lines_have_name_and_facility),
	    cmocka_unit_test(the_trash_has_folders_and_days),
	    cmocka_unit_test(certificates_of_clients_need_an_authority),
	    cmocka_unit_test(a_port_is_closed_by_no),
	    cmocka_unit_test(the_access_file_is_the_text),
	};
	int ret = cmocka_run_group_tests(tests, NULL, NULL);

	note_done(&notes);
	return ret;
}
