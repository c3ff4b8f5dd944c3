/* Variables, texts and patterns of wire conversations (t/wire/README). */
#include "t/talk.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define VARS  64
#define TEXTS 32

static struct talk_text vars[VARS], texts[TEXTS];
static size_t nvars, ntexts;

static struct talk_text *
find(struct talk_text *set, size_t n, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(set[i].name) == len &&
		    strncmp(set[i].name, name, len) == 0)
			return &set[i];
	return NULL;
}

void
talk_bind(const char *name, size_t len, const char *value, size_t n)
{
	struct talk_text *v = find(vars, nvars, name, len);

	if (v == NULL) {
		if (nvars == VARS) {
			(void)fprintf(stderr, "talk: too many variables\n");
			exit(2);
		}
		v = &vars[nvars++];
		v->name = talk_must(strndup(name, len));
	} else {
		free(v->value);
	}
	v->value = talk_must(malloc(n + 1));
	memcpy(v->value, value, n);
	v->value[n] = '\0';
	v->n = n;
}

static size_t
name_length(const char *p)
{
	size_t n = 0;

	if (!islower((unsigned char)*p))
		return 0;
	while (islower((unsigned char)p[n]) || isdigit((unsigned char)p[n]))
		n++;
	return n;
}

static int
hex(int c)
{
	if (isdigit(c))
		return c - '0';
	return isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/*
 * Takes one "$" construct at p (just after the $) that stands for fixed bytes:
 * $#name, $<hex>, $$ or a lone $. Its length in p; the bytes in out, *n.
 */
static size_t
fixed(const char *p, char *out, size_t *n)
{
	struct talk_text *t;
	size_t len, i;

	*n = 0;
	if (*p == '#' && (len = name_length(p + 1)) > 0) {
		if ((t = find(texts, ntexts, p + 1, len)) != NULL)
			*n = (size_t)sprintf(out, "%zu", t->n);
		return len + 1;
	}
	if (*p == '<') {
		for (i = 1; hex(p[i]) >= 0 && hex(p[i + 1]) >= 0 && *n < 200;
		     i += 2)
			out[(*n)++] = (char)(hex(p[i]) * 16 + hex(p[i + 1]));
		return p[i] == '>' ? i + 1 : i;
	}
	out[(*n)++] = '$';
	return *p == '$' ? 1 : 0;
}

/* TEXT with its variables; NULL: one is unbound. */
char *
talk_expand(const char *p, size_t *n)
{
	char *out = talk_must(malloc(65536 + strlen(p))), piece[256];
	struct talk_text *v;
	size_t len, m;

	for (*n = 0; *p != '\0';) {
		if (*p != '$') {
			out[(*n)++] = *p++;
			continue;
		}
		p++;
		if ((len = name_length(p)) > 0) {
			v = find(vars, nvars, p, len);
			if (v == NULL) {
				(void)talk_fail(
				    "$%.*s is not bound", (int)len, p);
				free(out);
				return NULL;
			}
			memcpy(out + *n, v->value, v->n);
			*n += v->n;
			p += len;
			continue;
		}
		p += fixed(p, piece, &m);
		memcpy(out + *n, piece, m);
		*n += m;
	}
	out[*n] = '\0';
	return out;
}

struct bound {
	const char *name, *value;
	size_t nlen, vlen;
};

static bool
match(const char *p, const char *s, struct bound *b, size_t nb)
{
	char piece[256];
	struct talk_text *v;
	size_t len, n, i;

	for (; *p != '\0';) {
		if (strncmp(p, "...", 3) == 0) {
			do
				if (match(p + 3, s, b, nb))
					return true;
			while (*s++ != '\0');
			return false;
		}
		if (*p != '$') {
			if (*p++ != *s++)
				return false;
			continue;
		}
		p++;
		len = *p == '_' ? 1 : name_length(p);
		if (len == 0) {
			p += fixed(p, piece, &n);
			if (strncmp(s, piece, n) != 0)
				return false;
			s += n;
			continue;
		}
		n = strcspn(s, " ()[]\"");
		v = *p == '_' ? NULL : find(vars, nvars, p, len);
		for (i = 0; v == NULL && i < nb; i++)
			if (b[i].nlen == len &&
			    strncmp(b[i].name, p, len) == 0 && *p != '_') {
				if (strncmp(s, b[i].value, b[i].vlen) != 0)
					return false;
				return match(p + len, s + b[i].vlen, b, nb);
			}
		if (v != NULL) {
			if (strncmp(s, v->value, v->n) != 0)
				return false;
			s += v->n;
			p += len;
			continue;
		}
		for (; n > 0; n--) {
			if (*p != '_' && nb < 16) {
				b[nb] = (struct bound){p, s, len, n};
				if (match(p + len, s + n, b, nb + 1))
					return true;
			} else if (match(p + len, s + n, b, nb)) {
				return true;
			}
		}
		return false;
	}
	if (*s != '\0')
		return false;
	for (i = 0; i < nb; i++)
		talk_bind(b[i].name, b[i].nlen, b[i].value, b[i].vlen);
	return true;
}

bool
talk_matches(const char *pattern, const char *line)
{
	struct bound b[17];

	return match(pattern, line, b, 0);
}

void
talk_text_reset(void)
{
	for (; nvars > 0; nvars--) {
		free(vars[nvars - 1].name);
		free(vars[nvars - 1].value);
		vars[nvars - 1].value = NULL;
	}
	for (; ntexts > 0; ntexts--) {
		free(texts[ntexts - 1].name);
		free(texts[ntexts - 1].value);
	}
}

void
talk_define(const char *name, char *value, size_t n)
{
	struct talk_text *t = &texts[ntexts];

	if (ntexts == TEXTS) {
		(void)fprintf(stderr, "talk: too many texts\n");
		exit(2);
	}
	t->name = talk_must(strdup(name));
	t->value = value;
	t->n = n;
	ntexts++;
}

const struct talk_text *
talk_named(const char *name)
{
	return find(texts, ntexts, name, strlen(name));
}
