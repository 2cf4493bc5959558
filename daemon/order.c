#include "daemon/order.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "proto/row.h"

#define FIRST_CAP	256

/* The rows of one execution. */
struct group {
	struct span	execution;
	size_t		count;
	size_t		at;		/* where its next row goes */
};

void
order_free(struct order *o)
{
	names_free(&o->names);
	free(o->rows);
	free(o->groups);
	free(o->sorted);
	free(o->group_of);
	*o = (struct order){ 0 };
}

static void
make_room(struct order *o, size_t n)
{
	size_t cap = FIRST_CAP;

	if (n <= o->cap)
		return;
	while (cap < n)
		cap *= 2;
	order_free(o);
	o->rows = log_calloc(cap, sizeof *o->rows);
	o->groups = log_calloc(cap, sizeof *o->groups);
	o->sorted = log_calloc(cap, sizeof *o->sorted);
	o->group_of = log_calloc(cap, sizeof *o->group_of);
	o->cap = cap;
}

static int
compare(const void *a, const void *b)
{
	return (span_compare((*(struct group *const *)a)->execution,
	    (*(struct group *const *)b)->execution));
}

/* The groups, in the order of their executions, know where they begin. */
static void
place_groups(struct order *o)
{
	size_t ngroups = o->names.count, i, at = 0;

	for (i = 0; i < ngroups; i++)
		o->sorted[i] = &o->groups[i];
	qsort(o->sorted, ngroups, sizeof(o->sorted[0]), compare);
	for (i = 0; i < ngroups; i++) {
		o->sorted[i]->at = at;
		at += o->sorted[i]->count;
	}
}

void
order_rows(struct order *o, struct log_row *rows, size_t n)
{
	size_t i, known;

	if (n < 2)
		return;
	make_room(o, n);
	names_reset(&o->names);
	for (i = 0; i < n; i++) {
		known = o->names.count;
		o->group_of[i] = names_add(&o->names, rows[i].execution);
		if (o->group_of[i] == known)
			o->groups[known] =
			    (struct group){ .execution = rows[i].execution };
		o->groups[o->group_of[i]].count++;
	}
	place_groups(o);
	for (i = 0; i < n; i++)
		o->rows[o->groups[o->group_of[i]].at++] = rows[i];
	memcpy(rows, o->rows, n * sizeof *rows);
}
