/*
 * The kinds of values that settings have. Pure: text in, field out, or a note
 * with file and line that names the setting and what is allowed.
 */
#include "master/value.h"

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void store(const struct value *, int64_t);
static const char *next_word(const char **, char *out, size_t size);
static bool parse_address(const char *, uint8_t addr[16], bool *v4);
static bool parse_port(const char *, uint16_t *);
static bool one_trash(const char *, struct settings_trash *);
static bool one_port(
    const struct value *, const char *, struct settings_listen *);

void
value_number(const struct value *v)
{
	char what[96], *end;
	long long n;

	if (v->text[0] == '\0') /* empty is not "unlimited": the default */
		return;
	errno = 0;
	n = strtoll(v->text, &end, 10);
	if (errno != 0 || *end != '\0' || isspace((unsigned char)v->text[0]) ||
	    v->text[0] == '+')
		n = v->min - 1;
	if (n >= v->min && n <= v->max) {
		store(v, n);
		return;
	}
	snprintf(what, sizeof(what), "allowed is %lld to %lld",
	    (long long)v->min, (long long)v->max);
	value_wrong(v, what);
}

void
value_octal(const struct value *v)
{
	char *end;
	unsigned long n;

	if (v->text[0] == '\0')
		return;
	n = strtoul(v->text, &end, 8);
	if (*end != '\0' || v->text[0] == '-' || n > 0777)
		value_wrong(v, "an octal number from 000 to 777 is needed");
	else
		store(v, (int64_t)n);
}

void
value_flag(const struct value *v)
{
	/* Courier looks at the first letter only. */
	switch (v->text[0]) {
	case '\0':
		return;
	case '1':
	case 'y':
	case 'Y':
		store(v, 1);
		return;
	case '0':
	case 'n':
	case 'N':
		store(v, 0);
		return;
	}
	value_wrong(v, "0 or 1 (NO or YES) is needed");
}

void
value_text(const struct value *v)
{
	char what[64];

	if (strlen(v->text) < v->size) {
		strlcpy(v->field, v->text, v->size);
		return;
	}
	snprintf(what, sizeof(what), "longer than %zu bytes", v->size - 1);
	value_wrong(v, what);
}

void
value_path(const struct value *v)
{
	if (v->text[0] != '\0' && v->text[0] != '/')
		value_wrong(v, "a path that begins with / is needed");
	else
		value_text(v);
}

void
value_word(const struct value *v)
{
	if (v->text[0] == '\0' || strpbrk(v->text, " \t") != NULL)
		value_wrong(v, "one word is needed");
	else
		value_text(v);
}

int
value_net(const char *text, struct settings_net *out)
{
	struct settings_net net;
	const char *slash = strchr(text, '/');
	char host[64], *end;
	unsigned long bits;
	bool v4;

	strlcpy(host, text, sizeof(host));
	if (slash != NULL && slash - text < (ptrdiff_t)sizeof(host))
		host[slash - text] = '\0';
	if (!parse_address(host, net.addr, &v4))
		return -1;
	bits = v4 ? 32 : 128;
	if (slash != NULL) {
		if (!isdigit((unsigned char)slash[1]))
			return -1;
		errno = 0;
		bits = strtoul(slash + 1, &end, 10);
		if (errno != 0 || *end != '\0' || bits > (v4 ? 32 : 128))
			return -1;
	}
	net.bits = (uint8_t)(bits + (v4 ? 96 : 0));
	*out = net;
	return 0;
}

/* The field is a net array with its count right behind (shm/settings.h). */
void
value_nets(const struct value *v)
{
	struct settings_net nets[SETTINGS_NETS] = {0};
	const char *p = v->text;
	char word[64];
	uint32_t n = 0;

	while (next_word(&p, word, sizeof(word)) != NULL) {
		if (n == SETTINGS_NETS) {
			value_wrong(v, "more than 64 networks");
			return;
		}
		if (value_net(word, &nets[n++]) == -1) {
			value_wrong(v,
			    "addresses, or networks as 192.0.2.0/24 or "
			    "2001:db8::/32, are needed");
			return;
		}
	}
	memset(v->field, 0, v->size);
	memcpy(v->field, nets, n * sizeof(nets[0]));
	memcpy((char *)v->field + v->size - sizeof(n), &n, sizeof(n));
}

