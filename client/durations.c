#include "client/durations.h"

#include <stdio.h>

/* The two largest units; the second one not where it is 0. */
static void
put_two(char *out, long long a, const char *unit, long long b,
    const char *small)
{
	if (b == 0)
		(void)snprintf(out, DURATIONS_TEXT, "%lld%s", a, unit);
	else
		(void)snprintf(out, DURATIONS_TEXT, "%lld%s %lld%s", a, unit,
		    b, small);
}

void
durations_format(int64_t ms, char out[DURATIONS_TEXT])
{
	long long s = ms / 1000, tenths = ms / 100 % 10;

	if (ms < 0)
		(void)snprintf(out, DURATIONS_TEXT, "-");
	else if (ms < 1000)
		(void)snprintf(out, DURATIONS_TEXT, "%lldms", (long long)ms);
	else if (s < 60 && tenths != 0)
		(void)snprintf(out, DURATIONS_TEXT, "%lld.%llds", s, tenths);
	else if (s < 60)
		(void)snprintf(out, DURATIONS_TEXT, "%llds", s);
	else if (s < 3600)
		put_two(out, s / 60, "m", s % 60, "s");
	else if (s < 86400)
		put_two(out, s / 3600, "h", s % 3600 / 60, "m");
	else
		put_two(out, s / 86400, "d", s % 86400 / 3600, "h");
}
