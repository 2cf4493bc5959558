#include "sql/undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/db.h"
#include "sql/migrate.h"
#include "sql/text.h"

#define NAME_MAX_BYTES	64	/* of a table or index of ours, with its 0 */

/* One migration being undone, and what its current statement drops. */
struct undo {
	sqlite3				*db;
	const struct sql_migration	*migration;
	char				*made;	/* NULL: not recorded */
	char				 name[NAME_MAX_BYTES];	/* or "" */
	bool				 is_table;
};

/* An authorizer that denies nothing, but hears what is dropped. */
static int
hear(void *v, int action, const char *what, const char *more,
    const char *database, const char *trigger)
{
	struct undo *u = v;

	(void)more;
	(void)database;
	(void)trigger;
	/* With a table its triggers go, too. */
	if (u->name[0] != '\0')
		return (SQLITE_OK);
	switch (action) {
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_INDEX:
	case SQLITE_DROP_TRIGGER:
	case SQLITE_DROP_VIEW:
		u->is_table = action == SQLITE_DROP_TABLE;
		(void)snprintf(u->name, sizeof u->name, "%s", what);
		break;
	default:
		break;
	}
	return (SQLITE_OK);
}

static bool
has_word(const char *words, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = words; (p = strstr(p, word)) != NULL; p += n)
		if ((p == words || p[-1] == ' ') &&
		    (p[n] == '\0' || p[n] == ' '))
			return (true);
	return (false);
}

