#include "sql/counts.h"

#include "sql/db.h"
#include "sql/text.h"

bool
counts_prepare(struct counts *c, sqlite3 *db, struct sql_error *error)
{
	*c = (struct counts){ .db = db, .max = COUNTS_MAX };
	return (
	    (c->known = db_prepare(db, sql_summary_lines, error)) != NULL &&
	    (c->any = db_prepare(db, sql_summary_first_lines, error)) !=
	    NULL &&
	    (c->adopt = db_prepare(db, sql_counts_adopt, error)) != NULL &&
	    (c->note = db_prepare(db, sql_unread_add, error)) != NULL &&
	    (c->extend = db_prepare(db, sql_unread_extend, error)) != NULL &&
	    (c->name_tasks = db_prepare(db, sql_counts_name_tasks, error)) !=
	    NULL &&
	    (c->done = db_prepare(db, sql_counts_done, error)) != NULL);
}

void
counts_free(struct counts *c)
{
	levels_free(&c->levels);
}

/* Step a bound statement that returns no row. */
static enum sql_result
run(struct counts *c, sqlite3_stmt *stmt, struct sql_error *error)
{
	enum sql_result result = db_result(c->db, sqlite3_step(stmt), error);

	(void)sqlite3_reset(stmt);
	return (result);
}

/* What is noted and not in memory is to be read. */
static enum sql_result
adopt(struct counts *c, struct sql_error *error)
{
	enum sql_result result;

	if (c->adopted)
		return (SQL_DONE);
	result = run(c, c->adopt, error);
	c->adopting = result == SQL_DONE;
	return (result);
}

/* ------------------------------------------------------------ what is noted */

enum sql_result
counts_note(struct counts *c, int64_t before, int64_t after,
    struct sql_error *error)
{
	enum sql_result result = adopt(c, error);
	bool extended = false;

	if (result != SQL_DONE)
		return (result);
	if (c->high != 0 && c->high == before) {
		(void)sqlite3_bind_int64(c->extend, 1, c->range);
		(void)sqlite3_bind_int64(c->extend, 2, before);
		(void)sqlite3_bind_int64(c->extend, 3, after);
		result = run(c, c->extend, error);
		extended = sqlite3_changes(c->db) > 0;
	}
	if (result == SQL_DONE && !extended) {
		db_bind_text(c->note, 1, span_of("counted"));
		(void)sqlite3_bind_int64(c->note, 2, before);
		(void)sqlite3_bind_int64(c->note, 3, after);
		result = run(c, c->note, error);
		c->range = sqlite3_last_insert_rowid(c->db);
	}
	c->high = after;
	return (result);
}

/* ----------------------------------------------------------------- flushing */

static enum sql_result
run_lines(struct counts *c, sqlite3_stmt *stmt, const struct levels_of *l,
    struct sql_error *error)
{
	int i;

	db_bind_text(stmt, 1, l->execution);
	(void)sqlite3_bind_int64(stmt, 2, l->first);
	(void)sqlite3_bind_int64(stmt, 3, l->last);
	for (i = 0; i < LEVEL_COUNT; i++)
		(void)sqlite3_bind_int64(stmt, 4 + i, l->count[i]);
	return (run(c, stmt, error));
}

static enum sql_result
write_lines(struct counts *c, const struct levels_of *l,
    struct sql_error *error)
{
	enum sql_result result = run_lines(c, c->known, l, error);

	if (result != SQL_DONE || sqlite3_changes(c->db) > 0)
		return (result);
	return (run_lines(c, c->any, l, error));
}

enum sql_result
counts_flush(struct counts *c, struct sql_error *error)
{
	enum sql_result result = adopt(c, error);
	size_t i;

	/* They are in memory until the transaction is committed. */
	if (c->flushed)
		return (SQL_DONE);
	for (i = 0; i < c->levels.n && result == SQL_DONE; i++)
		if (levels_has(&c->levels.of[i]))
			result = write_lines(c, &c->levels.of[i], error);
	if (result != SQL_DONE || c->levels.counted == 0)
		return (result);
	/* Which tasks they name is read later. */
	result = run(c, c->levels.tasks ? c->name_tasks : c->done, error);
	c->flushed = true;
	c->high = 0;
	return (result);
}

void
counts_committed(struct counts *c, const struct store_batch *b)
{
	/* Not every transaction has to do with it. */
	c->adopted = c->adopted || c->adopting;
	if (c->flushed)
		levels_taken(&c->levels);
	c->flushed = c->adopting = false;
	/* Without memory all that is noted is read. */
	if (b != NULL && !levels_add(&c->levels, b)) {
		levels_free(&c->levels);
		c->adopted = false;
		c->high = 0;
	}
}

void
counts_undone(struct counts *c)
{
	c->flushed = c->adopting = false;
	c->high = 0;
}
