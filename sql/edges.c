#include "sql/edges.h"

#include "proto/audit.h"
#include "proto/json.h"
#include "sql/db.h"
#include "sql/text.h"

bool
edges_prepare(struct edges *e, sqlite3 *db, struct sql_error *error)
{
	*e = (struct edges){ .db = db, .since = -1 };
	return ((e->installed = db_prepare(db, sql_installed_since, error)) !=
	    NULL &&
	    (e->single = db_prepare(db, sql_edge_single, error)) != NULL &&
	    (e->change = db_prepare(db, sql_edge_change, error)) != NULL);
}

enum sql_result
edges_begin(struct edges *e, struct sql_error *error)
{
	return (db_integer(e->installed, &e->since, error));
}

/* What both statements want to know first. */
static void
bind(sqlite3_stmt *stmt, const struct edges *e, const struct audit_row *r)
{
	db_bind_text(stmt, 1, r->execution);
	(void)sqlite3_bind_int64(stmt, 2, r->sender.received - EDGE_AGE_MS);
	(void)sqlite3_bind_int64(stmt, 3, e->since);
}

static enum sql_result
answer(sqlite3_stmt *stmt, int64_t *id, struct sql_error *error)
{
	enum sql_result result;
	sqlite3_int64 found = 0;

	result = db_integer(stmt, &found, error);
	*id = found;
	return (result);
}

static struct span
either(const struct json_t *doc, const char *a, const char *b)
{
	struct span s = SPAN_NONE;

	if (jget_text(doc, a, &s) != JGET_OK)
		(void)jget_text(doc, b, &s);
	return (s);
}

/* A task's state is not the execution's, and has no trigger. */
static enum sql_result
find_change(struct edges *e, const struct audit_row *r, int64_t *id,
    struct sql_error *error)
{
	struct json_t *doc = jdoc_parse(r->metadata);
	enum sql_result result = SQL_DONE;
	struct span from, to;

	if (doc == NULL)
		return (SQL_DONE);
	from = either(doc, "from", "from_state");
	to = either(doc, "to", "to_state");
	if (to.p != NULL && either(doc, "task_id", "task_id").p == NULL) {
		bind(e->change, e, r);
		db_bind_text(e->change, 4, from);
		db_bind_text(e->change, 5, to);
		result = answer(e->change, id, error);
	}
	jdoc_free(doc);
	return (result);
}

enum sql_result
edges_find(struct edges *e, const struct audit_row *r, int64_t *id,
    struct sql_error *error)
{
	enum audit_type type, other;

	*id = 0;
	if (e->since < 0 || !r->sender.known ||
	    !audit_type_parse(r->type, &type) || type == AUDIT_CREATED)
		return (SQL_DONE);
	if (type == AUDIT_STATE_CHANGE)
		return (find_change(e, r, id, error));
	/* Both are the state FAILED. */
	other = type == AUDIT_TIMEOUT ? AUDIT_FAILED :
	    type == AUDIT_FAILED ? AUDIT_TIMEOUT : type;
	bind(e->single, e, r);
	db_bind_text(e->single, 4, r->type);
	db_bind_text(e->single, 5, span_of(audit_type_name(other)));
	return (answer(e->single, id, error));
}
