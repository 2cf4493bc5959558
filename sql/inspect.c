#include "sql/inspect.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/text.h"
#include "sql/db.h"
#include "sql/engine.h"
#include "sql/listing.h"
#include "sql/pages_inner.h"
#include "sql/shown.h"
#include "sql/text.h"

static void
put_name(struct buf *b, const char *key, struct span s)
{
	shown_put(b, key, s, ROW_NAME_MAX);
}

/* A text of the engine, or of a CLOSE: one in each fact. */
static void
put_text(struct buf *b, const char *key, struct span s)
{
	shown_put(b, key, s, SHOWN_TEXT_MAX);
}

static void
put_time(struct buf *b, const char *key, sqlite3_stmt *stmt, int column)
{
	int64_t ms;

	if (engine_time(stmt, column, &ms))
		jput_i64(b, key, ms);
}

static void
put_integer(struct buf *b, const char *key, sqlite3_stmt *stmt, int column)
{
	if (sqlite3_column_type(stmt, column) != SQLITE_NULL)
		jput_i64(b, key, sqlite3_column_int64(stmt, column));
}

/* The beginning of each fact of a task. */
static size_t
begin(struct buf *b, const char *fact, sqlite3_stmt *stmt)
{
	size_t mark = frame_begin(b, FRAME_FACT);
	struct span task = db_column_text(stmt, 0);

	if (task.n > ROW_NAME_MAX)
		task.n = text_cut(task, ROW_NAME_MAX);
	buf_char(b, '{');
	jput_text(b, "fact", span_of(fact));
	jput_text(b, "task_id", task);
	return (mark);
}