/* The field is a listen array with its count right behind. */
void
value_ports(const struct value *v)
{
	struct settings_listen list[SETTINGS_LISTS];
	const char *p = v->text;
	char word[SETTINGS_WORD + 8];
	uint32_t n = 0;

	memset(list, 0, sizeof(list));
	while (next_word(&p, word, sizeof(word)) != NULL) {
		if (n == SETTINGS_LISTS) {
			value_wrong(v, "more than 16 ports");
			return;
		}
		if (!one_port(v, word, &list[n++])) {
			value_wrong(v,
			    "a list of ports (1 to 65535) or "
			    "address.port, separated by commas, is needed");
			return;
		}
	}
	if (n == 0) {
		value_wrong(v, "at least one port is needed");
		return;
	}
	memset(v->field, 0, v->size);
	memcpy(v->field, list, n * sizeof(list[0]));
	memcpy((char *)v->field + v->size - sizeof(n), &n, sizeof(n));
}

static bool
one_port(const struct value *v, const char *word, struct settings_listen *out)
{
	const char *dot = strrchr(word, '.');
	uint8_t addr[16];
	bool v4;

	if (dot == NULL) {
		strlcpy(out->addr, v->address, sizeof(out->addr));
		return parse_port(word, &out->port);
	}
	if (dot - word >= (ptrdiff_t)sizeof(out->addr))
		return false;
	memcpy(out->addr, word, (size_t)(dot - word));
	out->addr[dot - word] = '\0';
	return parse_port(dot + 1, &out->port) &&
	       (strcmp(out->addr, "0") == 0 ||
		   parse_address(out->addr, addr, &v4));
}

void
value_address(const struct value *v)
{
	uint8_t addr[16];
	bool v4;

	if (strcmp(v->text, "0") != 0 && v->text[0] != '\0' &&
	    !parse_address(v->text, addr, &v4))
		value_wrong(v, "one IP address, or 0 for all, is needed");
}

void
value_auth(const struct value *v)
{
	static const struct {
		const char *name;
		enum settings_auth auth;
	} names[] = {{"authpam", SETTINGS_AUTH_PAM},
	    {"authuserdb", SETTINGS_AUTH_USERDB},
	    {"authdaemon", SETTINGS_AUTH_DAEMON}};
	uint8_t list[4] = {SETTINGS_AUTH_NONE};
	const char *p = v->text;
	char word[32];
	size_t n = 0, i;

	while (next_word(&p, word, sizeof(word)) != NULL) {
		for (i = 0; i < 3 && strcmp(names[i].name, word) != 0; i++)
			continue;
		if (i == 3 || n == 3 ||
		    memchr(list, names[i].auth, n) != NULL) {
			value_wrong(v,
			    "each of authpam, authuserdb, authdaemon at "
			    "most once is needed");
			return;
		}
		list[n++] = (uint8_t)names[i].auth;
	}
	if (n == 0)
		value_wrong(v, "authpam, authuserdb or authdaemon is needed");
	else
		memcpy(v->field, list, sizeof(list));
}

void
value_service(const struct value *v)
{
	struct settings *set = v->field;
	struct settings_service *s = &set->services[set->nservices];
	const char *why = NULL;
	size_t n = strlen(v->text);
	uint16_t port;

	port =
	    (uint16_t)strtonum(v->name + strlen("AUTHSERVICE"), 1, 65535, &why);
	if (why != NULL) {
		value_wrong(v, "AUTHSERVICE and a port's number is needed");
	} else if (n >= sizeof(s->name) ||
		   v->text[strspn(v->text,
		       "abcdefghijklmnopqrstuvwxyz0123456789-_")] != '\0') {
		value_wrong(v,
		    "a service of at most 32 of a-z, 0-9, - and _ is "
		    "needed");
	} else if (set->nservices == SETTINGS_SERVICES) {
		value_wrong(v, "at most 32 ports have a service of their own");
	} else if (n > 0) {
		s->port = port;
		(void)strlcpy(s->name, v->text, sizeof(s->name));
		set->nservices++;
	}
}

