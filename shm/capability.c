/*
 * The CAPABILITY line. One table says which word is announced when; the masks
 * of IMAP_CAPABILITY, IMAP_CAPABILITY_TLS and IMAP_CAPABILITY_HIDE are laid
 * over it. A word stands here only when all of it is built.
 */
#include "shm/capability.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Stages, as bits. */
#define LOGIN     1u
#define LOGIN_TLS 2u
#define MAIL      4u
#define MAIL_TLS  8u
#define SHELL     16u
#define BEFORE    (LOGIN | LOGIN_TLS)
#define SERVED    (MAIL | MAIL_TLS)
#define AFTER     (SERVED | SHELL)
#define ALWAYS    (BEFORE | AFTER)

/* RFC 7889: the only word with a value that a setting gives. */
#define LIMIT "APPENDLIMIT"

struct word {
	const char *text;
	unsigned stages;
	bool listed; /* Courier prints it only if IMAP_CAPABILITY lists it */
};

static const struct word words[] = {
    {"IMAP4rev1", ALWAYS, false},
    {"IMAP4rev2", ALWAYS, false},
    {"LITERAL-", BEFORE, false},
    {"LITERAL+", AFTER, false},
    {"SASL-IR", BEFORE, false},
    {"AUTH=PLAIN", BEFORE, false},
    {"AUTH=LOGIN", BEFORE, false},
    {"AUTH=EXTERNAL", LOGIN_TLS, false},
    {"STARTTLS", LOGIN, false},
    {"LOGINDISABLED", LOGIN, false},
    {"ID", ALWAYS, false},
    {"ENABLE", ALWAYS, false},
    {"UTF8=ACCEPT", ALWAYS, false},
    {"NAMESPACE", ALWAYS, true},
    {"CHILDREN", ALWAYS, true},
    {"LIST-EXTENDED", ALWAYS, false},
    {"LIST-STATUS", ALWAYS, false},
    {"SPECIAL-USE", ALWAYS, false},
    {"CREATE-SPECIAL-USE", ALWAYS, false},
    {"IDLE", ALWAYS, true},
    {"UIDPLUS", ALWAYS, true},
    {"MULTIAPPEND", ALWAYS, false},
    {"MOVE", ALWAYS, false},
    {"CONDSTORE", ALWAYS, false},
    {"QRESYNC", ALWAYS, false},
    {"UNSELECT", ALWAYS, false},
    {"ESEARCH", ALWAYS, false},
    {"SEARCHRES", ALWAYS, false},
    {"WITHIN", ALWAYS, false},
    {"MULTISEARCH", ALWAYS, false},
    {"SAVEDATE", ALWAYS, false},
    {"PREVIEW", ALWAYS, false},
    {"OBJECTID", ALWAYS, false},
    {"UIDBATCHES", ALWAYS, false},
    {"PARTIAL", ALWAYS, false},
    {"INPROGRESS", ALWAYS, false},
    {"SORT", ALWAYS, true},
    {"SORT=DISPLAY", ALWAYS, false},
    {"ESORT", ALWAYS, false},
    {"THREAD=ORDEREDSUBJECT", ALWAYS, true},
    {"THREAD=REFERENCES", ALWAYS, true},
    {"THREAD=REFS", ALWAYS, false},
    {"QUOTA", ALWAYS, true},
    {"QUOTA=RES-STORAGE", ALWAYS, false},
    {"QUOTA=RES-MESSAGE", ALWAYS, false},
    {"XMAGICTRASH", ALWAYS, false},
    {"BINARY", ALWAYS, false},
    {"COMPRESS=DEFLATE", SERVED, false},
    {"NOTIFY", SERVED, false},
    {"STATUS=SIZE", ALWAYS, false},
    {"STATUS=DELETED", ALWAYS, false},
    {LIMIT, ALWAYS, false},
};

/* What Courier's own default lists name, beside AUTH= and ACL words. */
static const char courier_default[] =
    "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT "
    "THREAD=REFERENCES SORT QUOTA IDLE";

static size_t full_text(
    const struct settings *, const struct word *, char *, size_t);
static bool has_word(const char *, const char *);
static const char *next_word(const char *, size_t *);
static bool is_default(const char *);
static bool hidden(const struct settings *, const char *, const char *);
static bool is_sorting(const char *);
static bool shown(
    const struct settings *, const struct word *, enum capability_stage, bool);

