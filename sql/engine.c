#include "sql/engine.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/buf.h"
#include "proto/rfc3339.h"
#include "sql/db.h"
#include "sql/text.h"

bool
engine_expand(const char *sql, bool (*has)(struct span column, void *arg),
    void *arg, char out[ENGINE_STATEMENT_MAX])
{
	struct span piece;
	size_t n = 0;

	while (*sql != '\0') {
		piece = (struct span){ sql, strcspn(sql, "{") };
		if (piece.n == 0) {
			piece = (struct span){ sql + 1, strcspn(sql + 1, "}") };
			sql += piece.n + 2;
			if (!has(piece, arg))
				piece = span_of("NULL");
		} else
			sql += piece.n;
		if (n + piece.n >= ENGINE_STATEMENT_MAX)
			return (false);
		memcpy(out + n, piece.p, piece.n);
		n += piece.n;
	}
	out[n] = '\0';
	return (true);
}

enum sql_result
engine_result(sqlite3 *db, const char *table, int rc, struct sql_error *error)
{
	enum sql_result result;
	struct sql_error e;

	if ((rc & 0xff) == SQLITE_ERROR)
		return (SQL_DONE);
	result = db_result(db, rc, &e);
	if (result != SQL_DONE) {
		error->result = result;
		(void)snprintf(error->text, sizeof error->text, "%s: %.*s",
		    table, (int)(sizeof error->text - 64), e.text);
	}
	return (result);
}

/* The names of a table's columns, each with a 0. */
static enum sql_result
read_columns(sqlite3 *db, const char *table, struct buf *names,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = db_prepare(db, sql_table_columns, error);
	enum sql_result result;
	int rc;

	if (stmt == NULL)
		return (error->result);
	db_bind_text(stmt, 1, span_of(table));
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		buf_span(names, db_column_text(stmt, 0));
		buf_char(names, '\0');
	}
	result = engine_result(db, table, names->failed ? SQLITE_NOMEM : rc,
	    error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

static bool
has_column(struct span column, void *v)
{
	const struct buf *names = v;
	size_t i, n;

	for (i = 0; i < names->n; i += n + 1) {
		n = strlen(names->p + i);
		if (n == column.n &&
		    strncasecmp(names->p + i, column.p, n) == 0)
			return (true);
	}
	return (false);
}

/* In no list of columns; a view has none, nor has a table WITHOUT ROWID. */
static bool
has_rowid(sqlite3 *db, const char *table)
{
	return (sqlite3_table_column_metadata(db, "main", table, "rowid", NULL,
	    NULL, NULL, NULL, NULL) == SQLITE_OK);
}

enum sql_result
engine_prepare(sqlite3 *db, const char *table, const char *sql,
    sqlite3_stmt **stmt, struct sql_error *error)
{
	char text[ENGINE_STATEMENT_MAX];
	struct buf names = { 0 };
	enum sql_result result;

	*stmt = NULL;
	result = read_columns(db, table, &names, error);
	if (result == SQL_DONE && names.n > 0 && has_rowid(db, table))
		buf_add(&names, "rowid", sizeof "rowid");
	if (names.failed)
		result = engine_result(db, table, SQLITE_NOMEM, error);
	if (result == SQL_DONE && names.n > 0 &&
	    engine_expand(sql, has_column, &names, text) &&
	    (*stmt = db_prepare(db, text, NULL)) == NULL)
		result = engine_result(db, table, sqlite3_extended_errcode(db),
		    error);
	buf_free(&names);
	return (result);
}

bool
engine_time(sqlite3_stmt *stmt, int column, int64_t *ms)
{
	struct rfc3339 r;

	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
	case SQLITE_FLOAT:
		*ms = sqlite3_column_int64(stmt, column);
		return (true);
	case SQLITE_TEXT:
		if (!rfc3339_parse(db_column_text(stmt, column), &r))
			return (false);
		*ms = rfc3339_ms(&r);
		return (true);
	default:
		return (false);
	}
}
