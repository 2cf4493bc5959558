#include "sql/triggers.h"

#include <stdlib.h>
#include <string.h>

#include "sql/db.h"
#include "sql/text.h"

struct own {
	char	*name;		/* SQLite's memory, as is: */
	char	*sql;
	bool	 found;		/* in the file, as it should be */
};

struct triggers {
	sqlite3		*db;
	sqlite3_stmt	*cookie;
	sqlite3_stmt	*list;
	struct own	 own[TRIGGERS_MAX];
	size_t		 n;
	bool		 looked;
	sqlite3_int64	 seen;		/* the cookie at the last look */
};

static bool
keep(struct triggers *t, sqlite3_stmt *stmt)
{
	struct own *own = &t->own[t->n];

	if (t->n == TRIGGERS_MAX)
		return (false);
	own->name = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
	own->sql = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 1));
	t->n++;
	return (own->name != NULL && own->sql != NULL);
}

/* Let the migrations make an empty file, and see what triggers it has. */
static int
learn(struct triggers *t, sqlite3 *empty)
{
	sqlite3_stmt *stmt = NULL;
	int i, rc = SQLITE_OK;

	for (i = 0; i < SQL_MIGRATION_COUNT && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(empty, sql_migrations[i].up, NULL, NULL,
		    NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(empty, sql_own_triggers, -1, &stmt,
		    NULL);
	if (rc != SQLITE_OK)
		return (rc);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		if (!keep(t, stmt)) {
			rc = SQLITE_NOMEM;
			break;
		}
	(void)sqlite3_finalize(stmt);
	return (rc);
}

struct triggers *
triggers_open(sqlite3 *db, struct sql_error *error)
{
	struct triggers *t;
	sqlite3 *empty = NULL;
	int rc;

	if ((t = calloc(1, sizeof *t)) == NULL) {
		(void)db_result(NULL, SQLITE_NOMEM, error);
		return (NULL);
	}
	t->db = db;
	if ((rc = sqlite3_open(":memory:", &empty)) == SQLITE_OK)
		rc = learn(t, empty);
	(void)sqlite3_close(empty);
	if (db_result(NULL, rc, error) == SQL_DONE &&
	    (t->cookie = db_prepare(db, sql_schema_cookie, error)) != NULL &&
	    (t->list = db_prepare(db, sql_own_triggers, error)) != NULL)
		return (t);
	triggers_close(t);
	return (NULL);
}

void
triggers_close(struct triggers *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++) {
		sqlite3_free(t->own[i].name);
		sqlite3_free(t->own[i].sql);
	}
	(void)sqlite3_finalize(t->cookie);
	(void)sqlite3_finalize(t->list);
	free(t);
}

/* Its index; n if it is none of them. */
static size_t
find(const struct triggers *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->own[i].name, name) == 0)
			break;
	return (i);
}

static enum sql_result
compare(struct triggers *t, struct sql_error *error)
{
	enum sql_result result;
	size_t i;
	int rc;

	for (i = 0; i < t->n; i++)
		t->own[i].found = false;
	while ((rc = sqlite3_step(t->list)) == SQLITE_ROW) {
		i = find(t, (const char *)sqlite3_column_text(t->list, 0));
		if (i < t->n)
			t->own[i].found = span_is(db_column_text(t->list, 1),
			    t->own[i].sql);
	}
	result = db_result(t->db, rc, error);
	(void)sqlite3_reset(t->list);
	return (result);
}

enum sql_result
triggers_look(struct triggers *t, bool *changed, struct sql_error *error)
{
	enum sql_result result;
	sqlite3_int64 cookie;

	*changed = false;
	result = db_integer(t->cookie, &cookie, error);
	if (result != SQL_DONE || (t->looked && cookie == t->seen))
		return (result);
	if ((result = compare(t, error)) != SQL_DONE)
		return (result);
	*changed = t->looked;
	t->looked = true;
	t->seen = cookie;
	return (SQL_DONE);
}

bool
triggers_is_ours(const struct triggers *t, const char *name)
{
	size_t i = find(t, name);

	return (i < t->n && t->own[i].found);
}

const char *
triggers_missing(const struct triggers *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (!t->own[i].found)
			return (t->own[i].name);
	return (NULL);
}

static enum sql_result
make(struct triggers *t, const struct own *own, struct sql_error *error)
{
	enum sql_result result;
	char *drop = sqlite3_mprintf("DROP TRIGGER IF EXISTS %s", own->name);

	result = drop == NULL ? db_result(NULL, SQLITE_NOMEM, error) :
	    db_exec(t->db, drop, error);
	sqlite3_free(drop);
	return (result != SQL_DONE ? result : db_exec(t->db, own->sql, error));
}

enum sql_result
triggers_mend(struct triggers *t, struct sql_error *error)
{
	enum sql_result result;
	size_t i;

	result = db_exec_patiently(t->db, sql_begin_write, error);
	if (result != SQL_DONE)
		return (result);
	for (i = 0; i < t->n && result == SQL_DONE; i++)
		if (!t->own[i].found)
			result = make(t, &t->own[i], error);
	if (result == SQL_DONE)
		result = db_exec(t->db, sql_commit, error);
	if (result != SQL_DONE)
		(void)db_exec(t->db, sql_rollback, NULL);
	return (result);
}