void
value_protocol(const struct value *v)
{
	static const char *const known[] = {"", "TLSv1", "TLSv1+", "TLSv1++",
	    "TLSv1.1", "TLSv1.1+", "TLSv1.1++", "TLSv1.2", "TLSv1.2+",
	    "TLSv1.2++", "TLSv1.3", "TLSv1.3+", "TLSv1.3++"};
	const struct value none = {
	    .text = "", .field = v->field, .size = v->size};

	if (strcasecmp(v->text, "SSL23") == 0) {
		value_warn(v, "old value, taken as TLSv1.2+");
		value_text(&none);
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i], v->text) != 0)
			continue;
		if (i > 0 && i < 7)
			value_warn(
			    v, "TLS below 1.2 is not safe: use TLSv1.2+");
		value_text(v);
		return;
	}
	value_wrong(v, "TLSv1.2, TLSv1.3 and these with + (or newer) or ++ are "
		       "understood; SSL is not spoken");
}

void
value_sandbox(const struct value *v)
{
	static const char *const words[] = {"off", "on", "required"};

	for (uint32_t i = 0; i < 3; i++)
		if (strcasecmp(v->text, words[i]) == 0) {
			store(v, i);
			return;
		}
	value_wrong(v, "off, on or required is needed");
}

void
value_verify(const struct value *v)
{
	/* Courier looks at the first letter only. */
	switch (v->text[0]) {
	case '\0':
		return;
	case 'N':
	case 'n':
		store(v, SETTINGS_VERIFY_NONE);
		return;
	case 'P':
	case 'p':
		store(v, SETTINGS_VERIFY_PEER);
		return;
	case 'R':
	case 'r':
		store(v, SETTINGS_VERIFY_REQUIRE);
		return;
	}
	value_wrong(v, "NONE, PEER or REQUIREPEER is needed");
}

void
value_access(const struct value *v)
{
	size_t n = strlen(v->text);
	struct value plain = *v;
	char path[SETTINGS_PATH];

	/* What makeimapaccess compiled is not read, the text beside it is. */
	if (n > 4 && n < sizeof(path) && strcmp(v->text + n - 4, ".dat") == 0) {
		snprintf(path, sizeof(path), "%.*s", (int)n - 4, v->text);
		plain.text = path;
	}
	value_path(&plain);
}

/* IMAP_LOG_DELETIONS: on if it is set and does not begin with 0. */
void
value_present(const struct value *v)
{
	store(v, v->text[0] != '\0' && v->text[0] != '0');
}

void
value_field(const struct value *v)
{
	if (v->text[strspn(v->text, "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.")] != '\0')
		value_wrong(v, "the name of a field of the subject is needed, "
			       "as emailaddress or CN");
	else
		value_text(v);
}

/* The field is a trash array with its count right behind. */
void
value_trash(const struct value *v)
{
	struct settings_trash list[SETTINGS_TRASH];
	const char *p = v->text;
	char word[160];
	uint32_t n = 0;

	memset(list, 0, sizeof(list));
	while (next_word(&p, word, sizeof(word)) != NULL)
		if (n == SETTINGS_TRASH || !one_trash(word, &list[n++])) {
			value_wrong(v,
			    "up to 16 words as Trash:7 (folder and "
			    "days), or a number of days, are needed");
			return;
		}
	memset(v->field, 0, v->size);
	memcpy(v->field, list, n * sizeof(list[0]));
	memcpy((char *)v->field + v->size - sizeof(n), &n, sizeof(n));
}

/* A bare number is for the trash folder. One day is the least. */
static bool
one_trash(const char *word, struct settings_trash *out)
{
	const char *colon = strrchr(word, ':');
	const char *days = colon == NULL ? word : colon + 1;
	size_t name = colon == NULL ? 0 : (size_t)(colon - word);
	unsigned long n;

	if (days[0] == '\0' || strlen(days) > 5 || colon == word ||
	    days[strspn(days, "0123456789")] != '\0' ||
	    name >= sizeof(out->folder))
		return false;
	n = strtoul(days, NULL, 10);
	memcpy(out->folder, word, name);
	out->days = n == 0 ? 1 : (uint32_t)n;
	return true;
}

void
value_namespace(const struct value *v)
{
	if (strcasecmp(v->text, "INBOX.") == 0 || strcmp(v->text, "1") == 0)
		store(v, 1);
	else if (v->text[0] == '\0' || strcmp(v->text, "0") == 0)
		store(v, 0);
	else
		value_wrong(v, "\"INBOX.\" or \"\" is needed");
}