/* The text of what has this name, or NULL; to be freed. */
static char *
text_of(sqlite3 *db, const char *name)
{
	sqlite3_stmt *stmt = db_prepare(db, sql_object_sql, NULL);
	char *text = NULL;

	if (stmt == NULL)
		return (NULL);
	db_bind_text(stmt, 1, span_of(name));
	if (sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_text(stmt, 0) != NULL)
		text = strdup((const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	return (text);
}

/* A file as all migrations up to this one make it; NULL without memory. */
static sqlite3 *
make_fresh(const struct sql_migration *last)
{
	const struct sql_migration *m = sql_migrations;
	sqlite3 *db = NULL;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK) {
		(void)sqlite3_close(db);
		return (NULL);
	}
	for (; m <= last; m++)
		(void)db_exec(db, m->up, NULL);
	return (db);
}

/* Is it what the migration makes, word for word? */
static bool
is_as_made(struct undo *u)
{
	char *there = text_of(u->db, u->name), *ours = NULL;
	sqlite3 *fresh = make_fresh(u->migration);
	bool same;

	if (fresh != NULL)
		ours = text_of(fresh, u->name);
	(void)sqlite3_close(fresh);
	same = there != NULL && ours != NULL && strcmp(there, ours) == 0;
	free(there);
	free(ours);
	return (same);
}

static bool
is_ours(struct undo *u)
{
	if (strncmp(u->name, "execlog_", 8) == 0)
		return (true);
	return (u->made != NULL ? has_word(u->made, u->name) : is_as_made(u));
}

static enum sql_result
count_rows(sqlite3 *db, const char *table, sqlite3_int64 *rows,
    struct sql_error *error)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", table);
	sqlite3_stmt *stmt = NULL;
	enum sql_result result;

	if (sql != NULL)
		stmt = db_prepare(db, sql, error);
	sqlite3_free(sql);
	if (stmt == NULL)
		return (error->result);
	result = db_integer(stmt, rows, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

/* Rows that would go with the table, but for as many as a new one has. */
static enum sql_result
count_loss(struct undo *u, sqlite3_int64 *rows, struct sql_error *error)
{
	sqlite3 *fresh = make_fresh(u->migration);
	sqlite3_int64 new_rows = 0;
	enum sql_result result;

	if ((result = count_rows(u->db, u->name, rows, error)) == SQL_DONE &&
	    fresh != NULL && count_rows(fresh, u->name, &new_rows, error) ==
	    SQL_DONE)
		*rows -= new_rows;
	(void)sqlite3_close(fresh);
	return (result);
}

/* The next statement of the down part; what it drops is in u.  NULL with
   SQL_DONE in *result: there is none left. */
static sqlite3_stmt *
next(struct undo *u, const char **sql, enum sql_result *result,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_OK;

	u->name[0] = '\0';
	(void)sqlite3_set_authorizer(u->db, hear, u);
	while (rc == SQLITE_OK && stmt == NULL && **sql != '\0')
		rc = sqlite3_prepare_v2(u->db, *sql, -1, &stmt, sql);
	(void)sqlite3_set_authorizer(u->db, NULL, NULL);
	*result = db_result(u->db, rc, error);
	return (stmt);
}

static enum sql_result
run_down(struct undo *u, schema_kept_fn *kept, void *arg,
    struct sql_error *error)
{
	const char *sql = u->migration->down;
	enum sql_result result = SQL_DONE;
	sqlite3_stmt *stmt;
	int rc;

	while (sql != NULL &&
	    (stmt = next(u, &sql, &result, error)) != NULL) {
		rc = SQLITE_DONE;
		if (u->name[0] == '\0' || is_ours(u))
			rc = sqlite3_step(stmt);
		else
			kept(u->name, arg);
		result = db_result(u->db, rc, error);
		(void)sqlite3_finalize(stmt);
		if (result != SQL_DONE)
			break;
	}
	return (result);
}

static enum sql_result
forget(struct undo *u, struct sql_error *error)
{
	sqlite3_stmt *stmt;
	enum sql_result result;

	if (u->migration == &sql_migrations[0])
		return (db_exec(u->db, sql_schema_drop, error));
	if ((stmt = db_prepare(u->db, sql_schema_forget, error)) == NULL)
		return (error->result);
	(void)sqlite3_bind_int(stmt, 1, u->migration->version);
	result = db_result(u->db, sqlite3_step(stmt), error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

/* Find out what the migration has made. */
static enum sql_result
begin(struct undo *u, sqlite3 *db, const struct sql_migration *m,
    struct sql_error *error)
{
	*u = (struct undo){ .db = db, .migration = m };
	return (migrate_made(db, m->version, &u->made, error));
}

static enum sql_result
step_down(sqlite3 *db, const struct sql_migration *m, schema_kept_fn *kept,
    void *arg, struct sql_error *error)
{
	enum sql_result result;
	struct undo u;

	result = db_exec_patiently(db, sql_begin_write, error);
	if (result != SQL_DONE)
		return (result);
	if ((result = begin(&u, db, m, error)) == SQL_DONE &&
	    (result = run_down(&u, kept, arg, error)) == SQL_DONE &&
	    (result = forget(&u, error)) == SQL_DONE)
		result = db_exec(db, sql_commit, error);
	if (result != SQL_DONE)
		(void)db_exec(db, sql_rollback, NULL);
	free(u.made);
	return (result);
}

enum sql_result
undo_down(sqlite3 *db, int to, schema_step_fn *fn, schema_kept_fn *kept,
    void *arg, struct sql_error *error)
{
	const struct sql_migration *m;
	enum sql_result result;
	bool has;
	int i;

	result = migrate_refuse(db, error);
	for (i = SQL_MIGRATION_COUNT - 1; result == SQL_DONE && i >= 0; i--) {
		m = &sql_migrations[i];
		if (m->version <= to)
			break;
		result = migrate_has(db, m->version, &has, error);
		if (result != SQL_DONE || !has)
			continue;
		result = step_down(db, m, kept, arg, error);
		if (result == SQL_DONE)
			fn(&(struct schema_step){ m->version, m->name, 0,
			    true }, arg);
	}
	return (result);
}

/* The statements are only read: one that needs those before it is passed
   over. */
static enum sql_result
count_losses(struct undo *u, schema_loss_fn *fn, void *arg,
    struct sql_error *error)
{
	const char *sql = u->migration->down;
	enum sql_result result = SQL_DONE, ignored;
	sqlite3_int64 rows;
	sqlite3_stmt *stmt;
	const char *was = NULL;

	while (sql != NULL && result == SQL_DONE && *sql != '\0' &&
	    sql != was) {
		was = sql;
		stmt = next(u, &sql, &ignored, error);
		if (stmt != NULL && u->name[0] != '\0' && u->is_table &&
		    is_ours(u)) {
			result = count_loss(u, &rows, error);
			if (result == SQL_DONE && rows > 0)
				fn(u->name, rows, arg);
		}
		(void)sqlite3_finalize(stmt);
	}
	return (result);
}

enum sql_result
undo_losses(sqlite3 *db, int to, schema_loss_fn *fn, void *arg,
    struct sql_error *error)
{
	enum sql_result result;
	struct undo u;
	bool has;
	int i;

	result = migrate_refuse(db, error);
	for (i = SQL_MIGRATION_COUNT - 1; result == SQL_DONE && i >= 0; i--) {
		if (sql_migrations[i].version <= to)
			break;
		result = migrate_has(db, sql_migrations[i].version, &has,
		    error);
		if (result != SQL_DONE || !has)
			continue;
		result = begin(&u, db, &sql_migrations[i], error);
		if (result == SQL_DONE)
			result = count_losses(&u, fn, arg, error);
		free(u.made);
	}
	return (result);
}
