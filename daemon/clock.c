#include "daemon/clock.h"

#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000);
}

int64_t
clock_wall_ms(void)
{
	return (read_ms(CLOCK_REALTIME));
}

int64_t
clock_mono_ms(void)
{
	return (read_ms(CLOCK_MONOTONIC));
}
