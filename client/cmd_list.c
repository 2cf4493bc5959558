/*
 * list: the newest executions.
 */
#include <stdio.h>
#include <unistd.h>

#include "client/asking.h"
#include "client/commands.h"
#include "client/durations.h"
#include "client/escape.h"
#include "client/facts.h"
#include "client/numbers.h"
#include "client/print.h"
#include "client/print_inner.h"
#include "client/states.h"
#include "client/table.h"
#include "client/times.h"

enum { ID, WORKFLOW, STATE, STARTED, DURATION, LINES, ERRORS, COLUMNS };

struct list {
	const struct options	*options;
	struct table		 table;
	struct buf		 json;
	size_t			 n;
	size_t			 most;	/* so many are shown */
	bool			 is_cut;
	int64_t			 now;	/* wall clock, ms */
};

static void
add(struct list *l, struct span s, const char *color)
{
	table_add(&l->table, s.p != NULL ? s : span_of("-"), color);
}

static void
add_number(struct list *l, int64_t n, const char *color)
{
	char text[NUMBERS_TEXT];

	numbers_group((uint64_t)n, text);
	add(l, span_of(text), color);
}

/* Seconds are enough. */
static void
add_time(struct list *l, int64_t ms)
{
	char text[TIMES_TEXT];

	if (ms == FACTS_NO_TIME) {
		add(l, SPAN_NONE, NULL);
		return;
	}
	times_format_seconds(ms, l->options->local, text);
	add(l, span_of(text), NULL);
}

static void
add_row(struct list *l, const struct fact_execution *e)
{
	char text[DURATIONS_TEXT];

	durations_format(facts_duration(e, l->now), text);
	add(l, e->execution, NULL);
	add(l, e->workflow, NULL);
	add(l, e->state, states_color(e->state));
	add_time(l, facts_start(e));
	add(l, span_of(text), NULL);
	add_number(l, e->lines, NULL);
	add_number(l, e->errors, e->errors > 0 ? RED : NULL);
}

static void
put_json(struct list *l, const struct fact_execution *e)
{
	bool array = l->options->format == FORMAT_JSON;
	int64_t ms = facts_duration(e, l->now);

	if (array)
		buf_str(&l->json, l->n == 0 ? "[" : ",\n ");
	buf_char(&l->json, '{');
	jput_text(&l->json, "execution_id", e->execution);
	jput_text(&l->json, "workflow_id", e->workflow);
	jput_text(&l->json, "state", e->state);
	facts_put_time(&l->json, "started_at", facts_start(e));
	facts_put_time(&l->json, "ended_at", e->ended);
	jput_key(&l->json, "duration_ms");
	if (ms >= 0)
		buf_printf(&l->json, "%lld", (long long)ms);
	else
		buf_str(&l->json, "null");
	jput_i64(&l->json, "lines", e->lines);
	jput_i64(&l->json, "errors", e->errors);
	jput_i64(&l->json, "warnings", e->warnings);
	buf_str(&l->json, array ? "}" : "}\n");
}

static void
on_frame(const struct frame *f, void *v)
{
	struct list *l = v;
	struct fact_execution e;
	struct json_t *doc;

	if (f->type != FRAME_FACT || (doc = jdoc_parse(f->body)) == NULL)
		return;
	if (l->n == l->most)
		l->is_cut = true;
	else if (facts_execution(doc, &e)) {
		if (l->options->json || l->options->format != FORMAT_SHORT)
			put_json(l, &e);
		else
			add_row(l, &e);
		l->n++;
	}
	jdoc_free(doc);
}

static void
begin(struct list *l)
{
	static const char *const titles[COLUMNS] = { "EXECUTION", "WORKFLOW",
	    "STATE", "STARTED", "DURATION", "LINES", "ERRORS" };
	int i;

	l->table.ncolumns = COLUMNS;
	l->table.right[DURATION] = l->table.right[LINES] =
	    l->table.right[ERRORS] = true;
	l->table.most[STATE] = TABLE_STATE_MAX;
	l->table.most[WORKFLOW] = TABLE_TEXT_MAX;
	l->table.cut[WORKFLOW] = 1;
	l->table.cut[ID] = TABLE_CUT_LAST;	/* it is to be pasted */
	l->table.drop[WORKFLOW] = 1;
	l->table.drop[STARTED] = 2;
	l->table.drop[LINES] = 3;
	for (i = 0; i < COLUMNS; i++)
		table_add(&l->table, span_of(titles[i]), NULL);
}

