/*
 * The keywords of the open folder as the client knows them: named in FLAGS and
 * PERMANENTFLAGS (RFC 3501 7.2.6, 7.1) before a FETCH uses them.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/log.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

static bool is_told(const struct view *, size_t hint, const char *);
static void remember(struct view *, const char *);
static void put_lines(struct session *);

void
view_report_keywords(struct session *s, bool always)
{
	struct view *v = s->client.view;
	const char *const *names;
	size_t i, n, before = v->ntold;

	n = mailbox_keywords(v->mailbox, &names);
	for (i = 0; i < n; i++)
		if (!is_told(v, i, names[i]))
			remember(v, names[i]);
	if (always || v->ntold > before)
		put_lines(s);
}

void
view_name_keywords(struct session *s, const char *const *names, size_t n)
{
	struct view *v = s->client.view;
	size_t i, before = v->ntold;

	for (i = 0; i < n && v->ntold < VIEW_NAMED_MAX; i++)
		if (!is_told(v, v->ntold, names[i]))
			remember(v, names[i]);
	if (v->ntold > before)
		put_lines(s);
}

void
view_forget_keywords(struct view *v)
{
	while (v->ntold > 0)
		free(v->told[--v->ntold]);
	free(v->told);
	v->told = NULL;
}

/* Most often a name stands where it stood. */
static bool
is_told(const struct view *v, size_t hint, const char *name)
{
	size_t i;

	if (hint < v->ntold && strcasecmp(v->told[hint], name) == 0)
		return true;
	for (i = 0; i < v->ntold; i++)
		if (strcasecmp(v->told[i], name) == 0)
			return true;
	return false;
}

static void
remember(struct view *v, const char *name)
{
	char **told, *copy = strdup(name);

	told = realloc(v->told, (v->ntold + 1) * sizeof(*told));
	if (told == NULL || copy == NULL)
		log_fatal("out of memory");
	v->told = told;
	v->told[v->ntold++] = copy;
}

static void
put_lines(struct session *s)
{
	struct view *v = s->client.view;
	struct buf *b = &s->line;
	size_t i, k;

	for (k = 0; k < 2; k++) {
		buf_str(b, k == 0 ? "* FLAGS (" : "* OK [PERMANENTFLAGS (");
		if (k == 1 && v->readonly) {
			buf_str(b, ")] No permanent flags permitted\r\n");
			break;
		}
		for (i = 0; i < v->ntold; i++) {
			buf_str(b, v->told[i]);
			buf_char(b, ' ');
		}
		if (k == 1 && s->set->keywords != 0)
			buf_str(b, "\\* ");
		buf_str(b, "\\Draft \\Answered \\Flagged \\Deleted \\Seen");
		if (k == 0)
			buf_str(b, s->client.rev2 ? ")\r\n" : " \\Recent)\r\n");
		else
			buf_str(b, ")] Limited\r\n");
	}
	out_send(s);
}
