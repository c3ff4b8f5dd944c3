/* The table of settings: defaults, bounds, the two views, Courier's names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/conf.h"
#include "master/settings.h"
#include "master/value.h"
#include "shm/limits.h"

static struct settings set;
static struct notes notes;

/* Reads the two texts as imapd and imapd-ssl; returns the number of errors. */
static size_t
load(const char *plain, const char *ssl)
{
	struct notes unset = {.n = 0};
	struct conf *conf[2] = {conf_new(&unset), conf_new(&unset)};
	const struct conf *const views[2] = {conf[0], conf[1]};

	note_done(&notes);
	conf_parse(conf[0], "imapd-ssl", ssl, strlen(ssl));
	conf_parse(conf[0], "imapd", plain, strlen(plain));
	conf_parse(conf[1], "imapd", plain, strlen(plain));
	conf_parse(conf[1], "imapd-ssl", ssl, strlen(ssl));
	assert_int_equal(unset.errors, 0);
	settings_apply(views, "/etc/imapd", &set, &notes);
	conf_free(conf[0]);
	conf_free(conf[1]);
	note_done(&unset);
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

static void
defaults_are_those_of_the_manual(void **state)
{
	(void)state;
	assert_int_equal(load("", ""), 0);
	assert_int_equal(notes.n, 0);
	assert_int_equal(set.view[0].nlisten, 1);
	assert_int_equal(set.view[0].listen[0].port, 143);
	assert_string_equal(set.view[0].listen[0].addr, "0");
	assert_int_equal(set.view[1].listen[0].port, 993);
	assert_int_equal(set.view[0].maxperip, 20);
	assert_int_equal(set.view[1].maxperip, 20);
	assert_int_equal(set.view[0].maxdaemons, 10000);
	assert_string_equal(set.view[0].ident, "imapd");
	assert_string_equal(set.view[1].ident, "imapd-ssl");
	assert_string_equal(set.view[1].maildirpath, "Maildir");
	assert_int_equal(set.view[0].start, 1);
	assert_int_equal(set.view[1].start, 0); /* no certificate */
	assert_int_equal(set.starttls, 0);
	assert_int_equal(set.ntrusted, 2);
	assert_int_equal(set.trusted[0].bits, 128);
	assert_int_equal(set.nexempt, 0);
	assert_int_equal(set.ipv6_prefix, 64);
	assert_int_equal(set.maxperuser, 100);
	assert_int_equal(set.maxunauth, 1000);
	assert_int_equal(set.login_timeout, 60);
	assert_int_equal(set.inactivity_timeout, 1860);
	assert_int_equal(set.umask, 022);
	assert_int_equal(set.enhancedidle, 1);
	assert_int_equal(set.uselocks, 1);
	assert_int_equal(set.keywords, 1);
	assert_int_equal(set.id_fields, -1);
	assert_int_equal(set.namespace_prefix, 1);
	assert_int_equal(set.append_limit, 50 * 1024 * 1024);
	assert_int_equal(set.authmodules[0], SETTINGS_AUTH_PAM);
	assert_int_equal(set.authmodules[1], SETTINGS_AUTH_NONE);
	assert_true(set.workers >= 1 && set.workers <= 32);
	assert_true(set.hostname[0] != '\0');
	assert_string_equal(set.config, "/etc/imapd");
}

static void
each_port_sees_its_own_file_last(void **state)
{
	(void)state;
	assert_int_equal(load("MAXPERIP=30\nMAILDIRPATH=a\nIMAP_UMASK=077\n"
			      "MAXDAEMONS=100",
			     "MAXPERIP=50\nMAILDIRPATH=b\nIMAP_UMASK=027\n"),
	    0);
	assert_int_equal(set.view[0].maxperip, 30);
	assert_int_equal(set.view[1].maxperip, 50);
	assert_string_equal(set.view[0].maildirpath, "a");
	assert_string_equal(set.view[1].maildirpath, "b");
	assert_int_equal(set.umask, 077);
	assert_int_equal(set.view[1].maxdaemons, 100);
}

static void
ports_may_carry_addresses(void **state)
{
	const struct settings_listen *l = set.view[0].listen;

	(void)state;
	assert_int_equal(
	    load("ADDRESS=192.0.2.1\nPORT=\"143, 0.144,127.0.0.1.145,::1.146\"",
		"SSLADDRESS=::1\n"),
	    0);
	assert_int_equal(set.view[0].nlisten, 4);
	assert_string_equal(l[0].addr, "192.0.2.1");
	assert_int_equal(l[0].port, 143);
	assert_string_equal(l[1].addr, "0");
	assert_string_equal(l[2].addr, "127.0.0.1");
	assert_int_equal(l[2].port, 145);
	assert_string_equal(l[3].addr, "::1");
	assert_string_equal(set.view[1].listen[0].addr, "::1");
}

static void
numbers_have_bounds(void **state)
{
	static const struct {
		const char *name;
		long long min, max;
	} cases[] = {{"MAXPERIP", 1, 1000000}, {"MAXDAEMONS", 1, 1000000},
	    {"WORKERS", 1, 32}, {"IMAP_SPARES", 0, 64},
	    {"IMAP_LINGER", 0, 3600}, {"MAXPERIP_IPV6PREFIX", 16, 128},
	    {"MAXPERUSER", 1, 1000000}, {"MAXUNAUTH", 1, 1000000},
	    {"MAXUNAUTH_PERIP", 1, 1000000}, {"MAXRATE_PERIP", 1, 1000000},
	    {"MINUID", 1, 4294967294}, {"LOGIN_TIMEOUT", 1, 3600},
	    {"HANDSHAKE_TIMEOUT", 1, 3600}, {"COMMAND_TIMEOUT", 1, 3600},
	    {"OUTPUT_TIMEOUT", 1, 3600}, {"STOP_TIMEOUT", 1, 600},
	    {"LOCK_TIMEOUT", 1, 600}, {"IMAP_KEYWORDS", 0, 2},
	    {"IMAP_IDLE_TIMEOUT", 1, 3600}, {"AUTH_FLOOR_MS", 1, 60000},
	    {"AUTH_RECHECK", 1, 604800}, {"IMAP_ID_FIELDS", -1, 7},
	    {"APPENDLIMIT", 1024, 4294967295}};
	char text[128], range[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		long long at[6] = {cases[i].min - 1, cases[i].min,
		    cases[i].min + 1, cases[i].max - 1, cases[i].max,
		    cases[i].max + 1};

		snprintf(range, sizeof(range), "allowed is %lld to %lld",
		    cases[i].min, cases[i].max);
		for (int k = 0; k < 6; k++) {
			bool ok = k > 0 && k < 5;

			snprintf(text, sizeof(text), "\n%s=%lld\n",
			    cases[i].name, at[k]);
			if ((load(text, "") == 0) != ok)
				fail_msg("%s", text);
			if (!ok)
				assert_true(told(NOTE_ERROR, range) &&
					    told(NOTE_ERROR, "imapd:2: "));
		}
	}
}

static void
empty_and_zero_switch_no_limit_off(void **state)
{
	(void)state;
	assert_int_equal(
	    load("MAXPERIP=\nMAXPERUSER=\"\"\nMAXDAEMONS=", ""), 0);
	assert_int_equal(set.view[0].maxperip, 20);
	assert_int_equal(set.maxperuser, 100);
	assert_int_equal(set.view[0].maxdaemons, 10000);
	assert_int_equal(load("MAXPERIP=0", ""), 1);
}

static void
wrong_values_are_refused_with_their_place(void **state)
{
	static const char *const wrong[] = {"MAXPERIP=x", "MAXPERIP=5x",
	    "MAXPERIP=' 5'", "MAXPERIP=+5", "MAXPERIP=99999999999999999999",
	    "PORT=0", "PORT=65536", "PORT=x", "PORT=1.2.3", "PORT=''",
	    "PORT=999.0.0.1.143",
	    "PORT=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "ADDRESS=x",
	    "ADDRESS='::1 ::2'", "IMAP_UMASK=8", "IMAP_UMASK=1000",
	    "IMAP_UMASK=-1", "IMAP_KEYWORDS=3", "IMAPDSTART=maybe",
	    "AUTHMODULES=''", "AUTHMODULES=authldap",
	    "AUTHMODULES='authpam authpam'", "TLS_PROTOCOL=SSL3",
	    "TLS_CERTFILE=imapd.pem", "PIDFILE=x", "PAMSERVICE=''",
	    "PAMSERVICE='a b'", "IMAP_PROXY=1", "OUTBOX=.Outbox",
	    "SMAP_CAPABILITY=SMAP1", "IMAP_NAMESPACE_PREFIX=Mail/",
	    "IMAP_SPECIALUSE=Sent", "IMAP_SPECIALUSE='Sent=\\Gone'",
	    "IMAP_SPECIALUSE='=\\Sent'", "IMAP_EXTERNAL=993",
	    "TRUSTED_NETS=localhost", "TRUSTED_NETS=10.0.0.0/33",
	    "TRUSTED_NETS=::/129", "TRUSTED_NETS=10.0.0.0/",
	    "IMAPDSSLSTART=YES", "IMAP_TLS_REQUIRED=1"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (load(wrong[i], "") != 1 || !told(NOTE_ERROR, "imapd:1: "))
			fail_msg("%s: %zu errors", wrong[i], notes.errors);
	}
}

static void
a_refused_file_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(load("MAXPERIP=33", ""), 0);
	assert_int_equal(load("MAXPERIP=44\nMAXPERUSER=x", ""), 1);
	assert_int_equal(set.view[0].maxperip, 33);
}

