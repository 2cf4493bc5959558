#include "sql/pages.h"

#include <stdio.h>
#include <stdlib.h>

#include "sql/db.h"
#include "sql/dbfile.h"
#include "sql/pages_inner.h"
#include "sql/text.h"

#define CLOCK_EVERY	64	/* rows between two looks at the clock */

static const char *const text[STATEMENT_COUNT] = {
	[BEGIN] = sql_begin_read,
	[COMMIT] = sql_commit,
	[HISTORY_SAME] = sql_history_same,
	[HISTORY_NEXT] = sql_history_next,
	[BACK_SAME] = sql_back_same,
	[BACK_NEXT] = sql_back_next,
	[RANGE] = sql_range,
	[NEXT_ID] = sql_next_id,
	[AUDIT_SAME] = sql_audit_same,
	[AUDIT_NEXT] = sql_audit_next,
	[AUDIT_BACK_SAME] = sql_audit_back_same,
	[AUDIT_BACK_NEXT] = sql_audit_back_next,
	[EVENTS_NEXT] = sql_events_next,
	[EVENTS_BACK] = sql_events_back,
	[TERMINAL] = sql_terminal_event,
	[KNOWN] = sql_execution_known,
	[AUDITED] = sql_execution_audited,
	[NEXT_IN_LOGS] = sql_next_in_logs,
	[NEXT_IN_AUDIT] = sql_next_in_audit,
	[NEWEST_LOG] = sql_newest_log,
	[NEWEST_AUDIT] = sql_newest_audit,
	[LOG_ROWS] = sql_log_rows,
	[AUDIT_ROWS] = sql_audit_rows,
	[INCIDENTS] = sql_incidents_open,
	[FREE_PAGES] = sql_free_pages,
	[PAGE_SIZE] = sql_page_size,
	[COUNT_LOG] = sql_count_log,
	[COUNT_AUDIT] = sql_count_audit,
};

/* Of the virtual machine, between two looks at the clock: under 1 ms. */
#define STEPS_EVERY	10000

/* Has the page taken too long? */
static int
on_steps(void *v)
{
	const struct pages *p = v;

	return (p->limit != 0 && db_monotonic_us() > p->limit);
}

static struct pages *
open_as(const char *path, enum db_mode mode, struct sql_error *error)
{
	struct pages *p;
	int i;

	if ((p = calloc(1, sizeof *p)) == NULL) {
		(void)db_result(NULL, SQLITE_NOMEM, error);
		return (NULL);
	}
	if ((p->db = db_open(path, mode, error)) == NULL)
		goto error;
	for (i = 0; i < STATEMENT_COUNT; i++)
		if ((p->stmt[i] = db_prepare(p->db, text[i], error)) == NULL)
			goto error;
	p->origin = db_prepare(p->db, sql_audit_origin, NULL);
	p->swept_end = db_prepare(p->db, sql_swept_end, NULL);
	sqlite3_progress_handler(p->db, STEPS_EVERY, on_steps, p);
	return (p);

error:
	pages_close(p);
	return (NULL);
}

struct pages *
pages_open(const char *path, struct sql_error *error)
{
	return (open_as(path, DB_READER, error));
}

struct pages *
pages_visit(const char *path, struct sql_error *error)
{
	char real[PATHS_MAX];

	if (!dbfile_visit(real, path, error))
		return (NULL);
	return (open_as(real, DB_VISITOR, error));
}

void
pages_close(struct pages *p)
{
	if (p == NULL)
		return;
	db_close(p->db);
	free(p);
}

static enum sql_result
run(struct pages *p, enum pages_statement which, struct sql_error *error)
{
	int rc = sqlite3_step(p->stmt[which]);
	enum sql_result result = db_result(p->db, rc, error);

	(void)sqlite3_reset(p->stmt[which]);
	return (result);
}

enum sql_result
pages_begin(struct pages *p, struct sql_error *error)
{
	p->rows = 0;
	p->until = db_monotonic_us() + PAGE_MS_MAX * 1000;
	p->limit = p->until + PAGE_MS_LIMIT * 1000;
	return (run(p, BEGIN, error));
}

void
pages_end(struct pages *p)
{
	p->limit = 0;
	(void)run(p, COMMIT, NULL);
}

/* One row was looked at: may the page go on? */
static bool
within_budget(struct pages *p)
{
	p->rows++;
	if (p->rows >= PAGE_ROWS_MAX)
		return (false);
	return (p->rows % CLOCK_EVERY != 0 || db_monotonic_us() < p->until);
}

