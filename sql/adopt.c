#include "sql/adopt.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sql/db.h"
#include "sql/text.h"

struct column {
	const char	*name;
	const char	*type;
	bool		 notnull;
};

static const struct column log_columns[] = {
	{ "id", "INTEGER", false },
	{ "execution_id", "TEXT", true },
	{ "task_id", "TEXT", false },
	{ "timestamp", "INTEGER", true },
	{ "level", "TEXT", true },
	{ "source", "TEXT", true },
	{ "message", "TEXT", true },
	{ "metadata", "TEXT", false },
};

static const struct column audit_columns[] = {
	{ "id", "INTEGER", false },
	{ "execution_id", "TEXT", true },
	{ "event_type", "TEXT", true },
	{ "timestamp", "INTEGER", true },
	{ "metadata", "TEXT", true },
};

/* Statements name the first and the last of them. */
static const struct {
	const char	*name;
	const char	*table;
	const char	*columns;
} indexes[] = {
	{ "idx_logs_execution", "execution_logs", "execution_id, timestamp" },
	{ "idx_logs_task", "execution_logs", "task_id, timestamp" },
	{ "idx_audit_execution", "execution_audit_events",
	    "execution_id, timestamp" },
};

static enum sql_result
refuse(struct sql_error *error, const char *table, const char *what,
    const char *name)
{
	error->result = SQL_FAILED;
	(void)snprintf(error->text, sizeof error->text,
	    "the table %s %s%s", table, what, name);
	return (SQL_FAILED);
}

/* What is wrong with the table's column that stmt stands on, or NULL. */
static const char *
judge_column(sqlite3_stmt *stmt, const struct column *want, size_t n,
    size_t *found)
{
	struct span name = db_column_text(stmt, 0);
	struct span type = db_column_text(stmt, 1);
	size_t i;

	for (i = 0; i < n; i++) {
		if (!span_is(name, want[i].name))
			continue;
		(*found)++;
		if (!span_is(type, want[i].type))
			return ("has another type for the column ");
		if (sqlite3_column_int(stmt, 2) != want[i].notnull &&
		    strcmp(want[i].name, "id") != 0)
			return ("has another NOT NULL for the column ");
		if ((sqlite3_column_int(stmt, 3) != 0) != (i == 0))
			return ("has another primary key, see the column ");
		return (NULL);
	}
	if (sqlite3_column_int(stmt, 2) != 0 &&
	    sqlite3_column_int(stmt, 4) == 0)
		return ("has a column that we cannot fill: ");
	return (NULL);
}

static enum sql_result
check_columns(sqlite3 *db, const char *table, const struct column *want,
    size_t n, struct sql_error *error)
{
	sqlite3_stmt *stmt;
	enum sql_result result;
	const char *wrong;
	size_t found = 0;
	int rc;

	if ((stmt = db_prepare(db, sql_table_columns, error)) == NULL)
		return (error->result);
	db_bind_text(stmt, 1, span_of(table));
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		wrong = judge_column(stmt, want, n, &found);
		if (wrong != NULL) {
			result = refuse(error, table, wrong,
			    (const char *)sqlite3_column_text(stmt, 0));
			goto out;
		}
	}
	result = db_result(db, rc, error);
	if (result == SQL_DONE && found != n)
		result = refuse(error, table, "lacks a column", "");
out:
	(void)sqlite3_finalize(stmt);
	return (result);
}

/* Without AUTOINCREMENT ids begin at 1 again when retention empties it. */
static enum sql_result
check_autoincrement(sqlite3 *db, const char *table, struct sql_error *error)
{
	sqlite3_stmt *stmt;
	enum sql_result result;
	const char *text;

	if ((stmt = db_prepare(db, sql_table_sql, error)) == NULL)
		return (error->result);
	db_bind_text(stmt, 1, span_of(table));
	result = db_result(db, sqlite3_step(stmt), error);
	if (result == SQL_DONE) {
		text = (const char *)sqlite3_column_text(stmt, 0);
		if (text == NULL || strcasestr(text, "AUTOINCREMENT") == NULL)
			result = refuse(error, table,
			    "has an id without AUTOINCREMENT", "");
	}
	(void)sqlite3_finalize(stmt);
	return (result);
}

static enum sql_result
check_table(sqlite3 *db, const char *table, const struct column *want,
    size_t n, struct sql_error *error)
{
	enum sql_result result;

	result = check_columns(db, table, want, n, error);
	if (result == SQL_DONE)
		result = check_autoincrement(db, table, error);
	return (result);
}

static enum sql_result
check_index(sqlite3 *db, size_t i, struct sql_error *error)
{
	const char *name = indexes[i].name, *table = indexes[i].table;
	sqlite3_stmt *stmt;
	enum sql_result result;
	bool fits;
	int rc;

	if ((stmt = db_prepare(db, sql_index_fits, error)) == NULL)
		return (error->result);
	db_bind_text(stmt, 1, span_of(table));
	db_bind_text(stmt, 2, span_of(name));
	db_bind_text(stmt, 3, span_of(indexes[i].columns));
	rc = sqlite3_step(stmt);
	fits = rc == SQLITE_ROW && sqlite3_column_int(stmt, 0) != 0;
	result = db_result(db, rc, error);
	(void)sqlite3_finalize(stmt);
	if (result != SQL_DONE || fits)
		return (result);
	(void)snprintf(error->text, sizeof error->text, "the index %s is not "
	    "as it must be: run DROP INDEX IF EXISTS %s; CREATE INDEX %s ON "
	    "%s (%s)", name, name, name, table, indexes[i].columns);
	return (error->result = SQL_FAILED);
}

enum sql_result
adopt_check(sqlite3 *db, struct sql_error *error)
{
	enum sql_result result;
	size_t i;

	result = check_table(db, "execution_logs", log_columns,
	    sizeof log_columns / sizeof log_columns[0], error);
	if (result == SQL_DONE)
		result = check_table(db, "execution_audit_events",
		    audit_columns,
		    sizeof audit_columns / sizeof audit_columns[0], error);
	for (i = 0; result == SQL_DONE &&
	    i < sizeof indexes / sizeof indexes[0]; i++)
		result = check_index(db, i, error);
	return (result);
}
