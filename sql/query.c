#include "sql/query.h"

#include <string.h>

#include "sql/listing.h"
#include "sql/removed.h"
#include "sql/shown.h"

void
query_init(struct query *q, struct request *request)
{
	*q = (struct query){ .request = *request };
	request->doc = NULL;
}

void
query_free(struct query *q)
{
	request_free(&q->request);
	buf_free(&q->out);
	buf_free(&q->names);
	buf_free(&q->name);
}

/* Put a row into the page if it matches; false when the page has enough. */
static bool
on_log_row(const struct log_row *r, void *v)
{
	struct query *q = v;

	if (filter_match(&q->request.filter, r)) {
		log_row_put(&q->out, r);
		q->rows++;
	}
	return (q->out.n < QUERY_PAGE_BYTES);
}

static bool
on_audit_row(const struct audit_row *r, void *v)
{
	struct query *q = v;

	if (!filter_match_event(&q->request.filter, r))
		return (true);
	shown_event(&q->out, r);
	q->rows++;
	return (q->out.n < QUERY_PAGE_BYTES);
}

static bool
on_event_back(const struct audit_row *r, void *v)
{
	struct query *q = v;

	if (filter_match_event(&q->request.filter, r))
		q->wanted--;
	return (q->wanted > 0);
}

static bool
on_row_back(const struct log_row *r, void *v)
{
	struct query *q = v;

	if (filter_match(&q->request.filter, r))
		q->wanted--;
	if (q->request.looks > 0 && ++q->looked >= q->request.looks)
		q->wanted = 0;
	return (q->wanted > 0);
}

/* Newest first: put it into the page, and count it. */
static bool
on_row_reversed(const struct log_row *r, void *v)
{
	struct query *q = v;
	int64_t rows = q->rows;
	bool more = on_log_row(r, q);

	q->wanted -= q->rows - rows;
	return (more && q->wanted != 0);
}

static struct place
first_place(const struct query *q)
{
	struct place place = PLACE_FIRST;

	if (q->request.filter.has_since)
		place.time = q->request.filter.since;
	return (place);
}

static struct place
last_place(const struct query *q)
{
	struct place place = PLACE_LAST;

	if (q->request.filter.has_until)
		place.time = q->request.filter.until;
	return (place);
}

static bool
is_live(const struct query *q)
{
	return (q->request.kind == REQUEST_FOLLOW ||
	    q->request.kind == REQUEST_WAIT);
}

static void
tell(struct query *q, enum notice_kind kind, int64_t log)
{
	notice_put(&q->out, &(struct notice){ .kind = kind, .log = log });
}

/* All that is stored was sent: an answer is over, a follow goes on. */
static enum sql_result
end_stored(struct query *q, struct pages *p)
{
	enum sql_result result;

	q->phase = QUERY_OVER;
	if (!is_live(q))
		return (SQL_DONE);
	result = pages_terminal(p, q->request.execution, 0, q->limit.audit,
	    q->event, sizeof q->event, &q->error);
	if (result == SQL_DONE && q->event[0] == '\0')
		result = pages_swept_end(p, q->request.execution, q->event,
		    sizeof q->event, &q->error);
	tell(q, NOTICE_LIVE, q->at.log);
	q->phase = QUERY_LIVE;
	return (result);
}

/* Go on behind a cursor. */
static enum sql_result
start_after(struct query *q, struct pages *p)
{
	const struct cursor *c = &q->request.after;
	bool live = is_live(q);

	if (c->log > q->limit.log) {
		q->beyond = true;
		q->phase = QUERY_OVER;
		return (SQL_DONE);
	}
	q->target = q->limit;
	q->at.log = c->log;
	if (!c->stored && live)
		return (end_stored(q, p));
	q->phase = QUERY_RANGE;
	tell(q, NOTICE_STORED, c->stored ? c->log : q->limit.log);
	if (!c->stored)
		return (SQL_DONE);
	q->place = (struct place){ .time = c->time, .id = c->id };
	q->limit.log = c->log;
	q->phase = QUERY_STORED;
	return (SQL_DONE);
}

