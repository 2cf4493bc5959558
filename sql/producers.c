#include "sql/producers.h"

#include "sql/db.h"
#include "sql/text.h"

#define STEP_MS		3600000	/* the wall clock has stepped, and not drifted */
#define SWEEP_ROWS	1000	/* forgotten at once, at most */

bool
producers_prepare(struct producers *p, sqlite3 *db, struct sql_error *error)
{
	*p = (struct producers){ .db = db };
	return ((p->read = db_prepare(db, sql_producer_read, error)) != NULL &&
	    (p->write = db_prepare(db, sql_producer_write, error)) != NULL &&
	    (p->forget = db_prepare(db, sql_producer_forget, error)) != NULL &&
	    (p->touch = db_prepare(db, sql_producer_touch, error)) != NULL &&
	    (p->gap = db_prepare(db, sql_producers_gap, error)) != NULL &&
	    (p->move = db_prepare(db, sql_producers_move, error)) != NULL &&
	    (p->forget_idle = db_prepare(db, sql_producers_forget_idle,
	    error)) != NULL &&
	    (p->incident = db_prepare(db, sql_incident_write, error)) != NULL &&
	    (p->extend = db_prepare(db, sql_incident_extend, error)) != NULL);
}

/* Step a bound statement that returns no row. */
static enum sql_result
run(struct producers *p, sqlite3_stmt *stmt, struct sql_error *error)
{
	enum sql_result result = db_result(p->db, sqlite3_step(stmt), error);

	(void)sqlite3_reset(stmt);
	return (result);
}

static enum sql_result
write_mark(struct producers *p, const struct producer_mark *m, int64_t now,
    struct sql_error *error)
{
	db_bind_text(p->write, 1, m->producer);
	(void)sqlite3_bind_int64(p->write, 2, m->uid);
	(void)sqlite3_bind_int64(p->write, 3, m->epoch);
	(void)sqlite3_bind_int64(p->write, 4, (sqlite3_int64)m->number);
	(void)sqlite3_bind_int64(p->write, 5, now);
	return (run(p, p->write, error));
}

/* The stored mark of m->producer, and when it was written; *found is false if
   there is none. */
static enum sql_result
read_mark(struct producers *p, struct producer_mark *m, int64_t *when,
    bool *found, struct sql_error *error)
{
	enum sql_result result;
	int rc;

	db_bind_text(p->read, 1, m->producer);
	rc = sqlite3_step(p->read);
	*found = rc == SQLITE_ROW;
	if (*found) {
		m->uid = (uint32_t)sqlite3_column_int64(p->read, 0);
		m->epoch = sqlite3_column_int64(p->read, 1);
		m->number = (uint64_t)sqlite3_column_int64(p->read, 2);
		*when = sqlite3_column_int64(p->read, 3);
	}
	result = db_result(p->db, rc, error);
	(void)sqlite3_reset(p->read);
	return (result);
}

static enum claim_result
judge(const struct producer_claim *c, const struct producer_mark *stored,
    bool found)
{
	if (found && stored->uid != c->uid && c->uid != 0)
		return (CLAIM_NOT_YOURS);
	if (!c->resumes)
		return (CLAIM_GRANTED);
	if (!found || stored->epoch < c->epoch)
		return (CLAIM_UNKNOWN);
	return (stored->epoch > c->epoch ? CLAIM_FENCED : CLAIM_GRANTED);
}

static enum sql_result
extend_incident(struct producers *p, const struct producer_claim *c,
    uint64_t stored, struct sql_error *error)
{
	db_bind_text(p->extend, 1, c->producer);
	(void)sqlite3_bind_int64(p->extend, 2, (sqlite3_int64)stored + 1);
	(void)sqlite3_bind_int64(p->extend, 3, (sqlite3_int64)c->acked);
	return (run(p, p->extend, error));
}

/* Acknowledged records are not here: the file is an older one. */
static enum sql_result
write_incident(struct producers *p, const struct producer_claim *c,
    uint64_t stored, int64_t now, struct sql_error *error)
{
	enum sql_result result;

	result = extend_incident(p, c, stored, error);
	if (result != SQL_DONE || sqlite3_changes(p->db) > 0)
		return (result);
	db_bind_text(p->incident, 1, c->producer);
	(void)sqlite3_bind_int64(p->incident, 2, (sqlite3_int64)stored + 1);
	(void)sqlite3_bind_int64(p->incident, 3, (sqlite3_int64)c->acked);
	(void)sqlite3_bind_int64(p->incident, 4, now);
	return (run(p, p->incident, error));
}

