/*
 * NOTIFY: RFC 5465 section 8 and the rules of 3.1, 5 and 6 that need nothing
 * but the command itself.
 */
#include "worker/imap/parse_notify.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/parse_private.h"

static void group(struct parse *, struct parse_notify *, size_t *);
static enum notify_filter filter(struct parse *);
static void names(struct parse *, struct notify_group *, size_t *);
static void name(struct parse *, struct notify_group *, size_t *);
static void events(struct parse *, struct notify_group *);
static unsigned event(struct parse *, struct notify_group *);
static void check(struct parse *, const struct parse_notify *);
static bool is_selected(const struct notify_group *);
static void print_group(struct buf *, const struct notify_group *);
static void print_events(struct buf *, const struct notify_group *);
static bool is_in(const struct notify_group *, const char *, bool);
static bool is_below(const char *, const char *);

static const char *const filters[] = {
    [NOTIFY_SELECTED] = "SELECTED",
    [NOTIFY_DELAYED] = "SELECTED-DELAYED",
    [NOTIFY_INBOXES] = "INBOXES",
    [NOTIFY_PERSONAL] = "PERSONAL",
    [NOTIFY_SUBSCRIBED] = "SUBSCRIBED",
    [NOTIFY_SUBTREE] = "SUBTREE",
    [NOTIFY_MAILBOXES] = "MAILBOXES",
};

