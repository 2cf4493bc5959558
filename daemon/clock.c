#include "daemon/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sql/retention.h"

#define BOOT_ID	"/proc/sys/kernel/random/boot_id"

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

/* Where the kernel does not say, all boots are one: a step of a day is seen, and
   so is each boot. */
static void
read_boot(char *boot, size_t size)
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd != -1) {
		n = read(fd, boot, size - 1);
		(void)close(fd);
	}
	if (n <= 0)
		(void)strcpy(boot, "unknown");
	else
		boot[strcspn(boot, "\n")] = '\0';
}

void
clock_mark(struct clock_mark *m)
{
	static char boot[sizeof m->boot];

	if (boot[0] == '\0')
		read_boot(boot, sizeof boot);
	*m = (struct clock_mark){
		.wall_ms = clock_wall_ms(),
		.boot_ms = read_us(CLOCK_BOOTTIME) / 1000,
	};
	(void)memcpy(m->boot, boot, sizeof boot);
}
