#include "client/times.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS		INT64_C(86400000)
#define EPOCH_DIGITS	11	/* a bare number with so many is epoch ms */
#define YEAR_0		INT64_C(-62167219200000)	/* ms */
#define YEAR_10000	INT64_C(253402300800000)

/* A number and its unit, ms; "" is the unit of a bare number. */
static bool
parse_units(const char *text, int64_t *ms)
{
	static const struct { const char *unit; int64_t ms; } units[] = {
		{ "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 }, { "d", DAY_MS },
	};
	char *end;
	long long n;
	size_t i;

	if (*text < '0' || *text > '9')
		return (false);
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0)
		return (false);
	for (i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(end, units[i].unit) == 0 &&
		    n <= INT64_MAX / 4 / units[i].ms) {
			*ms = n * units[i].ms;
			return (true);
		}
	return (false);
}

bool
times_duration(const char *text, int *ms)
{
	int64_t n;

	if (!parse_units(text, &n) || n > INT_MAX)
		return (false);
	*ms = (int)n;
	return (true);
}

/* So long before now; a bare number is epoch ms, and has its digits. */
static bool
parse_ago(const char *text, int64_t now, int64_t *ms)
{
	size_t digits = strspn(text, "0123456789");
	int64_t ago;

	if (text[digits] == '\0') {
		errno = 0;
		*ms = strtoll(text, NULL, 10);
		return (digits >= EPOCH_DIGITS && errno == 0);
	}
	/* journalctl writes it with a minus. */
	if (!parse_units(text + (*text == '-'), &ago))
		return (false);
	*ms = now - ago;
	return (true);
}

/* The beginning of the local day that is "back" days ago. */
static bool
parse_day(int back, int64_t now, int64_t *ms)
{
	time_t t = (time_t)(now / 1000);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return (false);
	tm.tm_mday -= back;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	*ms = (int64_t)mktime(&tm) * 1000;
	return (true);
}

/* ".123" and more digits; moves *p behind them. */
static int64_t
parse_fraction(const char **p)
{
	int64_t ms = 0, unit = 100;

	if (**p != '.' && **p != ',')
		return (0);
	for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		ms += unit * (**p - '0');
	return (ms);
}

/* Z, +01:00 or +0100: seconds east of UTC. */
static bool
parse_zone(const char *p, int *east)
{
	int hours, minutes, n = 0;

	*east = 0;
	if (strcmp(p, "Z") == 0 || strcmp(p, "z") == 0)
		return (true);
	if ((*p != '+' && *p != '-') ||
	    (sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 &&
	    sscanf(p + 1, "%2d%2d%n", &hours, &minutes, &n) != 2) ||
	    p[n + 1] != '\0' || hours < 0 || hours > 23 || minutes < 0 ||
	    minutes > 59)
		return (false);
	*east = (hours * 60 + minutes) * (*p == '-' ? -60 : 60);
	return (true);
}

/* Did mktime have to mend it?  Then it was no date. */
static bool
to_seconds(struct tm *tm, bool local, int64_t *seconds)
{
	struct tm was = *tm;
	time_t t;

	tm->tm_isdst = -1;
	t = local ? mktime(tm) : timegm(tm);
	*seconds = (int64_t)t;
	return (tm->tm_mon == was.tm_mon && tm->tm_mday == was.tm_mday &&
	    tm->tm_year == was.tm_year);
}

static bool
parse_date(const char *text, int64_t *ms)
{
	struct tm tm = { 0 };
	const char *p;
	int64_t seconds, fraction;
	int east = 0;

	if ((p = strptime(text, "%Y-%m-%d", &tm)) == NULL)
		return (false);
	if (*p == '\0') {
		if (!to_seconds(&tm, true, &seconds))
			return (false);
		*ms = seconds * 1000;
		return (true);
	}
	if ((*p != 'T' && *p != 't' && *p != ' ') ||
	    (p = strptime(p + 1, "%H:%M", &tm)) == NULL ||
	    (*p == ':' && (p = strptime(p, ":%S", &tm)) == NULL))
		return (false);
	fraction = parse_fraction(&p);
	if (*p != '\0' && !parse_zone(p, &east))
		return (false);
	if (!to_seconds(&tm, *p == '\0', &seconds))
		return (false);
	*ms = (seconds - east) * 1000 + fraction;
	return (true);
}

bool
times_parse(const char *text, int64_t now, int64_t *ms)
{
	if (strcmp(text, "today") == 0)
		return (parse_day(0, now, ms));
	if (strcmp(text, "yesterday") == 0)
		return (parse_day(1, now, ms));
	return (parse_ago(text, now, ms) || parse_date(text, ms));
}

void
times_format(int64_t ms, bool local, char out[TIMES_TEXT])
{
	int64_t rest = ((ms % 1000) + 1000) % 1000;
	bool shown = ms >= YEAR_0 + DAY_MS && ms < YEAR_10000 - DAY_MS;
	char date[24], zone[8] = "Z";
	struct tm tm;
	time_t t;

	t = shown ? (time_t)((ms - rest) / 1000) : 0;
	if (!shown || (local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm)) == NULL) {
		(void)snprintf(out, TIMES_TEXT, "%" PRId64, ms);
		return;
	}
	(void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	if (local)
		(void)strftime(zone, sizeof zone, "%z", &tm);
	(void)snprintf(out, TIMES_TEXT, "%s.%03d%s", date, (int)rest, zone);
}

int64_t
times_monotonic_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000);
}
