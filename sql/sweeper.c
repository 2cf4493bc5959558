#include "sql/sweeper.h"

#include <stdio.h>

#include "sql/db.h"
#include "sql/guard.h"
#include "sql/sweeper_inner.h"
#include "sql/text.h"

#define REMOVED_MS	(90 * 86400000LL)	/* readers are told so long */

static const char *const text[SWEEPER_COUNT] = {
	[SWEEPER_SELECT] = sql_sweep_select,
	[SWEEPER_SELECT_OF] = sql_sweep_select_of,
	[SWEEPER_TIMES_OF] = sql_sweep_times_of,
	[SWEEPER_NEXT_ID] = sql_next_id,
	[SWEEPER_NEWEST] = sql_newest_log,
	[SWEEPER_REMOVED_ADD] = sql_removed_add,
	[SWEEPER_REMOVED_FORGET] = sql_removed_forget,
	[SWEEPER_SPARED_ADD] = sql_spared_add,
	[SWEEPER_SPARED_NEXT] = sql_spared_next,
	[SWEEPER_SPARED_DROP] = sql_spared_drop,
	[SWEEPER_SPARED_HAS] = sql_spared_has,
	[SWEEPER_SPARED_COUNT] = sql_spared_count,
	[SWEEPER_ROWS_LEFT] = sql_rows_left,
	[SWEEPER_STREAMS_DROP] = sql_streams_drop,
	[SWEEPER_TASKS_DROP] = sql_tasks_drop,
	[SWEEPER_SUMMARY_DROP] = sql_summary_drop,
	[SWEEPER_STREAMS_NEXT] = sql_streams_next,
	[SWEEPER_EVENTS] = sql_events_old,
	[SWEEPER_WATERMARK] = sql_watermark_raise,
	[SWEEPER_ORIGINS] = sql_origins_delete,
};

bool
sweeper_prepare(struct sweeper *w, sqlite3 *db, struct guard *guard,
    struct ranges *ranges, struct counts *counts, struct sql_error *error)
{
	int i;

	w->db = db;
	w->guard = guard;
	w->ranges = ranges;
	w->counts = counts;
	for (i = 0; i < SWEEPER_COUNT; i++)
		if ((w->stmt[i] = db_prepare(db, text[i], error)) == NULL)
			return (false);
	return (verdict_prepare(&w->verdict, db, error));
}

void
sweeper_free(struct sweeper *w)
{
	buf_free(&w->texts);
	verdict_free(&w->verdict);
}

enum sql_result
sweeper_run(struct sweeper *w, enum sweeper_statement which,
    struct sql_error *error)
{
	enum sql_result result;

	result = db_result(w->db, sqlite3_step(w->stmt[which]), error);
	(void)sqlite3_reset(w->stmt[which]);
	return (result);
}

bool
sweeper_has_time(const struct sweeper *w)
{
	return (db_monotonic_us() < w->until);
}

/* --------------------------------------------------------------- log rows */

/* The range to go on with, and the newest id; *done: there is none. */
static enum sql_result
next_range(struct sweeper *w, struct sweep *s, struct range *r,
    sqlite3_int64 *newest_id, bool *done, struct sql_error *error)
{
	sqlite3_stmt *next = w->stmt[SWEEPER_NEXT_ID];
	sqlite3_int64 id, newest;
	enum sql_result result;
	int64_t begun;

	*done = true;
	if ((result = db_integer(w->stmt[SWEEPER_NEWEST], &newest, error)) !=
	    SQL_DONE)
		return (result);
	*newest_id = newest;
	do {
		(void)sqlite3_bind_int64(next, 1, s->cursor -
		    (s->cursor > INT64_MIN));
		if ((result = db_integer(next, &id, error)) != SQL_DONE ||
		    id == INT64_MAX)
			return (result);
		if (s->cursor < id)
			s->cursor = id;
		begun = id >> RANGES_SHIFT;
		r->range = begun;
		result = ranges_find(w->ranges, r, newest >> RANGES_SHIFT,
		    s->cutoff, error);
		if (result != SQL_DONE || r->range > newest >> RANGES_SHIFT)
			return (result);
		if (r->range > begun)
			s->cursor = r->range << RANGES_SHIFT;
		/* One that the map has not: are there rows at all? */
	} while (r->range > begun && !r->whole && sweeper_has_time(w));
	*done = false;
	return (SQL_DONE);
}

