/*
 * inspect: all that is known of one execution.
 */
#include <stdio.h>
#include <unistd.h>

#include "client/asking.h"
#include "client/commands.h"
#include "client/escape.h"
#include "client/inspect_errors.h"
#include "client/inspect_show.h"
#include "client/interrupt.h"
#include "client/print.h"
#include "client/print_inner.h"
#include "client/redraw.h"
#include "client/shortcut.h"
#include "client/table.h"
#include "client/times.h"
#include "proto/row.h"

#define WATCH_MS	1000	/* between two looks */
#define CLEAR		"\033[H\033[J"

static void
on_frame(const struct frame *f, void *v)
{
	inspection_frame(v, f);
}

static bool
is_json(const struct options *o)
{
	return (o->json || o->format == FORMAT_JSON ||
	    o->format == FORMAT_NDJSON);
}

/* What the daemon knows now.  -1, or the exit code. */
static int
look(const struct options *o, struct inspection *in)
{
	const struct fact_execution nothing = {
		.execution = o->execution,
		.created = FACTS_NO_TIME,
		.started = FACTS_NO_TIME,
		.ended = FACTS_NO_TIME,
		.first = FACTS_NO_TIME,
		.last = FACTS_NO_TIME,
	};
	const struct request r = {
		.kind = REQUEST_INSPECT,
		.execution = o->execution,
		.prefix = true,
		.lines = -1,
		.values = is_json(o) ||
		    (o->show & (SHOW_INPUTS | SHOW_OUTPUTS)) != 0,
	};
	int code;

	in->execution = nothing;
	in->most = INSPECTION_BYTES_MAX;
	code = asking_run(o, &r, on_frame, in);
	if (code != -1)
		return (code);
	if (in->failed) {
		complain("out of memory");
		return (EXIT_FAILURE_OTHER);
	}
	inspection_settle(in, times_wall_ms());
	return (-1);
}

static void
put_events(const struct show *s)
{
	struct printer p;
	size_t i;

	print_begin(&p, s->options);
	buf_str(s->out, "\nAUDIT\n");
	for (i = 0; i < s->in->nevents; i++) {
		print_audit_text(&p, &s->in->event[i]);
		buf_span(s->out, buf_text(&p.line));
		buf_reset(&p.line);
	}
	print_free(&p);
}

static bool
has_task(const struct show *s)
{
	size_t i;

	for (i = 0; i < s->in->ntasks; i++)
		if (show_wants(s, &s->in->task[i]))
			return (true);
	return (s->options->filter.ntasks == 0);
}

/* Append what is to be seen.  -1, or the exit code. */
static int
show(const struct options *o, const struct inspection *in, struct buf *out)
{
	struct buf errors = { 0 };
	struct show s = {
		.options = o,
		.in = in,
		.out = out,
		.width = table_terminal(),
		.now = inspection_now(in, times_wall_ms()),
	};
	struct span task = o->filter.task[0], id = in->execution.execution;
	int code = -1;

	if (!has_task(&s)) {
		say("There is no task %.*s in execution %.*s", (int)task.n,
		    task.p, (int)id.n, id.p);
		return (EXIT_NOT_FOUND);
	}
	if (is_json(o))
		show_json(&s);
	else if ((code = inspect_errors(&s, &errors)) == -1) {
		s.errors = &errors;
		show_text(&s);
		if ((o->show & SHOW_AUDIT) != 0)
			put_events(&s);
		if (in->truncated)
			buf_str(out, "\n(incomplete: more tasks, attempts, "
			    "events or bytes than inspect takes)\n");
	}
	buf_free(&errors);
	return (code);
}

static void
write_out(const struct options *o, const struct buf *b)
{
	struct buf safe = { 0 };

	if (is_json(o) && o->safe) {
		escape_json(&safe, buf_text(b));
		b = &safe;
	}
	if (b->n > 0 && !b->failed)
		(void)fwrite(b->p, 1, b->n, stdout);
	buf_free(&safe);
}

/* Over what was there before. */
static void
draw(struct redraw *r, const struct buf *text)
{
	struct buf b = { 0 };

	redraw_measure(r);
	redraw_put(&b, r, buf_text(text));
	if (!b.failed)
		(void)fwrite(b.p, 1, b.n, stdout);
	buf_free(&b);
	r->first = false;
}

