/*
 * Both ends of a chain of processes, to see how long a line is on its way.
 *
 *	stamp write RATE SECONDS | ... | stamp read LINES
 *
 * The writer's lines are the time just before their write(); the reader prints
 * one JSON object, p50_ms, p99_ms, max_ms, until after the read() of a line.
 */
#include <sys/prctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/common.h"

#define SLACK_NS	1000	/* of our timers; Linux has 50 us */

static long long
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec * 1000000000LL + t.tv_nsec);
}

static int
stamp_lines(long rate, long seconds)
{
	const long long begun = now_ns();
	struct timespec due;
	long long ns;
	char line[32];
	long i;
	int n;

	(void)prctl(PR_SET_TIMERSLACK, SLACK_NS);
	for (i = 0; i < rate * seconds; i++) {
		ns = begun + i * 1000000000LL / rate;
		due.tv_sec = ns / 1000000000;
		due.tv_nsec = ns % 1000000000;
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due,
		    NULL);
		n = snprintf(line, sizeof line, "%lld\n", now_ns());
		if (write(STDOUT_FILENO, line, (size_t)n) != n)
			return (1);
	}
	return (0);
}

static int
read_lines(long lines)
{
	static char buf[1 << 16];
	double *ms = calloc((size_t)lines, sizeof *ms);
	struct quantiles q;
	size_t n = 0;
	long found = 0;
	char *p, *end;
	long long now;
	ssize_t got;

	while (ms != NULL && found < lines) {
		got = read(STDIN_FILENO, buf + n, sizeof buf - n);
		if (got <= 0)
			return (1);
		now = now_ns();
		n += (size_t)got;
		for (p = buf; found < lines && (end = memchr(p, '\n',
		    n - (size_t)(p - buf))) != NULL; p = end + 1)
			ms[found++] = (double)(now - atoll(p)) / 1e6;
		n -= (size_t)(p - buf);
		memmove(buf, p, n);
	}
	q = quantiles_of(ms, found);
	(void)printf("{\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
	    q.p50, q.p99, q.max);
	return (0);
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "write") == 0 && atol(argv[2]) > 0)
		return (stamp_lines(atol(argv[2]), atol(argv[3])));
	if (argc == 3 && strcmp(argv[1], "read") == 0 && atol(argv[2]) > 0)
		return (read_lines(atol(argv[2])));
	return (2);
}
