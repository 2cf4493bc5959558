#include "tests/bench/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
texts_make(struct texts *t, long executions)
{
	long i;

	t->executions = executions;
	if (executions < 1 ||
	    (t->ids = calloc((size_t)executions, sizeof *t->ids)) == NULL) {
		(void)fputs("texts: how many executions?\n", stderr);
		exit(1);
	}
	for (i = 0; i < executions; i++)
		(void)snprintf(t->ids[i], sizeof t->ids[i],
		    "exec-%08lx-4f1c-9d3e", (unsigned long)i * 2654435761u);
	for (i = 0; i < TEXTS_TASKS; i++)
		(void)snprintf(t->tasks[i], sizeof t->tasks[i], "task-%ld", i);
	memset(t->message, 'm', sizeof t->message);
}

double
seconds_of(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static int
compare(const void *va, const void *vb)
{
	const double *a = va, *b = vb;

	return ((*a > *b) - (*a < *b));
}

struct quantiles
quantiles_of(double *v, long n)
{
	if (n == 0)
		return ((struct quantiles){ 0 });
	qsort(v, (size_t)n, sizeof *v, compare);
	return ((struct quantiles){ v[n / 2], v[n * 99 / 100], v[n - 1] });
}