/* Courier 5.0.13 as Debian 12 ships it, and upstream's files. */
static void
couriers_own_files_load(void **state)
{
	static const char imapd[] =
	    "ADDRESS=0\nPORT=143\nMAXDAEMONS=40\nMAXPERIP=20\n"
	    "PIDFILE=/run/courier/imapd.pid\nTCPDOPTS=\"-nodnslookup "
	    "-noidentlookup\"\nIMAPACCESSFILE=/etc/courier/imapaccess\n"
	    "LOGGEROPTS=\"-name=imapd\"\n"
	    "IMAP_CAPABILITY=\"IMAP4rev1 UIDPLUS CHILDREN NAMESPACE "
	    "THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE\"\n"
	    "IMAP_KEYWORDS=1\nIMAP_ACL=1\n"
	    "IMAP_CAPABILITY_ORIG=\"$IMAP_CAPABILITY AUTH=CRAM-MD5\"\n"
	    "IMAP_PROXY=0\nIMAP_PROXY_FOREIGN=0\nIMAP_IDLE_TIMEOUT=60\n"
	    "IMAP_MAILBOX_SANITY_CHECK=1\n"
	    "IMAP_CAPABILITY_TLS=\"$IMAP_CAPABILITY AUTH=PLAIN\"\n"
	    "IMAP_CAPABILITY_TLS_ORIG=\"$IMAP_CAPABILITY_ORIG AUTH=PLAIN\"\n"
	    "IMAP_DISABLETHREADSORT=0\nIMAP_CHECK_ALL_FOLDERS=0\n"
	    "IMAP_OBSOLETE_CLIENT=0\nIMAP_UMASK=022\nIMAP_ULIMITD=131072\n"
	    "IMAP_USELOCKS=1\nIMAP_SHAREDINDEXFILE=/etc/courier/shared/index\n"
	    "IMAP_ENHANCEDIDLE=0\nIMAP_TRASHFOLDERNAME=Trash\n"
	    "IMAP_EMPTYTRASH=Trash:7\nIMAP_MOVE_EXPUNGE_TO_TRASH=0\n"
	    "SENDMAIL=/usr/sbin/sendmail\nHEADERFROM=X-IMAP-Sender\n"
	    "IMAPDSTART=YES\nMAILDIRPATH=Maildir\n";
	static const char ssl[] =
	    "SSLPORT=993\nSSLADDRESS=0\nSSLPIDFILE=/run/courier/imapd-ssl.pid\n"
	    "SSLLOGGEROPTS=\"-name=imapd-ssl\"\nIMAPDSSLSTART=YES\n"
	    "IMAPDSTARTTLS=YES\nIMAP_TLS_REQUIRED=0\n"
	    "COURIERTLS=/usr/bin/couriertls\n"
	    "TLS_STARTTLS_PROTOCOL=\"$TLS_PROTOCOL\"\n"
	    "TLS_CERTFILE=/etc/courier/imapd.pem\n"
	    "TLS_DHPARAMS=/etc/courier/dhparams.pem\n"
	    "TLS_TRUSTCERTS=/etc/ssl/certs\nTLS_VERIFYPEER=NONE\n"
	    "TLS_CACHEFILE=/var/lib/courier/couriersslpop3cache\n"
	    "TLS_CACHESIZE=524288\nMAILDIRPATH=Maildir\n";

	(void)state;
	assert_int_equal(load(imapd, ssl), 0);
	assert_int_equal(set.view[1].start, 1);
	assert_int_equal(set.starttls, 1);
	assert_string_equal(set.pidfile, "/run/courier/imapd.pid");
	assert_string_equal(set.capability_tls,
	    "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT "
	    "THREAD=REFERENCES SORT QUOTA IDLE AUTH=PLAIN");
	assert_true(told(NOTE_WARN, "imapd:3: MAXDAEMONS=40"));
	assert_true(told(NOTE_WARN, "imapd:26: IMAP_ENHANCEDIDLE=0"));
	assert_false(told(NOTE_WARN, "no effect"));
	assert_int_equal(set.nemptytrash, 1);
	assert_string_equal(set.emptytrash[0].folder, "Trash");
	assert_int_equal(set.emptytrash[0].days, 7);
	assert_int_equal(set.sanity_check, 1);
	assert_false(told(NOTE_WARN, "unknown"));
}