static enum sql_result
judge_claim(struct producers *p, struct producer_claim *c, int64_t now,
    struct sql_error *error)
{
	struct producer_mark m = { .producer = c->producer, .uid = c->uid };
	enum sql_result result;
	int64_t when = INT64_MIN;
	bool found;

	if ((result = read_mark(p, &m, &when, &found, error)) != SQL_DONE)
		return (result);
	c->result = judge(c, &m, found);
	/* A file cannot become older while it is open: whoever has been heard
	   of since then has had no more acknowledged than is here. */
	if (c->result == CLAIM_GRANTED && c->resumes && m.number < c->acked &&
	    p->committed && when > p->begun_ms)
		c->result = CLAIM_UNKNOWN;
	if (c->result != CLAIM_GRANTED)
		return (SQL_DONE);
	if (c->resumes && m.number < c->acked) {
		result = write_incident(p, c, m.number, now, error);
		if (result != SQL_DONE)
			return (result);
		m.number = c->acked;
	}
	if (!c->resumes)
		m.epoch++;
	c->granted = m.epoch;
	c->number = m.number;
	return (write_mark(p, &m, now, error));
}

static enum sql_result
forget(struct producers *p, struct span producer, struct sql_error *error)
{
	db_bind_text(p->forget, 1, producer);
	return (run(p, p->forget, error));
}

/* By how much do the times of all producers move? */
static enum sql_result
find_step(struct producers *p, const struct store_batch *b, int64_t *step,
    struct sql_error *error)
{
	sqlite3_int64 gap = 0;
	enum sql_result result;

	if (p->committed) {
		*step = b->now_ms - p->now_ms - (b->mono_ms - p->mono_ms);
		return (SQL_DONE);
	}
	(void)sqlite3_bind_int64(p->gap, 1, b->now_ms);
	result = db_integer(p->gap, &gap, error);
	*step = gap;
	return (result);
}

static bool
is_step(int64_t ms)
{
	return (ms <= -STEP_MS || ms >= STEP_MS);
}

static enum sql_result
move_times(struct producers *p, const struct store_batch *b,
    struct sql_error *error)
{
	enum sql_result result;
	int64_t step;

	result = find_step(p, b, &step, error);
	/* Nothing that was before the start may seem to be after it. */
	if (result != SQL_DONE || (!is_step(step) && (p->committed ||
	    step >= 0)))
		return (result);
	(void)sqlite3_bind_int64(p->move, 1, step);
	return (run(p, p->move, error));
}

void
producers_committed(struct producers *p, const struct store_batch *b)
{
	int64_t step = b->now_ms - p->now_ms - (b->mono_ms - p->mono_ms);

	if (!p->committed)
		p->begun_ms = b->now_ms;
	else if (is_step(step))
		p->begun_ms += step;
	p->committed = true;
	p->now_ms = b->now_ms;
	p->mono_ms = b->mono_ms;
}

static enum sql_result
sweep(struct producers *p, const struct store_batch *b,
    struct sql_error *error)
{
	enum sql_result result = SQL_DONE;
	size_t i;

	for (i = 0; i < b->npresent && result == SQL_DONE; i++) {
		db_bind_text(p->touch, 1, b->present[i]);
		(void)sqlite3_bind_int64(p->touch, 2, b->now_ms);
		result = run(p, p->touch, error);
	}
	if (result != SQL_DONE)
		return (result);
	(void)sqlite3_bind_int64(p->forget_idle, 1,
	    b->now_ms - PRODUCERS_IDLE_MS);
	(void)sqlite3_bind_int64(p->forget_idle, 2, SWEEP_ROWS);
	return (run(p, p->forget_idle, error));
}

enum sql_result
producers_apply(struct producers *p, const struct store_batch *b,
    struct sql_error *error)
{
	enum sql_result result;
	size_t i;

	result = move_times(p, b, error);
	for (i = 0; i < b->nmark && result == SQL_DONE; i++)
		result = write_mark(p, &b->mark[i], b->now_ms, error);
	for (i = 0; i < b->nforget && result == SQL_DONE; i++)
		result = forget(p, b->forget[i], error);
	for (i = 0; i < b->nclaim && result == SQL_DONE; i++)
		result = judge_claim(p, &b->claim[i], b->now_ms, error);
	if (result == SQL_DONE && b->sweep)
		result = sweep(p, b, error);
	return (result);
}
