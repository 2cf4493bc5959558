#include "sql/fold.h"

#include "proto/row.h"
#include "sql/db.h"
#include "sql/summary.h"
#include "sql/text.h"

enum kind {
	KIND_LOG,
	KIND_AUDIT,
	KIND_TASKS,
};

struct range {
	int64_t		id;
	enum kind	kind;
	int64_t		low;
	int64_t		high;
};

bool
fold_prepare(struct fold *f, sqlite3 *db, struct sql_error *error)
{
	*f = (struct fold){ .db = db, .ids = FOLD_IDS_FIRST };
	return (
	    (f->next = db_prepare(db, sql_unread_next, error)) != NULL &&
	    (f->shrink = db_prepare(db, sql_unread_shrink, error)) != NULL &&
	    (f->remove = db_prepare(db, sql_unread_remove, error)) != NULL &&
	    (f->lines = db_prepare(db, sql_summary_range, error)) != NULL &&
	    (f->tasks = db_prepare(db, sql_summary_tasks, error)) != NULL &&
	    (f->newest_log = db_prepare(db, sql_unread_log, error)) != NULL &&
	    (f->newest_audit = db_prepare(db, sql_unread_audit, error)) !=
	    NULL &&
	    (f->events = db_prepare(db, sql_audit_range, error)) != NULL);
}

static enum sql_result
run(struct fold *f, sqlite3_stmt *stmt, struct sql_error *error)
{
	enum sql_result result = db_result(f->db, sqlite3_step(stmt), error);

	(void)sqlite3_reset(stmt);
	return (result);
}

static enum sql_result
next_range(struct fold *f, bool events, struct range *r, bool *found,
    struct sql_error *error)
{
	enum sql_result result;
	struct span kind;
	int rc;

	(void)sqlite3_bind_int(f->next, 1, events);
	rc = sqlite3_step(f->next);
	result = db_result(f->db, rc, error);

	*found = rc == SQLITE_ROW;
	if (*found) {
		kind = db_column_text(f->next, 1);
		*r = (struct range){
			.id = sqlite3_column_int64(f->next, 0),
			.kind = span_is(kind, "audit") ? KIND_AUDIT :
			    span_is(kind, "log") ? KIND_LOG : KIND_TASKS,
			.low = sqlite3_column_int64(f->next, 2),
			.high = sqlite3_column_int64(f->next, 3),
		};
	}
	(void)sqlite3_reset(f->next);
	return (result);
}

static void
bind_range(sqlite3_stmt *stmt, int64_t low, int64_t high, int64_t now)
{
	(void)sqlite3_bind_int64(stmt, 1, low);
	(void)sqlite3_bind_int64(stmt, 2, high);
	if (sqlite3_bind_parameter_count(stmt) > 2)
		(void)sqlite3_bind_int64(stmt, 3, now);
}

static enum sql_result
fold_events(struct fold *f, struct summary *s, int64_t low, int64_t high,
    int64_t now, struct sql_error *error)
{
	enum sql_result result = SQL_DONE;
	struct audit_row r;
	int rc = SQLITE_DONE;

	bind_range(f->events, low, high, now);
	while (result == SQL_DONE &&
	    (rc = sqlite3_step(f->events)) == SQLITE_ROW) {
		r = (struct audit_row){
			.id = sqlite3_column_int64(f->events, 0),
			.timestamp = sqlite3_column_int64(f->events, 1),
			.execution = db_column_text(f->events, 2),
			.type = db_column_text(f->events, 3),
			.metadata = db_column_text(f->events, 4),
		};
		result = summary_event(s, &r, now, error);
	}
	if (result == SQL_DONE)
		result = db_result(f->db, rc, error);
	(void)sqlite3_reset(f->events);
	return (result);
}

static enum sql_result
fold_rows(struct fold *f, enum kind kind, int64_t low, int64_t high,
    int64_t now, struct sql_error *error)
{
	enum sql_result result = SQL_DONE;

	if (kind == KIND_LOG) {
		bind_range(f->lines, low, high, now);
		result = run(f, f->lines, error);
	}
	if (result != SQL_DONE)
		return (result);
	bind_range(f->tasks, low, high, now);
	return (run(f, f->tasks, error));
}

/* Step over ids that are not used, any more or at all. */
static enum sql_result
skip_unused(struct fold *f, struct range *r, struct sql_error *error)
{
	sqlite3_stmt *stmt = r->kind == KIND_AUDIT ? f->newest_audit :
	    f->newest_log;
	sqlite3_int64 newest = r->high;
	enum sql_result result;

	bind_range(stmt, r->low, r->high, 0);
	result = db_integer(stmt, &newest, error);
	r->high = newest;
	return (result);
}

/* The newest ids of a range; what is left of it stays noted. */
static enum sql_result
fold_range(struct fold *f, struct summary *s, struct range *r,
    int64_t *ids, int64_t now, struct sql_error *error)
{
	enum sql_result result = skip_unused(f, r, error);
	int64_t low = r->high - r->low > *ids ? r->high - *ids : r->low;
	sqlite3_stmt *note = low > r->low ? f->shrink : f->remove;

	if (result != SQL_DONE)
		return (result);
	result = r->kind == KIND_AUDIT ?
	    fold_events(f, s, low, r->high, now, error) :
	    fold_rows(f, r->kind, low, r->high, now, error);
	if (result != SQL_DONE)
		return (result);
	*ids -= r->high - low;
	(void)sqlite3_bind_int64(note, 1, r->id);
	if (note == f->shrink)
		(void)sqlite3_bind_int64(note, 2, low);
	return (run(f, note, error));
}

enum sql_result
fold_step(struct fold *f, struct summary *s, bool events, int64_t since,
    int64_t now, bool *more, struct sql_error *error)
{
	int64_t begun = db_monotonic_us(), ids = f->ids, took;
	enum sql_result result = SQL_DONE;
	struct range r;
	bool found = true;

	while (ids > 0 && db_monotonic_us() - since < FOLD_AIM_US) {
		result = next_range(f, events, &r, &found, error);
		if (result != SQL_DONE || !found)
			break;
		result = fold_range(f, s, &r, &ids, now, error);
		if (result != SQL_DONE)
			return (result);
	}
	took = db_monotonic_us() - begun;
	if (took > FOLD_AIM_US && f->ids > FOLD_IDS_FIRST / 10)
		f->ids /= 2;
	else if (ids <= 0 && took < FOLD_AIM_US / 2 && f->ids < FOLD_IDS_MAX)
		f->ids *= 2;
	*more = found;
	return (result);
}