static void
unknown_names_warn_once(void **state)
{
	(void)state;
	assert_int_equal(
	    load("LANG=C\nLANG=de\nAUTHSERVICE143=imap\n", "MAXPERIPS=3"), 0);
	assert_int_equal(notes.n, 2);
	assert_true(told(NOTE_WARN, "imapd:2: unknown setting LANG"));
	assert_true(told(NOTE_WARN, "imapd-ssl:1: unknown setting MAXPERIPS"));
}

static void
ports_have_services_of_their_own(void **state)
{
	char text[64 * 40], *p = text;

	(void)state;
	assert_int_equal(load("AUTHSERVICE143=imap\nAUTHSERVICE1143=in_1\n"
			      "AUTHSERVICE9=\n",
			     "AUTHSERVICE993=imap-ssl"),
	    0);
	assert_int_equal(notes.n, 0);
	assert_int_equal(set.nservices, 3);
	assert_string_equal(set.services[0].name, "imap-ssl");
	assert_int_equal(set.services[0].port, 993);
	assert_int_equal(set.services[2].port, 1143);
	assert_string_equal(set.services[2].name, "in_1");
	assert_int_equal(load("AUTHSERVICE=imap", ""), 1);
	assert_int_equal(load("AUTHSERVICE0=imap", ""), 1);
	assert_int_equal(load("AUTHSERVICE65536=imap", ""), 1);
	assert_int_equal(load("AUTHSERVICE65535=imap", ""), 0);
	assert_int_equal(load("AUTHSERVICE1=Imap", ""), 1);
	assert_int_equal(load("AUTHSERVICE1=../x", ""), 1);
	assert_int_equal(
	    load("AUTHSERVICE1=a2345678901234567890123456789012", ""), 0);
	assert_int_equal(
	    load("AUTHSERVICE1=a23456789012345678901234567890123", ""), 1);
	for (int i = 1; i <= SETTINGS_SERVICES; i++)
		p += sprintf(p, "AUTHSERVICE%d=a\n", i);
	assert_int_equal(load(text, ""), 0);
	(void)sprintf(p, "AUTHSERVICE%d=a\n", SETTINGS_SERVICES + 1);
	assert_int_equal(load(text, ""), 1);
}