static bool
is_wholly_old(const struct range *r, const struct sweep *s)
{
	return (r->whole && r->newest < s->cutoff);
}

/* Old rows from the cursor to the end of the range.  *through: there are no
   more. */
static enum sql_result
sweep_range(struct sweeper *w, struct sweep_step *step, const struct range *r,
    bool *through, struct sql_error *error)
{
	sqlite3_stmt *stmt = w->stmt[SWEEPER_SELECT];
	struct sweep *s = &step->sweep;
	int64_t end = (r->range << RANGES_SHIFT) + RANGES_IDS - 1;
	size_t most = step->limit - step->looked, taken = 0;
	enum sql_result result;

	(void)sqlite3_bind_int64(stmt, 1, s->cursor);
	(void)sqlite3_bind_int64(stmt, 2, end);
	(void)sqlite3_bind_int64(stmt, 3, s->cutoff);
	(void)sqlite3_bind_int64(stmt, 4, (sqlite3_int64)most);
	if ((result = victims_gather(w, stmt, error)) != SQL_DONE ||
	    (result = victims_take(w, step, &taken, error)) != SQL_DONE)
		return (result);
	*through = taken == w->nprey && w->nprey < most;
	step->looked += taken;
	if (!*through) {
		s->cursor = w->prey[taken - 1].id + 1;
		return (SQL_DONE);
	}
	s->cursor = end < INT64_MAX ? end + 1 : end;
	return (step->dry ? SQL_DONE :
	    ranges_close(w->ranges, r->range, s->cutoff, error));
}

/* As if the ids that are left were like those it has gone through. */
static void
guess(struct sweep *s, int64_t newest)
{
	double gone = (double)(s->rows - s->first_rows);
	double through = (double)s->cursor - (double)s->first_id;

	if (!s->guessed)
		return;
	s->expected = s->rows;
	if (s->cursor < newest && through > 0)
		s->expected += (int64_t)(gone / through *
		    ((double)newest - (double)s->cursor));
}

static enum sql_result
step_rows(struct sweeper *w, struct sweep_step *step, bool *done,
    struct sql_error *error)
{
	struct sweep *s = &step->sweep;
	sqlite3_int64 newest = 0;
	enum sql_result result;
	struct range r;
	bool through;

	result = next_range(w, s, &r, &newest, done, error);
	if (result != SQL_DONE || *done)
		return (result);
	if (!step->dry && !ranges_may_close(w->ranges, &r)) {
		w->until = 0;	/* the next step looks at it first */
		return (SQL_DONE);
	}
	if (!s->guessed && (s->expected == 0 || s->rows > s->expected)) {
		s->guessed = true;
		s->first_id = s->cursor;
		s->first_rows = s->rows;
	}
	result = sweep_range(w, step, &r, &through, error);
	guess(s, newest);
	return (result);
}

/* ------------------------------------------------------ spared executions */

/* Which of its old rows would go, and which stay; *through: these were all. */
static enum sql_result
count_spared(struct sweeper *w, struct sweep_step *step, bool *through,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = w->stmt[SWEEPER_TIMES_OF];
	struct victim *v = &w->victim[0];
	struct sweep *s = &step->sweep;
	enum sql_result result;
	int64_t time;
	int rc;

	db_bind_text(stmt, 1, victim_name(w, v));
	(void)sqlite3_bind_int64(stmt, 2, s->counting ? s->counted_to + 1 :
	    INT64_MIN);
	(void)sqlite3_bind_int64(stmt, 3, s->cutoff);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		time = sqlite3_column_int64(stmt, 0);
		if (v->rows + v->kept > 0 && time != s->counted_to &&
		    !sweeper_has_time(w))
			break;
		s->counted_to = time;
		*(victim_keeps(step, v, time) ? &v->kept : &v->rows) += 1;
	}
	s->counting = rc == SQLITE_ROW;
	s->rows += v->rows;
	*through = !s->counting;
	result = db_result(w->db, rc, error);
	(void)sqlite3_reset(stmt);
	return (result);
}

