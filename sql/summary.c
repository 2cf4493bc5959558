#include "sql/summary.h"

#include "proto/audit.h"
#include "proto/buf.h"
#include "proto/json.h"
#include "proto/state.h"
#include "proto/text.h"
#include "proto/unescape.h"
#include "sql/db.h"
#include "sql/text.h"

bool
summary_prepare(struct summary *s, sqlite3 *db, struct sql_error *error)
{
	*s = (struct summary){ .db = db, .unread = true };
	return (
	    (s->event = db_prepare(db, sql_summary_event, error)) != NULL &&
	    (s->known = db_prepare(db, sql_known_read, error)) != NULL &&
	    (s->set_known = db_prepare(db, sql_known_write, error)) != NULL &&
	    (s->add = db_prepare(db, sql_unread_add, error)) != NULL &&
	    counts_prepare(&s->counts, db, error));
}

/* Step a bound statement that returns no row. */
static enum sql_result
run(struct summary *s, sqlite3_stmt *stmt, struct sql_error *error)
{
	enum sql_result result = db_result(s->db, sqlite3_step(stmt), error);

	(void)sqlite3_reset(stmt);
	return (result);
}

/* ----------------------------------------------------------------- events */

static void
bind_if(sqlite3_stmt *stmt, int index, bool is, int64_t value)
{
	if (is)
		(void)sqlite3_bind_int64(stmt, index, value);
	else
		(void)sqlite3_bind_null(stmt, index);
}

/* The text of a member that is a string. */
static struct span
member_text(struct span metadata, const char *key, const char *other,
    struct buf *scratch)
{
	struct span s = state_member(metadata, key, other);

	if (s.n < 2 || s.p[0] != '"')
		return (SPAN_NONE);
	unescape_string(scratch, s);
	s = buf_text(scratch);
	return (text_is_id(s) ? s : SPAN_NONE);
}

enum sql_result
summary_event(struct summary *s, const struct audit_row *r, int64_t now,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = s->event;
	struct span workflow = SPAN_NONE;
	struct buf scratch = { 0 };
	enum audit_type type = AUDIT_STATE_CHANGE;
	enum sql_result result;
	enum state state;
	bool says, ends;

	says = state_of_event(r->type, r->metadata, &state);
	ends = audit_type_parse(r->type, &type) && audit_is_terminal(type);
	if (says && type == AUDIT_CREATED)
		workflow = member_text(r->metadata, "workflow_id",
		    "workflowId", &scratch);
	db_bind_text(stmt, 1, r->execution);
	(void)sqlite3_bind_int64(stmt, 2, r->timestamp < now ? r->timestamp :
	    now);
	(void)sqlite3_bind_int64(stmt, 3, r->id);
	db_bind_text(stmt, 4, says ? span_of(state_name(state)) : SPAN_NONE);
	bind_if(stmt, 5, ends, r->id);
	bind_if(stmt, 6, says && type == AUDIT_STARTED, r->timestamp);
	bind_if(stmt, 7, ends, r->timestamp);
	db_bind_text(stmt, 8, workflow);
	result = run(s, stmt, error);
	buf_free(&scratch);
	return (result);
}

/* ----------------------------------------------------------------- ranges */

static enum sql_result
add_range(struct summary *s, const char *kind, int64_t low, int64_t high,
    struct sql_error *error)
{
	db_bind_text(s->add, 1, span_of(kind));
	(void)sqlite3_bind_int64(s->add, 2, low);
	(void)sqlite3_bind_int64(s->add, 3, high);
	s->unread = true;
	return (run(s, s->add, error));
}

static enum sql_result
read_known(struct summary *s, struct position *p, struct sql_error *error)
{
	int rc = sqlite3_step(s->known);
	enum sql_result result = db_result(s->db, rc, error);

	*p = (struct position){ 0 };
	if (rc == SQLITE_ROW)
		*p = (struct position){ sqlite3_column_int64(s->known, 0),
		    sqlite3_column_int64(s->known, 1) };
	(void)sqlite3_reset(s->known);
	return (result);
}

enum sql_result
summary_note(struct summary *s, const struct position *before,
    const struct position *after, struct sql_error *error)
{
	enum sql_result result;
	struct position known;

	if ((result = read_known(s, &known, error)) != SQL_DONE)
		return (result);
	if (known.log < before->log && (result = add_range(s, "log",
	    known.log, before->log, error)) != SQL_DONE)
		return (result);
	if (known.audit < before->audit && (result = add_range(s, "audit",
	    known.audit, before->audit, error)) != SQL_DONE)
		return (result);
	if (known.log == after->log && known.audit == after->audit)
		return (SQL_DONE);
	(void)sqlite3_bind_int64(s->set_known, 1, after->log);
	(void)sqlite3_bind_int64(s->set_known, 2, after->audit);
	return (run(s, s->set_known, error));
}

enum sql_result
summary_apply(struct summary *s, const struct store_batch *b,
    const struct store_commit *c, struct sql_error *error)
{
	enum sql_result result;
	size_t i;

	for (i = 0; i < b->naudit; i++)
		if ((result = summary_event(s, &b->audit[i], b->now_ms,
		    error)) != SQL_DONE)
			return (result);
	if ((result = summary_note(s, &c->before, &c->after, error)) !=
	    SQL_DONE)
		return (result);
	if (b->nlog == 0)
		return (SQL_DONE);
	s->unread = true;
	if (s->counts.levels.counted >= s->counts.max &&
	    (result = counts_flush(&s->counts, error)) != SQL_DONE)
		return (result);
	return (counts_note(&s->counts, c->before.log, c->after.log, error));
}