static void
networks_are_prefixes_in_one_space(void **state)
{
	struct settings_net net;
	static const uint8_t v4[16] = {[10] = 0xff, 0xff, 10, 1, 2, 3};

	(void)state;
	assert_int_equal(value_net("10.1.2.3", &net), 0);
	assert_memory_equal(net.addr, v4, 16);
	assert_int_equal(net.bits, 128);
	assert_int_equal(value_net("10.1.2.3/8", &net), 0);
	assert_int_equal(net.bits, 104);
	assert_int_equal(value_net("0.0.0.0/0", &net), 0);
	assert_int_equal(net.bits, 96);
	assert_int_equal(value_net("2001:db8::/32", &net), 0);
	assert_int_equal(net.bits, 32);
	assert_int_equal(value_net("10.1.2.3/-1", &net), -1);
	assert_int_equal(value_net("", &net), -1);
}

static void
too_many_networks_are_refused(void **state)
{
	char text[1024] = "TRUSTED_NETS='";

	(void)state;
	for (int i = 0; i < SETTINGS_NETS; i++)
		strcat(text, "10.0.0.1 ");
	strcat(text, "'");
	assert_int_equal(load(text, ""), 0);
	assert_int_equal(set.ntrusted, SETTINGS_NETS);
	text[strlen(text) - 1] = '\0';
	strcat(text, "::1'");
	assert_int_equal(load(text, ""), 1);
}

