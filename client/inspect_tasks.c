#include "client/inspect_tasks.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/durations.h"
#include "client/inspect_choice.h"
#include "client/inspect_show.h"
#include "client/print_inner.h"
#include "client/states.h"
#include "client/table.h"
#include "client/times.h"
#include "proto/unescape.h"

#define DAY_MS	INT64_C(86400000)

enum { TASK, TYPE, STATE, ATTEMPTS, DURATION, START, END, NEEDS, COLUMNS };
enum { A_TASK, A_NUMBER, A_STATE, A_DURATION, A_START, A_END, A_REASON,
	A_COLUMNS };

static void
add(struct table *t, struct span s, const char *color)
{
	table_add(t, s.n > 0 ? s : span_of("-"), color);
}

static void
add_duration(struct table *t, int64_t ms)
{
	char text[DURATIONS_TEXT];

	durations_format(ms, text);
	table_add(t, span_of(text), NULL);
}

/* The time of day, where the day is that of the execution's start. */
static void
add_time(const struct show *s, struct table *t, int64_t ms)
{
	char text[TIMES_TEXT], day[TIMES_TEXT];
	int64_t start = facts_start(&s->in->execution);
	struct span shown;

	if (ms == FACTS_NO_TIME) {
		table_add(t, span_of("-"), NULL);
		return;
	}
	times_format(ms, s->options->local, text);
	times_format(start == FACTS_NO_TIME ? ms : start, s->options->local,
	    day);
	shown = span_of(text);
	if (strncmp(text, day, 11) == 0 && shown.n >= 23)
		shown = (struct span){ text + 11, 12 };
	else
		times_format_seconds(ms, s->options->local, text);
	table_add(t, shown.p == text ? span_of(text) : shown, NULL);
}

/* ["a", "b"] as a, b; "a" as a.  It may be anything else. */
static void
add_needs(struct table *t, struct span needs)
{
	struct buf b = { 0 };
	size_t i, end;

	for (i = 0; i < needs.n; i = end) {
		end = needs.p[i] == '"' ? jtext_string_end(needs, i) : i + 1;
		if (needs.p[i] == '"')
			unescape_string(&b, (struct span){ needs.p + i,
			    end - i });
		else if (needs.p[i] == ',')
			buf_str(&b, ", ");
		else if (memchr("[] \t\r\n", needs.p[i], 6) == NULL)
			buf_char(&b, needs.p[i]);
	}
	add(t, b.n > 0 ? buf_text(&b) : SPAN_NONE, NULL);
	buf_free(&b);
}

static void
add_task(const struct show *s, struct table *t,
    const struct inspected_task *task)
{
	char attempts[24];

	(void)snprintf(attempts, sizeof attempts, "%zu", task->nattempts);
	add(t, task->id, NULL);
	add(t, task->type, NULL);
	add(t, task->state, states_color(task->state));
	add(t, task->nattempts > 0 ? span_of(attempts) : SPAN_NONE, NULL);
	add_duration(t, task->duration);
	add_time(s, t, task->started);
	add_time(s, t, task->ended);
	add_needs(t, buf_text(&task->value[VALUE_NEEDS]));
}

bool
show_wants(const struct show *s, const struct inspected_task *t)
{
	const struct filter *f = &s->options->filter;
	size_t i;

	for (i = 0; i < f->ntasks; i++)
		if (span_eq(f->task[i], t->id))
			return (true);
	return (f->ntasks == 0);
}

struct span
show_asked(const struct options *o)
{
	return (o->filter.ntasks == 1 ? o->filter.task[0] : SPAN_NONE);
}

/* ---------------------------------------------------------------- attempts */

static void
add_attempt(const struct show *s, struct table *t,
    const struct inspected_task *task, const struct inspected_attempt *a)
{
	char number[24];

	(void)snprintf(number, sizeof number, "%lld", (long long)a->number);
	add(t, task->id, NULL);
	add(t, span_of(number), NULL);
	add(t, a->state, states_color(a->state));
	add_duration(t, a->duration);
	add_time(s, t, a->started);
	add_time(s, t, a->ended);
	add(t, a->reason, NULL);
}

