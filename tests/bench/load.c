/*
 * One producer process, with the same rows as rawloop.
 *
 *	load ROWS EXECUTIONS SEED
 *
 * Returns when all is acknowledged; prints its own CPU in ns per call, taken
 * while the queue had room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/execlog.h"

#define MESSAGE_BYTES	100
#define PROBE		20000	/* calls that fit into the queue */

static double
now(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

int
main(int argc, char **argv)
{
	char message[MESSAGE_BYTES], id[64], task[32], why[EXECLOG_REASON];
	struct execlog_record r = { .execution = id, .task = task,
	    .source = "plugin:core/http.get", .level = EXECLOG_INFO,
	    .message = message, .message_len = sizeof message };
	struct execlog *log;
	double begun, cost = 0;
	long rows, executions, seed, i;

	if (argc < 4)
		return (2);
	rows = atol(argv[1]);
	executions = atol(argv[2]);
	seed = atol(argv[3]);
	memset(message, 'm', sizeof message);
	log = execlog_open(&(struct execlog_options){ .queue = 8 << 20 }, why);
	if (log == NULL) {
		(void)fprintf(stderr, "load: %s\n", why);
		return (1);
	}
	begun = now(CLOCK_THREAD_CPUTIME_ID);
	for (i = 0; i < rows; i++) {
		(void)snprintf(id, sizeof id, "exec-%08lx-4f1c-9d3e",
		    (unsigned long)((i + seed) % executions) * 2654435761u);
		(void)snprintf(task, sizeof task, "task-%ld", i % 7);
		if (execlog_log(log, &r) != EXECLOG_OK)
			return (1);
		if (i + 1 == PROBE)
			cost = now(CLOCK_THREAD_CPUTIME_ID) - begun;
	}
	if (execlog_close(log, -1) != EXECLOG_OK)
		return (1);
	(void)printf("%.0f\n", cost * 1e9 / PROBE);
	return (0);
}