static void
texts_fit_or_are_refused(void **state)
{
	char text[SETTINGS_PATH + 64];

	(void)state;
	for (int extra = -1; extra <= 1; extra++) {
		size_t n = (size_t)(SETTINGS_PATH - 1 + extra);

		strcpy(text, "USERDB=");
		memset(text + 7, '/', n);
		text[7 + n] = '\0';
		assert_int_equal(load(text, ""), extra > 0);
	}
}

static void
a_reload_keeps_what_needs_a_restart(void **state)
{
	struct settings running;
	const char *name;
	char names[256] = "";
	size_t i = 0;

	(void)state;
	assert_int_equal(
	    load("PORT=143\nWORKERS=2\nMAXPERIP=20", "SSLPORT=993"), 0);
	running = set;
	running.imap_uid = 7;
	assert_null(settings_keep(&running, &set, &i));
	assert_int_equal(
	    load("PORT=144\nWORKERS=3\nMAXPERIP=30", "SSLPORT=994"), 0);
	i = 0;
	while ((name = settings_keep(&running, &set, &i)) != NULL) {
		strcat(names, name);
		strcat(names, " ");
	}
	assert_string_equal(names, "PORT SSLPORT WORKERS ");
	assert_int_equal(set.view[0].listen[0].port, 143);
	assert_int_equal(set.view[1].listen[0].port, 993);
	assert_int_equal(set.workers, 2);
	assert_int_equal(set.view[0].maxperip, 30);
	assert_int_equal(set.imap_uid, 7);
}

static void
a_shell_takes_imap_names_from_the_environment(void **state)
{
	(void)state;
	note_done(&notes);
	setenv("IMAP_UMASK", "077", 1);
	setenv("IMAP_KEYWORDS", "9", 1);
	setenv("PORT", "1", 1);
	settings_environment(&set, &notes);
	assert_int_equal(set.umask, 077);
	assert_int_equal(set.keywords, 1);
	assert_int_equal(set.view[0].listen[0].port, 143);
	assert_int_equal(notes.errors, 1);
}