/* The rows of one that was spared; *through: all that may go are gone. */
static enum sql_result
sweep_spared(struct sweeper *w, struct sweep_step *step, bool *through,
    struct sql_error *error)
{
	struct victim *v = &w->victim[0];
	sqlite3_stmt *stmt = w->stmt[SWEEPER_SELECT_OF];
	int64_t cutoff = v->reason == SWEEP_FAILED ?
	    step->sweep.failed_cutoff : step->sweep.cutoff;
	size_t most = step->limit - step->looked, taken = 0;
	enum sql_result result;

	*through = true;
	if (step->dry)
		return (count_spared(w, step, through, error));
	if (v->reason == SWEEP_RUNNING)
		return (SQL_DONE);
	db_bind_text(stmt, 1, victim_name(w, v));
	(void)sqlite3_bind_int64(stmt, 2, cutoff);
	(void)sqlite3_bind_int64(stmt, 3, (sqlite3_int64)most);
	if ((result = victims_gather_of(w, stmt, error)) != SQL_DONE ||
	    (result = victims_take(w, step, &taken, error)) != SQL_DONE)
		return (result);
	step->looked += taken;
	*through = taken == w->nprey && w->nprey < most;
	return (SQL_DONE);
}

/* One execution, so that the step can tell of it. */
static enum sql_result
step_spared(struct sweeper *w, struct sweep_step *step, bool *done,
    struct sql_error *error)
{
	sqlite3_stmt *next = w->stmt[SWEEPER_SPARED_NEXT];
	enum sql_result result;
	int64_t id = 0;
	bool through;
	int rc;

	(void)sqlite3_bind_int64(next, 1, step->sweep.cursor);
	if ((rc = sqlite3_step(next)) == SQLITE_ROW) {
		id = sqlite3_column_int64(next, 0);
		victims_reset(w);
		(void)victim_add(w, db_column_text(next, 1));
	}
	result = db_result(w->db, rc, error);
	(void)sqlite3_reset(next);
	*done = rc != SQLITE_ROW;
	if (result != SQL_DONE || *done)
		return (result);
	if ((result = victim_judge(w, step, &w->victim[0], error)) !=
	    SQL_DONE || (result = sweep_spared(w, step, &through, error)) !=
	    SQL_DONE)
		return (result);
	step->looked++;
	if (!through)
		return (SQL_DONE);
	step->sweep.cursor = id;
	if (step->dry)
		return (SQL_DONE);
	if (w->victim[0].reason != SWEEP_GOES) {
		w->nvictim = 0;		/* nothing new */
		return (SQL_DONE);
	}
	return (victim_release(w, &w->victim[0], step->now_ms, error));
}

/* -------------------------------------------------------------- the others */

/* The next old stream, which may have had no row.  *done: none is old. */
static enum sql_result
step_streams(struct sweeper *w, struct sweep_step *step, bool *done,
    struct sql_error *error)
{
	sqlite3_stmt *next = w->stmt[SWEEPER_STREAMS_NEXT];
	enum sql_result result;
	int64_t opened_at;
	int rc;

	(void)sqlite3_bind_int64(next, 1, step->sweep.cursor);
	rc = sqlite3_step(next);
	opened_at = sqlite3_column_int64(next, 2);
	*done = rc != SQLITE_ROW || opened_at >= step->sweep.cutoff;
	if (!*done) {
		step->sweep.cursor = sqlite3_column_int64(next, 0);
		victims_reset(w);
		(void)victim_add(w, db_column_text(next, 1));
	}
	result = db_result(w->db, rc, error);
	(void)sqlite3_reset(next);
	if (result != SQL_DONE || *done)
		return (result);
	step->looked++;
	result = victim_judge(w, step, &w->victim[0], error);
	if (result == SQL_DONE &&
	    !victim_keeps(step, &w->victim[0], opened_at))
		result = victim_leave(w, &w->victim[0], error);
	w->nvictim = 0;
	return (result);
}

