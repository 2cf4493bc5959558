#include "sql/listing.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/state.h"
#include "proto/text.h"
#include "sql/db.h"
#include "sql/engine.h"
#include "sql/pages_inner.h"
#include "sql/shown.h"
#include "sql/text.h"


/* Columns of list_any, list_state and summary_of, */
enum { S_EXECUTION, S_FIRST, S_LAST, S_DEBUG, S_INFO, S_WARN, S_ERROR, S_STATE,
	S_STARTED, S_ENDED, S_WORKFLOW };
/* and of the engine's. */
enum { E_EXECUTION, E_WORKFLOW, E_STATE, E_CREATED, E_STARTED, E_ENDED,
	E_REASON, E_MESSAGE };

/* Where they are; so errors call it. */
#define SUMMARIES	"execlog_executions"
#define ENGINE		"executions"

/* One that was found: its frame, and where it belongs. */
struct found {
	int64_t		time;
	size_t		name;		/* where its id is in "names" */
	struct span	execution;	/* the same, when all are found */
	size_t		at;		/* of the frame */
	size_t		n;
};

struct listing {
	struct pages		*pages;
	const struct request	*request;
	sqlite3_stmt		*engine;	/* NULL: there is none */
	sqlite3_stmt		*summary;
	struct buf		 frames;
	struct buf		 names;
	struct found		*found;
	size_t			 nfound;
	size_t			 cap;
};

static bool
is_wanted(const struct listing *l, struct span state)
{
	enum state s;

	return (l->request->states == 0 || (state.p != NULL &&
	    state_parse(state, &s) && (l->request->states & 1u << s) != 0));
}

static bool
put_time(struct buf *b, const char *key, bool has, int64_t ms)
{
	if (has)
		jput_i64(b, key, ms);
	return (has);
}

static struct span
limited(struct span s, size_t max)
{
	if (s.n > max)
		s.n = text_cut(s, max);
	return (s);
}

static struct span
workflow_of(sqlite3_stmt *s, sqlite3_stmt *e)
{
	struct span workflow = e != NULL ? db_column_text(e, E_WORKFLOW) :
	    SPAN_NONE;

	if (workflow.p == NULL && s != NULL)
		workflow = db_column_text(s, S_WORKFLOW);
	return (limited(workflow, ROW_NAME_MAX));
}

/* What only the engine says. */
static void
put_engine(struct buf *b, sqlite3_stmt *e)
{
	int64_t ms = 0;
	bool has = engine_time(e, E_CREATED, &ms);

	jput_bool(b, "engine", true);
	(void)put_time(b, "created_at", has, ms);
	shown_put(b, "reason_code", db_column_text(e, E_REASON), ROW_NAME_MAX);
	shown_put(b, "message", db_column_text(e, E_MESSAGE),
	    SHOWN_TEXT_MAX);
}

/* s and e are rows, or NULL; so many lines has retention removed, some of them
   maybe before they were counted. */