/* What was found; at the end over what was drawn before.  screen NULL: only
   then. */
static void
put(const struct options *o, struct redraw *screen, bool ended,
    const struct buf *out)
{
	if (screen != NULL && !ended)
		draw(screen, out);
	else if (ended) {
		if (screen != NULL && !screen->first)
			(void)fputs(CLEAR, stdout);
		write_out(o, out);
	}
}

/* Once, or until it has ended.  A daemon that was there once may come back. */
static int
run(struct options *o)
{
	bool drawn = o->watch && !is_json(o) && isatty(STDOUT_FILENO);
	struct redraw screen = { .first = true,
	    .elsewhere = "without --watch, or --task ID" };
	struct inspection in = { 0 };
	struct buf out = { 0 };
	bool ended, away = false;
	int code;

	do {
		buf_reset(&out);
		if ((code = look(o, &in)) == -1)
			code = show(o, &in, &out);
		ended = !o->watch || facts_has_ended(in.execution.state);
		inspection_free(&in);
		if (code != -1 && code != ASKING_AWAY)
			break;
		if (code == ASKING_AWAY && !away)
			say("-- execlogd does not answer, trying again --");
		away = code == ASKING_AWAY;
		if (!away)
			put(o, drawn ? &screen : NULL, ended, &out);
		o->tries_again = o->watch;
		code = EXIT_OK;
		if (!print_flush(&code) || (ended && !away) ||
		    (away && print_is_unread()))
			break;
		interrupt_wait(WATCH_MS);
		code = interrupt_signal() != 0 ? EXIT_SIGNAL +
		    interrupt_signal() : -1;
	} while (code == -1);
	buf_free(&out);
	return (code);
}

static int
run_inspect(const struct options *given)
{
	struct options o = *given;
	char name[TEXT_ID_MAX + 1];
	int code;

	if (o.watch && o.db != NULL) {
		complain("--watch is for a daemon, not for --db");
		return (EXIT_USAGE);
	}
	if ((code = shortcut_resolve(&o, name)) != -1)
		return (code);
	return (run(&o));
}

const struct command command_inspect = {
	.name = "inspect",
	.takes = "t123456woJLCB",
	.formats = FORMATS_TABLE,
	.wants_execution = true,
	.run = run_inspect,
	.help =
    "Examples:\n"
    "  execlog inspect e1                  how it went, task by task\n"
    "  execlog inspect @last-failed        why the last failure failed\n"
    "  execlog inspect e1 --timeline       what took the time\n"
    "  execlog inspect e1 -t load --inputs --outputs --no-truncate\n"
    "  execlog inspect @running --watch\n"
    "  execlog inspect e1 --json | jq .tasks\n"
    "\n"
    "Usage: execlog inspect [OPTION]... ID\n"
    "\n"
    "From the engine's tables where they are, else from audit events, streams\n"
    "and lines; it says which. What failed comes first, with its last ERROR\n"
    "lines; without any its last lines on stderr, or its last.\n"
    "\n"
    "Of more than 50 tasks those that failed, run, or took longest are shown.\n"
    "\n"
    "ID may be the beginning of an id, if there is one such execution; or\n"
    "@last, @last-failed (also: timed out), @running.\n"
    "\n"
    "  -t, --task ID         this task only; may be repeated\n"
    "      --timeline        a bar for each task; attempts are its segments\n"
    "      --inputs          what tasks got,\n"
    "      --outputs         what they gave,\n"
    "      --errors          what went wrong; values of keys that look secret\n"
    "                        are masked\n"
    "      --audit           the audit events\n"
    "      --no-truncate     values longer than 200 characters, and all tasks\n"
    "      --watch           again and again, until it has ended, also when the\n"
    "                        daemon has come back; as much as the terminal has\n"
    "                        room for\n"
    "      --json            one object: execution, tasks, audit_events, and\n"
    "                        truncated where there was too much of them;\n"
    "                        what is named *_at is ISO 8601\n"
    "  -o, --output FORMAT   short, json, ndjson\n"
    "      --local           local time\n"
    "      --color WHEN      auto, always, never; NO_COLOR is honoured\n"
    "      --db PATH         read this file, not the daemon's\n"
    "      --socket PATH     the daemon's socket\n",
};