static void
bind_place(sqlite3_stmt *stmt, const struct place *place)
{
	if (place->real)
		(void)sqlite3_bind_double(stmt, 2, place->time_real);
	else
		(void)sqlite3_bind_int64(stmt, 2, place->time);
}

static void
place_of(sqlite3_stmt *stmt, struct place *place)
{
	place->id = sqlite3_column_int64(stmt, 0);
	place->real = sqlite3_column_type(stmt, 1) == SQLITE_FLOAT;
	if (place->real)
		place->time_real = sqlite3_column_double(stmt, 1);
	else
		place->time = sqlite3_column_int64(stmt, 1);
}

static struct log_row
log_row_of(sqlite3_stmt *stmt)
{
	return ((struct log_row){
		.id = sqlite3_column_int64(stmt, 0),
		.timestamp = sqlite3_column_int64(stmt, 1),
		.execution = db_column_text(stmt, 2),
		.task = db_column_text(stmt, 3),
		.level = db_column_text(stmt, 4),
		.source = db_column_text(stmt, 5),
		.message = db_column_text(stmt, 6),
		.metadata = db_column_text(stmt, 7),
	});
}

static struct audit_row
audit_row_of(sqlite3_stmt *stmt)
{
	return ((struct audit_row){
		.id = sqlite3_column_int64(stmt, 0),
		.timestamp = sqlite3_column_int64(stmt, 1),
		.execution = db_column_text(stmt, 2),
		.type = db_column_text(stmt, 3),
		.metadata = db_column_text(stmt, 4),
	});
}

/* Its texts are gone when the statement is reset. */
static void
find_sender(sqlite3_stmt *stmt, int64_t id, struct sender *s)
{
	if (stmt == NULL)
		return;
	(void)sqlite3_bind_int64(stmt, 1, id);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*s = (struct sender){
			.known = true,
			.received = sqlite3_column_int64(stmt, 0),
			.uid = (uint32_t)sqlite3_column_int64(stmt, 1),
			.gid = (uint32_t)sqlite3_column_int64(stmt, 2),
			.pid = (uint32_t)sqlite3_column_int64(stmt, 3),
			.metadata = db_column_text(stmt, 4),
		};
}

/* Where the rows of a walk go: one of the two is set. */
struct sink {
	log_row_fn	*log;
	audit_row_fn	*audit;
	void		*arg;
};

static bool
give(struct pages *p, sqlite3_stmt *stmt, const struct sink *sink)
{
	struct log_row log;
	struct audit_row audit;
	bool wanted;

	if (sink->log != NULL) {
		log = log_row_of(stmt);
		return (sink->log(&log, sink->arg));
	}
	audit = audit_row_of(stmt);
	find_sender(p->origin, audit.id, &audit.sender);
	wanted = sink->audit(&audit, sink->arg);
	(void)sqlite3_reset(p->origin);
	return (wanted);
}

/* Give out the rows of one bound statement, moving *place along. */
static enum sql_result
walk(struct pages *p, sqlite3_stmt *stmt, const struct sink *sink,
    struct place *place, bool *more, struct sql_error *error)
{
	bool wanted;
	int rc;

	*more = false;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		wanted = give(p, stmt, sink);
		place_of(stmt, place);
		if (!wanted || !within_budget(p)) {
			*more = true;
			break;
		}
	}
	(void)sqlite3_reset(stmt);
	return (db_result(p->db, rc, error));
}

/*
 * Walk from *place with a pair of statements: the rest of its millisecond,
 * then the others.
 */
static enum sql_result
walk_pair(struct pages *p, enum pages_statement same, enum pages_statement next,
    struct span execution, struct place *place, int64_t max_id, int64_t since,
    const struct sink *sink, bool *more, struct sql_error *error)
{
	const enum pages_statement pair[2] = { same, next };
	enum sql_result result = SQL_DONE;
	sqlite3_stmt *stmt;
	int i;

	*more = false;
	for (i = 0; i < 2 && result == SQL_DONE && !*more; i++) {
		stmt = p->stmt[pair[i]];
		db_bind_text(stmt, 1, execution);
		bind_place(stmt, place);
		if (pair[i] == same)
			(void)sqlite3_bind_int64(stmt, 3, place->id);
		(void)sqlite3_bind_int64(stmt, 4, max_id);
		if (pair[i] == BACK_NEXT || pair[i] == AUDIT_BACK_NEXT)
			(void)sqlite3_bind_int64(stmt, 5, since);
		result = walk(p, stmt, sink, place, more, error);
	}
	return (result);
}