static void
end(struct buf *b, size_t mark)
{
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

/* Something is left out. */
static void
put_truncated(struct buf *b)
{
	size_t mark = frame_begin(b, FRAME_FACT);

	buf_char(b, '{');
	jput_text(b, "fact", span_of("truncated"));
	end(b, mark);
}

/* --------------------------------------------------------- kinds of facts */

/* A value may be longer than a frame: then it comes in parts. */
static void
put_value(struct buf *b, const char *key, sqlite3_stmt *stmt, int column)
{
	struct span s = db_column_text(stmt, column), part;
	struct buf text = { 0 };
	size_t at, mark, most = INSPECT_PART_MAX;

	if (s.p == NULL)
		return;
	s = shown_text(&text, s, SIZE_MAX);
	if (s.n > INSPECT_VALUE_MAX) {
		s.n = text_cut(s, INSPECT_VALUE_MAX);
		put_truncated(b);
	}
	at = 0;
	do {
		part = (struct span){ s.p + at, s.n - at };
		part.n = part.n > most ? text_cut(part, most) : part.n;
		mark = begin(b, "value", stmt);
		jput_text(b, "key", span_of(key));
		jput_text(b, "text", part);
		buf_char(b, '}');
		/* Escapes have made it too long. */
		if (!frame_end(b, mark) && !b->failed)
			most /= 8;
		else
			at += part.n;
	} while (at < s.n && !b->failed && most > 0);
	b->failed = b->failed || text.failed;
	buf_free(&text);
}

static void
put_defined(struct buf *b, sqlite3_stmt *stmt, const struct request *r)
{
	size_t mark = begin(b, "defined", stmt);

	(void)r;
	put_name(b, "type", db_column_text(stmt, 1));
	end(b, mark);
	put_value(b, "needs", stmt, 2);
}

static void
put_run(struct buf *b, sqlite3_stmt *stmt, const struct request *r)
{
	size_t mark = begin(b, "run", stmt);

	put_name(b, "state", db_column_text(stmt, 1));
	put_name(b, "reason_code", db_column_text(stmt, 2));
	put_text(b, "message", db_column_text(stmt, 3));
	put_time(b, "created_at", stmt, 4);
	put_time(b, "started_at", stmt, 5);
	put_time(b, "ended_at", stmt, 6);
	put_integer(b, "duration_ms", stmt, 7);
	end(b, mark);
	if (r->values) {
		put_value(b, "inputs", stmt, 8);
		put_value(b, "outputs", stmt, 9);
	}
	put_value(b, "error", stmt, 10);
}

static void
put_attempt(struct buf *b, sqlite3_stmt *stmt, const struct request *r)
{
	size_t mark = begin(b, "attempt", stmt);

	(void)r;
	put_integer(b, "attempt", stmt, 1);
	put_name(b, "state", db_column_text(stmt, 2));
	put_time(b, "started_at", stmt, 3);
	put_time(b, "ended_at", stmt, 4);
	put_text(b, "reason", db_column_text(stmt, 5));
	end(b, mark);
}

static void
put_task(struct buf *b, sqlite3_stmt *stmt, const struct request *r)
{
	size_t mark = begin(b, "lines", stmt);

	(void)r;
	put_integer(b, "first_at", stmt, 1);
	put_integer(b, "last_at", stmt, 2);
	end(b, mark);
}

static void
put_stream(struct buf *b, sqlite3_stmt *stmt, const struct request *r)
{
	size_t mark = begin(b, "stream", stmt);

	(void)r;
	put_integer(b, "attempt", stmt, 1);
	put_name(b, "stream", db_column_text(stmt, 2));
	put_name(b, "state", db_column_text(stmt, 3));
	put_integer(b, "opened_at", stmt, 4);
	put_integer(b, "ended_at", stmt, 5);
	put_integer(b, "lines", stmt, 6);
	put_integer(b, "dropped_lines", stmt, 7);
	put_text(b, "cut", db_column_text(stmt, 8));
	end(b, mark);
}

/* In this order. */
static const struct part {
	const char	*sql;
	const char	*table;
	bool		 engine;
	void		(*put)(struct buf *, sqlite3_stmt *,
			    const struct request *);
} parts[] = {
	{ sql_inspect_defined, "workflows", true, put_defined },
	{ sql_inspect_runs, "task_runs", true, put_run },
	{ sql_inspect_attempts, "attempts", true, put_attempt },
	{ sql_inspect_tasks, "execlog_tasks", false, put_task },
	{ sql_inspect_streams, "execlog_streams", false, put_stream },
};
#define PARTS	((int)(sizeof parts / sizeof parts[0]))

/* ----------------------------------------------------------------- walking */

/* *stmt NULL and SQL_DONE: there is no such table. */
static enum sql_result
prepare(sqlite3 *db, const struct part *part, sqlite3_stmt **stmt,
    struct sql_error *error)
{
	if (part->engine)
		return (engine_prepare(db, part->table, part->sql, stmt,
		    error));
	*stmt = db_prepare(db, part->sql, NULL);
	return (*stmt != NULL ? SQL_DONE : engine_result(db, part->table,
	    sqlite3_extended_errcode(db), error));
}

/* Rows of a part behind those that are out; *all false: the page has enough. */
static enum sql_result
put_part(struct pages *p, const struct request *r, struct inspect *i,
    struct span execution, size_t enough, struct buf *out, bool *all,
    struct sql_error *error)
{
	const struct part *part = &parts[i->part];
	enum sql_result result;
	sqlite3_stmt *stmt;
	int rc = SQLITE_DONE;

	*all = true;
	result = prepare(p->db, part, &stmt, error);
	if (stmt == NULL)
		return (result);
	db_bind_text(stmt, 1, execution);
	(void)sqlite3_bind_int64(stmt, 2, INSPECT_ROWS_MAX + 1 -
	    i->offset);
	(void)sqlite3_bind_int64(stmt, 3, i->offset);
	while (*all && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (i->offset == INSPECT_ROWS_MAX) {
			put_truncated(out);
			break;
		}
		part->put(out, stmt, r);
		i->offset++;
		*all = out->n < enough;
	}
	result = engine_result(p->db, part->table, rc, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

enum sql_result
inspect_put(struct pages *p, const struct request *r, struct inspect *i,
    size_t enough, struct buf *out, struct sql_error *error)
{
	struct buf workflow = { 0 };
	enum sql_result result;
	bool all = true;

	result = listing_put_one(p, r->execution, i->part == 0 &&
	    i->offset == 0 ? out : NULL, &workflow, error);
	while (result == SQL_DONE && i->part < PARTS && all) {
		result = put_part(p, r, i, i->part == 0 ? buf_text(&workflow) :
		    r->execution, enough, out, &all, error);
		if (result == SQL_DONE && all) {
			i->part++;
			i->offset = 0;
		}
	}
	i->over = i->part == PARTS;
	buf_free(&workflow);
	return (result);
}