static void
put_frame(struct buf *b, struct span execution, sqlite3_stmt *s,
    sqlite3_stmt *e, struct span state, int64_t removed)
{
	size_t mark = frame_begin(b, FRAME_FACT);
	int64_t ms = 0, lines = 0;
	bool has;
	int i;

	buf_char(b, '{');
	jput_text(b, "fact", span_of("execution"));
	jput_text(b, "execution_id", execution);
	shown_put(b, "workflow_id", workflow_of(s, e), ROW_NAME_MAX);
	shown_put(b, "state", state, ROW_NAME_MAX);
	has = e != NULL && engine_time(e, E_STARTED, &ms);
	if (!put_time(b, "started_at", has, ms) && s != NULL)
		(void)put_time(b, "started_at", sqlite3_column_type(s,
		    S_STARTED) != SQLITE_NULL, sqlite3_column_int64(s,
		    S_STARTED));
	has = e != NULL && engine_time(e, E_ENDED, &ms);
	if (!put_time(b, "ended_at", has, ms) && s != NULL)
		(void)put_time(b, "ended_at", sqlite3_column_type(s,
		    S_ENDED) != SQLITE_NULL, sqlite3_column_int64(s, S_ENDED));
	if (e != NULL)
		put_engine(b, e);
	if (s != NULL) {
		jput_i64(b, "first_at", sqlite3_column_int64(s, S_FIRST));
		jput_i64(b, "last_at", sqlite3_column_int64(s, S_LAST));
		for (i = S_DEBUG; i <= S_ERROR; i++)
			lines += sqlite3_column_int64(s, i);
	}
	jput_i64(b, "lines", lines > removed ? lines : removed);
	jput_i64(b, "warnings", s != NULL ? sqlite3_column_int64(s, S_WARN) :
	    0);
	jput_i64(b, "errors", s != NULL ? sqlite3_column_int64(s, S_ERROR) :
	    0);
	if (removed > 0)
		jput_i64(b, "removed", removed);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

/* When it was first heard of. */
static int64_t
time_of(sqlite3_stmt *s, sqlite3_stmt *e)
{
	int64_t ms = 0;

	if (s != NULL)
		return (sqlite3_column_int64(s, S_FIRST));
	if (!engine_time(e, E_CREATED, &ms))
		(void)engine_time(e, E_STARTED, &ms);
	return (ms);
}

static bool
is_in_time(const struct listing *l, int64_t ms)
{
	const struct filter *f = &l->request->filter;

	return ((!f->has_since || ms >= f->since) &&
	    (!f->has_until || ms <= f->until));
}

/* Take an execution if it is wanted; false: no memory. */
static bool
take(struct listing *l, sqlite3_stmt *s, sqlite3_stmt *e, bool *taken)
{
	struct span state = e != NULL ? db_column_text(e, E_STATE) : SPAN_NONE;
	struct span execution = db_column_text(s != NULL ? s : e, 0);
	struct found *f, *grown;

	if (state.p == NULL && s != NULL)
		state = db_column_text(s, S_STATE);
	*taken = is_wanted(l, state) && execution.n <= ROW_NAME_MAX &&
	    is_in_time(l, time_of(s, e));
	if (!*taken)
		return (true);
	if (l->nfound == l->cap) {
		l->cap = l->cap == 0 ? 64 : 2 * l->cap;
		grown = realloc(l->found, l->cap * sizeof *grown);
		if (grown == NULL)
			return (false);
		l->found = grown;
	}
	f = &l->found[l->nfound++];
	*f = (struct found){ .time = time_of(s, e), .at = l->frames.n };
	put_frame(&l->frames, execution, s, e, state, 0);
	f->n = l->frames.n - f->at;
	f->name = l->names.n;
	f->execution.n = execution.n;
	buf_span(&l->names, execution);
	return (!l->frames.failed && !l->names.failed);
}

/* The row of an execution in a table; *row NULL: there is none. */
static enum sql_result
row_of(const char *table, sqlite3_stmt *stmt, struct span execution,
    sqlite3_stmt **row, struct sql_error *error)
{
	int rc;

	*row = NULL;
	if (stmt == NULL)
		return (SQL_DONE);
	(void)sqlite3_reset(stmt);
	db_bind_text(stmt, 1, execution);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*row = stmt;
	return (engine_result(sqlite3_db_handle(stmt), table, rc, error));
}

static enum sql_result
no_memory(struct sql_error *error)
{
	return (db_result(NULL, SQLITE_NOMEM, error));
}

/* Executions in the order of a statement on summaries, or the engine's. */
static enum sql_result
walk(struct listing *l, sqlite3_stmt *stmt, bool is_engine,
    struct sql_error *error)
{
	int64_t wanted = l->request->lines;
	sqlite3_stmt *second;
	bool taken, any = l->request->states == 0;
	enum sql_result result;
	int rc;

	while (wanted > 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		/* Its own time is that of one without a summary. */
		if (is_engine && any && !is_in_time(l, time_of(NULL, stmt)))
			continue;
		result = row_of(is_engine ? SUMMARIES : ENGINE, is_engine ?
		    l->summary : l->engine, db_column_text(stmt, 0), &second,
		    error);
		if (result != SQL_DONE)
			return (result);
		/* Any execution with a summary is found by that. */
		if (is_engine && any && second != NULL)
			continue;
		if (!take(l, is_engine ? second : stmt, is_engine ? stmt :
		    second, &taken))
			return (no_memory(error));
		wanted -= taken;
	}
	return (wanted == 0 ? SQL_DONE : db_result(l->pages->db, rc, error));
}

/* By summaries: one statement, or one for each state. */
static enum sql_result
walk_summaries(struct listing *l, struct sql_error *error)
{
	const struct request *r = l->request;
	enum sql_result result = SQL_DONE;
	sqlite3_stmt *stmt;
	int i;

	stmt = db_prepare(l->pages->db, r->states == 0 ? sql_list_any :
	    sql_list_state, error);
	if (stmt == NULL)
		return (error->result);
	for (i = 0; i < STATE_COUNT && result == SQL_DONE; i++) {
		if (r->states != 0 && (r->states & 1u << i) == 0)
			continue;
		(void)sqlite3_reset(stmt);
		(void)sqlite3_bind_int64(stmt, 1, r->filter.has_since ?
		    r->filter.since : INT64_MIN);
		(void)sqlite3_bind_int64(stmt, 2, LISTING_LOOKS_MAX);
		(void)sqlite3_bind_int64(stmt, 3, r->filter.has_until ?
		    r->filter.until : INT64_MAX);
		if (r->states != 0)
			db_bind_text(stmt, 4, span_of(state_name(
			    (enum state)i)));
		result = walk(l, stmt, false, error);
		if (r->states == 0)
			break;
	}
	(void)sqlite3_finalize(stmt);
	return (result);
}

static enum sql_result
walk_engine(struct listing *l, struct sql_error *error)
{
	const struct request *r = l->request;
	sqlite3_stmt *stmt;
	enum sql_result result;
	int i;

	result = engine_prepare(l->pages->db, ENGINE, r->states == 0 ?
	    sql_engine_newest : sql_engine_states, &stmt, error);
	if (stmt == NULL)
		return (result);
	/* The newest are not those that are wanted. */
	(void)sqlite3_bind_int64(stmt, 1, r->filter.has_until ?
	    LISTING_LOOKS_MAX : r->lines);
	for (i = 0; r->states != 0 && i < STATE_COUNT; i++)
		if ((r->states & 1u << i) != 0)
			db_bind_text(stmt, 2 + i, span_of(state_name(
			    (enum state)i)));
	result = walk(l, stmt, true, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

static int
compare(const void *va, const void *vb)
{
	const struct found *a = va, *b = vb;

	if (a->time != b->time)
		return (a->time < b->time ? 1 : -1);
	return (span_compare(b->execution, a->execution));
}

/* One that both tables have may be there twice. */
static void
put_found(struct listing *l, struct buf *out, int64_t *rows)
{
	const struct found *f;
	size_t i;

	for (i = 0; i < l->nfound; i++)
		l->found[i].execution.p = l->names.p + l->found[i].name;
	if (l->nfound > 0)
		qsort(l->found, l->nfound, sizeof *l->found, compare);
	*rows = 0;
	for (i = 0; i < l->nfound && *rows < l->request->lines; i++) {
		f = &l->found[i];
		if (i > 0 && span_eq(f->execution, f[-1].execution))
			continue;
		buf_add(out, l->frames.p + f->at, f->n);
		++*rows;
	}
}

enum sql_result
listing_put(struct pages *p, const struct request *r, struct buf *out,
    int64_t *rows, struct sql_error *error)
{
	struct listing l = { .pages = p, .request = r };
	enum sql_result result;

	l.summary = db_prepare(p->db, sql_summary_of, error);
	if (l.summary == NULL) {
		(void)snprintf(error->text, sizeof error->text, "there is no "
		    "table execlog_executions; execlog migrate up makes it");
		return (error->result);
	}
	result = engine_prepare(p->db, ENGINE, sql_engine_of, &l.engine,
	    error);
	if (result == SQL_DONE)
		result = walk_summaries(&l, error);
	if (result == SQL_DONE && l.engine != NULL)
		result = walk_engine(&l, error);
	if (result == SQL_DONE)
		put_found(&l, out, rows);
	(void)sqlite3_finalize(l.summary);
	(void)sqlite3_finalize(l.engine);
	buf_free(&l.frames);
	buf_free(&l.names);
	free(l.found);
	return (result);
}

enum sql_result
listing_put_one(struct pages *p, struct span execution, struct buf *out,
    struct buf *workflow, struct sql_error *error)
{
	/* A copy of a file may be older than our table. */
	sqlite3_stmt *summary = db_prepare(p->db, sql_summary_of, NULL);
	sqlite3_stmt *engine = NULL, *s = NULL, *e = NULL;
	struct span state = SPAN_NONE;
	struct removed removed;
	enum sql_result result;

	result = summary == NULL ? engine_result(p->db, SUMMARIES,
	    sqlite3_extended_errcode(p->db), error) :
	    row_of(SUMMARIES, summary, execution, &s, error);
	if (result == SQL_DONE)
		result = engine_prepare(p->db, ENGINE, sql_engine_of, &engine,
		    error);
	if (result == SQL_DONE)
		result = row_of(ENGINE, engine, execution, &e, error);
	if (result == SQL_DONE)
		result = pages_removed(p, execution, &removed, error);
	if (e != NULL)
		state = db_column_text(e, E_STATE);
	if (state.p == NULL && s != NULL)
		state = db_column_text(s, S_STATE);
	if (result == SQL_DONE && out != NULL && (s != NULL || e != NULL ||
	    removed.rows > 0))
		put_frame(out, execution, s, e, limited(state, ROW_NAME_MAX),
		    removed.rows);
	buf_span(workflow, workflow_of(s, e));
	(void)sqlite3_finalize(summary);
	(void)sqlite3_finalize(engine);
	return (result);
}
