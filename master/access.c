/*
 * IMAPACCESSFILE. A line is NETBLOCK, blanks, ACTION. NETBLOCK: 1 to 4 numbers
 * of an IPv4 address, groups of an IPv6 address as :2001:0db8, any prefix as
 * 192.0.2.0/25 or 2001:db8::/32, "*" or "*.PORT". ACTION: deny, or allow with
 * variables, of which MAXCPERIP counts.
 */
#include "master/access.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/admit.h"
#include "master/value.h"

enum kind {
	NET,
	PORT_ANY, /* "*" */
	PORT_ONE, /* "*.PORT" */
};

struct line {
	enum kind kind;
	struct settings_net net;
	uint16_t port;
	struct access_rule rule;
};

struct access {
	struct line *v;
	size_t n, room;
};

struct place { /* where we read */
	const char *file;
	unsigned line;
	struct notes *notes;
};

static int load_all(struct access *, const char *path, struct notes *);
static int load_directory(struct access *, const char *path, struct notes *);
static bool is_leftover(const char *name);
static int load_file(struct access *, const char *path, struct notes *);
static int parse(struct access *, char *text, struct place *);
static int parse_line(struct access *, char *text, const struct place *);
static bool parse_block(const char *, struct line *);
static bool parse_groups(const char *, struct settings_net *);
static bool parse_octets(const char *, struct settings_net *);
static bool parse_action(char *, struct access_rule *, const struct place *);
static bool parse_variable(char *, struct access_rule *, const struct place *);
static int add(struct access *, const struct line *);

struct access *
access_load(const char *path, struct notes *notes)
{
	struct access *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		note_add(notes, NOTE_ERROR, NULL, 0, "%s: no memory", path);
		return NULL;
	}
	if (load_all(a, path, notes) == 0)
		return a;
	access_free(a);
	return NULL;
}

void
access_free(struct access *a)
{
	if (a == NULL)
		return;
	free(a->v);
	free(a);
}

void
access_find(const struct access *a, const uint8_t addr[16], uint16_t port,
    bool local, struct access_rule *out)
{
	const struct line *best = NULL, *mine = NULL;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; a != NULL && i < a->n; i++) {
		const struct line *l = &a->v[i];

		/* Of two equal ones the later counts. */
		if (l->kind == NET &&
		    (best == NULL || l->net.bits >= best->net.bits) &&
		    value_in_nets(addr, &l->net, 1))
			best = l;
		if (l->kind != NET && local &&
		    (l->kind == PORT_ANY || l->port == port) &&
		    (mine == NULL || l->kind >= mine->kind))
			mine = l;
	}
	if (best == NULL)
		best = mine;
	if (best != NULL)
		*out = best->rule;
}

static int
load_all(struct access *a, const char *path, struct notes *notes)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		note_add(notes, NOTE_ERROR, NULL, 0, "%s: %s", path,
		    strerror(errno));
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return load_directory(a, path, notes);
	return load_file(a, path, notes);
}

static int
load_directory(struct access *a, const char *path, struct notes *notes)
{
	char file[PATH_MAX];
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort), ret = 0;

	if (n == -1) {
		note_add(notes, NOTE_ERROR, NULL, 0, "%s: %s", path,
		    strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		size_t len = strlen(name);

		(void)snprintf(file, sizeof(file), "%s/%s", path, name);
		if (is_leftover(name)) {
			note_add(notes, NOTE_ERROR, NULL, 0,
			    "%s: left over from an upgrade: merge it and "
			    "remove it",
			    file);
			ret = -1;
		} else if (name[0] != '.' && name[len - 1] != '~' &&
			   load_file(a, file, notes) == -1)
			ret = -1;
		free(list[i]);
	}
	free(list);
	return ret;
}

static bool
is_leftover(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL &&
	       (strcmp(dot, ".rpmnew") == 0 || strcmp(dot, ".rpmsave") == 0 ||
		   strncmp(dot, ".dpkg-", 6) == 0);
}