static void
files_are_read_with_their_companion(void **state)
{
	char dir[] = "/tmp/master_settings.XXXXXX", name[PATH_MAX];
	FILE *f;

	(void)state;
	note_done(&notes);
	assert_non_null(mkdtemp(dir));
	snprintf(name, sizeof(name), "%s/imapd", dir);
	assert_int_equal(settings_load(name, &set, &notes), -1);
	note_done(&notes);
	f = fopen(name, "w");
	fputs("MAXPERIP=31\nPORT=$NOWHERE\nPORT=$SSLPORT\n", f);
	fclose(f);
	assert_int_equal(settings_load(name, &set, &notes), -1);
	assert_true(told(NOTE_WARN, "imapd:2: $NOWHERE is not set"));
	note_done(&notes);
	strcat(name, "-ssl");
	f = fopen(name, "w");
	fputs("MAXPERIP=32\nSSLPORT=994", f);
	fclose(f);
	name[strlen(name) - 4] = '\0';
	assert_int_equal(settings_load(name, &set, &notes), 0);
	assert_int_equal(set.view[0].listen[0].port, 994);
	assert_int_equal(set.view[0].maxperip, 31);
	assert_int_equal(set.view[1].maxperip, 32);
	assert_string_equal(set.config, name);
	unlink(name);
	strcat(name, "-ssl");
	unlink(name);
	rmdir(dir);
}

/* LIMITS_SETTING: the table's value is the default, and stays one. */
static void
no_limit_is_switched_off_by_nothing_or_0(void **state)
{
	static const struct {
		const char *setting;
		long value;
	} rows[] = {
#define ROW(name, value, unit, beyond, setting) {setting, value},
	    LIMITS_SETTING(ROW)};
	static struct settings before;
	static char page[262144];
	char text[128], want[128];
	FILE *f = fopen("etc/imapd.5", "r");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(page, 1, sizeof(page) - 1, f);
	page[n] = '\0';
	(void)fclose(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s=0\n", rows[i].setting);
		assert_int_not_equal(load(text, ""), 0);
		(void)snprintf(text, sizeof(text), "%s=-1\n", rows[i].setting);
		assert_int_not_equal(load(text, ""), 0);
		/* Unset by an empty text: the default, or an error. */
		assert_int_equal(load("", ""), 0);
		memcpy(&before, &set, sizeof(before));
		(void)snprintf(
		    text, sizeof(text), "%s=\"\"\n", rows[i].setting);
		if (load(text, "") == 0)
			assert_memory_equal(&before, &set, sizeof(before));
		(void)snprintf(text, sizeof(text), "%s=%ld\n", rows[i].setting,
		    rows[i].value);
		assert_int_equal(load(text, ""), 0);
		assert_memory_equal(&before, &set, sizeof(before));
		(void)snprintf(want, sizeof(want), ".It Cm %s Bq %ld",
		    rows[i].setting, rows[i].value);
		if (strstr(page, want) == NULL)
			fail_msg("%s: not in the manual", want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_limit_is_switched_off_by_nothing_or_0),
	    cmocka_unit_test(defaults_are_those_of_the_manual),
	    cmocka_unit_test(each_port_sees_its_own_file_last),
	    cmocka_unit_test(ports_may_carry_addresses),
	    cmocka_unit_test(numbers_have_bounds),
	    cmocka_unit_test(empty_and_zero_switch_no_limit_off),
	    cmocka_unit_test(wrong_values_are_refused_with_their_place),
	    cmocka_unit_test(a_refused_file_changes_nothing),
	    cmocka_unit_test(couriers_own_files_load),
	    cmocka_unit_test(unknown_names_warn_once),
	    cmocka_unit_test(ports_have_services_of_their_own),
	    cmocka_unit_test(networks_are_prefixes_in_one_space),
	    cmocka_unit_test(too_many_networks_are_refused),
	    cmocka_unit_test(texts_fit_or_are_refused),
	    cmocka_unit_test(a_reload_keeps_what_needs_a_restart),
	    cmocka_unit_test(a_shell_takes_imap_names_from_the_environment),
	    cmocka_unit_test(files_are_read_with_their_companion),
	};
	int ret = cmocka_run_group_tests(tests, NULL, NULL);

	note_done(&notes);
	return ret;
}
