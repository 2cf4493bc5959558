#include "client/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/numbers.h"

#define BAR	10	/* characters; all of it fits into 80 */
#define SETTLED	500	/* ms before a rate is told */

void
progress_begin(struct progress *p, int64_t now_ms)
{
	*p = (struct progress){
		.shown = isatty(STDERR_FILENO),
		.begun_ms = now_ms,
	};
}

static int
put_bar(char *out, size_t size, int64_t done, int64_t whole)
{
	int full = (int)(done * BAR / whole);

	return (snprintf(out, size, "[%.*s%.*s] %3d %%  ", full,
	    "##########", BAR - full, "..........",
	    (int)(done * 100 / whole)));
}

void
progress_format(char out[PROGRESS_TEXT], const char *unit, int64_t done,
    int64_t whole, int64_t ms)
{
	char count[NUMBERS_TEXT], all[NUMBERS_TEXT], rate[NUMBERS_TEXT];
	bool known = whole > 0 && done <= whole;
	int64_t a_second = ms >= SETTLED ? done * 1000 / ms : 0, left;
	int n = 0;

	if (known)
		n = put_bar(out, PROGRESS_TEXT, done, whole);
	numbers_group((uint64_t)done, count);
	numbers_group((uint64_t)whole, all);
	n += snprintf(out + n, PROGRESS_TEXT - (size_t)n,
	    known ? "%s of ~%s %s" : "%s%.0s %s", count, all, unit);
	if (a_second <= 0)
		return;
	numbers_group((uint64_t)a_second, rate);
	n += snprintf(out + n, PROGRESS_TEXT - (size_t)n, ", %s/s", rate);
	left = (whole - done) / a_second;
	if (known)
		(void)snprintf(out + n, PROGRESS_TEXT - (size_t)n,
		    ", %lld:%02lld left", (long long)(left / 60),
		    (long long)(left % 60));
}

void
progress_draw(struct progress *p, const char *unit, int64_t done,
    int64_t whole, int64_t now_ms)
{
	char line[PROGRESS_TEXT];

	if (!p->shown)
		return;
	progress_format(line, unit, done, whole, now_ms - p->begun_ms);
	(void)fprintf(stderr, "\r\033[K%s", line);
	p->drawn = true;
}

void
progress_end(struct progress *p)
{
	if (p->drawn)
		(void)fputs("\r\033[K", stderr);
	p->drawn = false;
}
