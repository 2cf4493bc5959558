#include "daemon/attempt.h"

#include <stdlib.h>

#include "daemon/log.h"

static struct span
copy(struct span from)
{
	char *p;

	if (from.p == NULL)
		return (SPAN_NONE);
	p = log_calloc(1, from.n + 1);
	memcpy(p, from.p, from.n);
	return ((struct span){ p, from.n });
}

struct origin
origin_copy(const struct origin *o)
{
	struct origin own = *o;

	own.execution = copy(o->execution);
	own.task = copy(o->task);
	own.source = copy(o->source);
	return (own);
}

void
origin_free(struct origin *o)
{
	free((void *)(uintptr_t)o->execution.p);
	free((void *)(uintptr_t)o->task.p);
	free((void *)(uintptr_t)o->source.p);
}

static bool
is_of(const struct attempt *a, const struct origin *o)
{
	return (a->origin.has_attempt == o->has_attempt &&
	    a->origin.attempt == o->attempt &&
	    span_eq(a->origin.task, o->task) &&
	    span_eq(a->origin.execution, o->execution));
}

struct attempt *
attempt_join(struct attempt_list *list, const struct origin *o)
{
	struct attempt *a;

	if (o->task.p == NULL)
		return (NULL);
	LIST_FOREACH(a, list, entry)
		if (is_of(a, o))
			break;
	if (a == NULL) {
		a = log_calloc(1, sizeof *a);
		a->origin = origin_copy(o);
		LIST_INSERT_HEAD(list, a, entry);
	}
	a->captures++;
	return (a);
}

void
attempt_part(struct attempt *a)
{
	if (a == NULL || --a->captures > 0)
		return;
	LIST_REMOVE(a, entry);
	origin_free(&a->origin);
	free(a);
}

void
attempt_learn(struct attempt *a, const struct stream_use *use)
{
	if (a == NULL || a->known)
		return;
	a->use = *use;
	a->known = true;
}

bool
attempt_fits(const struct attempt *a, uint64_t bytes, uint64_t share)
{
	return (a == NULL || (a->use.dropped_bytes == 0 &&
	    a->use.bytes <= share && bytes <= share - a->use.bytes));
}
