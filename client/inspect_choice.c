#include "client/inspect_choice.h"

#include <stdlib.h>

#include "proto/buf.h"

static bool
goes_on(const struct inspected_task *t)
{
	return (span_is(t->state, "RUNNING") || span_is(t->state, "WAITING"));
}

static bool
has_failed(const struct inspected_task *t)
{
	return (span_is(t->state, "FAILED"));
}

/* The first of a kind, at most so many. */
static void
choose(const struct show *s, bool *chosen, int most,
    bool (*is)(const struct inspected_task *))
{
	size_t i;

	for (i = 0; i < s->in->ntasks && most > 0; i++)
		if (is(&s->in->task[i])) {
			chosen[i] = true;
			most--;
		}
}

/* Of the others those that took longest; of equals the first. */
static void
choose_slowest(const struct show *s, bool *chosen)
{
	const struct inspected_task *task = s->in->task;
	size_t most[SHOW_SLOWEST], i, j, n = 0;

	for (i = 0; i < s->in->ntasks; i++) {
		if (chosen[i])
			continue;
		for (j = n; j > 0 && task[most[j - 1]].duration <
		    task[i].duration; j--)
			if (j < SHOW_SLOWEST)
				most[j] = most[j - 1];
		if (j < SHOW_SLOWEST)
			most[j] = i;
		n += n < SHOW_SLOWEST;
	}
	for (i = 0; i < n; i++)
		chosen[most[i]] = true;
}

bool *
choice_make(const struct show *s)
{
	const struct inspected_task *failing;
	struct span why;
	bool *chosen;

	if (s->in->ntasks <= SHOW_TASKS_MAX || s->options->no_truncate ||
	    s->options->filter.ntasks > 0 ||
	    (chosen = calloc(s->in->ntasks, sizeof *chosen)) == NULL)
		return (NULL);
	choose(s, chosen, SHOW_FAILED, has_failed);
	choose(s, chosen, SHOW_RUNNING, goes_on);
	/* The one that the headline names. */
	failing = inspection_failing(s->in, SPAN_NONE, &why);
	if (failing != NULL)
		chosen[failing - s->in->task] = true;
	choose_slowest(s, chosen);
	return (chosen);
}

bool
choice_has(const struct show *s, size_t i)
{
	return (s->chosen != NULL ? s->chosen[i] :
	    show_wants(s, &s->in->task[i]));
}

void
choice_put_rest(const struct show *s)
{
	size_t i, n = 0;

	if (s->chosen == NULL)
		return;
	for (i = 0; i < s->in->ntasks; i++)
		n += !s->chosen[i];
	buf_printf(s->out, "(%zu of %zu tasks not shown: --task ID, "
	    "--no-truncate;\n here is what failed, runs, or took longest)\n",
	    n, s->in->ntasks);
}