void
value_uses(const struct value *v)
{
	static const char *const uses[] = {"\\All", "\\Archive", "\\Drafts",
	    "\\Flagged", "\\Junk", "\\Sent", "\\Trash"};
	const char *p = v->text, *use;
	char word[SETTINGS_TEXT];
	size_t i;

	while (next_word(&p, word, sizeof(word)) != NULL) {
		use = strchr(word, '=');
		for (i = 0; use != NULL && use != word && i < 7; i++)
			if (strcasecmp(uses[i], use + 1) == 0)
				break;
		if (use == NULL || use == word || i == 7) {
			value_wrong(v,
			    "words as Sent=\\Sent are needed; uses are "
			    "\\All \\Archive \\Drafts \\Flagged \\Junk "
			    "\\Sent \\Trash");
			return;
		}
	}
	value_text(v);
}

void
value_external(const struct value *v)
{
	const char *p = v->text;
	char word[32];
	int64_t bits = 0;

	while (next_word(&p, word, sizeof(word)) != NULL) {
		if (strcmp(word, "PORT") == 0)
			bits |= 1;
		else if (strcmp(word, "SSLPORT") == 0)
			bits |= 2;
		else {
			value_wrong(v, "PORT, SSLPORT or both are needed");
			return;
		}
	}
	store(v, bits);
}

void
value_none(const struct value *v)
{
	(void)v;
}

void
value_no_effect(const struct value *v)
{
	if (v->text[0] != '\0' && strcmp(v->text, "0") != 0)
		value_warn(v, "has no effect here");
}

void
value_refused(const struct value *v)
{
	static const struct {
		const char *name, *instead;
	} refused[] = {
	    {"IMAP_PROXY", "logins are not passed on to other hosts: put a "
			   "proxy before this server, or let clients connect "
			   "to the host that has their mail"},
	    {"OUTBOX", "no mail is sent from a folder: let clients submit it "
		       "by SMTP (port 587)"},
	    {"SMAP_CAPABILITY", "SMAP is not spoken: leave it empty, its "
				"clients speak IMAP as well"},
	    {"AUTH_MKHOMEDIR_SKEL", "home folders are not made at login: make "
				    "them when the account is made"},
	};

	if (v->text[0] == '\0' || strcmp(v->text, "0") == 0)
		return;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strcmp(refused[i].name, v->name) == 0)
			value_wrong(v, refused[i].instead);
}

void
value_wrong(const struct value *v, const char *what)
{
	note_add(v->notes, NOTE_ERROR, v->file, v->line, "%s=\"%.64s\": %s",
	    v->name, v->text, what);
}

void
value_warn(const struct value *v, const char *what)
{
	note_add(v->notes, NOTE_WARN, v->file, v->line, "%s=\"%.64s\": %s",
	    v->name, v->text, what);
}

static void
store(const struct value *v, int64_t n)
{
	uint64_t wide = (uint64_t)n;
	uint32_t narrow = (uint32_t)n;

	if (v->size == sizeof(wide))
		memcpy(v->field, &wide, sizeof(wide));
	else
		memcpy(v->field, &narrow, sizeof(narrow));
}

/* The next word of a list, cut to size; NULL at the end. */
static const char *
next_word(const char **p, char *out, size_t size)
{
	size_t n;

	*p += strspn(*p, " \t,");
	n = strcspn(*p, " \t,");
	if (n == 0)
		return NULL;
	snprintf(out, size, "%.*s", (int)n, *p);
	*p += n;
	return out;
}

static bool
parse_address(const char *text, uint8_t addr[16], bool *v4)
{
	struct in_addr in;

	*v4 = inet_pton(AF_INET, text, &in) == 1;
	if (!*v4)
		return inet_pton(AF_INET6, text, addr) == 1;
	memset(addr, 0, 10);
	memset(addr + 10, 0xff, 2);
	memcpy(addr + 12, &in, 4);
	return true;
}

static bool
parse_port(const char *text, uint16_t *port)
{
	size_t n = strspn(text, "0123456789");
	unsigned long value;

	if (n == 0 || n > 5 || text[n] != '\0')
		return false;
	value = strtoul(text, NULL, 10);
	if (value < 1 || value > 65535)
		return false;
	*port = (uint16_t)value;
	return true;
}

bool
value_in_nets(
    const uint8_t addr[16], const struct settings_net *nets, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t bytes = nets[i].bits / 8u;
		unsigned rest = nets[i].bits % 8u;
		uint8_t mask = (uint8_t)(0xff00u >> rest);

		if (memcmp(addr, nets[i].addr, bytes) == 0 &&
		    (rest == 0 ||
			((addr[bytes] ^ nets[i].addr[bytes]) & mask) == 0))
			return true;
	}
	return false;
}
