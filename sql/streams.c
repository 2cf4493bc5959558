#include "sql/streams.h"

#include "sql/db.h"
#include "sql/text.h"

static const char *const state_name[] = {
	[STREAM_OPEN] = "open",
	[STREAM_CLOSED] = "closed",
	[STREAM_LOST] = "lost",
	[STREAM_GONE] = "lost",
};

bool
streams_table_prepare(struct streams_table *t, sqlite3 *db,
    struct sql_error *error)
{
	*t = (struct streams_table){ .db = db };
	return ((t->open = db_prepare(db, sql_stream_open, error)) != NULL &&
	    (t->mark = db_prepare(db, sql_stream_mark, error)) != NULL &&
	    (t->attempt = db_prepare(db, sql_attempt_use, error)) != NULL &&
	    (t->unclosed = db_prepare(db, sql_streams_unclosed, error)) !=
	    NULL);
}

/* Step a bound statement that returns no row. */
static enum sql_result
run(struct streams_table *t, sqlite3_stmt *stmt, struct sql_error *error)
{
	enum sql_result result = db_result(t->db, sqlite3_step(stmt), error);

	(void)sqlite3_reset(stmt);
	return (result);
}

static void
bind_attempt(sqlite3_stmt *stmt, int index, const struct origin *o)
{
	if (o->has_attempt)
		(void)sqlite3_bind_int64(stmt, index, o->attempt);
	else
		(void)sqlite3_bind_null(stmt, index);
}

static struct stream_use
column_use(sqlite3_stmt *stmt, int column)
{
	return ((struct stream_use){
		.lines = (uint64_t)sqlite3_column_int64(stmt, column),
		.bytes = (uint64_t)sqlite3_column_int64(stmt, column + 1),
		.dropped_lines =
		    (uint64_t)sqlite3_column_int64(stmt, column + 2),
		.dropped_bytes =
		    (uint64_t)sqlite3_column_int64(stmt, column + 3),
	});
}

static enum sql_result
read_attempt(struct streams_table *t, const struct origin *o,
    struct stream_use *use, struct sql_error *error)
{
	enum sql_result result;
	int rc;

	*use = (struct stream_use){ 0 };
	if (o->task.p == NULL)
		return (SQL_DONE);
	db_bind_text(t->attempt, 1, o->execution);
	db_bind_text(t->attempt, 2, o->task);
	bind_attempt(t->attempt, 3, o);
	if ((rc = sqlite3_step(t->attempt)) == SQLITE_ROW)
		*use = column_use(t->attempt, 0);
	result = db_result(t->db, rc, error);
	(void)sqlite3_reset(t->attempt);
	return (result);
}

static enum sql_result
make_rows(struct streams_table *t, struct stream_opening *o, int64_t now,
    struct sql_error *error)
{
	bool open = o->refused.p == NULL;
	enum sql_result result;
	enum stream s;

	/* Before there are rows of its own. */
	if ((result = read_attempt(t, &o->origin, &o->used, error)) != SQL_DONE)
		return (result);
	db_bind_text(t->open, 1, o->origin.execution);
	db_bind_text(t->open, 2, o->origin.task);
	bind_attempt(t->open, 3, &o->origin);
	db_bind_text(t->open, 4, o->origin.source);
	db_bind_text(t->open, 6, o->producer);
	(void)sqlite3_bind_int64(t->open, 7, o->capture);
	db_bind_text(t->open, 8, span_of(state_name[open ? STREAM_OPEN :
	    STREAM_LOST]));
	(void)sqlite3_bind_int64(t->open, 9, now);
	if (open)
		(void)sqlite3_bind_null(t->open, 10);
	else
		(void)sqlite3_bind_int64(t->open, 10, now);
	db_bind_text(t->open, 11, o->refused);
	for (s = STREAM_NONE; s < STREAM_COUNT; s++) {
		if ((o->streams & STREAM_BIT(s)) == 0)
			continue;
		db_bind_text(t->open, 5, span_of(stream_name(s)));
		if ((result = run(t, t->open, error)) != SQL_DONE)
			return (result);
		o->row[s] = sqlite3_last_insert_rowid(t->db);
	}
	return (SQL_DONE);
}

static enum sql_result
write_mark(struct streams_table *t, const struct stream_mark *m, int64_t now,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = t->mark;

	(void)sqlite3_bind_int64(stmt, 1, m->row);
	db_bind_text(stmt, 2, span_of(state_name[m->state]));
	(void)sqlite3_bind_int64(stmt, 3, (sqlite3_int64)m->use.lines);
	(void)sqlite3_bind_int64(stmt, 4, (sqlite3_int64)m->use.bytes);
	(void)sqlite3_bind_int64(stmt, 5, (sqlite3_int64)m->use.dropped_lines);
	(void)sqlite3_bind_int64(stmt, 6, (sqlite3_int64)m->use.dropped_bytes);
	if (m->state == STREAM_OPEN)
		(void)sqlite3_bind_null(stmt, 7);
	else
		(void)sqlite3_bind_int64(stmt, 7, now);
	db_bind_text(stmt, 8, m->cut);
	(void)sqlite3_bind_int(stmt, 9, m->state == STREAM_GONE);
	return (run(t, stmt, error));
}

enum sql_result
streams_table_apply(struct streams_table *t, const struct store_batch *b,
    struct sql_error *error)
{
	enum sql_result result = SQL_DONE;
	size_t i;

	/* Marks first: they are of the use that an opening asks for. */
	for (i = 0; i < b->nstream && result == SQL_DONE; i++)
		result = write_mark(t, &b->stream[i], b->now_ms, error);
	for (i = 0; i < b->nopening && result == SQL_DONE; i++)
		result = make_rows(t, &b->opening[i], b->now_ms, error);
	return (result);
}

static void
read_row(sqlite3_stmt *stmt, struct stream_row *r)
{
	struct span state = db_column_text(stmt, 8);

	*r = (struct stream_row){
		.row = sqlite3_column_int64(stmt, 0),
		.origin = {
			.execution = db_column_text(stmt, 1),
			.task = db_column_text(stmt, 2),
			.source = db_column_text(stmt, 4),
			.has_attempt =
			    sqlite3_column_type(stmt, 3) != SQLITE_NULL,
			.attempt = (uint32_t)sqlite3_column_int64(stmt, 3),
		},
		.producer = db_column_text(stmt, 6),
		.capture = (uint32_t)sqlite3_column_int64(stmt, 7),
		.state = span_is(state, state_name[STREAM_OPEN]) ?
		    STREAM_OPEN : STREAM_LOST,
		.use = column_use(stmt, 9),
	};
	(void)stream_parse(db_column_text(stmt, 5), &r->stream);
}

enum sql_result
streams_table_read(struct streams_table *t,
    void (*fn)(const struct stream_row *, void *), void *arg,
    struct sql_error *error)
{
	enum sql_result result;
	struct stream_row r;
	int rc;

	while ((rc = sqlite3_step(t->unclosed)) == SQLITE_ROW) {
		read_row(t->unclosed, &r);
		result = read_attempt(t, &r.origin, &r.attempt, error);
		if (result != SQL_DONE) {
			(void)sqlite3_reset(t->unclosed);
			return (result);
		}
		fn(&r, arg);
	}
	result = db_result(t->db, rc, error);
	(void)sqlite3_reset(t->unclosed);
	return (result);
}