static void
write_out(const struct list *l, const struct buf *b)
{
	struct buf safe = { 0 };

	if (l->options->safe && b == &l->json) {
		escape_json(&safe, buf_text(b));
		b = &safe;
	}
	if (b->n > 0 && !b->failed)
		(void)fwrite(b->p, 1, b->n, stdout);
	buf_free(&safe);
}

static void
finish(struct list *l)
{
	struct buf out = { 0 };

	if (l->options->format == FORMAT_JSON)
		buf_str(&l->json, l->n == 0 ? "[]\n" : "]\n");
	if (l->options->json || l->options->format != FORMAT_SHORT)
		write_out(l, &l->json);
	else if (l->n == 0)
		say("No executions found");
	else {
		table_put(&out, &l->table, 0, table_terminal(),
		    l->options->color);
		write_out(l, &out);
	}
	buf_free(&out);
}

static int
run_list(const struct options *given)
{
	struct options o = *given;
	struct request r = {
		.kind = REQUEST_LIST,
		.filter.has_since = o.filter.has_since,
		.filter.since = o.filter.since,
		.filter.has_until = o.filter.has_until,
		.filter.until = o.filter.until,
		.states = o.states,
		/* Is there one more? */
		.lines = o.lines < 0 ? LIST_LINES + 1 : o.lines,
	};
	struct list l = { .options = &o, .now = times_wall_ms(),
	    .most = o.lines < 0 ? LIST_LINES : SIZE_MAX };
	int code;

	if (o.json)
		o.format = FORMAT_JSON;
	if (r.lines < 1 || r.lines > LIST_LINES_MAX) {
		complain("list -n wants a number from 1 to %d",
		    LIST_LINES_MAX);
		return (EXIT_USAGE);
	}
	begin(&l);
	if ((code = asking_run(&o, &r, on_frame, &l)) == -1) {
		finish(&l);
		code = EXIT_OK;
		(void)print_flush(&code);
		if (l.is_cut && isatty(STDOUT_FILENO))
			say("-- the %d newest; -n N shows more --",
			    LIST_LINES);
	}
	table_free(&l.table);
	buf_free(&l.json);
	return (code);
}

const struct command command_list = {
	.name = "list",
	.takes = "8SUnoJLCB",
	.formats = FORMATS_TABLE,
	.run = run_list,
	.help =
    "Examples:\n"
    "  execlog list                        the 20 newest executions\n"
    "  execlog list --state FAILED -S 1d   what has failed since yesterday\n"
    "  execlog list --state RUNNING,WAITING\n"
    "  execlog list -S yesterday -U today  those of yesterday\n"
    "  execlog list -n 1000 -o ndjson | jq -r .execution_id\n"
    "\n"
    "Usage: execlog list [OPTION]...\n"
    "\n"
    "Newest first, by when an execution was first heard of. The state is the\n"
    "engine's where it has one, else what audit events say; lines are all that\n"
    "were counted, also those that are removed since.\n"
    "\n"
    "      --state S[,S...]  in one of these states: PENDING RUNNING WAITING\n"
    "                        SUCCESS FAILED (also: timed out) CANCELLED\n"
    "  -S, --since TIME      first heard of since then: 5m 2h 1d, 2026-02-07,\n"
    "                        today, yesterday\n"
    "  -U, --until TIME      not later\n"
    "  -n, --lines N         at most N executions (20; up to 10000)\n"
    "      --json            -o json\n"
    "  -o, --output FORMAT   short, json, ndjson\n"
    "      --local           local time\n"
    "      --color WHEN      auto, always, never; NO_COLOR is honoured\n"
    "      --db PATH         read this file, not the daemon's\n"
    "      --socket PATH     the daemon's socket\n",
};
