#include "sql/verdict.h"

#include "sql/db.h"
#include "sql/text.h"

const char *
sweep_reason_name(enum sweep_reason reason)
{
	static const char *const names[] = {
		[SWEEP_GOES] = "",
		[SWEEP_RUNNING] = "running",
		[SWEEP_FAILED] = "failed",
	};

	return (names[reason]);
}

bool
verdict_prepare(struct verdict *v, sqlite3 *db, struct sql_error *error)
{
	*v = (struct verdict){ .db = db };
	return ((v->end = db_prepare(db, sql_terminal_event, error)) != NULL &&
	    (v->swept = db_prepare(db, sql_swept_end, error)) != NULL &&
	    (v->newest = db_prepare(db, sql_newest_of, error)) != NULL &&
	    (v->begun = db_prepare(db, sql_has_begun, error)) != NULL);
}

void
verdict_look(struct verdict *v)
{
	if (unkeyed_is(v->db))
		unkeyed_read(&v->unkeyed, v->db);
	else
		unkeyed_forget(&v->unkeyed);
}

void
verdict_begin(struct verdict *v)
{
	v->engine = unkeyed_has_key(v->db) ?
	    db_prepare(v->db, sql_state_in_engine, NULL) : NULL;
	v->is_unkeyed = v->engine == NULL && unkeyed_is(v->db);
}

void
verdict_end(struct verdict *v)
{
	(void)sqlite3_finalize(v->engine);
	v->engine = NULL;
}

bool
verdict_is_blind(const struct verdict *v)
{
	return (v->is_unkeyed && !v->unkeyed.whole);
}

void
verdict_free(struct verdict *v)
{
	unkeyed_forget(&v->unkeyed);
}

/* *known is false where the engine says nothing. */
static enum sql_result
ask_engine(struct verdict *v, struct span execution, bool *known,
    enum sweep_reason *reason, struct sql_error *error)
{
	enum sql_result result;
	struct span state = SPAN_NONE;
	bool failed = false;
	int rc;

	*known = v->is_unkeyed && unkeyed_find(&v->unkeyed, execution,
	    &failed);
	if (*known)
		*reason = failed ? SWEEP_FAILED : SWEEP_RUNNING;
	if (v->engine == NULL)
		return (SQL_DONE);
	db_bind_text(v->engine, 1, execution);
	if ((rc = sqlite3_step(v->engine)) == SQLITE_ROW)
		state = db_column_text(v->engine, 0);
	*known = state.p != NULL;
	if (span_is(state, "FAILED"))
		*reason = SWEEP_FAILED;
	else if (*known && !span_is(state, "SUCCESS") &&
	    !span_is(state, "CANCELLED"))
		*reason = SWEEP_RUNNING;
	result = db_result(v->db, rc, error);
	(void)sqlite3_reset(v->engine);
	return (result);
}

/* How a bound statement says that it has ended, by an event or a state; *known:
   it does. */
static enum sql_result
ask(struct verdict *v, sqlite3_stmt *stmt, bool *known,
    enum sweep_reason *reason, struct sql_error *error)
{
	enum sql_result result;
	struct span end = SPAN_NONE;
	int rc;

	if ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		end = db_column_text(stmt, 0);
	*known = end.p != NULL;
	if (span_is(end, "FAILED") || span_is(end, "TIMEOUT"))
		*reason = SWEEP_FAILED;
	result = db_result(v->db, rc, error);
	(void)sqlite3_reset(stmt);
	return (result);
}

/* By an event that is there, or one that a sweep has removed. */
static enum sql_result
ask_end(struct verdict *v, struct span execution, bool *known,
    enum sweep_reason *reason, struct sql_error *error)
{
	enum sql_result result;

	db_bind_text(v->end, 1, execution);
	(void)sqlite3_bind_int64(v->end, 2, INT64_MIN);
	(void)sqlite3_bind_int64(v->end, 3, INT64_MAX);
	result = ask(v, v->end, known, reason, error);
	if (result != SQL_DONE || *known)
		return (result);
	db_bind_text(v->swept, 1, execution);
	return (ask(v, v->swept, known, reason, error));
}

enum sql_result
verdict_of(struct verdict *v, struct span execution, int64_t young,
    enum sweep_reason *reason, struct sql_error *error)
{
	sqlite3_int64 newest = 0, begun = 0;
	enum sql_result result;
	bool known;

	*reason = SWEEP_GOES;
	result = ask_engine(v, execution, &known, reason, error);
	if (result != SQL_DONE || known)
		return (result);
	result = ask_end(v, execution, &known, reason, error);
	if (result != SQL_DONE || known)
		return (result);
	db_bind_text(v->newest, 1, execution);
	result = db_integer(v->newest, &newest, error);
	if (result != SQL_DONE || newest < young)
		return (result);
	db_bind_text(v->begun, 1, execution);
	result = db_integer(v->begun, &begun, error);
	if (begun != 0)
		*reason = SWEEP_RUNNING;
	return (result);
}
