/*
 * The Date: of a message (text.h), RFC 5322 3.3 and the obsolete 4.3, taken
 * word by word: whatever can only be a month, a clock or a zone is one, so that
 * a missing day name, asctime's order and dashes do no harm.
 */
#include <string.h>
#include <strings.h>

#include "worker/imap/text.h"

#define DATE_WORD 32
#define YEAR_MAX  9999

struct date {
	int day, month, year; /* month 1 to 12; 0, year -1: not yet */
	int hour, minute, second;
	int zone;     /* minutes east */
	bool clock;   /* the time was there */
	bool numeric; /* the zone was, in numbers */
};

static size_t take_word(const char *, size_t, size_t *, char *);
static void skip_comment(const char *, size_t, size_t *);
static bool use_word(struct date *, const char *);
static bool use_number(struct date *, const char *);
static void use_clock(struct date *, const char *);
static bool take_clock(struct date *, const char *);
static bool use_offset(struct date *, const char *);
static void use_name(struct date *, const char *);
static int month_of(const char *);
static bool take_number(const char **, int, int *);
static long long days_before(int, int, int);

bool
text_date(const char *value, size_t n, long long *utc, int *zone_minutes)
{
	static const int lengths[] = {
	    31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct date d = {.year = -1};
	char word[DATE_WORD];
	size_t at;

	at = 0;
	while (take_word(value, n, &at, word) > 0)
		if (!use_word(&d, word))
			return false;
	if (d.day < 1 || d.month == 0 || d.year < 0 ||
	    d.day > lengths[d.month - 1] ||
	    (d.month == 2 && d.day == 29 &&
		(d.year % 4 != 0 || (d.year % 100 == 0 && d.year % 400 != 0))))
		return false;
	*utc = days_before(d.year, d.month, d.day) * 86400 +
	       (long long)d.hour * 3600 + (long long)d.minute * 60 + d.second -
	       (long long)d.zone * 60;
	*zone_minutes = d.zone;
	return true;
}

/*
 * The next word, cut at the word's size; 0 at the end. A dash between day,
 * month and year parts words; like any sign it begins one.
 */
static size_t
take_word(const char *p, size_t n, size_t *at, char *word)
{
	size_t len;

	while (*at < n && memchr(" \t\r\n,(", p[*at], 6) != NULL) {
		if (p[*at] == '(')
			skip_comment(p, n, at);
		else
			++*at;
	}
	for (len = 0; *at < n; ++*at) {
		char c = p[*at];

		if (c == '\0' || strchr(" \t\r\n,(", c) != NULL ||
		    ((c == '-' || c == '+') && len > 0))
			break;
		if (len < DATE_WORD - 1)
			word[len++] = c;
	}
	word[len] = '\0';
	return len;
}

static void
skip_comment(const char *p, size_t n, size_t *at)
{
	size_t depth;

	depth = 0;
	while (*at < n) {
		char c = p[(*at)++];

		if (c == '\\' && *at < n)
			++*at;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return;
	}
}

/* false: this can be no date. */
static bool
use_word(struct date *d, const char *w)
{
	bool sign = w[0] == '-' || w[0] == '+';

	if (sign && w[1] >= '0' && w[1] <= '9') {
		if (d->clock || w[0] == '+')
			return use_offset(d, w);
		w++;
	} else if (sign) {
		w++;
	}
	if (w[0] >= '0' && w[0] <= '9' && strchr(w, ':') == NULL)
		return use_number(d, w);
	if (w[0] >= '0' && w[0] <= '9')
		use_clock(d, w);
	else
		use_name(d, w);
	return true;
}

/* The day comes before the year; RFC 5322 4.3 for years of 2 or 3 digits. */
static bool
use_number(struct date *d, const char *w)
{
	size_t digits = strspn(w, "0123456789");
	int v;

	if (!take_number(&w, YEAR_MAX, &v))
		return false;
	if (d->day == 0 && digits <= 2) {
		d->day = v;
		return v >= 1 && v <= 31;
	}
	if (d->year >= 0)
		return true;
	d->year = v;
	if (digits == 3 || (digits <= 2 && v >= 50))
		d->year += 1900;
	else if (digits <= 2)
		d->year += 2000;
	return true;
}

/* RFC 5256 2.2: a time that cannot be is midnight. */
static void
use_clock(struct date *d, const char *w)
{
	if (d->clock)
		return;
	d->clock = true;
	if (!take_clock(d, w))
		d->hour = d->minute = d->second = 0;
}

/* hh:mm[:ss]; a second may be a leap second. */
static bool
take_clock(struct date *d, const char *w)
{
	if (!take_number(&w, 23, &d->hour) || *w++ != ':' ||
	    !take_number(&w, 59, &d->minute))
		return false;
	return *w != ':' || (w++, take_number(&w, 60, &d->second));
}

/* +hhmm, also written +hh:mm. One that cannot be is none, RFC 5322 4.3. */
static bool
use_offset(struct date *d, const char *w)
{
	int sign = *w++ == '-' ? -1 : 1, v, minutes;

	if (d->numeric || !take_number(&w, YEAR_MAX, &v))
		return true;
	minutes = 0;
	if (*w == ':') {
		w++;
		if (!take_number(&w, 59, &minutes))
			return true;
		v *= 100;
	}
	minutes += v % 100;
	if (minutes > 59 || v / 100 > 23)
		return true;
	d->numeric = true;
	d->zone = sign * (v / 100 * 60 + minutes);
	return true;
}

/* A month, a day of the week, a zone, or nothing. */
static void
use_name(struct date *d, const char *w)
{
	static const struct {
		char name[4];
		int minutes;
	} zones[] = {{"EST", -300}, {"EDT", -240}, {"CST", -360}, {"CDT", -300},
	    {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420}};
	size_t i;

	if (d->month == 0 && (d->month = month_of(w)) != 0)
		return;
	/* RFC 5322 4.3: all zones that are not named here are 0. */
	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (!d->numeric && d->clock &&
		    strcasecmp(w, zones[i].name) == 0)
			d->zone = zones[i].minutes;
}

/* 1 to 12 by the first three letters; 0: none. */
static int
month_of(const char *w)
{
	static const char names[12][4] = {"jan", "feb", "mar", "apr", "may",
	    "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
	int i;

	for (i = 0; i < 12; i++)
		if (strncasecmp(w, names[i], 3) == 0)
			return i + 1;
	return 0;
}

/* Moves *w past digits; false: none, or above max. */
static bool
take_number(const char **w, int max, int *out)
{
	int v;

	if (**w < '0' || **w > '9')
		return false;
	for (v = 0; **w >= '0' && **w <= '9'; ++*w) {
		v = v * 10 + (**w - '0');
		if (v > max)
			return false;
	}
	*out = v;
	return true;
}

/* Days since 1970-01-01 in the Gregorian calendar, for years 0 to 9999. */
static long long
days_before(int year, int month, int day)
{
	static const int before[] = {
	    0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	/* Years that are over since a year 0, and the leap days in them. */
	long long past = year - 1;

	return year * 365LL +
	       (year > 0 ? past / 4 - past / 100 + past / 400 + 1 : 0) +
	       before[month - 1] + (leap && month > 2 ? 1 : 0) + day - 1 -
	       719528;
}
