#include <stdio.h>

#include "sql/db.h"
#include "sql/guard.h"
#include "sql/sweeper_inner.h"
#include "sql/text.h"

/* Old events from the cursor on, up to the first that stays.  One whose time is
   no number is older than those behind it: it goes with an old one, and is only
   seen until that is found. */
struct old_events {
	int64_t	through;	/* id of the last of them */
	int64_t	count;
	int64_t	seen;
	size_t	nvictim;	/* of those that go */
	bool	ended;		/* what follows stays, or there is nothing */
};

/* It is not young; but is its execution running? */
static enum sql_result
judge(struct sweeper *w, const struct sweep_step *step, sqlite3_stmt *stmt,
    bool *stays, struct sql_error *error)
{
	enum sweep_reason reason = SWEEP_GOES;
	enum sql_result result;

	*stays = sqlite3_column_type(stmt, 2) != SQLITE_NULL &&
	    sqlite3_column_int(stmt, 2) == 0;
	if (*stays)
		return (SQL_DONE);
	result = verdict_of(&w->verdict, db_column_text(stmt, 1),
	    step->sweep.audit_cutoff, &reason, error);
	*stays = reason == SWEEP_RUNNING;
	return (result);
}

static void
see(struct sweeper *w, sqlite3_stmt *stmt, struct old_events *old)
{
	old->seen++;
	(void)victim_add(w, db_column_text(stmt, 1));
	if (sqlite3_column_type(stmt, 2) == SQLITE_NULL)
		return;
	old->through = sqlite3_column_int64(stmt, 0);
	old->count = old->seen;
	old->nvictim = w->nvictim;
}

static bool
goes_on(const struct sweeper *w, const struct sweep_step *step,
    const struct old_events *old)
{
	if (old->count == 0)
		return (old->seen < SWEEP_ROWS_MAX);
	return (old->seen < (int64_t)(step->limit - step->looked) &&
	    sweeper_has_time(w));
}

static enum sql_result
find(struct sweeper *w, struct sweep_step *step, struct old_events *old,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = w->stmt[SWEEPER_EVENTS];
	enum sql_result result = SQL_DONE;
	bool stays = false;
	int rc;

	*old = (struct old_events){ 0 };
	victims_reset(w);
	(void)sqlite3_bind_int64(stmt, 1, step->sweep.cursor);
	(void)sqlite3_bind_int64(stmt, 2, step->sweep.audit_cutoff);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !stays &&
	    result == SQL_DONE && goes_on(w, step, old)) {
		result = judge(w, step, stmt, &stays, error);
		if (result == SQL_DONE && !stays)
			see(w, stmt, old);
	}
	w->nvictim = old->nvictim;
	old->ended = stays || rc != SQLITE_ROW || old->count == 0;
	(void)sqlite3_reset(stmt);
	return (result != SQL_DONE ? result : db_result(w->db, rc, error));
}

static enum sql_result
run_to(struct sweeper *w, sqlite3_stmt *stmt, int64_t id,
    struct sql_error *error)
{
	enum sql_result result;

	(void)sqlite3_bind_int64(stmt, 1, id);
	result = db_result(w->db, sqlite3_step(stmt), error);
	(void)sqlite3_reset(stmt);
	return (result);
}

/* What else there is of executions of which nothing is left. */
static enum sql_result
leave(struct sweeper *w, struct sql_error *error)
{
	enum sql_result result = SQL_DONE;
	size_t i;

	for (i = 0; i < w->nvictim && result == SQL_DONE; i++)
		result = victim_leave(w, &w->victim[i], error);
	return (result);
}

/* The watermark first: it is what lets them go. */
static enum sql_result
remove_events(struct sweeper *w, const struct old_events *old,
    struct sql_error *error)
{
	sqlite3_stmt *stmt;
	enum sql_result result;

	result = run_to(w, w->stmt[SWEEPER_WATERMARK], old->through, error);
	if (result == SQL_DONE)
		result = run_to(w, w->stmt[SWEEPER_ORIGINS], old->through,
		    error);
	if (result != SQL_DONE)
		return (result);
	w->guard->sweeps_events = true;
	stmt = db_prepare(w->db, sql_events_delete, error);
	result = stmt == NULL ? error->result :
	    run_to(w, stmt, old->through, error);
	(void)sqlite3_finalize(stmt);
	w->guard->sweeps_events = false;
	if (result == SQL_DONE && sqlite3_changes(w->db) < old->count) {
		error->result = result = SQL_FOREIGN;
		(void)snprintf(error->text, sizeof error->text,
		    "a trigger in the file keeps events from being deleted");
	}
	return (result);
}

enum sql_result
sweep_events(struct sweeper *w, struct sweep_step *step, bool *done,
    struct sql_error *error)
{
	struct old_events old;
	enum sql_result result;

	*done = true;
	if (step->sweep.audit_cutoff == SWEEP_NOTHING)
		return (SQL_DONE);
	if ((result = find(w, step, &old, error)) != SQL_DONE)
		return (result);
	*done = old.ended;
	if (old.count == 0)
		return (SQL_DONE);
	if (!step->dry &&
	    ((result = remove_events(w, &old, error)) != SQL_DONE ||
	    (result = leave(w, error)) != SQL_DONE))
		return (result);
	step->looked += (size_t)old.count;
	step->sweep.events += old.count;
	step->sweep.cursor = old.through;
	return (SQL_DONE);
}
