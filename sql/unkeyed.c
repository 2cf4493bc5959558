#include "sql/unkeyed.h"

#include <stdlib.h>
#include <string.h>

#include "sql/db.h"
#include "sql/text.h"

#define CLOCK_EVERY	256	/* rows between two looks at the clock */

bool
unkeyed_has_key(sqlite3 *db)
{
	sqlite3_stmt *stmt = db_prepare(db, sql_state_plan, NULL);
	const char *plan = NULL;
	bool key;

	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		plan = (const char *)sqlite3_column_text(stmt, 3);
	key = plan != NULL && strncmp(plan, "SEARCH", 6) == 0;
	(void)sqlite3_finalize(stmt);
	return (key);
}

bool
unkeyed_is(sqlite3 *db)
{
	sqlite3_stmt *stmt;
	bool is;

	if (unkeyed_has_key(db))
		return (false);
	is = (stmt = db_prepare(db, sql_states_in_engine, NULL)) != NULL;
	(void)sqlite3_finalize(stmt);
	return (is);
}

const char *
unkeyed_note(sqlite3 *db)
{
	return (unkeyed_is(db) ? "executions has no index on execution_id, so "
	    "that all of it is read for each question: CREATE INDEX "
	    "executions_by_id ON executions(execution_id)" : NULL);
}

static struct span
id_of(const struct unkeyed *u, size_t i)
{
	return ((struct span){ u->texts.p + u->state[i].at,
	    u->state[i].length });
}

/* False: there is no room for it. */
static bool
add(struct unkeyed *u, struct span execution, bool failed)
{
	struct unkeyed_state *grown;

	if (u->n == u->cap) {
		u->cap = u->cap == 0 ? 64 : 2 * u->cap;
		if ((grown = realloc(u->state, u->cap * sizeof *grown)) == NULL)
			return (false);
		u->state = grown;
	}
	u->state[u->n++] = (struct unkeyed_state){ .at = u->texts.n,
	    .length = execution.n, .failed = failed };
	buf_span(&u->texts, execution);
	return (u->n < UNKEYED_MAX && u->texts.n < UNKEYED_BYTES &&
	    !u->texts.failed);
}

/* All of the table; false: not all. */
static bool
read_states(struct unkeyed *u, sqlite3_stmt *stmt)
{
	int64_t until = db_monotonic_us() + UNKEYED_READ_MS * 1000;
	struct span execution, state;
	size_t rows = 0;
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		execution = db_column_text(stmt, 0);
		state = db_column_text(stmt, 1);
		if (execution.p != NULL && state.p != NULL &&
		    !span_is(state, "SUCCESS") &&
		    !span_is(state, "CANCELLED") &&
		    !add(u, execution, span_is(state, "FAILED")))
			return (false);
		if (++rows % CLOCK_EVERY == 0 && db_monotonic_us() > until)
			return (false);
	}
	return (rc == SQLITE_DONE);
}

/* An id may be there twice: the one that runs comes first. */
static int
compare(const void *va, const void *vb, void *v)
{
	const struct unkeyed_state *a = va, *b = vb;
	const struct unkeyed *u = v;
	int order = span_compare((struct span){ u->texts.p + a->at, a->length },
	    (struct span){ u->texts.p + b->at, b->length });

	return (order != 0 ? order : (int)a->failed - (int)b->failed);
}

void
unkeyed_read(struct unkeyed *u, sqlite3 *db)
{
	int64_t now = db_monotonic_us();
	sqlite3_stmt *stmt;

	if (u->read_us != 0 && now - u->read_us < UNKEYED_USED_MS * 1000)
		return;
	buf_reset(&u->texts);
	u->n = 0;
	stmt = db_prepare(db, sql_states_in_engine, NULL);
	u->whole = stmt != NULL && read_states(u, stmt);
	(void)sqlite3_finalize(stmt);
	if (u->whole && u->n > 0)
		qsort_r(u->state, u->n, sizeof *u->state, compare, u);
	u->read_us = db_monotonic_us();
}

void
unkeyed_forget(struct unkeyed *u)
{
	buf_free(&u->texts);
	free(u->state);
	*u = (struct unkeyed){ 0 };
}

bool
unkeyed_find(const struct unkeyed *u, struct span execution, bool *failed)
{
	size_t low = 0, high = u->n, middle;

	*failed = false;
	if (!u->whole)
		return (true);
	while (low < high) {
		middle = low + (high - low) / 2;
		if (span_compare(id_of(u, middle), execution) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == u->n || !span_eq(id_of(u, low), execution))
		return (false);
	*failed = u->state[low].failed;
	return (true);
}
