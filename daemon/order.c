#include "daemon/order.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/row.h"

#define NO_GROUP	SIZE_MAX

/* The rows of one execution. */
struct group {
	struct span	execution;
	uint64_t	hash;
	size_t		count;
	size_t		at;		/* where its next row goes */
};

void
order_free(struct order *o)
{
	free(o->rows);
	free(o->groups);
	free(o->sorted);
	free(o->slots);
	free(o->group_of);
	*o = (struct order){ 0 };
}

static bool
make_room(struct order *o, size_t n)
{
	size_t cap = 256;

	if (n <= o->cap)
		return (true);
	while (cap < n)
		cap *= 2;
	order_free(o);
	o->rows = calloc(cap, sizeof *o->rows);
	o->groups = calloc(cap, sizeof *o->groups);
	o->sorted = calloc(cap, sizeof *o->sorted);
	o->slots = calloc(2 * cap, sizeof *o->slots);
	o->group_of = calloc(cap, sizeof *o->group_of);
	if (o->rows == NULL || o->groups == NULL || o->sorted == NULL ||
	    o->slots == NULL || o->group_of == NULL) {
		order_free(o);
		return (false);
	}
	o->cap = cap;
	return (true);
}

static uint64_t
hash_of(struct span s)
{
	uint64_t h = 14695981039346656037ULL;
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 1099511628211ULL;
	return (h ^ h >> 29);
}

/* The group of an execution, a new one if there is none yet. */
static size_t
find_group(struct order *o, struct span execution, size_t *ngroups)
{
	uint64_t hash = hash_of(execution);
	size_t mask = 2 * o->cap - 1, i;
	struct group *g;

	for (i = hash & mask; o->slots[i] != NO_GROUP; i = (i + 1) & mask) {
		g = &o->groups[o->slots[i]];
		if (g->hash == hash && span_eq(g->execution, execution))
			return (o->slots[i]);
	}
	o->slots[i] = *ngroups;
	o->groups[*ngroups] = (struct group){ execution, hash, 0, 0 };
	return ((*ngroups)++);
}

static int
compare(const void *a, const void *b)
{
	const struct span x = (*(struct group *const *)a)->execution;
	const struct span y = (*(struct group *const *)b)->execution;
	int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return (order != 0 ? order : (x.n > y.n) - (x.n < y.n));
}

void
order_rows(struct order *o, struct log_row *rows, size_t n)
{
	size_t i, at = 0, ngroups = 0;

	if (n < 2 || !make_room(o, n))
		return;
	memset(o->slots, 0xff, 2 * o->cap * sizeof *o->slots);
	for (i = 0; i < n; i++) {
		o->group_of[i] = find_group(o, rows[i].execution, &ngroups);
		o->groups[o->group_of[i]].count++;
	}
	for (i = 0; i < ngroups; i++)
		o->sorted[i] = &o->groups[i];
	qsort(o->sorted, ngroups, sizeof(o->sorted[0]), compare);
	for (i = 0; i < ngroups; i++) {
		o->sorted[i]->at = at;
		at += o->sorted[i]->count;
	}
	for (i = 0; i < n; i++)
		o->rows[o->groups[o->group_of[i]].at++] = rows[i];
	memcpy(rows, o->rows, n * sizeof *rows);
}
