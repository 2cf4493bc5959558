#include "sql/levels.h"

#include <stdlib.h>
#include <string.h>

#include "sql/store.h"

#define FIRST_CAP	64

/* Levels of our own rows: DEBUG, INFO, WARN, ERROR. */
static enum level
level_of(struct span level)
{
	switch (level.n > 0 ? level.p[0] : '\0') {
	case 'D':
		return (LEVEL_DEBUG);
	case 'W':
		return (LEVEL_WARN);
	case 'E':
		return (LEVEL_ERROR);
	default:
		return (LEVEL_INFO);
	}
}

static void
begin(struct levels_of *l)
{
	l->first = INT64_MAX;
	l->last = INT64_MIN;
	memset(l->count, 0, sizeof l->count);
}

/* A time in the future counts as now. */
static void
count(struct levels_of *l, const struct log_row *r, int64_t now)
{
	int64_t at = r->timestamp < now ? r->timestamp : now;

	if (at < l->first)
		l->first = at;
	if (at > l->last)
		l->last = at;
	l->count[level_of(r->level)]++;
}

/* A new one, at the end; it is sorted in when all of a batch are there. */
static struct levels_of *
append(struct levels *t, struct span execution)
{
	size_t cap = t->cap == 0 ? FIRST_CAP : 2 * t->cap;
	struct levels_of *l;
	char *name;

	if (t->n == t->cap) {
		if ((l = reallocarray(t->of, cap, sizeof *l)) == NULL)
			return (NULL);
		t->of = l;
		t->cap = cap;
	}
	if ((name = malloc(execution.n)) == NULL)
		return (NULL);
	memcpy(name, execution.p, execution.n);
	l = &t->of[t->n++];
	l->execution = (struct span){ name, execution.n };
	begin(l);
	return (l);
}

static int
compare(const void *a, const void *b)
{
	return (span_compare(((const struct levels_of *)a)->execution,
	    ((const struct levels_of *)b)->execution));
}

bool
levels_know(const struct levels *t, struct span execution)
{
	struct levels_of key = { .execution = execution }, *l;

	l = t->n == 0 ? NULL : bsearch(&key, t->of, t->n, sizeof(t->of[0]),
	    compare);
	return (l != NULL && levels_has(l));
}

bool
levels_add(struct levels *t, const struct store_batch *b)
{
	size_t known = t->n, at = 0, i = 0;
	struct span execution;
	struct levels_of *l;

	while (i < b->nlog) {
		execution = b->log[i].execution;
		while (at < known &&
		    span_compare(t->of[at].execution, execution) < 0)
			at++;
		l = at < known && span_eq(t->of[at].execution, execution) ?
		    &t->of[at] : append(t, execution);
		if (l == NULL)
			return (false);
		t->counted += !levels_has(l);
		for (; i < b->nlog && span_eq(b->log[i].execution, execution);
		    i++) {
			count(l, &b->log[i], b->now_ms);
			t->tasks = t->tasks || b->log[i].task.p != NULL;
		}
	}
	if (t->n > known)
		qsort(t->of, t->n, sizeof(t->of[0]), compare);
	return (true);
}

void
levels_taken(struct levels *t)
{
	size_t i, kept = 0;

	for (i = 0; i < t->n; i++) {
		if (!levels_has(&t->of[i])) {
			free((void *)(uintptr_t)t->of[i].execution.p);
			continue;
		}
		begin(&t->of[i]);
		t->of[kept++] = t->of[i];
	}
	t->n = kept;
	t->counted = 0;
	t->tasks = false;
}

void
levels_free(struct levels *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		free((void *)(uintptr_t)t->of[i].execution.p);
	free(t->of);
	*t = (struct levels){ 0 };
}