void
capability_print(const struct settings *set, enum capability_stage stage,
    bool external, char *out, size_t size)
{
	size_t i, n, len = 0;
	char text[64];

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!shown(set, &words[i], stage, external))
			continue;
		n = full_text(set, &words[i], text, sizeof(text));
		if (len + n + 2 > size)
			break;
		if (len > 0)
			out[len++] = ' ';
		memcpy(out + len, text, n);
		len += n;
	}
	out[len] = '\0';
}

bool
capability_has(const struct settings *set, const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].text, word) == 0)
			return shown(set, &words[i], CAPABILITY_MAIL, false);
	return false;
}

/* Its length. */
static size_t
full_text(
    const struct settings *set, const struct word *w, char *out, size_t size)
{
	int n;

	if (strcmp(w->text, LIMIT) == 0)
		n = snprintf(
		    out, size, "%s=%" PRIu64, w->text, set->append_limit);
	else
		n = snprintf(out, size, "%s", w->text);
	return n < 0 ? 0 : (size_t)n;
}

static bool
shown(const struct settings *set, const struct word *w,
    enum capability_stage stage, bool external)
{
	bool tls =
	    stage == CAPABILITY_LOGIN_TLS || stage == CAPABILITY_MAIL_TLS;
	const char *list = set->capability;

	if ((w->stages & 1u << stage) == 0)
		return false;
	if (tls && set->capability_tls[0] != '\0')
		list = set->capability_tls;
	if (strcmp(w->text, "STARTTLS") == 0 && set->starttls == 0)
		return false;
	if (strcmp(w->text, "LOGINDISABLED") == 0 && set->tls_required == 0)
		return false;
	if (stage == CAPABILITY_LOGIN && set->tls_required != 0 &&
	    (strncmp(w->text, "AUTH=", 5) == 0 ||
		strcmp(w->text, "SASL-IR") == 0))
		return false;
	if (strcmp(w->text, "AUTH=EXTERNAL") == 0 && !external)
		return false;
	if (strcmp(w->text, "IMAP4rev1") == 0)
		return true;
	if (set->disablethreadsort != 0 && is_sorting(w->text))
		return false;
	if (strcmp(w->text, "XMAGICTRASH") == 0 && set->expunge_to_trash == 0)
		return false;
	if (has_word(set->capability_hide, w->text))
		return false;
	/* RFC 9208 3.1: they say more about QUOTA. */
	if (strncmp(w->text, "QUOTA=", 6) == 0)
		return !hidden(set, list, "QUOTA");
	return !w->listed || !hidden(set, list, w->text);
}

/* By a list that names others, or by name. */
static bool
hidden(const struct settings *set, const char *list, const char *word)
{
	if (has_word(set->capability_hide, word))
		return true;
	return list[0] != '\0' && !is_default(list) && !has_word(list, word);
}

/* What IMAP_DISABLETHREADSORT takes away. */
static bool
is_sorting(const char *word)
{
	return strncmp(word, "SORT", 4) == 0 || strcmp(word, "ESORT") == 0 ||
	       strncmp(word, "THREAD=", 7) == 0;
}

/*
 * Whether a list is one that a Courier version shipped: the nine words in any
 * order, IDLE perhaps missing, with any AUTH= and ACL words.
 */
static bool
is_default(const char *list)
{
	const char *p = list;
	char word[64];
	size_t n;

	while ((p = next_word(p, &n)) != NULL) {
		if (n >= sizeof(word))
			return false;
		memcpy(word, p, n);
		word[n] = '\0';
		if (!has_word(courier_default, word) &&
		    strncasecmp(word, "AUTH=", 5) != 0 &&
		    strncasecmp(word, "ACL", 3) != 0)
			return false;
		p += n;
	}
	for (p = courier_default; (p = next_word(p, &n)) != NULL; p += n) {
		memcpy(word, p, n);
		word[n] = '\0';
		if (!has_word(list, word) && strcmp(word, "IDLE") != 0)
			return false;
	}
	return true;
}

static bool
has_word(const char *list, const char *word)
{
	const char *p = list;
	size_t n;

	while ((p = next_word(p, &n)) != NULL) {
		if (n == strlen(word) && strncasecmp(p, word, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static const char *
next_word(const char *p, size_t *n)
{
	p += strspn(p, " \t");
	*n = strcspn(p, " \t");
	return *n == 0 ? NULL : p;
}
