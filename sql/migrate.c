#include "sql/migrate.h"

#include <stdio.h>
#include <string.h>

#include "sql/adopt.h"
#include "sql/db.h"
#include "sql/text.h"

#define LAST	(sql_migrations[SQL_MIGRATION_COUNT - 1])

static enum sql_result
read_integer(sqlite3 *db, const char *sql, sqlite3_int64 *value,
    struct sql_error *error)
{
	sqlite3_stmt *stmt;
	enum sql_result result;

	if ((stmt = db_prepare(db, sql, error)) == NULL)
		return (error->result);
	result = db_integer(stmt, value, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

int
migrate_newest(void)
{
	return (LAST.version);
}

/* Is there a record of versions at all? */
static enum sql_result
has_record(sqlite3 *db, bool *has, struct sql_error *error)
{
	sqlite3_int64 n = 0;
	enum sql_result result;

	result = read_integer(db, sql_schema_exists, &n, error);
	*has = n != 0;
	return (result);
}

enum sql_result
migrate_has(sqlite3 *db, int version, bool *has, struct sql_error *error)
{
	sqlite3_stmt *stmt;
	sqlite3_int64 n = 0;
	enum sql_result result;

	if ((result = has_record(db, has, error)) != SQL_DONE || !*has)
		return (result);
	if ((stmt = db_prepare(db, sql_schema_has, error)) == NULL)
		return (error->result);
	(void)sqlite3_bind_int(stmt, 1, version);
	result = db_integer(stmt, &n, error);
	(void)sqlite3_finalize(stmt);
	*has = n != 0;
	return (result);
}

/* Files of the first releases have no column for it. */
static enum sql_result
has_made_column(sqlite3 *db, bool *has, struct sql_error *error)
{
	sqlite3_int64 n = 0;
	enum sql_result result;

	result = read_integer(db, sql_schema_has_made, &n, error);
	*has = n != 0;
	return (result);
}

enum sql_result
migrate_made(sqlite3 *db, int version, char **names, struct sql_error *error)
{
	sqlite3_stmt *stmt;
	enum sql_result result;
	bool has;

	*names = NULL;
	if ((result = has_made_column(db, &has, error)) != SQL_DONE || !has)
		return (result);
	if ((stmt = db_prepare(db, sql_schema_made, error)) == NULL)
		return (error->result);
	(void)sqlite3_bind_int(stmt, 1, version);
	result = db_result(db, sqlite3_step(stmt), error);
	if (result == SQL_DONE && sqlite3_column_text(stmt, 0) != NULL &&
	    (*names = strdup((const char *)sqlite3_column_text(stmt, 0))) ==
	    NULL)
		result = db_result(NULL, SQLITE_NOMEM, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

/* Ours that are not recorded, and have a number below. */
static size_t
tell_pending(size_t i, int below, sqlite3 *db, schema_step_fn *fn, void *arg)
{
	struct sql_error error;
	bool has;

	for (; i < SQL_MIGRATION_COUNT && sql_migrations[i].version < below;
	    i++)
		if (migrate_has(db, sql_migrations[i].version, &has, &error) ==
		    SQL_DONE && !has)
			fn(&(struct schema_step){
				.version = sql_migrations[i].version,
				.name = sql_migrations[i].name,
				.known = true,
			}, arg);
	return (i);
}

enum sql_result
migrate_list(sqlite3 *db, schema_step_fn *fn, void *arg,
    struct sql_error *error)
{
	struct schema_step step;
	enum sql_result result;
	sqlite3_stmt *stmt = NULL;
	size_t pending = 0;
	bool has;
	int rc = SQLITE_DONE;

	if ((result = has_record(db, &has, error)) != SQL_DONE)
		return (result);
	if (has && (stmt = db_prepare(db, sql_schema_list, error)) == NULL)
		return (error->result);
	while (has && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		step.version = sqlite3_column_int(stmt, 0);
		step.name = (const char *)sqlite3_column_text(stmt, 1);
		step.applied_at = sqlite3_column_int64(stmt, 2);
		step.known = step.version <= LAST.version;
		if (step.name == NULL)
			step.name = "?";
		if (step.applied_at == 0)
			step.applied_at = 1;
		pending = tell_pending(pending, step.version, db, fn, arg);
		fn(&step, arg);
	}
	result = db_result(db, rc, error);
	(void)sqlite3_finalize(stmt);
	if (result == SQL_DONE)
		(void)tell_pending(pending, INT_MAX, db, fn, arg);
	return (result);
}

static void
note_newer(const struct schema_step *step, void *v)
{
	struct sql_error *error = v;

	if (step->known)
		return;
	error->result = SQL_FAILED;
	(void)snprintf(error->text, sizeof error->text, "its schema is "
	    "version %d (%.60s), this program knows up to %d (%s): use the "
	    "program that made it", step->version, step->name, LAST.version,
	    LAST.name);
}

enum sql_result
migrate_is_damaged(sqlite3 *db, bool *damaged, struct sql_error *error)
{
	enum sql_result result;
	sqlite3_int64 n = 0;
	bool has;

	if ((result = has_record(db, &has, error)) == SQL_DONE)
		result = read_integer(db, has ? sql_schema_damaged :
		    sql_schema_lost, &n, error);
	*damaged = n != 0;
	return (result);
}

static enum sql_result
refuse_damaged(sqlite3 *db, struct sql_error *error)
{
	enum sql_result result;
	bool damaged;

	result = migrate_is_damaged(db, &damaged, error);
	if (result != SQL_DONE || !damaged)
		return (result);
	(void)snprintf(error->text, sizeof error->text, MIGRATE_DAMAGED ": "
	    MIGRATE_MEND, sqlite3_db_filename(db, "main"));
	return (error->result = SQL_FAILED);
}

enum sql_result
migrate_refuse(sqlite3 *db, struct sql_error *error)
{
	struct sql_error newer = { .result = SQL_DONE };
	enum sql_result result;

	if ((result = migrate_list(db, note_newer, &newer, error)) != SQL_DONE)
		return (result);
	if (newer.result == SQL_DONE)
		return (refuse_damaged(db, error));
	*error = newer;
	return (newer.result);
}

/* What has come into the schema behind this row of it. */
static enum sql_result
record(sqlite3 *db, const struct sql_migration *m, int64_t now_ms,
    sqlite3_int64 before, struct sql_error *error)
{
	sqlite3_stmt *stmt;
	enum sql_result result;

	if ((stmt = db_prepare(db, sql_schema_record, error)) == NULL)
		return (error->result);
	(void)sqlite3_bind_int(stmt, 1, m->version);
	db_bind_text(stmt, 2, span_of(m->name));
	(void)sqlite3_bind_int64(stmt, 3, now_ms);
	(void)sqlite3_bind_int64(stmt, 4, before);
	result = db_result(db, sqlite3_step(stmt), error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

/* The table of the record, as it is today. */
static enum sql_result
make_record(sqlite3 *db, struct sql_error *error)
{
	enum sql_result result;
	bool has;

	if ((result = db_exec(db, sql_schema_table, error)) != SQL_DONE ||
	    (result = has_made_column(db, &has, error)) != SQL_DONE || has)
		return (result);
	return (db_exec(db, sql_schema_add_made, error));
}

/* One migration, inside a transaction that the caller began. */
static enum sql_result
apply(sqlite3 *db, const struct sql_migration *m, int64_t now_ms,
    struct sql_error *error)
{
	enum sql_result result;
	sqlite3_int64 before;
	bool has;

	/* Another process may have been faster. */
	if ((result = migrate_has(db, m->version, &has, error)) != SQL_DONE ||
	    has)
		return (result);
	if ((result = make_record(db, error)) != SQL_DONE ||
	    (result = read_integer(db, sql_schema_last, &before, error)) !=
	    SQL_DONE || (result = db_exec(db, m->up, error)) != SQL_DONE)
		return (result);
	return (record(db, m, now_ms, before, error));
}

static enum sql_result
step_up(sqlite3 *db, const struct sql_migration *m, int64_t now_ms,
    struct sql_error *error)
{
	enum sql_result result;

	result = db_exec_patiently(db, sql_begin_write, error);
	if (result != SQL_DONE)
		return (result);
	result = apply(db, m, now_ms, error);
	if (result == SQL_DONE)
		result = db_exec(db, sql_commit, error);
	if (result != SQL_DONE)
		(void)db_exec(db, sql_rollback, NULL);
	return (result);
}

enum sql_result
migrate_up(sqlite3 *db, int to, int64_t now_ms, schema_step_fn *fn, void *arg,
    struct sql_error *error)
{
	const struct sql_migration *m = sql_migrations;
	enum sql_result result;
	bool has = false;

	result = migrate_refuse(db, error);
	for (; result == SQL_DONE && m <= &LAST && m->version <= to; m++) {
		result = migrate_has(db, m->version, &has, error);
		if (result != SQL_DONE || has)
			continue;
		result = step_up(db, m, now_ms, error);
		has = true;
		if (result == SQL_DONE && fn != NULL)
			fn(&(struct schema_step){ m->version, m->name, now_ms,
			    true }, arg);
	}
	return (result == SQL_DONE && has ? adopt_check(db, error) : result);
}

static void
note_pending(const struct schema_step *step, void *v)
{
	struct schema_step *first = v;

	if (step->applied_at == 0 && first->version == 0)
		*first = *step;
}

enum sql_result
migrate_check(sqlite3 *db, struct sql_error *error)
{
	struct schema_step first = { 0 };	/* its name is a constant */
	enum sql_result result;

	if ((result = migrate_refuse(db, error)) != SQL_DONE ||
	    (result = migrate_list(db, note_pending, &first, error)) !=
	    SQL_DONE)
		return (result);
	if (first.version == 0)
		return (adopt_check(db, error));
	error->result = SQL_FAILED;
	(void)snprintf(error->text, sizeof error->text, "its schema lacks %s; "
	    "this program wants version %d: run execlog migrate up --db %s",
	    first.name, LAST.version, sqlite3_db_filename(db, "main"));
	return (SQL_FAILED);
}
