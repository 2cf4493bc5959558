#include "daemon/schedule.h"

#include <string.h>
#include <time.h>

#define YEAR_MS		(366 * DAY_MS)

int64_t
schedule_next(int64_t now_ms, int64_t minutes)
{
	time_t now = (time_t)(now_ms / 1000), at;
	struct tm tm;
	int day;

	if (localtime_r(&now, &tm) == NULL)
		return (now_ms + DAY_MS);
	for (day = 0; day < 2; day++) {
		tm.tm_hour = (int)(minutes / 60);
		tm.tm_min = (int)(minutes % 60);
		tm.tm_sec = 0;
		tm.tm_isdst = -1;
		at = mktime(&tm);
		if (at > now)
			return ((int64_t)at * 1000);
		tm.tm_mday++;
	}
	return (now_ms + DAY_MS);
}

bool
schedule_believes(const struct clock_mark *then, const struct clock_mark *now,
    int64_t *moved_ms)
{
	int64_t limit = YEAR_MS;

	*moved_ms = now->wall_ms - then->wall_ms;
	if (then->boot[0] == '\0')
		return (true);
	if (strcmp(then->boot, now->boot) == 0) {
		*moved_ms -= now->boot_ms - then->boot_ms;
		limit = DAY_MS;
	}
	return (*moved_ms <= limit && *moved_ms >= -limit);
}