static const struct {
	const char *name;
	unsigned bit;
} known[] = {
    {"MessageNew", NOTIFY_NEW},
    {"MessageExpunge", NOTIFY_EXPUNGE},
    {"FlagChange", NOTIFY_FLAGS},
    {"MailboxName", NOTIFY_NAME},
    {"SubscriptionChange", NOTIFY_SUBS},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* notify = "NOTIFY" SP (notify-add / notify-none); the SP is still there. */
void
parse_notify(struct parse *p, struct parse_notify *out)
{
	size_t total = 0;

	*out = (struct parse_notify){.set = false};
	parse_need(p, ' ', "expected SP after NOTIFY");
	if (parse_word(p, "NONE"))
		return;
	if (!parse_word(p, "SET"))
		parse_fail(p, "expected SET or NONE");
	out->set = true;
	parse_space(p);
	if (parse_word(p, "STATUS")) {
		out->status = true;
		parse_space(p);
	}
	do
		group(p, out, &total);
	while (parse_more(p));
	check(p, out);
}

/* event-group = "(" filter-mailboxes SP events ")". */
static void
group(struct parse *p, struct parse_notify *out, size_t *total)
{
	struct notify_group *g;

	if (out->n == NOTIFY_GROUPS_MAX) {
		parse_limit(p, "too many event groups");
		return;
	}
	g = parse_grow(p, out->groups, out->n, sizeof(*g));
	if (g == NULL)
		return;
	out->groups = g;
	g += out->n++;
	*g = (struct notify_group){.filter = NOTIFY_PERSONAL};
	parse_need(p, '(', "expected ( before an event group");
	g->filter = filter(p);
	if (g->filter == NOTIFY_SUBTREE || g->filter == NOTIFY_MAILBOXES) {
		parse_space(p);
		names(p, g, total);
	}
	parse_space(p);
	events(p, g);
	parse_need(p, ')', "expected ) after an event group");
	out->events |= g->events;
}

static enum notify_filter
filter(struct parse *p)
{
	for (size_t i = 0; i < COUNT(filters); i++)
		if (parse_word(p, filters[i]))
			return (enum notify_filter)i;
	parse_fail(p, "expected a mailbox filter");
	return NOTIFY_PERSONAL;
}

/* one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")". */
static void
names(struct parse *p, struct notify_group *g, size_t *total)
{
	if (!parse_take(p, '(')) {
		name(p, g, total);
		return;
	}
	do
		name(p, g, total);
	while (parse_take(p, ' '));
	parse_expect(p, ')');
}

static void
name(struct parse *p, struct notify_group *g, size_t *total)
{
	const char *text = parse_mailbox(p), **list;

	if (++*total > NOTIFY_NAMES_MAX) {
		parse_limit(p, "too many mailboxes");
		return;
	}
	list = parse_grow(p, g->names, g->nnames, sizeof(*list));
	if (list == NULL)
		return;
	list[g->nnames++] = text;
	g->names = list;
}

/* events = ("(" event *(SP event) ")") / "NONE". */
static void
events(struct parse *p, struct notify_group *g)
{
	if (parse_word(p, "NONE"))
		return;
	parse_need(p, '(', "expected ( or NONE before the events");
	do
		g->events |= event(p, g);
	while (parse_take(p, ' '));
	parse_need(p, ')', "expected SP or ) after an event");
}

static unsigned
event(struct parse *p, struct notify_group *g)
{
	struct parse_text t = parse_atom(p);

	if (t.p == NULL)
		return 0;
	for (size_t i = 0; i < COUNT(known); i++) {
		if (!parse_text_is(t, known[i].name))
			continue;
		/* RFC 5465 section 8: fetch-att only for the selected. */
		if (known[i].bit == NOTIFY_NEW && parse_sees(p, " (")) {
			if (!is_selected(g))
				parse_fail(p, "attributes of mailboxes that "
					      "are not selected");
			p->at++;
			parse_fetch_list(p, &g->fetch);
		}
		return known[i].bit;
	}
	return NOTIFY_UNKNOWN;
}

static bool
is_selected(const struct notify_group *g)
{
	return g->filter == NOTIFY_SELECTED || g->filter == NOTIFY_DELAYED;
}

/* RFC 5465 section 5 and 6.1: what must stand together and what must not. */
static void
check(struct parse *p, const struct parse_notify *n)
{
	const struct notify_group *g;
	unsigned both, selected = 0;

	for (size_t i = 0; i < n->n; i++) {
		g = &n->groups[i];
		both = g->events & (NOTIFY_NEW | NOTIFY_EXPUNGE);
		if (both == NOTIFY_NEW || both == NOTIFY_EXPUNGE)
			parse_fail(
			    p, "MessageNew and MessageExpunge go together");
		if ((g->events & NOTIFY_FLAGS) != 0 && both == 0)
			parse_fail(p, "FlagChange needs MessageNew");
		if (is_selected(g) &&
		    (g->events & (NOTIFY_NAME | NOTIFY_SUBS)) != 0)
			parse_fail(p, "no message event of the selected");
		if (is_selected(g) && ++selected > 1)
			parse_fail(p, "selected more than once");
	}
}

void
parse_notify_print(struct buf *b, const struct parse_notify *n)
{
	if (!n->set) {
		buf_str(b, " NONE");
		return;
	}
	buf_str(b, n->status ? " SET STATUS" : " SET");
	for (size_t i = 0; i < n->n; i++)
		print_group(b, &n->groups[i]);
}

static void
print_group(struct buf *b, const struct notify_group *g)
{
	buf_str(b, " (");
	buf_str(b, filters[g->filter]);
	for (size_t i = 0; i < g->nnames; i++) {
		buf_str(b, i == 0 ? " (" : " ");
		buf_string(b, g->names[i], strlen(g->names[i]), true);
	}
	buf_str(b, g->nnames > 0 ? ") " : " ");
	print_events(b, g);
	buf_char(b, ')');
	/* A literal cannot be read back from here. */
	if (b->p != NULL && memchr(b->p, '\n', b->n) != NULL)
		b->failed = true;
}

static void
print_events(struct buf *b, const struct notify_group *g)
{
	const char *before = "(";

	if (g->events == 0) {
		buf_str(b, "NONE");
		return;
	}
	for (size_t i = 0; i < COUNT(known); i++) {
		if ((g->events & known[i].bit) == 0)
			continue;
		buf_str(b, before);
		buf_str(b, known[i].name);
		if (known[i].bit == NOTIFY_NEW && g->fetch.nitems > 0) {
			buf_char(b, ' ');
			parse_fetch_print_list(b, &g->fetch);
		}
		before = " ";
	}
	if ((g->events & NOTIFY_UNKNOWN) != 0) {
		buf_str(b, before);
		buf_str(b, "Unknown");
	}
	buf_char(b, ')');
}

const char *
parse_notify_events(void)
{
	return "MessageNew MessageExpunge FlagChange MailboxName "
	       "SubscriptionChange";
}

unsigned
notify_events(const struct parse_notify *n, const char *box, bool subscribed)
{
	for (size_t i = 0; i < n->n; i++)
		if (is_in(&n->groups[i], box, subscribed))
			return n->groups[i].events;
	return 0;
}

static bool
is_in(const struct notify_group *g, const char *box, bool subscribed)
{
	size_t i;

	switch (g->filter) {
	case NOTIFY_SELECTED:
	case NOTIFY_DELAYED:
		return false;
	/* RFC 5465 6.2: where a delivery may go to is not ours to know. */
	case NOTIFY_INBOXES:
	case NOTIFY_PERSONAL:
		return true;
	case NOTIFY_SUBSCRIBED:
		return subscribed;
	case NOTIFY_SUBTREE:
		for (i = 0; i < g->nnames; i++)
			if (is_below(box, g->names[i]))
				return true;
		return false;
	case NOTIFY_MAILBOXES:
		for (i = 0; i < g->nnames; i++)
			if (strcmp(box, g->names[i]) == 0)
				return true;
		return false;
	}
	return false;
}

/* The mailbox itself, or one beneath it. */
static bool
is_below(const char *box, const char *top)
{
	size_t n = strlen(top);

	return strncmp(box, top, n) == 0 && (box[n] == '\0' || box[n] == '.');
}

const struct notify_group *
notify_selected(const struct parse_notify *n)
{
	for (size_t i = 0; i < n->n; i++)
		if (is_selected(&n->groups[i]))
			return &n->groups[i];
	return NULL;
}