enum sql_result
pages_history(struct pages *p, struct span execution, struct place *place,
    int64_t max_id, log_row_fn *fn, void *arg, bool *more,
    struct sql_error *error)
{
	struct sink sink = { .log = fn, .arg = arg };

	return (walk_pair(p, HISTORY_SAME, HISTORY_NEXT, execution, place,
	    max_id, 0, &sink, more, error));
}

enum sql_result
pages_history_back(struct pages *p, struct span execution, struct place *place,
    int64_t max_id, int64_t since, log_row_fn *fn, void *arg, bool *more,
    struct sql_error *error)
{
	struct sink sink = { .log = fn, .arg = arg };

	return (walk_pair(p, BACK_SAME, BACK_NEXT, execution, place, max_id,
	    since, &sink, more, error));
}

enum sql_result
pages_audit(struct pages *p, struct span execution, struct place *place,
    int64_t max_id, audit_row_fn *fn, void *arg, bool *more,
    struct sql_error *error)
{
	struct sink sink = { .audit = fn, .arg = arg };

	return (walk_pair(p, AUDIT_SAME, AUDIT_NEXT, execution, place, max_id,
	    0, &sink, more, error));
}

enum sql_result
pages_audit_back(struct pages *p, struct span execution, struct place *place,
    int64_t max_id, int64_t since, audit_row_fn *fn, void *arg, bool *more,
    struct sql_error *error)
{
	struct sink sink = { .audit = fn, .arg = arg };

	return (walk_pair(p, AUDIT_BACK_SAME, AUDIT_BACK_NEXT, execution,
	    place, max_id, since, &sink, more, error));
}

enum sql_result
pages_events(struct pages *p, bool back, struct place *place, int64_t max_id,
    audit_row_fn *fn, void *arg, bool *more, struct sql_error *error)
{
	struct sink sink = { .audit = fn, .arg = arg };
	sqlite3_stmt *stmt = p->stmt[back ? EVENTS_BACK : EVENTS_NEXT];

	(void)sqlite3_bind_int64(stmt, 1, place->id);
	(void)sqlite3_bind_int64(stmt, 2, max_id);
	return (walk(p, stmt, &sink, place, more, error));
}

enum sql_result
pages_range(struct pages *p, struct span execution, int64_t *id,
    int64_t max_id, log_row_fn *fn, void *arg, bool *more,
    struct sql_error *error)
{
	struct sink sink = { .log = fn, .arg = arg };
	struct place place = { 0 };
	sqlite3_stmt *stmt = p->stmt[RANGE];
	enum sql_result result;
	sqlite3_int64 next;
	int64_t to;

	*more = false;
	if (*id >= max_id)
		return (SQL_DONE);
	(void)sqlite3_bind_int64(p->stmt[NEXT_ID], 1, *id);
	result = db_integer(p->stmt[NEXT_ID], &next, error);
	if (result != SQL_DONE)
		return (result);
	/* Rows of other executions are looked at inside SQLite: the step is
	   what bounds them. */
	if (next > max_id) {
		*id = max_id;
		return (SQL_DONE);
	}
	to = max_id - next < PAGE_ROWS_MAX ? max_id : next + PAGE_ROWS_MAX;
	(void)sqlite3_bind_int64(stmt, 1, next - 1);
	(void)sqlite3_bind_int64(stmt, 2, to);
	db_bind_text(stmt, 3, execution);
	result = walk(p, stmt, &sink, &place, more, error);
	if (result != SQL_DONE)
		return (result);
	*id = *more ? place.id : to;
	*more = *id < max_id;
	return (SQL_DONE);
}

enum sql_result
pages_terminal(struct pages *p, struct span execution, int64_t after,
    int64_t max_id, char *type, size_t size, struct sql_error *error)
{
	sqlite3_stmt *stmt = p->stmt[TERMINAL];
	enum sql_result result;
	const unsigned char *name = NULL;
	int rc;

	db_bind_text(stmt, 1, execution);
	(void)sqlite3_bind_int64(stmt, 2, after);
	(void)sqlite3_bind_int64(stmt, 3, max_id);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		name = sqlite3_column_text(stmt, 0);
	(void)snprintf(type, size, "%s",
	    name != NULL ? (const char *)name : "");
	result = db_result(p->db, rc, error);
	(void)sqlite3_reset(stmt);
	return (result);
}
