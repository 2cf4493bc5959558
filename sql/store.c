#include "sql/store.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/paths.h"
#include "sql/db.h"
#include "sql/migrate.h"
#include "sql/store_inner.h"
#include "sql/text.h"
#include "sql/triggers.h"

#define IDS_SPENT	(INT64_MAX - (INT64_C(1) << 40))

static int
on_wal(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct store *s = arg;

	(void)db;
	(void)name;
	s->wal_frames = frames;
	return (SQLITE_OK);
}

static bool
prepare_all(struct store *s, struct sql_error *error)
{
	return (
	    (s->begin = db_prepare(s->db, sql_begin_write, error)) != NULL &&
	    (s->commit = db_prepare(s->db, sql_commit, error)) != NULL &&
	    (s->rollback = db_prepare(s->db, sql_rollback, error)) != NULL &&
	    (s->insert_log = db_prepare(s->db, sql_insert_log, error)) != NULL &&
	    (s->newest_log = db_prepare(s->db, sql_newest_log, error)) != NULL &&
	    (s->newest_audit = db_prepare(s->db, sql_newest_audit, error)) !=
	    NULL &&
	    (s->data_version = db_prepare(s->db, sql_data_version, error)) !=
	    NULL && audit_table_prepare(&s->audit, &s->edges, s->db, error) &&
	    producers_prepare(&s->producers, s->db, error) &&
	    streams_table_prepare(&s->streams, s->db, error) &&
	    summary_prepare(&s->summary, s->db, error) &&
	    fold_prepare(&s->fold, s->db, error) &&
	    room_open(&s->room, s->db, error) &&
	    ranges_prepare(&s->ranges, s->db, error) &&
	    sweeps_prepare(&s->sweeps, s->db, error) &&
	    sweeper_prepare(&s->sweeper, s->db, &s->guard, &s->ranges,
	    &s->summary.counts, error));
}

const char *
store_sqlite_version(void)
{
	return (sqlite3_libversion());
}

/* Who else is there? */
static bool
look_around(struct store *s, struct sql_error *error)
{
	sqlite3_stmt *stmt = db_prepare(s->db, sql_foreign_tables, error);
	bool ok;

	ok = stmt != NULL &&
	    db_integer(stmt, &s->foreign_tables, error) == SQL_DONE &&
	    db_integer(s->data_version, &s->version, error) == SQL_DONE;
	(void)sqlite3_finalize(stmt);
	return (ok);
}

bool
store_has_foreign_tables(const struct store *s)
{
	return (s->foreign_tables > 0);
}

/* What keeps the audit trail append-only may have been taken away while nobody
   served the file. */
static bool
mend(struct store *s, struct sql_error *error)
{
	bool changed;

	if ((s->triggers = triggers_open(s->db, error)) == NULL ||
	    triggers_look(s->triggers, &changed, error) != SQL_DONE)
		return (false);
	s->mended = triggers_missing(s->triggers) != NULL;
	return (!s->mended || (triggers_mend(s->triggers, error) == SQL_DONE &&
	    triggers_look(s->triggers, &changed, error) == SQL_DONE));
}

bool
store_was_mended(const struct store *s)
{
	return (s->mended);
}

static void
recount(struct store *s)
{
	if (!s->recount)
		return;
	engine_count_prepare(&s->count, s->db);
	s->unkeyed = unkeyed_note(s->db);
	s->recount = false;
}

struct store *
store_open(const char *path, bool sync, bool migrate, int64_t now_ms,
    struct sql_error *error)
{
	struct store *s;

	if ((s = calloc(1, sizeof *s)) == NULL) {
		(void)db_result(NULL, SQLITE_NOMEM, error);
		return (NULL);
	}
	if ((s->db = db_open(path, DB_WRITER, error)) == NULL ||
	    (!sync && db_exec_patiently(s->db, "PRAGMA synchronous=NORMAL",
	    error) != SQL_DONE) || (migrate ? migrate_up(s->db, SCHEMA_NEWEST,
	    now_ms, NULL, NULL, error) : migrate_check(s->db, error)) !=
	    SQL_DONE || !mend(s, error))
		goto error;
	(void)sqlite3_wal_hook(s->db, on_wal, s);
	engine_count_open(s->db);
	s->guard.triggers = s->triggers;
	guard_install(s->db, &s->guard);
	if (!prepare_all(s, error) || !look_around(s, error))
		goto error;
	s->recount = true;
	recount(s);
	return (s);

error:
	guard_explain(&s->guard, error);
	store_close(s);
	return (NULL);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	sweeper_free(&s->sweeper);
	counts_free(&s->summary.counts);
	room_close(&s->room);
	triggers_close(s->triggers);
	db_close(s->db);
	free(s);
}

