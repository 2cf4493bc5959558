#include <limits.h>
#include <stdio.h>

#include "client/escape.h"
#include "client/interrupt.h"
#include "client/options.h"
#include "client/reading_inner.h"
#include "proto/row.h"

/* -1: r->request.execution is a whole id now. */
static int
hear_execution(struct reading *r, struct feed *feed)
{
	struct notice n;
	struct frame f;
	struct end end;
	enum link_result result;
	int code = -1;

	while (code == -1 &&
	    (result = feed_next(feed, &f)) != LINK_LOST) {
		if (result != LINK_OK)
			(void)feed_wait(feed, reading_left(r) < INT_MAX ?
			    (int)reading_left(r) : -1);
		else if (f.type == FRAME_NOTICE && notice_decode(f.body, &n)) {
			if (n.kind == NOTICE_EXECUTION)
				reading_set_execution(r, n.execution);
			notice_free(&n);
		} else if (f.type == FRAME_END && end_decode(f.body, &end)) {
			if (end.reason != END_DONE)
				code = reading_on_end(r, &end);
			end_free(&end);
			return (code);
		}
		code = reading_stopped(r);
	}
	if (code == -1) {
		complain("%s", feed->link.reason);
		code = EXIT_UNREACHABLE;
	}
	return (code);
}

/* Of which execution is this the beginning? */
static int
find_execution(struct reading *r)
{
	struct request question = {
		.kind = REQUEST_LOGS,
		.prefix = true,
		.execution = r->request.execution,
	};
	struct feed feed;
	int code;

	if ((code = reading_open(r, &feed)) == -1) {
		(void)feed_ask(&feed, &question);
		code = hear_execution(r, &feed);
	}
	feed_close(&feed);
	return (code);
}

int
reading_take_mark(struct reading *r)
{
	int code;

	if (mark_take(&r->mark, r->request.execution))
		return (-1);
	if (r->request.prefix && (code = find_execution(r)) != -1)
		return (code);
	if (mark_take(&r->mark, r->request.execution))
		return (-1);
	complain("%s: not a cursor of execution %.*s", r->mark.place,
	    (int)r->request.execution.n, r->request.execution.p);
	return (EXIT_USAGE);
}

/*
 * Walk back until so many lines have matched; false: the connection was lost
 * before that or the end.
 */
static bool
walk_back(struct reading *r, struct feed *feed, int64_t *wanted)
{
	struct log_row row;
	struct frame f;
	enum link_result result;

	while (interrupt_signal() == 0 && reading_left(r) > 0) {
		if ((result = feed_next(feed, &f)) == LINK_LOST)
			return (false);
		if (result == LINK_NOTHING)
			(void)feed_wait(feed, reading_left(r) < INT_MAX ?
			    (int)reading_left(r) : -1);
		if (result != LINK_OK)
			continue;
		if (f.type == FRAME_NOTICE)
			reading_on_notice(r, f.body);
		else if (f.type == FRAME_LOG_ROW &&
		    log_row_decode(f.body, &row) &&
		    grep_matches(&r->grep, row.message)) {
			mark_row(&r->mark, &row);
			--*wanted;
		}
		if (*wanted == 0 || f.type == FRAME_END)
			break;
	}
	return (true);
}

/* False: try again, or *code is the exit code. */
static bool
seek_once(struct reading *r, int *code)
{
	struct request back = r->request;
	struct feed feed;
	int64_t wanted = r->options->lines;
	bool sought = true;

	back.kind = REQUEST_LOGS;
	back.reverse = true;
	back.wait = false;
	back.lines = -1;
	r->mark.known = false;
	if (reading_connect(r, &feed) && feed_ask(&feed, &back))
		sought = walk_back(r, &feed, &wanted);
	else
		/* At first that is told by whoever asks next. */
		sought = r->retry_ms == 0;
	if (!sought)
		*code = reading_give_up(r, &feed);
	feed_close(&feed);
	if (sought && wanted == 0 && r->mark.at.id > INT64_MIN)
		r->mark.at.id--;
	else
		r->mark.known = false;
	return (sought);
}

int
reading_seek(struct reading *r)
{
	bool sought = false;
	int code = -1;

	r->seeks = true;
	while (!sought && code == -1) {
		sought = seek_once(r, &code);
		if (!sought && code == -1)
			reading_pause(r);
		if (code == -1)
			code = reading_stopped(r);
	}
	r->seeks = false;
	r->retry_ms = 0;
	r->request.lines = -1;
	return (code);
}
