#include "client/durations.h"

#include <stdio.h>

#define S	1000LL		/* ms */
#define MIN	(60 * S)
#define H	(60 * MIN)
#define DAY	(24 * H)

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

/* To the nearest multiple; half of one goes up. */
static int64_t
rounded(int64_t ms, int64_t unit)
{
	int64_t less = ms / unit * unit;

	return (ms - less >= unit / 2 && less <= INT64_MAX - unit ? less +
	    unit : less);
}

void
durations_format(int64_t ms, char out[DURATIONS_TEXT])
{
	long long n;

	/* What is rounded up to a larger unit is shown in that. */
	if (ms < 0)
		(void)snprintf(out, DURATIONS_TEXT, "-");
	else if (ms < S)
		(void)snprintf(out, DURATIONS_TEXT, "%lldms", (long long)ms);
	else if ((n = rounded(ms, S / 10)) < MIN && n % S != 0)
		(void)snprintf(out, DURATIONS_TEXT, "%lld.%llds", n / S,
		    n % S * 10 / S);
	else if (n < MIN)
		(void)snprintf(out, DURATIONS_TEXT, "%llds", n / S);
	else if ((n = rounded(ms, S)) < H)
		put_two(out, n / MIN, "m", n % MIN / S, "s");
	else if ((n = rounded(ms, MIN)) < DAY)
		put_two(out, n / H, "h", n % H / MIN, "m");
	else {
		n = rounded(ms, H);
		put_two(out, n / DAY, "d", n % DAY / H, "h");
	}
}