static enum sql_result
start_stored(struct query *q, struct pages *p)
{
	const struct request *r = &q->request;

	if (r->kind == REQUEST_INSPECT) {
		q->place = first_place(q);
		q->phase = QUERY_FACTS;
		return (SQL_DONE);
	}
	if (r->kind != REQUEST_AUDIT && r->kind != REQUEST_WAIT)
		tell(q, NOTICE_STORED, q->limit.log);
	if (r->kind == REQUEST_WAIT || r->lines == 0)
		return (end_stored(q, p));
	q->wanted = r->lines;
	if (r->reverse)
		q->phase = QUERY_BACK;
	else
		q->phase = r->lines > 0 ? QUERY_SEEK : QUERY_STORED;
	q->place = q->phase == QUERY_STORED ? first_place(q) : last_place(q);
	return (SQL_DONE);
}

static enum sql_result
step_start(struct query *q, struct pages *p)
{
	const struct request *r = &q->request;
	enum sql_result result;

	if (r->kind == REQUEST_STATUS) {
		q->phase = QUERY_OVER;
		return (pages_counts(p, &q->counts, &q->error));
	}
	if (r->kind == REQUEST_LIST) {
		q->phase = QUERY_OVER;
		q->found = true;
		return (listing_put(p, r, &q->out, &q->rows, &q->error));
	}
	q->found = r->all;
	if ((result = pages_position(p, &q->limit, &q->error)) != SQL_DONE ||
	    /* Of one that is gone altogether nothing more will come. */
	    (!r->all && (result = pages_known(p, r->execution, !is_live(q) ||
	    r->has_after, &q->found, &q->error)) != SQL_DONE))
		return (result);
	q->at = q->limit;
	if (!q->found && is_live(q) && r->wait)
		tell(q, NOTICE_WAITING, 0);
	else if (!q->found) {
		q->phase = r->prefix ? QUERY_FIND : QUERY_OVER;
		return (SQL_DONE);
	}
	return (r->has_after ? start_after(q, p) : start_stored(q, p));
}

static enum sql_result
step_find(struct query *q, struct pages *p)
{
	enum sql_result result;

	buf_reset(&q->names);
	result = pages_find(p, q->request.execution, &q->names, END_NAMES_MAX,
	    &q->nnames, &q->error);
	if (result == SQL_DONE)
		q->phase = QUERY_FOUND;
	return (result);
}

static enum sql_result
step_back(struct query *q, struct pages *p, bool *more)
{
	const struct filter *f = &q->request.filter;
	enum sql_result result;

	result = pages_history_back(p, q->request.execution, &q->place,
	    q->limit.log, f->has_since ? f->since : INT64_MIN,
	    on_row_reversed, q, more, &q->error);
	if (result == SQL_DONE && (!*more || q->wanted == 0)) {
		*more = false;
		if (q->wanted != 0)
			result = removed_tell(q, p);
		q->phase = QUERY_OVER;
	}
	return (result);
}

/* Back to where the last so many begin. */
static enum sql_result
walk_back(struct query *q, struct pages *p, bool *more)
{
	const struct request *r = &q->request;
	int64_t since = r->filter.has_since ? r->filter.since : INT64_MIN;

	if (r->all)
		return (pages_events(p, true, &q->place, q->limit.audit,
		    on_event_back, q, more, &q->error));
	if (r->kind == REQUEST_AUDIT)
		return (pages_audit_back(p, r->execution, &q->place,
		    q->limit.audit, since, on_event_back, q, more, &q->error));
	return (pages_history_back(p, r->execution, &q->place, q->limit.log,
	    since, on_row_back, q, more, &q->error));
}

static enum sql_result
step_seek(struct query *q, struct pages *p, bool *more)
{
	enum sql_result result = walk_back(q, p, more);

	if (result != SQL_DONE)
		return (result);
	if (q->wanted == 0) {
		/* Rows behind a place are given: begin just before it. */
		if (q->place.id > INT64_MIN)
			q->place.id--;
		*more = false;
	} else if (!*more)
		q->place = first_place(q);
	if (!*more)
		q->phase = QUERY_STORED;
	return (SQL_DONE);
}

static enum sql_result
step_stored(struct query *q, struct pages *p, bool *more)
{
	const struct request *r = &q->request;
	enum sql_result result;

	if (r->all)
		result = pages_events(p, false, &q->place, q->limit.audit,
		    on_audit_row, q, more, &q->error);
	else if (r->kind == REQUEST_AUDIT || r->kind == REQUEST_INSPECT)
		result = pages_audit(p, r->execution, &q->place,
		    q->limit.audit, on_audit_row, q, more, &q->error);
	else
		result = pages_history(p, r->execution, &q->place,
		    q->limit.log, on_log_row, q, more, &q->error);
	if (result == SQL_DONE && !*more && r->has_after && !is_live(q))
		/* A cursor among the stored rows: then what came since. */
		q->phase = QUERY_RANGE;
	else if (result == SQL_DONE && !*more)
		result = end_stored(q, p);
	return (result);
}