static enum sql_result
step_removed(struct sweeper *w, struct sweep_step *step, bool *done,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = w->stmt[SWEEPER_REMOVED_FORGET];
	enum sql_result result;

	(void)sqlite3_bind_int64(stmt, 1, step->now_ms - REMOVED_MS);
	(void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)step->limit);
	result = sweeper_run(w, SWEEPER_REMOVED_FORGET, error);
	step->looked += (size_t)sqlite3_changes(w->db);
	*done = sqlite3_changes(w->db) < (int)step->limit;
	return (result);
}

static enum sql_result
step_phase(struct sweeper *w, struct sweep_step *step, bool *done,
    struct sql_error *error)
{
	*done = true;
	switch (step->sweep.phase) {
	case SWEEP_SPARED:
		return (step_spared(w, step, done, error));
	case SWEEP_ROWS:
		return (step_rows(w, step, done, error));
	case SWEEP_STREAMS:
		return (step->dry ? SQL_DONE :
		    step_streams(w, step, done, error));
	case SWEEP_REMOVED:
		return (step->dry ? SQL_DONE :
		    step_removed(w, step, done, error));
	case SWEEP_EVENTS:
		return (sweep_events(w, step, done, error));
	case SWEEP_OVER:
		break;
	}
	return (SQL_DONE);
}

static enum sql_result
finish(struct sweeper *w, struct sweep_step *step, struct sql_error *error)
{
	sqlite3_int64 spared = 0;
	enum sql_result result;

	result = db_integer(w->stmt[SWEEPER_SPARED_COUNT], &spared, error);
	step->sweep.spared = spared;
	step->sweep.ended_at = step->now_ms;
	return (result);
}

/* A phase that has found something ends the step: it can be told. */
static enum sql_result
run_phases(struct sweeper *w, struct sweep_step *step, struct sql_error *error)
{
	struct sweep *s = &step->sweep;
	enum sql_result result = SQL_DONE;
	bool done;

	victims_reset(w);
	while (s->phase < SWEEP_OVER && step->looked < step->limit &&
	    w->nvictim == 0 && sweeper_has_time(w)) {
		result = step_phase(w, step, &done, error);
		if (result != SQL_DONE)
			return (result);
		if (!done)
			continue;
		s->phase++;
		s->cursor = s->phase == SWEEP_ROWS || s->phase == SWEEP_EVENTS ?
		    INT64_MIN : 0;
	}
	return (s->phase == SWEEP_OVER ? finish(w, step, error) : SQL_DONE);
}

void
sweeper_warm(struct sweeper *w, const struct sweep_step *step)
{
	struct sweep s = step->sweep;
	bool begins = s.cursor % RANGES_IDS == 0, done;
	sqlite3_int64 newest;
	struct range r;

	verdict_look(&w->verdict);
	if (step->dry || s.phase != SWEEP_ROWS ||
	    next_range(w, &s, &r, &newest, &done, NULL) != SQL_DONE || done ||
	    is_wholly_old(&r, &s))
		return;
	if (begins || !ranges_may_close(w->ranges, &r))
		ranges_look(w->ranges, &r);
}

enum sql_result
sweeper_step(struct sweeper *w, struct sweep_step *step,
    struct sql_error *error)
{
	enum sql_result result = SQL_DONE;

	w->until = db_monotonic_us() + step->hold_us;
	step->looked = 0;
	w->guard->sweeps = true;
	w->remove = db_prepare(w->db, sql_sweep_delete, error);
	if (w->remove == NULL)
		result = error->result;
	if (step->dry)
		verdict_look(&w->verdict);
	verdict_begin(&w->verdict);
	step->blind = verdict_is_blind(&w->verdict);
	if (result == SQL_DONE)
		result = run_phases(w, step, error);
	verdict_end(&w->verdict);
	if (step->sweep.phase == SWEEP_OVER)
		verdict_free(&w->verdict);
	(void)sqlite3_finalize(w->remove);
	w->guard->sweeps = false;
	step->sweep.steps++;
	victims_tell(w, step);
	return (result);
}
