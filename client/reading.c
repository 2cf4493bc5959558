#include "client/reading.h"

#include <sys/types.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "client/ending.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/numbers.h"
#include "client/reading_inner.h"
#include "client/shortcut.h"
#include "client/times.h"
#include "proto/row.h"

#define RETRY_FIRST_MS	50	/* after a lost connection; then doubled */
#define RETRY_MAX_MS	1000

bool
reading_is_live(const struct reading *r)
{
	return (r->request.kind == REQUEST_FOLLOW ||
	    r->request.kind == REQUEST_WAIT);
}

/* ------------------------------------------------------------------- ends */

/* Everything is printed, the cursor is noted: what else is there to say? */
static int
leave(struct reading *r, int code)
{
	char cursor[CURSOR_TEXT];

	print_end(&r->printer);
	if (!print_flush(&code))
		return (code);
	if (!mark_keep(&r->mark, r->request.execution) && code == EXIT_OK)
		code = EXIT_FAILURE_OTHER;
	if (r->options->show_cursor && r->mark.known) {
		cursor_format(&r->mark.at, r->request.execution, cursor);
		say("-- cursor: %s --", cursor);
	}
	return (code);
}

int
reading_on_end(struct reading *r, const struct end *end)
{
	struct span id = r->request.execution;
	bool found = r->printer.rows > 0 || r->request.kind == REQUEST_WAIT;
	int code = EXIT_OK;

	switch (end->reason) {
	case END_NOT_FOUND:
		return (ending_not_found(r->options, id));
	case END_AMBIGUOUS:
		return (ending_ambiguous(id, end));
	case END_BEYOND:
		complain("the place of this reader is beyond the newest line: "
		    "the file is an older state of itself, or another one, or "
		    "its ids have begun again");
		return (EXIT_NO_END);
	default:
		break;
	}
	mark_done(&r->mark);
	if (!found && r->options->grep != NULL && !reading_is_live(r))
		code = EXIT_FAILURE_OTHER;
	if (ending_is_end(end))
		code = ending_code(end, r->options->exit_status ||
		    r->request.kind == REQUEST_WAIT);
	code = leave(r, code);
	/* Who asked for none, or for what is new, knows. */
	if (!found && !ferror(stdout) && r->options->lines != 0 &&
	    !r->mark.is_given)
		ending_say_nothing(r->options, id,
		    r->request.kind == REQUEST_AUDIT);
	if (r->options->all && r->printer.rows == OPTIONS_ALL_EVENTS)
		say("-- the newest %d events; -n N asks for more --",
		    OPTIONS_ALL_EVENTS);
	if (ending_is_end(end))
		ending_say(end, r->printer.rows,
		    r->request.kind != REQUEST_WAIT);
	return (code);
}

/* ----------------------------------------------------------------- frames */

static int
bad_frame(void)
{
	complain("the daemon sent a frame that cannot be read");
	return (EXIT_FAILURE_OTHER);
}

void
reading_set_execution(struct reading *r, struct span execution)
{
	buf_reset(&r->name);
	buf_span(&r->name, execution);
	r->request.execution = buf_text(&r->name);
	r->request.prefix = false;
}

void
reading_on_notice(struct reading *r, struct span body)
{
	struct span id = r->request.execution;
	char rows[NUMBERS_TEXT];
	struct notice n;

	if (!notice_decode(body, &n))
		return;		/* a newer daemon may have more to say */
	if (n.kind == NOTICE_WAITING)
		say("-- waiting for execution %.*s --", (int)id.n, id.p);
	if (n.kind == NOTICE_EXECUTION) {
		say("-- execution %.*s --", (int)n.execution.n,
		    n.execution.p);
		reading_set_execution(r, n.execution);
	}
	if (n.kind == NOTICE_REMOVED && n.rows > 0 && !r->seeks) {
		numbers_group((uint64_t)n.rows, rows);
		say("-- %s%s older line%s removed by retention --",
		    n.at_most ? "up to " : "", rows,
		    n.rows == 1 ? " was" : "s were");
	}
	mark_notice(&r->mark, &n);
	notice_free(&n);
}

