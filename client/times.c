#include "client/times.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/rfc3339.h"

#define DAY_MS		INT64_C(86400000)
#define ZONE_TEXT	8	/* bytes of +00:00 */
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

/* RFC 3339; without a zone it is local time. */
static bool
parse_date(const char *text, int64_t *ms)
{
	struct rfc3339 r;
	struct tm tm = { .tm_isdst = -1 };

	if (!rfc3339_parse(span_of(text), &r))
		return (false);
	if (r.has_zone) {
		*ms = rfc3339_ms(&r);
		return (true);
	}
	tm.tm_year = r.year - 1900;
	tm.tm_mon = r.month - 1;
	tm.tm_mday = r.day;
	tm.tm_hour = r.hour;
	tm.tm_min = r.minute;
	tm.tm_sec = r.second;
	*ms = (int64_t)mktime(&tm) * 1000 + r.ms;
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

/* As RFC 3339 has it: -05:00. */
static void
put_zone(const struct tm *tm, char zone[ZONE_TEXT])
{
	long minutes = labs(tm->tm_gmtoff) / 60;

	(void)snprintf(zone, ZONE_TEXT, "%c%02ld:%02ld",
	    tm->tm_gmtoff < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
}

void
times_format(int64_t ms, bool local, char out[TIMES_TEXT])
{
	int64_t rest = ((ms % 1000) + 1000) % 1000;
	bool shown = ms >= YEAR_0 + DAY_MS && ms < YEAR_10000 - DAY_MS;
	char date[24], zone[ZONE_TEXT] = "Z";
	struct tm tm;
	time_t t;

	t = shown ? (time_t)((ms - rest) / 1000) : 0;
	if (!shown || (local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm)) == NULL) {
		(void)snprintf(out, TIMES_TEXT, "%" PRId64, ms);
		return;
	}
	(void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	if (local)
		put_zone(&tm, zone);
	(void)snprintf(out, TIMES_TEXT, "%s.%03d%s", date, (int)rest, zone);
}

void
times_format_seconds(int64_t ms, bool local, char out[TIMES_TEXT])
{
	char *dot;

	times_format(ms, local, out);
	if ((dot = strchr(out, '.')) != NULL)
		(void)memmove(dot, dot + 4, strlen(dot + 4) + 1);
}

int64_t
times_wall_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000);
}

int64_t
times_monotonic_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000);
}