static enum sql_result
step_range(struct query *q, struct pages *p, bool *more)
{
	enum sql_result result;

	result = pages_range(p, q->request.execution, &q->at.log,
	    q->target.log, on_log_row, q, more, &q->error);
	if (result == SQL_DONE && !*more) {
		tell(q, NOTICE_POSITION, q->at.log);
		q->phase = QUERY_OVER;
	}
	return (result);
}

static enum sql_result
step_facts(struct query *q, struct pages *p, bool *more)
{
	enum sql_result result;

	result = inspect_put(p, &q->request, &q->inspect, QUERY_PAGE_BYTES,
	    &q->out, &q->error);
	*more = !q->inspect.over;
	if (result == SQL_DONE && !*more)
		q->phase = QUERY_STORED;
	return (result);
}

/* The follow ends: is the output complete? */
static enum sql_result
step_judge(struct query *q, struct pages *p)
{
	enum sql_result result;

	buf_reset(&q->names);
	result = pages_missing(p, q->request.execution, &q->names,
	    END_NAMES_MAX, &q->nnames, &q->open, &q->error);
	q->judged = result == SQL_DONE;
	return (result);
}

/*
 * Rows first, then events, both of one state of the file, and events only when
 * all rows up to the same position are out: so the end is never seen before
 * what was committed with it.
 */
static enum sql_result
step_live(struct query *q, struct pages *p, bool *more)
{
	struct span execution = q->request.execution;
	enum sql_result result;

	if (q->request.kind == REQUEST_WAIT)
		q->at.log = q->target.log;
	if (q->at.log < q->target.log) {
		result = pages_range(p, execution, &q->at.log, q->target.log,
		    on_log_row, q, more, &q->error);
		if (result != SQL_DONE || *more)
			return (result);
	}
	if (q->event[0] == '\0' && q->at.audit < q->target.audit) {
		result = pages_terminal(p, execution, q->at.audit,
		    q->target.audit, q->event, sizeof q->event, &q->error);
		if (result != SQL_DONE)
			return (result);
	}
	if (q->at.audit < q->target.audit)
		q->at.audit = q->target.audit;
	if (q->event[0] != '\0')
		return (SQL_DONE);
	result = pages_swept_end(p, execution, q->event, sizeof q->event,
	    &q->error);
	if (result != SQL_DONE || q->event[0] != '\0')
		return (result);
	return (pages_engine_end(p, execution, q->stated, sizeof q->stated,
	    &q->audited, &q->error));
}

static bool
gives_rows(const struct query *q)
{
	return ((q->request.kind == REQUEST_LOGS ||
	    q->request.kind == REQUEST_FOLLOW) && !q->judge &&
	    (q->phase == QUERY_STORED || q->phase == QUERY_RANGE ||
	    q->phase == QUERY_LIVE));
}

static enum sql_result
step(struct query *q, struct pages *p, bool *more)
{
	switch (q->phase) {
	case QUERY_START:
		return (step_start(q, p));
	case QUERY_FIND:
		*more = true;
		return (step_find(q, p));
	case QUERY_FOUND:
		break;
	case QUERY_SEEK:
		return (step_seek(q, p, more));
	case QUERY_STORED:
		return (step_stored(q, p, more));
	case QUERY_BACK:
		return (step_back(q, p, more));
	case QUERY_RANGE:
		return (step_range(q, p, more));
	case QUERY_FACTS:
		return (step_facts(q, p, more));
	case QUERY_LIVE:
		*more = true;
		return (q->judge ? step_judge(q, p) : step_live(q, p, more));
	case QUERY_OVER:
		break;
	}
	return (SQL_DONE);
}

void
query_page(struct query *q, struct pages *p)
{
	enum query_phase was;
	enum sql_result result;
	bool more = false, told = false;

	if ((result = pages_begin(p, &q->error)) == SQL_DONE) {
		/* Go on through the phases, but for LIVE: that waits for its
		   target to be set. */
		do {
			was = q->phase;
			if (!told && gives_rows(q)) {
				told = true;
				result = removed_tell(q, p);
				if (result != SQL_DONE)
					break;
			}
			result = step(q, p, &more);
		} while (result == SQL_DONE && !more && q->phase != was &&
		    q->phase < QUERY_LIVE);
		pages_end(p);
	}
	q->error.result = result;
}
