#include "sql/engine_count.h"

#include <stdbool.h>

#include "sql/db.h"
#include "sql/store.h"
#include "sql/text.h"

#define NOT_KEPT "executions.log_entry_count is not kept: "

static bool
asks(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = db_prepare(db, sql, NULL);
	sqlite3_int64 yes = 0;

	if (stmt != NULL)
		(void)db_integer(stmt, &yes, NULL);
	(void)sqlite3_finalize(stmt);
	return (yes != 0);
}

void
engine_count_open(sqlite3 *db)
{
	(void)asks(db, sql_count_column);
	(void)asks(db, sql_count_key);
}

void
engine_count_drop(struct engine_count *c)
{
	(void)sqlite3_finalize(c->add);
	c->add = NULL;
}

void
engine_count_prepare(struct engine_count *c, sqlite3 *db)
{
	engine_count_drop(c);
	*c = (struct engine_count){ .db = db };
	if (!asks(db, sql_count_column))
		return;
	if (!asks(db, sql_count_key))
		c->why = NOT_KEPT "execution_id is not a key";
	else if ((c->add = db_prepare(db, sql_count_add, NULL)) == NULL)
		c->why = sqlite3_errcode(db) == SQLITE_AUTH ?
		    NOT_KEPT "a trigger on executions would run in our "
		    "transaction" : NOT_KEPT "it cannot be updated";
}

/* Is the transaction still there, and able to go on? */
static bool
goes_on(sqlite3 *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_BUSY:
		return (false);
	default:
		return (sqlite3_get_autocommit(db) == 0);
	}
}

static enum sql_result
add(struct engine_count *c, struct span execution, size_t n,
    struct sql_error *error)
{
	int rc;

	db_bind_text(c->add, 1, execution);
	(void)sqlite3_bind_int64(c->add, 2, (sqlite3_int64)n);
	rc = sqlite3_step(c->add);
	(void)sqlite3_reset(c->add);
	if (rc == SQLITE_DONE)
		return (SQL_DONE);
	if (!goes_on(c->db, rc))
		return (db_result(c->db, rc, error));
	engine_count_drop(c);
	c->why = NOT_KEPT "an UPDATE of it has failed";
	return (SQL_DONE);
}

/* The rows of an execution are one behind the other in a batch (order.h). */
enum sql_result
engine_count_apply(struct engine_count *c, const struct store_batch *b,
    struct sql_error *error)
{
	enum sql_result result = SQL_DONE;
	size_t i, n = 0;

	for (i = 0; i < b->nlog && c->add != NULL && result == SQL_DONE; i++) {
		n++;
		if (i + 1 < b->nlog && span_eq(b->log[i].execution,
		    b->log[i + 1].execution))
			continue;
		result = add(c, b->log[i].execution, n, error);
		n = 0;
	}
	return (result);
}
