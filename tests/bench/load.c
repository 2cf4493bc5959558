/*
 * One producer process, with the same rows as rawloop.
 *
 *	load ROWS EXECUTIONS SEED [RATE [HANDLES]]
 *
 * RATE is in lines per second, 0 is as fast as it can; HANDLES are connections
 * that are used in turn.  Returns when all is acknowledged; prints its own CPU
 * in ns per call, taken while the queue had room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client/execlog.h"
#include "tests/bench/common.h"

#define QUEUE	((size_t)8 << 20)	/* of all handles together */
#define PROBE	20000			/* calls that fit into it */
#define BURSTS	1000			/* a second, at most */

static struct execlog **
open_all(long handles)
{
	struct execlog **logs = calloc((size_t)handles, sizeof *logs);
	char why[EXECLOG_REASON];
	long i;

	for (i = 0; logs != NULL && i < handles; i++) {
		logs[i] = execlog_open(&(struct execlog_options){
		    .client = "load", .queue = QUEUE / (size_t)handles }, why);
		if (logs[i] == NULL) {
			(void)fprintf(stderr, "load: %s\n", why);
			return (NULL);
		}
	}
	return (logs);
}

/* Line i is not sent before its time. */
static void
await_turn(double begun, long i, long rate)
{
	long burst = rate / BURSTS + 1;
	double due = begun + (double)i / (double)rate;
	struct timespec t;

	if (i % burst != 0)
		return;
	t.tv_sec = (time_t)due;
	t.tv_nsec = (long)((due - (double)t.tv_sec) * 1e9);
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* ns of CPU per call; -1: failed. */
static double
produce(struct execlog **logs, long handles, const struct texts *t,
    const long *arg)
{
	const long rows = arg[0], seed = arg[2], rate = arg[3];
	const long probe = rows < PROBE ? rows : PROBE;
	struct execlog_record r = { .source = TEXTS_SOURCE,
	    .level = EXECLOG_INFO, .message = t->message,
	    .message_len = sizeof t->message };
	double begun = seconds_of(CLOCK_MONOTONIC), cost = 0;
	double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	long i;

	for (i = 0; i < rows; i++) {
		if (rate > 0)
			await_turn(begun, i, rate);
		r.execution = t->ids[(i + seed) % t->executions];
		r.task = t->tasks[i % TEXTS_TASKS];
		if (execlog_log(logs[i % handles], &r) != EXECLOG_OK)
			return (-1);
		if (i + 1 == probe)
			cost = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
	}
	return (probe > 0 ? cost * 1e9 / (double)probe : 0);
}

int
main(int argc, char **argv)
{
	long arg[] = { 0, 0, 0, 0, 1 }, i, handles;
	struct execlog **logs;
	struct texts texts;
	double cost;

	if (argc < 4 || argc > 6)
		return (2);
	for (i = 1; i < argc; i++)
		arg[i - 1] = atol(argv[i]);
	texts_make(&texts, arg[1]);
	handles = arg[4];
	if (handles < 1 || (logs = open_all(handles)) == NULL)
		return (1);
	if ((cost = produce(logs, handles, &texts, arg)) < 0)
		return (1);
	for (i = 0; i < handles; i++)
		if (execlog_close(logs[i], -1) != EXECLOG_OK)
			return (1);
	(void)printf("%.0f\n", cost);
	return (0);
}
