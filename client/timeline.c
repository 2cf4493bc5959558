/*
 * inspect --timeline: a bar for each task, to scale in the terminal's width.
 * Attempts are segments, of full blocks and half-tone in turn; what is running
 * has an open end.
 */
#include "client/columns.h"
#include "client/durations.h"
#include "client/inspect_choice.h"
#include "client/inspect_show.h"
#include "client/print_inner.h"
#include "client/states.h"
#include "client/table.h"

#define WIDTH_DEFAULT	80	/* where it is not known */
#define BAR_MIN		10	/* columns, also in a terminal that is too
				   narrow */
#define NAME_MAX_WIDTH	24	/* columns of a task's id */
#define LABEL_WIDTH	12	/* of " 123d 23h..." behind a bar */

struct scale {
	int64_t	from;
	int64_t	to;
	int	columns;
};

static void
widen(struct scale *c, int64_t ms)
{
	if (ms == FACTS_NO_TIME)
		return;
	if (c->from == FACTS_NO_TIME || ms < c->from)
		c->from = ms;
	if (c->to == FACTS_NO_TIME || ms > c->to)
		c->to = ms;
}

/* The column of a time; 0 to columns. */
static int
column(const struct scale *c, int64_t ms)
{
	double share;

	if (c->to <= c->from)
		return (0);
	share = (double)(ms - c->from) / (double)(c->to - c->from);
	return ((int)(share * c->columns + 0.5));
}

static bool
goes_on(struct span state)
{
	return (span_is(state, "RUNNING"));
}

static void
put_blanks(struct buf *b, int n)
{
	for (; n > 0; n--)
		buf_char(b, ' ');
}

/* A piece of a bar, a column at least; the column behind it. */
static int
put_piece(const struct show *s, const struct scale *c, int at, int64_t from,
    int64_t to, bool open, bool half, struct span state)
{
	const char *color = states_color(state);
	int begin = column(c, from), end = column(c, to);

	if (begin >= c->columns)
		begin = c->columns - 1;
	if (begin < at)
		begin = at;
	if (end <= begin)
		end = begin + 1;
	put_blanks(s->out, begin - at);
	if (s->options->color && color != NULL)
		buf_str(s->out, color);
	for (at = begin; at < end - open; at++)
		buf_str(s->out, half ? "▒" : "█");
	if (open)
		buf_str(s->out, "▶");
	if (s->options->color && color != NULL)
		buf_str(s->out, PLAIN);
	return (end);
}

static int
put_bar(const struct show *s, const struct scale *c,
    const struct inspected_task *t)
{
	const struct inspected_attempt *a;
	bool half = false;
	int at = 0;
	size_t i;

	for (i = 0; i < t->nattempts; i++) {
		a = &t->attempt[i];
		if (a->started == FACTS_NO_TIME)
			continue;
		at = put_piece(s, c, at, a->started, goes_on(a->state) ?
		    s->now : a->ended != FACTS_NO_TIME ? a->ended :
		    a->started, goes_on(a->state), half, a->state.p != NULL ?
		    a->state : t->state);
		half = !half;
	}
	if (at > 0 || t->started == FACTS_NO_TIME)
		return (at);
	return (put_piece(s, c, 0, t->started, goes_on(t->state) ? s->now :
	    t->ended != FACTS_NO_TIME ? t->ended : t->started,
	    goes_on(t->state), false, t->state));
}

static void
put_task(const struct show *s, const struct scale *c, int width,
    const struct inspected_task *t)
{
	char text[DURATIONS_TEXT];
	size_t begun = s->out->n;
	int at;

	durations_format(t->duration, text);
	show_put(s, t->id, width);
	put_blanks(s->out, width - columns_width((struct span){ s->out->p +
	    begun, s->out->n - begun }) + 2);
	at = put_bar(s, c, t);
	put_blanks(s->out, at > 0 ? 1 : 0);
	buf_printf(s->out, "%s%s\n", text, goes_on(t->state) ? "..." : "");
}

static int
name_width(const struct inspected_task *t)
{
	struct buf safe = { 0 };
	int width;

	table_safe(&safe, t->id);
	width = columns_width(buf_text(&safe));
	buf_free(&safe);
	return (width);
}

/* From when to when, and how wide is a name? */
static int
measure(const struct show *s, struct scale *c)
{
	const struct inspected_task *t;
	int width = 0, n;
	size_t i, j;

	for (i = 0; i < s->in->ntasks; i++) {
		t = &s->in->task[i];
		if (!show_wants(s, t))
			continue;
		widen(c, t->started);
		widen(c, t->ended);
		for (j = 0; j < t->nattempts; j++) {
			widen(c, t->attempt[j].started);
			widen(c, t->attempt[j].ended);
		}
		if (goes_on(t->state))
			widen(c, s->now);
		n = choice_has(s, i) ? name_width(t) : 0;
		width = n > width ? n : width;
	}
	return (width > NAME_MAX_WIDTH ? NAME_MAX_WIDTH : width);
}

void
show_timeline(const struct show *s)
{
	struct scale c = { FACTS_NO_TIME, FACTS_NO_TIME, 0 };
	int width = measure(s, &c), name;
	char text[DURATIONS_TEXT];
	size_t i;

	if (c.from == FACTS_NO_TIME)
		return;
	name = s->width > 0 && s->width < 60 && width > 12 ? 12 : width;
	c.columns = (s->width > 0 ? s->width : WIDTH_DEFAULT) - name - 2 -
	    LABEL_WIDTH;
	if (c.columns < BAR_MIN)
		c.columns = BAR_MIN;
	durations_format(c.to - c.from, text);
	buf_printf(s->out, "\nTIMELINE  %s\n", text);
	for (i = 0; i < s->in->ntasks; i++)
		if (choice_has(s, i))
			put_task(s, &c, name, &s->in->task[i]);
	choice_put_rest(s);
}
