#include "proto/rfc3339.h"

/* Text that is being read: what is left of it, and whether all was right. */
struct reading {
	struct span	left;
	bool		wrong;
};

static bool
take(struct reading *r, const char *any)
{
	if (r->left.n == 0 || memchr(any, r->left.p[0], strlen(any)) == NULL)
		return (false);
	r->left.p++;
	r->left.n--;
	return (true);
}

static int
digit(struct reading *r)
{
	const char *p = r->left.p;

	return (take(r, "0123456789") ? *p - '0' : -1);
}

/* A number of so many digits, from low to high. */
static int
number(struct reading *r, int digits, int low, int high)
{
	int n = 0, d;

	for (; digits > 0; digits--) {
		if ((d = digit(r)) == -1) {
			r->wrong = true;
			return (low);
		}
		n = n * 10 + d;
	}
	if (n < low || n > high)
		r->wrong = true;
	return (n);
}

static void
expect(struct reading *r, const char *any)
{
	if (!take(r, any))
		r->wrong = true;
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
	    31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return (days[month - 1] + (month == 2 && leap));
}

static void
read_date(struct reading *r, struct rfc3339 *t)
{
	t->year = number(r, 4, 0, 9999);
	expect(r, "-");
	t->month = number(r, 2, 1, 12);
	expect(r, "-");
	t->day = number(r, 2, 1, 31);
	if (!r->wrong && t->day > days_of(t->year, t->month))
		r->wrong = true;
}

static int
fraction(struct reading *r)
{
	int ms = 0, unit = 100, d;

	if ((d = digit(r)) == -1)
		r->wrong = true;
	for (; d != -1; d = digit(r), unit /= 10)
		ms += unit * d;
	return (ms);
}

static void
read_time(struct reading *r, struct rfc3339 *t)
{
	t->hour = number(r, 2, 0, 23);
	expect(r, ":");
	t->minute = number(r, 2, 0, 59);
	if (!take(r, ":"))
		return;
	t->second = number(r, 2, 0, 60);
	if (take(r, ".,"))
		t->ms = fraction(r);
}

static void
read_zone(struct reading *r, struct rfc3339 *t)
{
	bool west = r->left.n > 0 && r->left.p[0] == '-';
	int minutes;

	t->has_zone = true;
	if (take(r, "Zz"))
		return;
	expect(r, "+-");
	minutes = 60 * number(r, 2, 0, 23);
	(void)take(r, ":");
	minutes += number(r, 2, 0, 59);
	t->east = (west ? -60 : 60) * minutes;
}

bool
rfc3339_parse(struct span s, struct rfc3339 *t)
{
	struct reading r = { .left = s };

	*t = (struct rfc3339){ 0 };
	read_date(&r, t);
	if (r.left.n > 0) {
		expect(&r, "Tt ");
		read_time(&r, t);
	}
	if (r.left.n > 0)
		read_zone(&r, t);
	return (!r.wrong && r.left.n == 0);
}

/* Days since 1970.  The year begins in March, so that its leap day is last. */
static int64_t
days_since_1970(int year, int month, int day)
{
	const int64_t era_days = 146097;	/* 400 years */
	int64_t y = year - (month <= 2) + 400;	/* not negative */
	int64_t of_era = y % 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
	    day - 1;

	/* 719468 days from 0000-03-01 to 1970-01-01. */
	return ((y / 400 - 1) * era_days + of_era * 365 + of_era / 4 -
	    of_era / 100 + of_year - 719468);
}

int64_t
rfc3339_ms(const struct rfc3339 *t)
{
	int64_t seconds = days_since_1970(t->year, t->month, t->day) * 86400 +
	    t->hour * 3600 + t->minute * 60 + t->second - t->east;

	return (seconds * 1000 + t->ms);
}
