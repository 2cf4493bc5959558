#include "daemon/query.h"

#include "daemon/limits.h"

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
	return (q->out.n < LIMIT_PAGE_BYTES);
}

static bool
on_audit_row(const struct audit_row *r, void *v)
{
	struct query *q = v;

	audit_row_put(&q->out, r);
	q->rows++;
	return (q->out.n < LIMIT_PAGE_BYTES);
}

static bool
on_row_back(const struct log_row *r, void *v)
{
	struct query *q = v;

	if (filter_match(&q->request.filter, r))
		q->wanted--;
	return (q->wanted > 0);
}

static struct place
first_place(const struct query *q)
{
	struct place place = PLACE_FIRST;

	if (q->request.filter.has_since)
		place.time = q->request.filter.since;
	return (place);
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
	if ((result = pages_position(p, &q->limit, &q->error)) != SQL_DONE ||
	    (result = pages_known(p, r->execution, &q->found, &q->error)) !=
	    SQL_DONE)
		return (result);
	q->at = q->limit;
	q->wanted = r->lines;
	q->place = r->lines > 0 ? PLACE_LAST : first_place(q);
	q->phase = r->lines > 0 ? QUERY_SEEK : QUERY_STORED;
	if (!q->found && r->kind == REQUEST_FOLLOW && r->wait)
		notice_put(&q->out, NOTICE_WAITING);
	else if (!q->found)
		q->phase = QUERY_OVER;
	return (SQL_DONE);
}

static enum sql_result
step_seek(struct query *q, struct pages *p, bool *more)
{
	const struct filter *f = &q->request.filter;
	enum sql_result result;

	result = pages_history_back(p, q->request.execution, &q->place,
	    q->limit.log, f->has_since ? f->since : INT64_MIN, on_row_back, q,
	    more, &q->error);
	if (result != SQL_DONE)
		return (result);
	if (q->wanted == 0) {
		/* Rows behind a place are given: begin just before it. */
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

	if (r->kind == REQUEST_AUDIT)
		result = pages_audit(p, r->execution, &q->place,
		    q->limit.audit, on_audit_row, q, more, &q->error);
	else
		result = pages_history(p, r->execution, &q->place,
		    q->limit.log, on_log_row, q, more, &q->error);
	if (result != SQL_DONE || *more)
		return (result);
	if (r->kind != REQUEST_FOLLOW) {
		q->phase = QUERY_OVER;
		return (SQL_DONE);
	}
	result = pages_terminal(p, r->execution, 0, q->limit.audit, q->event,
	    sizeof q->event, &q->error);
	if (result == SQL_DONE) {
		notice_put(&q->out, NOTICE_LIVE);
		q->phase = QUERY_LIVE;
	}
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
	return (SQL_DONE);
}

static enum sql_result
step(struct query *q, struct pages *p, bool *more)
{
	switch (q->phase) {
	case QUERY_START:
		return (step_start(q, p));
	case QUERY_SEEK:
		return (step_seek(q, p, more));
	case QUERY_STORED:
		return (step_stored(q, p, more));
	case QUERY_LIVE:
		*more = true;
		return (step_live(q, p, more));
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
	bool more = false;

	if ((result = pages_begin(p, &q->error)) == SQL_DONE) {
		/* Go on through the phases, but for LIVE: that waits for its
		   target to be set. */
		do {
			was = q->phase;
			result = step(q, p, &more);
		} while (result == SQL_DONE && !more && q->phase != was &&
		    q->phase < QUERY_LIVE);
		pages_end(p);
	}
	q->error.result = result;
}
