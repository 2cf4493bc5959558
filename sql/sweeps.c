#include "sql/sweeps.h"

#include <stdio.h>

#include "sql/db.h"
#include "sql/text.h"

#define SWEEPS_MOST	(INT64_C(1) << 60)	/* of what is in the file */

static const char *const text[SWEEPS_COUNT] = {
	[SWEEPS_BEGIN] = sql_sweep_begin,
	[SWEEPS_TRIM] = sql_sweeps_trim,
	[SWEEPS_NOTE] = sql_sweep_note,
	[SWEEPS_LAST] = sql_sweep_last,
	[SWEEPS_EXPECTED] = sql_ranges_expected,
	[SWEEPS_BYTES] = sql_ranges_bytes,
	[SWEEPS_CEILING] = sql_ranges_ceiling,
	[SWEEPS_CLOCK_READ] = sql_clock_read,
	[SWEEPS_CLOCK_WRITE] = sql_clock_write,
};

bool
sweeps_prepare(struct sweeps *t, sqlite3 *db, struct sql_error *error)
{
	int i;

	*t = (struct sweeps){ .db = db };
	for (i = 0; i < SWEEPS_COUNT; i++)
		if ((t->stmt[i] = db_prepare(db, text[i], error)) == NULL)
			return (false);
	return (true);
}

/* Step a bound statement that returns no row. */
static enum sql_result
run(struct sweeps *t, enum sweeps_statement which, struct sql_error *error)
{
	enum sql_result result;

	result = db_result(t->db, sqlite3_step(t->stmt[which]), error);
	(void)sqlite3_reset(t->stmt[which]);
	return (result);
}

/* Over the ceiling it is brought well below, so that it is not reached again at
   once.  Which rows are spared is seen when they are met. */
static enum sql_result
apply_ceiling(struct sweeps *t, struct sweep_step *step,
    struct sql_error *error)
{
	struct sweep *s = &step->sweep;
	sqlite3_int64 bytes = 0, until = INT64_MIN;
	enum sql_result result;
	int64_t goal;

	step->above = step->all = false;
	if (step->max_bytes == 0)
		return (SQL_DONE);
	result = db_integer(t->stmt[SWEEPS_BYTES], &bytes, error);
	if (result != SQL_DONE || bytes <= step->max_bytes)
		return (result);
	goal = bytes - SWEEP_BELOW(step->max_bytes) + step->beyond;
	step->above = true;
	step->all = goal >= bytes;
	(void)sqlite3_bind_int64(t->stmt[SWEEPS_CEILING], 1,
	    step->all ? bytes : goal);
	result = db_integer(t->stmt[SWEEPS_CEILING], &until, error);
	if (until > s->cutoff)
		s->cutoff = until;
	if (until > s->failed_cutoff)
		s->failed_cutoff = until;
	return (result);
}

enum sql_result
sweeps_plan(struct sweeps *t, struct sweep_step *step,
    struct sql_error *error)
{
	sqlite3_int64 expected = 0;
	enum sql_result result;

	if ((result = apply_ceiling(t, step, error)) != SQL_DONE)
		return (result);
	(void)sqlite3_bind_int64(t->stmt[SWEEPS_EXPECTED], 1,
	    step->sweep.cutoff);
	result = db_integer(t->stmt[SWEEPS_EXPECTED], &expected, error);
	step->sweep.expected = expected;
	return (result);
}

static enum sql_result
believe(struct sweeps *t, const struct clock_mark *m, struct sql_error *error)
{
	sqlite3_stmt *stmt = t->stmt[SWEEPS_CLOCK_WRITE];

	db_bind_text(stmt, 1, span_of(m->boot));
	(void)sqlite3_bind_int64(stmt, 2, m->wall_ms);
	(void)sqlite3_bind_int64(stmt, 3, m->boot_ms);
	return (run(t, SWEEPS_CLOCK_WRITE, error));
}

