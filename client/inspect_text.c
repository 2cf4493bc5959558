/*
 * inspect as text: what has failed, the overview, the tasks.
 */
#include <stdlib.h>

#include "client/durations.h"
#include "client/inspect_choice.h"
#include "client/inspect_show.h"
#include "client/inspect_tasks.h"
#include "client/numbers.h"
#include "client/print_inner.h"
#include "client/states.h"
#include "client/table.h"
#include "client/times.h"
#include "proto/state.h"
#include "proto/text.h"

#define LABEL	11	/* columns of "workflow   " */

void
show_put(const struct show *s, struct span text, int width)
{
	struct buf safe = { 0 };

	table_safe(&safe, text);
	if (width > 0)
		table_cut(s->out, buf_text(&safe), width);
	else
		buf_span(s->out, buf_text(&safe));
	buf_free(&safe);
}

static void
put_colored(const struct show *s, struct span text, const char *color)
{
	if (s->options->color && color != NULL)
		buf_str(s->out, color);
	show_put(s, text, 0);
	if (s->options->color && color != NULL)
		buf_str(s->out, PLAIN);
}

static void
label(const struct show *s, const char *name)
{
	buf_printf(s->out, "%-*s", LABEL, name);
}

static void
put_time_line(const struct show *s, const char *name, int64_t ms)
{
	char text[TIMES_TEXT];

	if (ms == FACTS_NO_TIME)
		return;
	times_format(ms, s->options->local, text);
	label(s, name);
	buf_printf(s->out, "%s\n", text);
}

/* ----------------------------------------------------------- what failed */

/* What the task itself is said to have failed of, unless "why" says it. */
static void
put_own_words(const struct show *s, const struct inspected_task *t,
    struct span why)
{
	const struct span words[] = { buf_text(&t->value[VALUE_ERROR]),
	    t->reason, t->nattempts > 0 ? t->attempt[t->nattempts - 1].reason :
	    SPAN_NONE };
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (words[i].n == 0 || (why.n >= words[i].n && memmem(why.p,
		    why.n, words[i].p, words[i].n) != NULL))
			continue;
		buf_str(s->out, INDENT);
		show_put(s, words[i], s->options->no_truncate ? 0 :
		    SHOW_VALUE_MAX);
		buf_char(s->out, '\n');
		why = words[i];
	}
}

/* The others that have failed: it may have been because of one of them. */
static void
put_other_failures(const struct show *s, const struct inspected_task *named)
{
	const struct inspected_task *t;
	size_t i, n = 0;

	for (i = 0; i < s->in->ntasks; i++) {
		t = &s->in->task[i];
		if (t == named || !span_is(t->state, "FAILED") ||
		    n++ >= SHOW_FAILED_MORE)
			continue;
		buf_str(s->out, INDENT "also failed: task ");
		show_put(s, t->id, 0);
		if (t->reason.n > 0) {
			buf_str(s->out, ": ");
			show_put(s, t->reason, s->options->no_truncate ? 0 :
			    SHOW_VALUE_MAX);
		}
		buf_char(s->out, '\n');
	}
	if (n > SHOW_FAILED_MORE)
		buf_printf(s->out, INDENT "... and %zu more\n",
		    n - SHOW_FAILED_MORE);
}

/* "task load, attempt 3: connection refused", and its last lines. */
static void
put_failure(const struct show *s)
{
	const struct inspected_task *t;
	struct span why;

	if (!span_is(s->in->execution.state, "FAILED"))
		return;
	t = inspection_failing(s->in, show_asked(s->options), &why);
	put_colored(s, span_of("FAILED"), RED);
	if (t != NULL) {
		buf_str(s->out, "  task ");
		show_put(s, t->id, 0);
		if (t->nattempts > 0)
			buf_printf(s->out, ", attempt %lld", (long long)
			    t->attempt[t->nattempts - 1].number);
	}
	/* One that never began, by the event. */
	if (t == NULL && s->in->failed_task.p != NULL) {
		buf_str(s->out, "  task ");
		show_put(s, s->in->failed_task, 0);
	}
	if (why.p != NULL) {
		buf_str(s->out, t != NULL || s->in->failed_task.p != NULL ?
		    ": " : "  ");
		show_put(s, why, s->options->no_truncate ? 0 :
		    SHOW_VALUE_MAX);
	}
	buf_char(s->out, '\n');
	if (t != NULL)
		put_own_words(s, t, why);
	if (s->errors != NULL)
		buf_span(s->out, buf_text(s->errors));
	if (s->options->filter.ntasks == 0)
		put_other_failures(s, t);
	buf_char(s->out, '\n');
}

/* Words, rather than the code that the state has behind it. */
static struct span
why_cancelled(const struct inspection *in)
{
	const struct span words[] = { in->cancel.reason, in->message,
	    in->cancel.message };
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (words[i].n > 0 && !span_eq(words[i], in->reason_code))
			return (words[i]);
	return (SPAN_NONE);
}

/* "by alice: no longer needed"; else who has sent the event, by the kernel. */
static void
put_cancel(const struct show *s)
{
	const struct inspected_cancel *c = &s->in->cancel;
	struct span why = why_cancelled(s->in);

	if (!span_is(s->in->execution.state, "CANCELLED") ||
	    (why.p == NULL && c->by.p == NULL && !c->has_sender))
		return;
	put_colored(s, span_of("CANCELLED"), GREY);
	if (c->by.p != NULL) {
		buf_str(s->out, "  by ");
		show_put(s, c->by, SHOW_VALUE_MAX);
	} else if (c->has_sender)
		buf_printf(s->out, "  by uid %lu (pid %lu)",
		    (unsigned long)c->uid, (unsigned long)c->pid);
	if (why.p != NULL) {
		buf_str(s->out, c->by.p != NULL || c->has_sender ? ": " :
		    "  ");
		show_put(s, why, s->options->no_truncate ? 0 :
		    SHOW_VALUE_MAX);
	}
	buf_str(s->out, "\n\n");
}