static int
load_file(struct access *a, const char *path, struct notes *notes)
{
	struct place at = {.file = path, .notes = notes};
	char *text = malloc(ACCESS_FILE + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = -1;
	int ret = -1;

	while (fd != -1 && text != NULL && len <= ACCESS_FILE) {
		n = read(fd, text + len, ACCESS_FILE + 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (n != -1 && len > ACCESS_FILE) {
		errno = EFBIG;
		n = -1;
	}
	if (n == -1)
		note_add(notes, NOTE_ERROR, NULL, 0, "%s: %s", path,
		    strerror(errno));
	else {
		text[len] = '\0';
		ret = parse(a, text, &at);
	}
	if (fd != -1)
		close(fd);
	free(text);
	return ret;
}

static int
parse(struct access *a, char *text, struct place *at)
{
	char *line;
	int ret = 0;

	while ((line = strsep(&text, "\n")) != NULL) {
		at->line++;
		if (parse_line(a, line, at) == -1)
			ret = -1;
	}
	return ret;
}

static int
parse_line(struct access *a, char *text, const struct place *at)
{
	struct line l = {.kind = NET};
	char *block, *action;

	text[strcspn(text, "\r")] = '\0';
	block = text + strspn(text, " \t");
	if (block[0] == '\0' || block[0] == '#')
		return 0;
	action = block + strcspn(block, " \t");
	if (action[0] != '\0')
		*action++ = '\0';
	action += strspn(action, " \t");
	if (!parse_block(block, &l)) {
		note_add(at->notes, NOTE_ERROR, at->file, at->line,
		    "\"%.64s\": 192.0.2.1, 192.0.2, 192.0.2.0/24, "
		    ":2001:0db8 (four digits a group), 2001:db8::/32, * or "
		    "*.PORT is needed",
		    block);
		return -1;
	}
	if (!parse_action(action, &l.rule, at))
		return -1;
	if (add(a, &l) == 0)
		return 0;
	note_add(at->notes, NOTE_ERROR, at->file, at->line,
	    "more than %d lines", ACCESS_LINES);
	return -1;
}

static bool
parse_block(const char *text, struct line *out)
{
	const char *why = NULL;

	if (strcmp(text, "*") == 0) {
		out->kind = PORT_ANY;
		return true;
	}
	if (strncmp(text, "*.", 2) == 0) {
		out->kind = PORT_ONE;
		out->port = (uint16_t)strtonum(text + 2, 1, 65535, &why);
		return why == NULL;
	}
	if (text[0] == ':' && text[1] != ':')
		return parse_groups(text, &out->net);
	if (strpbrk(text, "/:") != NULL)
		return value_net(text, &out->net) == 0;
	return parse_octets(text, &out->net);
}

/* :2001:0db8 is what makedat's tables have for an IPv6 prefix. */
static bool
parse_groups(const char *text, struct settings_net *out)
{
	static const char digits[] = "0123456789abcdef";
	unsigned n = 0;

	memset(out, 0, sizeof(*out));
	for (; *text == ':' && n < 8; n++, text += 5) {
		if (strspn(text + 1, digits) != 4)
			return false;
		for (int i = 0; i < 4; i++)
			out->addr[n * 2 + i / 2] =
			    (uint8_t)(out->addr[n * 2 + i / 2] << 4 |
				      (strchr(digits, text[1 + i]) - digits));
	}
	out->bits = (uint8_t)(n * 16);
	return *text == '\0' && n > 0;
}

static bool
parse_octets(const char *text, struct settings_net *out)
{
	unsigned n = 0;
	size_t len;
	unsigned long octet;

	memset(out, 0, sizeof(*out));
	memset(out->addr + 10, 0xff, 2);
	for (; n < 4; n++) {
		len = strspn(text, "0123456789");
		octet = strtoul(text, NULL, 10);
		if (len == 0 || len > 3 || octet > 255)
			return false;
		out->addr[12 + n] = (uint8_t)octet;
		text += len;
		if (*text != '.')
			break;
		text++;
	}
	out->bits = (uint8_t)(96 + 8 * (n + 1));
	return *text == '\0' && n < 4;
}

static bool
parse_action(char *text, struct access_rule *out, const struct place *at)
{
	char *word, *end = text + strlen(text);
	bool quoted;

	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (strcmp(text, "deny") == 0) {
		out->deny = true;
		return true;
	}
	if (strncmp(text, "allow", 5) != 0 ||
	    (text[5] != '\0' && text[5] != ',')) {
		note_add(at->notes, NOTE_ERROR, at->file, at->line,
		    "\"%.64s\": deny, or allow[,VARIABLE=value...], is needed",
		    text);
		return false;
	}
	for (text += 5; *text == ',';) {
		word = ++text;
		for (quoted = false; *text != '\0' && (quoted || *text != ',');
		     text++)
			quoted ^= *text == '"';
		if (*text == ',') {
			*text = '\0';
			if (!parse_variable(word, out, at))
				return false;
			*text = ',';
		} else if (!parse_variable(word, out, at))
			return false;
	}
	return true;
}

static bool
parse_variable(char *word, struct access_rule *out, const struct place *at)
{
	char *value = strchr(word, '=');
	const char *why = NULL;
	size_t n;

	if (value != NULL)
		*value++ = '\0';
	if (strcmp(word, "MAXCPERIP") != 0) {
		note_add(at->notes, NOTE_WARN, at->file, at->line,
		    "%.64s has no effect here", word);
		return true;
	}
	n = value != NULL ? strlen(value) : 0;
	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value[n - 1] = '\0';
		value++;
	}
	if (value != NULL)
		out->maxperip = (uint32_t)strtonum(value, 1, 1000000, &why);
	if (value != NULL && why == NULL)
		return true;
	note_add(at->notes, NOTE_ERROR, at->file, at->line,
	    "MAXCPERIP: allowed is 1 to 1000000");
	return false;
}

static int
add(struct access *a, const struct line *l)
{
	struct line *more;
	size_t room = a->room == 0 ? 64 : a->room * 2;

	if (a->n == ACCESS_LINES)
		return -1;
	if (a->n == a->room) {
		more = reallocarray(a->v, room, sizeof(*more));
		if (more == NULL)
			return -1;
		a->v = more;
		a->room = room;
	}
	a->v[a->n++] = *l;
	return 0;
}
