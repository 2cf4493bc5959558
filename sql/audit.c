#include "sql/audit.h"

#include "sql/db.h"
#include "sql/edges.h"
#include "sql/store.h"
#include "sql/text.h"

bool
audit_table_prepare(struct audit_table *t, struct edges *edges, sqlite3 *db,
    struct sql_error *error)
{
	*t = (struct audit_table){ .db = db, .edges = edges };
	return ((t->insert = db_prepare(db, sql_insert_audit, error)) != NULL &&
	    (t->origin = db_prepare(db, sql_insert_origin, error)) != NULL &&
	    (t->behind = db_prepare(db, sql_sequence_behind, error)) != NULL &&
	    (t->raise = db_prepare(db, sql_sequence_raise, error)) != NULL &&
	    (t->add = db_prepare(db, sql_sequence_add, error)) != NULL &&
	    edges_prepare(edges, db, error));
}

/* Step a bound statement that returns no row. */
static enum sql_result
run(struct audit_table *t, sqlite3_stmt *stmt, struct sql_error *error)
{
	enum sql_result result = db_result(t->db, sqlite3_step(stmt), error);

	(void)sqlite3_reset(stmt);
	return (result);
}

static enum sql_result
insert(struct audit_table *t, struct audit_row *r, struct sql_error *error)
{
	enum sql_result result;

	db_bind_text(t->insert, 1, r->execution);
	db_bind_text(t->insert, 2, r->type);
	(void)sqlite3_bind_int64(t->insert, 3, r->timestamp);
	db_bind_text(t->insert, 4, r->metadata);
	result = run(t, t->insert, error);
	r->id = sqlite3_last_insert_rowid(t->db);
	return (result);
}

static enum sql_result
insert_origin(struct audit_table *t, const struct audit_row *r, int64_t *rows,
    struct sql_error *error)
{
	const struct sender *s = &r->sender;

	if (!s->known)
		return (SQL_DONE);
	(void)sqlite3_bind_int64(t->origin, 1, r->id);
	(void)sqlite3_bind_int64(t->origin, 2, s->received);
	(void)sqlite3_bind_int64(t->origin, 3, s->uid);
	(void)sqlite3_bind_int64(t->origin, 4, s->gid);
	(void)sqlite3_bind_int64(t->origin, 5, s->pid);
	db_bind_text(t->origin, 6, s->metadata);
	++*rows;
	return (run(t, t->origin, error));
}

static enum sql_result
add(struct audit_table *t, struct audit_row *r, int64_t *rows,
    int64_t *newest, struct sql_error *error)
{
	enum sql_result result;
	int64_t id;

	if ((result = edges_find(t->edges, r, &id, error)) != SQL_DONE)
		return (result);
	r->sender.metadata = id != 0 ? r->metadata : SPAN_NONE;
	if (id != 0)
		r->id = id;
	else if ((result = insert(t, r, error)) == SQL_DONE) {
		*newest = r->id;
		++*rows;
		t->inserted.rows++;
		t->inserted.bytes += (int64_t)(r->execution.n + r->type.n +
		    r->metadata.n) + TALLY_NUMBERS;
	}
	return (result != SQL_DONE ? result :
	    insert_origin(t, r, rows, error));
}

static enum sql_result
mend_sequence(struct audit_table *t, int64_t *rows, struct sql_error *error)
{
	enum sql_result result;
	sqlite3_int64 behind;

	result = db_integer(t->behind, &behind, error);
	if (result != SQL_DONE || behind == 0)
		return (result);
	if ((result = run(t, t->raise, error)) != SQL_DONE)
		return (result);
	*rows += sqlite3_changes(t->db);
	if (sqlite3_changes(t->db) > 0)
		return (SQL_DONE);
	++*rows;
	return (run(t, t->add, error));
}

enum sql_result
audit_table_apply(struct audit_table *t, const struct store_batch *b,
    int64_t *rows, int64_t *newest, struct sql_error *error)
{
	enum sql_result result;
	struct audit_row *r;

	*rows = 0;
	t->inserted = (struct volume){ 0 };
	if (b->naudit == 0)
		return (SQL_DONE);
	if ((result = mend_sequence(t, rows, error)) != SQL_DONE ||
	    (result = edges_begin(t->edges, error)) != SQL_DONE)
		return (result);
	for (r = b->audit; r < b->audit + b->naudit; r++)
		if ((result = add(t, r, rows, newest, error)) != SQL_DONE)
			return (result);
	return (SQL_DONE);
}