/* -------------------------------------------------------------- overview */

static void
put_state(const struct show *s)
{
	const struct fact_execution *e = &s->in->execution;

	label(s, "state");
	put_colored(s, e->state.p != NULL ? e->state : span_of("-"),
	    states_color(e->state));
	if (s->in->reason_code.p != NULL) {
		buf_str(s->out, " (");
		show_put(s, s->in->reason_code, 0);
		buf_char(s->out, ')');
	}
	buf_char(s->out, '\n');
}

static void
put_duration(const struct show *s)
{
	const struct fact_execution *e = &s->in->execution;
	char text[DURATIONS_TEXT];

	durations_format(facts_duration(e, s->now), text);
	label(s, "duration");
	buf_str(s->out, text);
	if (e->state.p != NULL && !facts_has_ended(e->state))
		buf_str(s->out, "  in progress");
	buf_char(s->out, '\n');
}

static void
put_count(const struct show *s, int64_t n, const char *what)
{
	numbers_put(s->out, n, what);
}

static void
put_lines(const struct show *s)
{
	const struct fact_execution *e = &s->in->execution;
	char text[NUMBERS_TEXT];

	label(s, "lines");
	put_count(s, e->lines, "line");
	if (e->errors > 0) {
		buf_str(s->out, ", ");
		put_count(s, e->errors, "error");
	}
	if (e->warnings > 0) {
		buf_str(s->out, ", ");
		put_count(s, e->warnings, "warning");
	}
	if (e->removed > 0) {
		numbers_group((uint64_t)e->removed, text);
		buf_printf(s->out, "; %s of them removed by retention", text);
	}
	buf_char(s->out, '\n');
}

/* Is all output there, as far as it came in streams? */
static void
put_output(const struct show *s)
{
	const struct inspection *in = s->in;
	bool has, complete = inspection_is_complete(in, &has);

	if (!has)
		return;
	label(s, "output");
	buf_str(s->out, complete ? "complete, " : in->nlost + in->ncut > 0 ||
	    in->dropped_lines > 0 ? "incomplete, " : "still open, ");
	put_count(s, in->stream_lines, "line");
	if (in->nmissing > 0) {
		buf_str(s->out, in->nlost > 0 ? "; lost: " : "; open: ");
		show_put(s, buf_text(&in->missing), 0);
		if (in->nmissing > INSPECTION_MISSING_MAX)
			buf_str(s->out, ", ...");
	}
	if (in->dropped_lines > 0) {
		buf_str(s->out, "; ");
		put_count(s, in->dropped_lines, "line");
		buf_str(s->out, " over --stream-max");
	}
	if (in->ncut > 0)
		buf_str(s->out, "; not all was captured");
	buf_char(s->out, '\n');
}

/* "12: 10 SUCCESS, 1 FAILED, 1 -" */
static void
put_task_counts(const struct show *s)
{
	size_t counts[STATE_COUNT + 1] = { 0 }, i;
	const char *comma = "";
	enum state state;

	if (s->in->ntasks == 0)
		return;
	for (i = 0; i < s->in->ntasks; i++)
		counts[s->in->task[i].state.p != NULL && state_parse(
		    s->in->task[i].state, &state) ? (size_t)state :
		    STATE_COUNT]++;
	label(s, "tasks");
	buf_printf(s->out, "%zu: ", s->in->ntasks);
	for (i = 0; i <= STATE_COUNT; i++)
		if (counts[i] > 0) {
			buf_printf(s->out, "%s%zu %s", comma, counts[i],
			    i < STATE_COUNT ? state_name((enum state)i) :
			    "unknown");
			comma = ", ";
		}
	buf_char(s->out, '\n');
}

static void
put_overview(const struct show *s)
{
	const struct fact_execution *e = &s->in->execution;
	char text[TIMES_TEXT];

	label(s, "execution");
	show_put(s, e->execution, 0);
	buf_char(s->out, '\n');
	label(s, "workflow");
	show_put(s, e->workflow.p != NULL ? e->workflow : span_of("-"), 0);
	buf_char(s->out, '\n');
	put_state(s);
	put_time_line(s, "created", e->created);
	if (facts_start(e) != FACTS_NO_TIME)
		times_format(facts_start(e), s->options->local, text);
	label(s, "started");
	buf_printf(s->out, "%s\n", facts_start(e) != FACTS_NO_TIME ? text :
	    "-");
	put_time_line(s, "ended", e->ended);
	put_duration(s);
	put_lines(s);
	put_output(s);
	put_task_counts(s);
	label(s, "source");
	buf_str(s->out, s->in->engine ? "the engine's tables\n" :
	    "audit events, streams and lines\n");
}

void
show_text(const struct show *given)
{
	bool *chosen = choice_make(given);
	struct show s = *given;

	s.chosen = chosen;
	put_failure(&s);
	put_cancel(&s);
	put_overview(&s);
	show_tasks(&s);
	if ((s.options->show & SHOW_TIMELINE) != 0)
		show_timeline(&s);
	show_values(&s);
	free(chosen);
}
