#include "sql/tally.h"

#include "sql/db.h"
#include "sql/pages_inner.h"

#define CLOCK_EVERY	64	/* rows between two looks at the clock */

static void
add(struct volume *t, sqlite3_stmt *stmt)
{
	int i, n = sqlite3_column_count(stmt);

	t->rows++;
	t->bytes += TALLY_NUMBERS;
	for (i = 1; i < n; i++)
		t->bytes += sqlite3_column_bytes(stmt, i);
}

static enum sql_result
walk(struct pages *p, sqlite3_stmt *stmt, int64_t *id, int64_t max_id,
    struct volume *t, struct sql_error *error)
{
	int64_t rows = 0;
	int rc;

	(void)sqlite3_bind_int64(stmt, 1, *id);
	(void)sqlite3_bind_int64(stmt, 2, max_id);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		add(t, stmt);
		*id = sqlite3_column_int64(stmt, 0);
		if (++rows == PAGE_ROWS_MAX || (rows % CLOCK_EVERY == 0 &&
		    db_monotonic_us() >= p->until))
			break;
	}
	if (rc == SQLITE_DONE)
		*id = max_id;
	return (db_result(p->db, rc, error));
}

enum sql_result
tally_page(struct pages *p, enum tally_table table, int64_t *id,
    int64_t max_id, struct volume *t, struct sql_error *error)
{
	sqlite3_stmt *stmt = p->stmt[table == TALLY_LOG ? COUNT_LOG :
	    COUNT_AUDIT];
	struct volume found = { 0 };
	enum sql_result result;
	int64_t at = *id;

	if ((result = pages_begin(p, error)) != SQL_DONE)
		return (result);
	result = walk(p, stmt, &at, max_id, &found, error);
	(void)sqlite3_reset(stmt);
	pages_end(p);
	if (result != SQL_DONE)
		return (result);
	*id = at;
	t->rows += found.rows;
	t->bytes += found.bytes;
	return (SQL_DONE);
}
