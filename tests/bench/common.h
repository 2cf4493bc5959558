/*
 * What the programs of the benchmark share: the texts of the rows, the clock,
 * quantiles.  The texts are made before any clock is read, so that neither a
 * producer's call nor the limit pays for them.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <time.h>

#define TEXTS_SOURCE	"plugin:core/http.get"
#define TEXTS_MESSAGE	100	/* bytes */
#define TEXTS_ID	32
#define TEXTS_TASKS	7

struct texts {
	char	(*ids)[TEXTS_ID];
	long	 executions;
	char	 tasks[TEXTS_TASKS][TEXTS_ID];
	char	 message[TEXTS_MESSAGE];	/* without a zero */
};

/* Exits when there is no memory or no execution. */
void	 texts_make(struct texts *, long executions);

/* Seconds. */
double	 seconds_of(clockid_t);

struct quantiles {
	double	p50;
	double	p99;
	double	max;
};

/* Sorts them; all are 0 when there is none. */
struct quantiles	 quantiles_of(double *, long);

#endif