static int
on_log_row(struct reading *r, struct span body)
{
	struct log_row row;

	if (!log_row_decode(body, &row))
		return (bad_frame());
	if (grep_matches(&r->grep, row.message))
		print_log(&r->printer, &row);
	mark_row(&r->mark, &row);
	r->retry_ms = 0;
	if (r->most == 0 || r->printer.rows < r->most)
		return (-1);
	/* Enough; how it has ended was not asked. */
	return (leave(r, r->options->exit_status ? EXIT_NO_END : EXIT_OK));
}

/* One frame: -1, or the exit code at the end. */
static int
on_frame(struct reading *r, const struct frame *f)
{
	struct audit_row audit;
	struct end end;
	int code = -1;

	switch (f->type) {
	case FRAME_LOG_ROW:
		return (on_log_row(r, f->body));
	case FRAME_AUDIT_ROW:
		if (!audit_row_decode(f->body, &audit))
			return (bad_frame());
		print_audit(&r->printer, &audit);
		break;
	case FRAME_NOTICE:
		reading_on_notice(r, f->body);
		break;
	case FRAME_END:
		if (!end_decode(f->body, &end))
			return (bad_frame());
		code = reading_on_end(r, &end);
		end_free(&end);
		break;
	default:
		break;
	}
	return (code);
}

/* ------------------------------------------------------------- connecting */

/* Is the mark behind a row, or a place that was given? */
static bool
has_begun(const struct reading *r)
{
	const struct cursor *at = &r->mark.at;

	return (r->mark.known && !(at->stored && at->time == INT64_MIN &&
	    at->id == INT64_MIN));
}

/* What is asked: at first as the options say, later behind the mark. */
static bool
ask(struct reading *r)
{
	r->request.has_after = has_begun(r);
	r->request.after = r->mark.at;
	if (r->request.has_after) {
		r->request.lines = -1;
		r->request.prefix = false;
	}
	return (feed_ask(&r->feed, &r->request));
}

int64_t
reading_left(const struct reading *r)
{
	int64_t ms = r->until - times_monotonic_ms();

	return (ms > 0 ? ms : 0);
}

bool
reading_connect(const struct reading *r, struct feed *feed)
{
	int64_t left = reading_left(r);

	return (feed_open(feed, r->options, left > LINK_PATIENCE ? 0 :
	    left > 0 ? (int)left : 1));
}

int
reading_open(struct reading *r, struct feed *feed)
{
	if (reading_connect(r, feed))
		return (-1);
	if (interrupt_signal() == 0 && reading_left(r) > 0)
		return (feed_lost(feed, r->options));
	return (reading_stopped(r));
}

/* The daemon is gone: others than follows are done.  -1: try again. */
int
reading_give_up(struct reading *r, const struct feed *feed)
{
	int code;

	if (reading_is_live(r) && feed->link.fault != FAULT_BAD_REQUEST) {
		/* Coming back is not enough: it must last. */
		if (!r->away && times_monotonic_ms() - r->back_at >=
		    2 * RETRY_MAX_MS)
			r->retry_ms = 0;
		if (r->retry_ms == 0) {
			say("-- connection lost (%s), trying again --",
			    feed->link.reason);
			r->retry_ms = RETRY_FIRST_MS;
		}
		return (-1);
	}
	print_end(&r->printer);
	(void)fflush(stdout);
	code = feed_lost(feed, r->options);
	return (code == EXIT_UNREACHABLE && reading_is_live(r) ? EXIT_NO_END :
	    code);
}

void
reading_pause(struct reading *r)
{
	interrupt_wait(reading_left(r) < r->retry_ms ? (int)reading_left(r) : r->retry_ms);
	r->retry_ms = r->retry_ms * 2 < RETRY_MAX_MS ? r->retry_ms * 2 :
	    RETRY_MAX_MS;
}

/* The connection was lost, or there was none when we came back. */
static int
on_lost(struct reading *r)
{
	int code;

	if ((code = reading_give_up(r, &r->feed)) != -1)
		return (code);
	/* What was seen has been there. */
	r->request.wait = r->request.wait || r->mark.known;
	feed_close(&r->feed);
	reading_pause(r);
	r->away = !reading_connect(r, &r->feed) || !ask(r);
	r->back_at = times_monotonic_ms();
	return (-1);
}