enum sql_result
sweeps_begin(struct sweeps *t, struct sweep_step *step,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = t->stmt[SWEEPS_BEGIN];
	struct sweep *s = &step->sweep;
	enum sql_result result;

	db_bind_text(stmt, 1, span_of(s->cause));
	(void)sqlite3_bind_int64(stmt, 2, s->started_at);
	(void)sqlite3_bind_int64(stmt, 3, s->cutoff);
	(void)sqlite3_bind_int64(stmt, 4, s->failed_cutoff);
	(void)sqlite3_bind_int64(stmt, 5, s->audit_cutoff);
	(void)sqlite3_bind_int64(stmt, 6, s->phase);
	(void)sqlite3_bind_int64(stmt, 7, s->cursor);
	(void)sqlite3_bind_int64(stmt, 8, s->expected);
	if ((result = run(t, SWEEPS_BEGIN, error)) != SQL_DONE)
		return (result);
	s->id = sqlite3_last_insert_rowid(t->db);
	(void)sqlite3_bind_int64(t->stmt[SWEEPS_TRIM], 1, s->id);
	(void)sqlite3_bind_int(t->stmt[SWEEPS_TRIM], 2, SWEEPS_KEPT);
	if ((result = run(t, SWEEPS_TRIM, error)) != SQL_DONE)
		return (result);
	return (believe(t, &step->mark, error));
}

enum sql_result
sweeps_note(struct sweeps *t, const struct sweep *s, struct sql_error *error)
{
	sqlite3_stmt *stmt = t->stmt[SWEEPS_NOTE];

	(void)sqlite3_bind_int64(stmt, 1, s->id);
	if (s->ended_at != 0)
		(void)sqlite3_bind_int64(stmt, 2, s->ended_at);
	else
		(void)sqlite3_bind_null(stmt, 2);
	(void)sqlite3_bind_int64(stmt, 3, s->phase);
	(void)sqlite3_bind_int64(stmt, 4, s->cursor);
	(void)sqlite3_bind_int64(stmt, 5, s->rows);
	(void)sqlite3_bind_int64(stmt, 6, s->events);
	(void)sqlite3_bind_int64(stmt, 7, s->spared);
	(void)sqlite3_bind_int64(stmt, 8, s->steps);
	return (run(t, SWEEPS_NOTE, error));
}

/* Anybody can write there: whoever adds or subtracts need not look. */
static int64_t
read_bounded(sqlite3_stmt *stmt, int column)
{
	int64_t value = sqlite3_column_int64(stmt, column);

	return (value > SWEEPS_MOST ? SWEEPS_MOST :
	    value < -SWEEPS_MOST ? -SWEEPS_MOST : value);
}

static void
read_sweep(sqlite3_stmt *stmt, struct sweep *s)
{
	int64_t phase = sqlite3_column_int64(stmt, 7);

	*s = (struct sweep){
		.id = sqlite3_column_int64(stmt, 0),
		.started_at = read_bounded(stmt, 2),
		.ended_at = read_bounded(stmt, 3),
		.cutoff = sqlite3_column_int64(stmt, 4),
		.failed_cutoff = sqlite3_column_int64(stmt, 5),
		.audit_cutoff = sqlite3_column_int64(stmt, 6),
		.phase = phase >= 0 && phase < SWEEP_OVER ?
		    (enum sweep_phase)phase : SWEEP_OVER,
		.cursor = sqlite3_column_int64(stmt, 8),
		.rows = read_bounded(stmt, 9),
		.events = read_bounded(stmt, 10),
		.spared = read_bounded(stmt, 11),
		.expected = read_bounded(stmt, 12),
		.steps = read_bounded(stmt, 13),
	};
	(void)snprintf(s->cause, sizeof s->cause, "%s",
	    (const char *)sqlite3_column_text(stmt, 1));
}

enum sql_result
sweeps_last(struct sweeps *t, struct sweep *s, struct clock_mark *m,
    struct sql_error *error)
{
	sqlite3_stmt *last = t->stmt[SWEEPS_LAST];
	sqlite3_stmt *clock = t->stmt[SWEEPS_CLOCK_READ];
	enum sql_result result;
	int rc;

	*s = (struct sweep){ 0 };
	*m = (struct clock_mark){ 0 };
	if ((rc = sqlite3_step(last)) == SQLITE_ROW)
		read_sweep(last, s);
	result = db_result(t->db, rc, error);
	(void)sqlite3_reset(last);
	if (result != SQL_DONE)
		return (result);
	if ((rc = sqlite3_step(clock)) == SQLITE_ROW) {
		(void)snprintf(m->boot, sizeof m->boot, "%s",
		    (const char *)sqlite3_column_text(clock, 0));
		m->wall_ms = read_bounded(clock, 1);
		m->boot_ms = read_bounded(clock, 2);
	}
	result = db_result(t->db, rc, error);
	(void)sqlite3_reset(clock);
	return (result);
}

enum sql_result
sweeps_bytes(struct sweeps *t, int64_t *bytes, struct sql_error *error)
{
	sqlite3_int64 value = 0;
	enum sql_result result;

	result = db_integer(t->stmt[SWEEPS_BYTES], &value, error);
	*bytes = value;
	return (result);
}