/* Step a statement that returns no row. */
static enum sql_result
run(struct store *s, sqlite3_stmt *stmt, struct sql_error *error)
{
	int rc = sqlite3_step(stmt);
	enum sql_result result = db_result(s->db, rc, error);

	(void)sqlite3_reset(stmt);
	return (result);
}

enum sql_result
store_position_now(struct store *s, struct position *p, struct sql_error *error)
{
	enum sql_result result;
	sqlite3_int64 log, audit;

	if ((result = db_integer(s->newest_log, &log, error)) != SQL_DONE ||
	    (result = db_integer(s->newest_audit, &audit, error)) != SQL_DONE)
		return (result);
	*p = (struct position){ log, audit };
	return (SQL_DONE);
}

static void
count(struct volume *t, size_t texts)
{
	t->rows++;
	t->bytes += (int64_t)texts + TALLY_NUMBERS;
}

static enum sql_result
insert_log(struct store *s, struct log_row *r, struct volume *t,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = s->insert_log;
	enum sql_result result;

	db_bind_text(stmt, 1, r->execution);
	db_bind_text(stmt, 2, r->task);
	(void)sqlite3_bind_int64(stmt, 3, r->timestamp);
	db_bind_text(stmt, 4, r->level);
	db_bind_text(stmt, 5, r->source);
	db_bind_text(stmt, 6, r->message);
	db_bind_text(stmt, 7, r->metadata);
	count(t, r->execution.n + r->task.n + r->level.n + r->source.n +
	    r->message.n + r->metadata.n);
	result = run(s, stmt, error);
	r->id = sqlite3_last_insert_rowid(s->db);
	return (result);
}

/* A trigger with RAISE(IGNORE) makes an INSERT a success that stores nothing:
   the rows are counted. */
static enum sql_result
insert_all(struct store *s, const struct store_batch *b,
    struct store_commit *c, struct sql_error *error)
{
	sqlite3_int64 before = sqlite3_total_changes64(s->db);
	enum sql_result result;
	int64_t rows;
	size_t i;

	c->log = (struct volume){ 0 };
	for (i = 0; i < b->nlog; i++)
		if ((result = insert_log(s, &b->log[i], &c->log, error)) !=
		    SQL_DONE)
			return (result);
	if (b->nlog > 0)
		c->after.log = b->log[b->nlog - 1].id;
	result = audit_table_apply(&s->audit, b, &rows, &c->after.audit,
	    error);
	if (result != SQL_DONE)
		return (result);
	c->audit = s->audit.inserted;
	if (sqlite3_total_changes64(s->db) - before !=
	    (sqlite3_int64)b->nlog + rows) {
		error->result = SQL_FOREIGN;
		(void)snprintf(error->text, sizeof error->text,
		    "a trigger or constraint in the file swallows our rows");
		return (SQL_FOREIGN);
	}
	return (SQL_DONE);
}

enum sql_result
store_look_back(struct store *s, struct store_commit *c,
    struct sql_error *error)
{
	sqlite3_int64 version;
	enum sql_result result;

	if ((result = store_position_now(s, &c->before, error)) != SQL_DONE ||
	    (result = db_integer(s->data_version, &version, error)) !=
	    SQL_DONE)
		return (result);
	c->foreign = version != s->version;
	if (c->foreign)
		s->summary.counts.max = COUNTS_SHARED_MAX;
	s->version = version;
	return (SQL_DONE);
}

enum sql_result
store_finish(struct store *s, struct store_commit *c, struct sql_error *error)
{
	int64_t begun = db_monotonic_us();
	enum sql_result result = run(s, s->commit, error);

	c->commit_us = db_monotonic_us() - begun;
	return (result == SQL_IO ? SQL_UNKNOWN : result);
}

static enum sql_result
transaction(struct store *s, const struct store_batch *b,
    struct store_commit *c, struct sql_error *error)
{
	enum sql_result result;

	if ((result = store_look_back(s, c, error)) != SQL_DONE)
		return (result);
	c->after = c->before;
	if ((result = insert_all(s, b, c, error)) == SQL_FULL &&
	    (c->before.log > IDS_SPENT || c->before.audit > IDS_SPENT)) {
		(void)snprintf(error->text, sizeof error->text,
		    "no ids are left: somebody has inserted a row with an id "
		    "near 2^63");
		return (SQL_SPENT);
	}
	if (result != SQL_DONE ||
	    (result = engine_count_apply(&s->count, b, error)) != SQL_DONE ||
	    (result = producers_apply(&s->producers, b, error)) != SQL_DONE ||
	    (result = streams_table_apply(&s->streams, b, error)) != SQL_DONE ||
	    (result = ranges_apply(&s->ranges, b, c->before.log, error)) !=
	    SQL_DONE ||
	    (result = summary_apply(&s->summary, b, c, error)) != SQL_DONE)
		return (result);
	return (store_finish(s, c, error));
}

