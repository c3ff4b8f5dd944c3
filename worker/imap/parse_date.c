/*
 * Dates: RFC 3501 "date" and "date-time". Days are counted by arithmetic on
 * the Gregorian calendar from year 1 to 9999; no time zone of ours plays a
 * part.
 */
#include "worker/imap/parse_private.h"

struct date {
	unsigned day, month, year; /* month 1 to 12 */
};

static struct date date_text(struct parse *, unsigned day_digits);
static unsigned digits(struct parse *, unsigned least, unsigned most);
static unsigned month(struct parse *);
static unsigned days_in(unsigned month, unsigned year);
static int32_t days_since_epoch(const struct date *);
static int clock_time(struct parse *);
static int zone(struct parse *);
static void refuse(struct parse *);

/* date = date-text / DQUOTE date-text DQUOTE. */
int32_t
parse_date(struct parse *p)
{
	bool quoted = parse_take(p, '"');
	struct date d = date_text(p, 2);

	if (quoted)
		parse_expect(p, '"');
	return p->why == NULL ? days_since_epoch(&d) : 0;
}

/* DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE. */
time_t
parse_date_time(struct parse *p)
{
	struct date d;
	int seconds, minutes;

	parse_expect(p, '"');
	/* date-day-fixed = (SP DIGIT) / 2DIGIT; one digit alone is common */
	d = date_text(p, parse_take(p, ' ') ? 1 : 2);
	parse_space(p);
	seconds = clock_time(p);
	parse_space(p);
	minutes = zone(p);
	parse_expect(p, '"');
	if (p->why != NULL)
		return 0;
	return (time_t)days_since_epoch(&d) * 86400 + seconds - minutes * 60;
}

/* date-text = date-day "-" date-month "-" date-year. */
static struct date
date_text(struct parse *p, unsigned day_digits)
{
	struct date d;

	d.day = digits(p, 1, day_digits);
	parse_need(p, '-', "bad date");
	d.month = month(p);
	parse_need(p, '-', "bad date");
	d.year = digits(p, 4, 4);
	if (p->why == NULL &&
	    (d.year == 0 || d.day == 0 || d.day > days_in(d.month, d.year)))
		refuse(p);
	return d;
}

static unsigned
digits(struct parse *p, unsigned least, unsigned most)
{
	unsigned v = 0, n = 0;

	while (n < most && p->at < p->cmd->n && p->cmd->text[p->at] >= '0' &&
	       p->cmd->text[p->at] <= '9') {
		v = v * 10 + (unsigned)(p->cmd->text[p->at++] - '0');
		n++;
	}
	if (n < least)
		refuse(p);
	return v;
}

static unsigned
month(struct parse *p)
{
	static const char names[][4] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	for (unsigned i = 0; i < 12; i++) {
		if (parse_sees(p, names[i])) {
			p->at += 3;
			return i + 1;
		}
	}
	refuse(p);
	return 1;
}

static unsigned
days_in(unsigned m, unsigned year)
{
	static const unsigned char days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return m == 2 && leap ? 29 : days[m - 1];
}

/* Years are counted from March, so that the leap day is the last of a year. */
static int32_t
days_since_epoch(const struct date *d)
{
	unsigned y = d->month <= 2 ? d->year - 1 : d->year;
	unsigned m = d->month <= 2 ? d->month + 9 : d->month - 3;
	unsigned days =
	    365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d->day;

	return (int32_t)days - 719469; /* 1 March 0000 to 1 January 1970 */
}

/* time = 2DIGIT ":" 2DIGIT ":" 2DIGIT; a leap second may be told. */
static int
clock_time(struct parse *p)
{
	unsigned h, m, s;

	h = digits(p, 2, 2);
	parse_need(p, ':', "bad date");
	m = digits(p, 2, 2);
	parse_need(p, ':', "bad date");
	s = digits(p, 2, 2);
	if (h > 23 || m > 59 || s > 60)
		refuse(p);
	return (int)(h * 3600 + m * 60 + s);
}

/* zone = ("+" / "-") 4DIGIT, in minutes east. */
static int
zone(struct parse *p)
{
	bool west = parse_take(p, '-');
	unsigned h, m;

	if (!west)
		parse_need(p, '+', "bad date");
	h = digits(p, 2, 2);
	m = digits(p, 2, 2);
	if (h > 23 || m > 59)
		refuse(p);
	return west ? -(int)(h * 60 + m) : (int)(h * 60 + m);
}

static void
refuse(struct parse *p)
{
	parse_fail(p, "bad date");
}
