#include <stdio.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/row.h"
#include "sql/db.h"
#include "sql/migrate.h"
#include "sql/pages.h"
#include "sql/pages_inner.h"
#include "sql/text.h"
#include "sql/triggers.h"

#define FIND_STEPS_MAX	100	/* ids looked at for a prefix in one page */

/* The engine's table may be missing, or come and go: prepared each time. */
static enum sql_result
known_to_engine(struct pages *p, struct span execution, bool *known,
    struct sql_error *error)
{
	sqlite3_stmt *stmt;
	sqlite3_int64 value = 0;
	enum sql_result result;

	*known = false;
	if ((stmt = db_prepare(p->db, sql_execution_in_engine, NULL)) == NULL)
		return (SQL_DONE);
	db_bind_text(stmt, 1, execution);
	result = db_integer(stmt, &value, error);
	*known = value != 0;
	(void)sqlite3_finalize(stmt);
	return (result);
}

static void
put_stream(sqlite3_stmt *stmt, struct buf *names)
{
	struct span task = db_column_text(stmt, 0);
	struct span stream = db_column_text(stmt, 2);

	if (task.p != NULL)
		buf_printf(names, "%.*s ", (int)task.n, task.p);
	if (sqlite3_column_type(stmt, 1) != SQLITE_NULL)
		buf_printf(names, "attempt %lld ",
		    (long long)sqlite3_column_int64(stmt, 1));
	buf_span(names, stream.p != NULL ? stream : span_of("output"));
	buf_char(names, '\0');
}