/* Nobody changes the schema while we have the lock: the statements that follow
   run with the triggers that were looked at. */
static enum sql_result
lock(struct store *s, bool *changed, struct sql_error *error)
{
	enum sql_result result;

	if ((result = run(s, s->begin, error)) != SQL_DONE)
		return (result);
	result = triggers_look(s->triggers, changed, error);
	if (result != SQL_DONE && !sqlite3_get_autocommit(s->db))
		(void)run(s, s->rollback, NULL);
	s->recount = s->recount || *changed;
	return (result);
}

/* What touches the engine's table is prepared without the lock. */
static enum sql_result
begin(struct store *s, struct sql_error *error)
{
	enum sql_result result;
	bool changed;

	recount(s);
	if ((result = lock(s, &changed, error)) != SQL_DONE || !changed)
		return (result);
	(void)run(s, s->rollback, NULL);
	recount(s);
	result = lock(s, &changed, error);
	if (s->recount)
		engine_count_drop(&s->count);
	return (result);
}

enum sql_result
store_begin(struct store *s, struct store_commit *c, struct sql_error *error)
{
	int64_t called = db_monotonic_us();
	enum sql_result result = begin(s, error);

	c->begun_us = db_monotonic_us();
	c->wait_us = c->begun_us - called;
	return (result);
}

enum sql_result
store_end(struct store *s, enum sql_result result, struct store_commit *c)
{
	if (result != SQL_DONE && !sqlite3_get_autocommit(s->db))
		(void)run(s, s->rollback, NULL);
	c->hold_us = db_monotonic_us() - c->begun_us;
	c->wal_frames = s->wal_frames;
	return (result);
}

/* After a denied statement the connection fails on, even when the trigger is
   gone, until something reads the schema anew. */
enum sql_result
store_ended(struct store *s, enum sql_result result, struct sql_error *error)
{
	if (result == SQL_FOREIGN)
		(void)db_exec(s->db, sql_reload_schema, NULL);
	else if (result == SQL_FULL)
		room_lacks(&s->room, error);
	error->result = result;
	guard_explain(&s->guard, error);
	return (result);
}

const char *
store_uncounted(const struct store *s)
{
	return (s->count.why != NULL ? s->count.why : s->unkeyed);
}

void
store_keep_room(struct store *s, int frames)
{
	s->uncopied = frames;
}

enum sql_result
store_commit(struct store *s, const struct store_batch *b,
    struct store_commit *c, struct sql_error *error)
{
	enum sql_result result;

	if ((result = room_look(&s->room, s->uncopied, error)) != SQL_DONE)
		return (result);
	if ((result = store_begin(s, c, error)) != SQL_DONE)
		return (store_ended(s, result, error));
	result = store_end(s, transaction(s, b, c, error), c);
	if (result != SQL_DONE)
		counts_undone(&s->summary.counts);
	else {
		counts_committed(&s->summary.counts, b);
		producers_committed(&s->producers, b);
		ranges_committed(&s->ranges);
		result = same_file_check(&s->file, s->db, error);
	}
	return (store_ended(s, result, error));
}

enum sql_result
store_streams(struct store *s, void (*fn)(const struct stream_row *, void *),
    void *arg, struct sql_error *error)
{
	return (streams_table_read(&s->streams, fn, arg, error));
}

void
store_tidy(struct store *s)
{
	(void)sqlite3_db_release_memory(s->db);
}

enum sql_result
store_position(struct store *s, struct position *p, struct sql_error *error)
{
	enum sql_result result, end;

	if ((result = db_exec(s->db, sql_begin_read, error)) != SQL_DONE)
		return (result);
	result = store_position_now(s, p, error);
	end = db_exec(s->db, sql_commit, result == SQL_DONE ? error : NULL);
	return (result != SQL_DONE ? result : end);
}

enum sql_result
store_look(struct store *s, struct position *p, struct sql_error *error)
{
	enum sql_result result;
	bool changed;

	if ((result = store_position(s, p, error)) != SQL_DONE ||
	    (result = triggers_look(s->triggers, &changed, error)) !=
	    SQL_DONE)
		return (result);
	s->recount = s->recount || changed;
	recount(s);
	return (same_file_check(&s->file, s->db, error));
}