/* Of tasks that were tried again. */
static void
put_attempts(const struct show *s)
{
	static const char *const titles[A_COLUMNS] = { "TASK", "ATTEMPT",
	    "STATE", "DURATION", "START", "END", "REASON" };
	struct table t = { .ncolumns = A_COLUMNS };
	const struct inspected_task *task;
	size_t i, j, n = 0;

	if (!s->options->no_truncate) {
		t.most[A_STATE] = TABLE_STATE_MAX;
		t.most[A_REASON] = SHOW_VALUE_MAX;
	}
	t.right[A_NUMBER] = t.right[A_DURATION] = true;
	t.cut[A_REASON] = 1;
	t.cut[A_TASK] = TABLE_CUT_LAST;
	t.drop[A_END] = 1;
	t.drop[A_START] = 2;
	for (i = 0; i < A_COLUMNS; i++)
		table_add(&t, span_of(titles[i]), NULL);
	for (i = 0; i < s->in->ntasks; i++) {
		task = &s->in->task[i];
		if (!show_wants(s, task) || (task->nattempts < 2 &&
		    s->options->filter.ntasks == 0))
			continue;
		for (j = 0; j < task->nattempts && (n < SHOW_TASKS_MAX ||
		    s->options->no_truncate); j++, n++)
			add_attempt(s, &t, task, &task->attempt[j]);
	}
	if (n > 0) {
		buf_char(s->out, '\n');
		table_put(s->out, &t, 0, s->width, s->options->color);
	}
	if (n == SHOW_TASKS_MAX)
		buf_printf(s->out, "(the first %d attempts; --task ID shows "
		    "those of one)\n", SHOW_TASKS_MAX);
	table_free(&t);
}

void
show_tasks(const struct show *s)
{
	static const char *const titles[COLUMNS] = { "TASK", "TYPE", "STATE",
	    "ATTEMPTS", "DURATION", "START", "END", "NEEDS" };
	struct table t = { .ncolumns = COLUMNS };
	size_t i;

	if (s->in->ntasks == 0)
		return;
	if (!s->options->no_truncate) {
		t.most[STATE] = TABLE_STATE_MAX;
		t.most[TYPE] = TABLE_TEXT_MAX;
		t.most[NEEDS] = SHOW_VALUE_MAX;
	}
	t.right[ATTEMPTS] = t.right[DURATION] = true;
	t.cut[NEEDS] = 1;
	t.cut[TYPE] = 2;
	t.cut[TASK] = TABLE_CUT_LAST;
	t.drop[END] = 1;
	t.drop[NEEDS] = 2;
	t.drop[TYPE] = 3;
	t.drop[START] = 4;
	for (i = 0; i < COLUMNS; i++)
		table_add(&t, span_of(titles[i]), NULL);
	for (i = 0; i < s->in->ntasks; i++)
		if (choice_has(s, i))
			add_task(s, &t, &s->in->task[i]);
	buf_char(s->out, '\n');
	table_put(s->out, &t, 0, s->width, s->options->color);
	choice_put_rest(s);
	table_free(&t);
	put_attempts(s);
}

/* ------------------------------------------------------------------ values */

/* What has failed has a message at least. */
static struct span
value_of(const struct inspected_task *t, enum inspected_value v)
{
	if (v == VALUE_ERROR && t->value[v].n == 0 &&
	    span_is(t->state, "FAILED"))
		return (t->reason);
	return (buf_text(&t->value[v]));
}

void
show_values(const struct show *s)
{
	static const struct { unsigned show; const char *title; } kinds[] = {
		{ SHOW_INPUTS, "INPUTS" }, { SHOW_OUTPUTS, "OUTPUTS" },
		{ SHOW_ERRORS, "ERRORS" },
	};
	const struct inspected_task *t;
	struct span value;
	size_t i, v, n;

	for (v = 0; v < sizeof kinds / sizeof kinds[0]; v++) {
		if ((s->options->show & kinds[v].show) == 0)
			continue;
		buf_printf(s->out, "\n%s\n", kinds[v].title);
		for (i = n = 0; i < s->in->ntasks; i++) {
			t = &s->in->task[i];
			value = value_of(t, (enum inspected_value)v);
			if (!show_wants(s, t) || value.n == 0)
				continue;
			show_put(s, t->id, 0);
			buf_str(s->out, ": ");
			show_put(s, value, s->options->no_truncate ? 0 :
			    SHOW_VALUE_MAX);
			buf_char(s->out, '\n');
			n++;
		}
		if (n == 0)
			buf_str(s->out, "none\n");
	}
}