enum sql_result
pages_missing(struct pages *p, struct span execution, struct buf *names,
    size_t max, size_t *n, bool *open, struct sql_error *error)
{
	enum sql_result result;
	sqlite3_stmt *stmt;
	bool is_open;
	int rc;

	*n = 0;
	/* A copy of a file may be older than this table. */
	if ((stmt = db_prepare(p->db, sql_streams_missing, NULL)) == NULL)
		return (SQL_DONE);
	db_bind_text(stmt, 1, execution);
	(void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)max);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		is_open = span_is(db_column_text(stmt, 4), "open");
		/* Those that are open come first. */
		if (*n > 0 && is_open != *open)
			continue;
		*open = is_open;
		put_stream(stmt, names);
		(*n)++;
	}
	result = db_result(p->db, rc, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

enum sql_result
pages_removed(struct pages *p, struct span execution, struct removed *r,
    struct sql_error *error)
{
	/* A copy of a file may be older than this table. */
	sqlite3_stmt *stmt = db_prepare(p->db, sql_removed_of, NULL);
	enum sql_result result;
	int rc;

	*r = (struct removed){ 0 };
	if (stmt == NULL)
		return (SQL_DONE);
	db_bind_text(stmt, 1, execution);
	if ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		*r = (struct removed){
			.rows = sqlite3_column_int64(stmt, 0),
			.first_id = sqlite3_column_int64(stmt, 1),
			.last_id = sqlite3_column_int64(stmt, 2),
			.oldest = sqlite3_column_int64(stmt, 3),
			.newest = sqlite3_column_int64(stmt, 4),
		};
	result = db_result(p->db, rc, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

enum sql_result
pages_known(struct pages *p, struct span execution, bool gone, bool *known,
    struct sql_error *error)
{
	struct removed removed = { 0 };
	sqlite3_int64 value = 0;
	enum sql_result result;

	db_bind_text(p->stmt[KNOWN], 1, execution);
	result = db_integer(p->stmt[KNOWN], &value, error);
	*known = value != 0;
	if (result != SQL_DONE || *known)
		return (result);
	if (gone)
		result = pages_removed(p, execution, &removed, error);
	*known = removed.rows > 0;
	if (result != SQL_DONE || *known)
		return (result);
	return (known_to_engine(p, execution, known, error));
}

static const char *
end_of(struct span state)
{
	static const struct { const char *state, *event; } ends[] = {
		{ "SUCCESS", "COMPLETED" }, { "FAILED", "FAILED" },
		{ "CANCELLED", "CANCELLED" },
	};
	size_t i;

	for (i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (span_is(state, ends[i].state))
			return (ends[i].event);
	return ("");
}

/* The event that a state would make the end, if the statement has a row with one;
   else type is left. */
static enum sql_result
end_by(struct pages *p, sqlite3_stmt *stmt, struct span execution, char *type,
    size_t size, struct sql_error *error)
{
	struct span state = SPAN_NONE;
	enum sql_result result;
	int rc;

	if (stmt == NULL)
		return (SQL_DONE);
	db_bind_text(stmt, 1, execution);
	if ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		state = db_column_text(stmt, 0);
	if (state.p != NULL)
		(void)snprintf(type, size, "%s", end_of(state));
	result = db_result(p->db, rc, error);
	(void)sqlite3_reset(stmt);
	return (result);
}

static enum sql_result
end_by_engine(struct pages *p, struct span execution, char *type, size_t size,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = db_prepare(p->db, sql_state_in_engine, NULL);
	enum sql_result result;

	result = end_by(p, stmt, execution, type, size, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

enum sql_result
pages_swept_end(struct pages *p, struct span execution, char *type,
    size_t size, struct sql_error *error)
{
	enum sql_result result;

	type[0] = '\0';
	result = end_by(p, p->swept_end, execution, type, size, error);
	if (result != SQL_DONE || type[0] == '\0')
		return (result);
	return (end_by_engine(p, execution, type, size, error));
}

enum sql_result
pages_engine_end(struct pages *p, struct span execution, char *type,
    size_t size, bool *audited, struct sql_error *error)
{
	sqlite3_int64 value = 0;
	enum sql_result result;

	type[0] = '\0';
	result = end_by_engine(p, execution, type, size, error);
	if (result != SQL_DONE || type[0] == '\0')
		return (result);
	db_bind_text(p->stmt[AUDITED], 1, execution);
	result = db_integer(p->stmt[AUDITED], &value, error);
	*audited = value != 0;
	return (result);
}

/* The first id from "from" on, if it comes before the one that is in best. */
static enum sql_result
find_next(struct pages *p, sqlite3_stmt *stmt, struct span from,
    struct buf *best, struct sql_error *error)
{
	enum sql_result result;
	struct span id;
	int rc;

	db_bind_text(stmt, 1, from);
	rc = sqlite3_step(stmt);
	result = db_result(p->db, rc, error);
	id = rc == SQLITE_ROW ? db_column_text(stmt, 0) : SPAN_NONE;
	if (id.p != NULL && (best->n == 0 ||
	    span_compare(id, buf_text(best)) < 0)) {
		buf_reset(best);
		buf_span(best, id);
	}
	(void)sqlite3_reset(stmt);
	return (result);
}

enum sql_result
pages_find(struct pages *p, struct span prefix, struct buf *names, size_t max,
    size_t *n, struct sql_error *error)
{
	sqlite3_stmt *engine = db_prepare(p->db, sql_next_in_engine, NULL);
	enum sql_result result = SQL_DONE;
	struct buf from = { 0 }, best = { 0 };
	size_t begun = names->n;
	int steps;

	buf_span(&from, prefix);
	*n = 0;
	for (steps = 0; *n < max && result == SQL_DONE; steps++) {
		/* Of one whose neighbours are not known it is not known to be
		   the only one. */
		if (steps == FIND_STEPS_MAX) {
			buf_cut(names, begun);
			*n = 0;
			break;
		}
		buf_reset(&best);
		if ((result = find_next(p, p->stmt[NEXT_IN_LOGS],
		    buf_text(&from), &best, error)) == SQL_DONE)
			result = find_next(p, p->stmt[NEXT_IN_AUDIT],
			    buf_text(&from), &best, error);
		if (result == SQL_DONE && engine != NULL)
			result = find_next(p, engine, buf_text(&from), &best,
			    error);
		if (best.n < prefix.n || best.failed || from.failed ||
		    memcmp(best.p, prefix.p, prefix.n) != 0)
			break;
		/* The smallest text behind it has one more byte, 0. */
		buf_char(&best, '\0');
		if (best.n <= ROW_NAME_MAX) {
			buf_span(names, buf_text(&best));
			++*n;
		}
		buf_reset(&from);
		buf_span(&from, buf_text(&best));
	}
	(void)sqlite3_finalize(engine);
	buf_free(&from);
	buf_free(&best);
	return (result);
}

static enum sql_result
two_integers(struct pages *p, enum pages_statement a,
    enum pages_statement b, int64_t *x,
    int64_t *y, struct sql_error *error)
{
	sqlite3_int64 v, w;
	enum sql_result result;

	if ((result = db_integer(p->stmt[a], &v, error)) != SQL_DONE ||
	    (result = db_integer(p->stmt[b], &w, error)) != SQL_DONE)
		return (result);
	*x = v;
	*y = w;
	return (SQL_DONE);
}

enum sql_result
pages_position(struct pages *p, struct position *at, struct sql_error *error)
{
	return (two_integers(p, NEWEST_LOG, NEWEST_AUDIT, &at->log, &at->audit,
	    error));
}

static enum sql_result
look_at_triggers(struct pages *p, struct counts *c, struct sql_error *error)
{
	sqlite3_stmt *stmt = NULL;
	struct triggers *t;
	enum sql_result result;
	sqlite3_int64 gone = 0;
	bool changed;

	if ((t = triggers_open(p->db, error)) == NULL)
		return (error->result);
	result = triggers_look(t, &changed, error);
	c->unguarded = triggers_missing(t) != NULL;
	triggers_close(t);
	if (result == SQL_DONE &&
	    (stmt = db_prepare(p->db, sql_installed_missing, error)) == NULL)
		return (error->result);
	if (result == SQL_DONE)
		result = db_integer(stmt, &gone, error);
	(void)sqlite3_finalize(stmt);
	c->uninstalled = gone > 0;
	return (result);
}

enum sql_result
pages_counts(struct pages *p, struct counts *c, struct sql_error *error)
{
	enum sql_result result;
	sqlite3_int64 incidents = 0;
	int64_t pages = 0, size = 0;

	if ((result = two_integers(p, LOG_ROWS, AUDIT_ROWS, &c->log,
	    &c->audit, error)) != SQL_DONE ||
	    (result = two_integers(p, FREE_PAGES, PAGE_SIZE, &pages, &size,
	    error)) != SQL_DONE ||
	    (result = pages_position(p, &c->newest, error)) != SQL_DONE)
		return (result);
	c->free_bytes = pages * size;
	result = db_integer(p->stmt[INCIDENTS], &incidents, error);
	c->incidents = incidents;
	if (result == SQL_DONE)
		result = migrate_is_damaged(p->db, &c->unrecorded, error);
	return (result != SQL_DONE ? result : look_at_triggers(p, c, error));
}
