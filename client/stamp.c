#include "client/stamp.h"

#include <time.h>

int64_t
stamp_now(int64_t *newest)
{
	struct timespec ts;
	int64_t now;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	now = ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
	if (now > *newest || *newest - now >= STAMP_STEP_MS)
		*newest = now;
	return (*newest);
}
