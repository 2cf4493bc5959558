#include "daemon/clock.h"

#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000);
}

int64_t
clock_wall_ms(void)
{
	return (read_us(CLOCK_REALTIME) / 1000);
}

int64_t
clock_mono_ms(void)
{
	return (read_us(CLOCK_MONOTONIC) / 1000);
}

int64_t
clock_mono_us(void)
{
	return (read_us(CLOCK_MONOTONIC));
}