/* Nobody reads what would be printed: that is no failure, but how the execution
   has ended is not known then. */
static int
unread_code(const struct reading *r)
{
	return (r->options->exit_status ? EXIT_NO_END : EXIT_OK);
}

/* Somebody, or the time, wants us to stop: the exit code, else -1. */
int
reading_stopped(struct reading *r)
{
	int code;

	if (interrupt_signal() != 0)
		return (leave(r, EXIT_SIGNAL + interrupt_signal()));
	if (r->request.kind != REQUEST_WAIT && print_is_unread())
		return (unread_code(r));
	if (reading_left(r) > 0)
		return (-1);
	code = leave(r, EXIT_TIMEOUT);
	say("-- timed out --");
	return (code);
}

/* What was printed goes out; false: it cannot, and *code is set. */
static bool
flush_rows(const struct reading *r, int *code)
{
	bool known = *code != -1;

	if (print_flush(code))
		return (true);
	if (!known && *code == EXIT_OK)
		*code = unread_code(r);
	return (false);
}

/* Rows go out before each wait, so that a follow is prompt. */
static int
read_all(struct reading *r)
{
	struct frame f;
	int code = -1;

	while (code == -1) {
		switch (r->away ? LINK_LOST : feed_next(&r->feed, &f)) {
		case LINK_OK:
			code = on_frame(r, &f);
			if (ferror(stdout))
				(void)flush_rows(r, &code);
			break;
		case LINK_NOTHING:
			if (!flush_rows(r, &code))
				break;
			if (!mark_keep(&r->mark, r->request.execution))
				return (EXIT_FAILURE_OTHER);
			(void)feed_wait(&r->feed, reading_left(r) < INT_MAX ?
			    (int)reading_left(r) : -1);
			break;
		case LINK_WOKEN:
			break;
		case LINK_LOST:
			code = on_lost(r);
			break;
		}
		if (code == -1)
			code = reading_stopped(r);
	}
	return (code);
}

static int
start(struct reading *r)
{
	const struct options *o = r->options;
	int code;

	if ((code = reading_take_mark(r)) != -1)
		return (code);
	if (o->grep != NULL && o->lines > 0 && o->reverse) {
		/* The daemon does not know the expression. */
		r->request.lines = -1;
		if (r->most == 0 || r->most > (uint64_t)o->lines)
			r->most = (uint64_t)o->lines;
	} else if (o->grep != NULL && o->lines > 0 && !r->mark.known &&
	    (code = reading_seek(r)) != -1)
		return (code);
	if ((code = reading_open(r, &r->feed)) != -1)
		return (code);
	if (ask(r))
		return (read_all(r));
	complain("the filters are too long for one request");
	return (EXIT_USAGE);
}

static int
run(const struct options *o, enum request_kind kind, int64_t begun)
{
	struct reading r = {
		.options = o,
		.request = {
			.kind = kind,
			.wait = o->wait,
			.no_exit = o->no_exit,
			.reverse = o->reverse,
			.prefix = !o->wait && !o->all,
			.all = o->all,
			.execution = o->all ? SPAN_NONE : o->execution,
			.filter = o->filter,
			.lines = o->lines,
			.has_drain = o->drain >= 0,
			.drain = o->drain,
		},
		.most = (uint64_t)o->head,
		.until = o->timeout < 0 ? INT64_MAX :
		    begun + o->timeout,
	};
	int code = EXIT_USAGE;

	print_begin(&r.printer, o);
	if (mark_open(&r.mark, o->after, o->cursor_file) &&
	    grep_open(&r.grep, o->grep)) {
		code = start(&r);
		feed_close(&r.feed);
		grep_close(&r.grep);
	}
	mark_close(&r.mark);
	print_free(&r.printer);
	buf_free(&r.name);
	return (code);
}

int
reading_run(const struct options *given, enum request_kind kind)
{
	struct options o = *given;
	char name[TEXT_ID_MAX + 1];
	int64_t begun = times_monotonic_ms();
	int code = shortcut_resolve(&o, name);

	return (code != -1 ? code : run(&o, kind, begun));
}
