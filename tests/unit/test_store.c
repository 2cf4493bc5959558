/*
 * The schema, and files that others have made.
 */
#include "tests/unit/support.h"

#define COLUMNS	"SELECT name, type, \"notnull\", pk FROM pragma_table_info"

static void
test_the_schema_is_that_of_the_contract(void **state)
{
	struct world *w = *state;

	assert_answer(w, COLUMNS "('execution_logs')",
	    "id|INTEGER|0|1\nexecution_id|TEXT|1|0\ntask_id|TEXT|0|0\n"
	    "timestamp|INTEGER|1|0\nlevel|TEXT|1|0\nsource|TEXT|1|0\n"
	    "message|TEXT|1|0\nmetadata|TEXT|0|0");
	assert_answer(w, COLUMNS "('execution_audit_events')",
	    "id|INTEGER|0|1\nexecution_id|TEXT|1|0\nevent_type|TEXT|1|0\n"
	    "timestamp|INTEGER|1|0\nmetadata|TEXT|1|0");
	assert_answer(w, "SELECT m.name, i.name FROM sqlite_schema m, "
	    "pragma_index_info(m.name) i WHERE m.type = 'index' AND "
	    "m.name GLOB 'idx_*' ORDER BY m.name, seqno",
	    "idx_audit_execution|execution_id\nidx_audit_execution|timestamp\n"
	    "idx_logs_execution|execution_id\nidx_logs_execution|timestamp\n"
	    "idx_logs_task|task_id\nidx_logs_task|timestamp");
	/* Nothing else, but for what is ours by name. */
	assert_answer(w, "SELECT type, name FROM sqlite_schema WHERE name "
	    "NOT GLOB 'execlog_*' AND name NOT GLOB 'sqlite_*' AND name NOT "
	    "GLOB 'idx_*' ORDER BY name",
	    "table|execution_audit_events\ntable|execution_logs");
	assert_answer(w, "SELECT user_version, application_id, journal_mode "
	    "FROM pragma_user_version, pragma_application_id, "
	    "pragma_journal_mode", "0|0|wal");
	assert_false(store_has_foreign_tables(w->store));
}

static void
close_all(struct world *w)
{
	pages_close(w->pages);
	store_close(w->store);
	w->pages = NULL;
	w->store = NULL;
}

static void
test_opening_again_changes_nothing(void **state)
{
	struct world *w = *state;
	struct buf before = { 0 }, after = { 0 };
	static const char all[] = "SELECT * FROM sqlite_schema ORDER BY name";

	meanwhile(w, "PRAGMA user_version=41; PRAGMA application_id=42");
	world_ask(w, all, &before);
	assert_true(world_open_again(w));
	world_ask(w, all, &after);
	assert_true(span_eq(buf_text(&before), buf_text(&after)));
	assert_answer(w, "SELECT count(*) = max(version), max(applied_at) "
	    "FROM execlog_schema", "1|0");
	assert_answer(w, "SELECT user_version, application_id FROM "
	    "pragma_user_version, pragma_application_id", "41|42");
	buf_free(&before);
	buf_free(&after);
}

static void
test_a_newer_schema_is_refused(void **state)
{
	struct world *w = *state;

	meanwhile(w, "INSERT INTO execlog_schema VALUES(99, '0099-later', 0, '')");
	assert_false(world_open_again(w));
	assert_int_equal(w->error.result, SQL_FAILED);
	assert_non_null(strstr(w->error.text, "99 (0099-later)"));
}

#define DROP	"DROP TABLE IF EXISTS execution_logs;" \
	"DROP TABLE IF EXISTS execution_audit_events;" \
	"DROP TABLE IF EXISTS execlog_schema;" \
	"DROP TABLE IF EXISTS execlog_producers;" \
	"DROP TABLE IF EXISTS execlog_incidents;" \
	"DROP TABLE IF EXISTS execlog_streams;" \
	"DROP TABLE IF EXISTS execlog_audit_watermark;" \
	"DROP TABLE IF EXISTS execlog_audit_origin;" \
	"DROP TABLE IF EXISTS execlog_installed;" \
	"DROP TABLE IF EXISTS execlog_executions;" \
	"DROP TABLE IF EXISTS execlog_tasks;" \
	"DROP TABLE IF EXISTS execlog_known;" \
	"DROP TABLE IF EXISTS execlog_unread;" \
	"DROP TABLE IF EXISTS execlog_ranges;" \
	"DROP TABLE IF EXISTS execlog_spared;" \
	"DROP TABLE IF EXISTS execlog_removed;" \
	"DROP TABLE IF EXISTS execlog_sweeps;" \
	"DROP TABLE IF EXISTS execlog_clock;"
#define ID	"id INTEGER PRIMARY KEY AUTOINCREMENT,"
#define REST	"execution_id TEXT NOT NULL, task_id TEXT, " \
	"timestamp INTEGER NOT NULL, level TEXT NOT NULL, " \
	"source TEXT NOT NULL, message TEXT NOT NULL, metadata TEXT"
#define LOGS	"CREATE TABLE execution_logs("

/* What the engine made first is taken as it is, rows and all. */
static void
test_tables_of_the_engine_are_adopted(void **state)
{
	static const char *const tables[] = {
		LOGS ID REST ")",
		LOGS ID REST ", host TEXT)",
		LOGS ID REST ", host TEXT NOT NULL DEFAULT '')",
		LOGS "metadata TEXT, message TEXT NOT NULL, source TEXT NOT "
		    "NULL, level TEXT NOT NULL, timestamp INTEGER NOT NULL, "
		    "task_id TEXT, execution_id TEXT NOT NULL, "
		    "id INTEGER PRIMARY KEY AUTOINCREMENT)",
	};
	struct log_row row = { .execution = span_of("e1"), .timestamp = 5,
	    .level = span_of("INFO"), .source = span_of("s"),
	    .message = span_of("m") };
	struct store_batch b = { .log = &row, .nlog = 1 };
	struct world *w = *state;
	struct store_commit c;
	size_t i;

	close_all(w);
	for (i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		meanwhile(w, DROP "DROP TABLE IF EXISTS executions;"
		    "CREATE TABLE executions(execution_id TEXT);");
		meanwhile(w, tables[i]);
		meanwhile(w, "INSERT INTO execution_logs(execution_id, "
		    "timestamp, level, source, message) VALUES('e0', 1, '', "
		    "'', '')");
		if (!world_open_again(w))
			fail_msg("%s: %s", tables[i], w->error.text);
		assert_true(store_has_foreign_tables(w->store));
		assert_int_equal(store_commit(w->store, &b, &c, &w->error),
		    SQL_DONE);
		assert_answer(w, "SELECT id, execution_id, timestamp, message "
		    "FROM execution_logs", "1|e0|1|\n2|e1|5|m");
		close_all(w);
	}
}

static void
test_other_tables_of_that_name_are_refused(void **state)
{
	static const struct { const char *sql, *says; } tables[] = {
		{ LOGS ID "execution_id TEXT NOT NULL, task_id TEXT, "
		    "timestamp INTEGER NOT NULL, level TEXT NOT NULL, source "
		    "TEXT NOT NULL, message TEXT NOT NULL)", "lacks a column" },
		{ LOGS ID "execution_id TEXT NOT NULL)", "timestamp" },
		{ LOGS "id INTEGER PRIMARY KEY," REST ")",
		    "AUTOINCREMENT" },
		{ LOGS ID REST ", host TEXT NOT NULL)", "host" },
		{ LOGS ID "execution_id TEXT NOT NULL, task_id TEXT NOT NULL, "
		    "timestamp INTEGER NOT NULL, level TEXT NOT NULL, source "
		    "TEXT NOT NULL, message TEXT NOT NULL, metadata TEXT)",
		    "task_id" },
		{ LOGS ID "execution_id TEXT NOT NULL, task_id TEXT, "
		    "timestamp TEXT NOT NULL, level TEXT NOT NULL, source "
		    "TEXT NOT NULL, message TEXT NOT NULL, metadata TEXT)",
		    "timestamp" },
		{ LOGS "id INTEGER, " REST ", PRIMARY KEY(execution_id))",
		    "primary key" },
		{ "CREATE TABLE execution_audit_events(" ID
		    "execution_id TEXT NOT NULL, event_type TEXT NOT NULL, "
		    "timestamp INTEGER NOT NULL, metadata TEXT)", "metadata" },
		{ "CREATE VIEW execution_logs AS SELECT 1 AS id", "" },
	};
	struct world *w = *state;
	size_t i;

	close_all(w);
	for (i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		meanwhile(w, DROP);
		meanwhile(w, tables[i].sql);
		if (world_open_again(w))
			fail_msg("taken: %s", tables[i].sql);
		assert_int_not_equal(w->error.result, SQL_DONE);
		if (strstr(w->error.text, tables[i].says) == NULL)
			fail_msg("%s: %s", tables[i].sql, w->error.text);
	}
}

/* And what is said then helps. */
static void
test_other_indexes_of_that_name_are_refused(void **state)
{
	static const struct { const char *kind, *name, *on; } indexes[] = {
		{ "", "idx_logs_execution", "execution_logs(timestamp)" },
		{ "", "idx_logs_execution", "execution_logs(execution_id)" },
		{ "UNIQUE", "idx_logs_execution",
		    "execution_logs(execution_id, timestamp)" },
		{ "", "IDX_logs_execution", "execution_logs(execution_id, "
		    "timestamp) WHERE level = 'ERROR'" },
		{ "", "idx_logs_execution", "execution_logs(execution_id "
		    "COLLATE NOCASE, timestamp)" },
		{ "", "idx_logs_task", "executions(execution_id)" },
		{ "", "idx_audit_execution", "execution_audit_events("
		    "execution_id, timestamp, abs(id))" },
	};
	struct world *w = *state;
	char sql[256], *way_out;
	size_t i;

	close_all(w);
	meanwhile(w, "CREATE TABLE executions(execution_id TEXT)");
	for (i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
		(void)snprintf(sql, sizeof sql, "DROP INDEX %s; CREATE %s "
		    "INDEX %s ON %s", indexes[i].name, indexes[i].kind,
		    indexes[i].name, indexes[i].on);
		meanwhile(w, sql);
		if (world_open_again(w))
			fail_msg("taken: %s", sql);
		if ((way_out = strstr(w->error.text, "DROP INDEX")) == NULL)
			fail_msg("%s: %s", sql, w->error.text);
		meanwhile(w, way_out);
		if (!world_open_again(w))
			fail_msg("%s: %s", sql, w->error.text);
		close_all(w);
	}
}

/* A trigger is not run, whatever it does; it does not end us either. */
static void
test_no_trigger_runs(void **state)
{
	static const char *const triggers[] = {
		"CREATE TRIGGER t AFTER INSERT ON execution_logs BEGIN "
		    "INSERT INTO execlog_incidents(producer, first_number, "
		    "last_number, noticed_at) VALUES('x', 1, 1, 1); END",
		"CREATE TRIGGER t AFTER INSERT ON execution_logs BEGIN "
		    "DELETE FROM execution_logs; END",
		"CREATE TRIGGER t BEFORE INSERT ON execution_audit_events "
		    "BEGIN SELECT RAISE(IGNORE); END",
		"CREATE TRIGGER t BEFORE INSERT ON execution_audit_events "
		    "BEGIN SELECT RAISE(ABORT, 'no'); END",
	};
	struct world *w = *state;
	struct store_commit c;
	char want[16];
	size_t i;

	for (i = 0; i < sizeof triggers / sizeof triggers[0]; i++) {
		meanwhile(w, triggers[i]);
		assert_int_equal(world_commit_one(w, &c), SQL_FOREIGN);
		assert_int_equal(world_commit_one(w, &c), SQL_FOREIGN);
		(void)snprintf(want, sizeof want, "%zu|%zu|0", i, i);
		assert_answer(w, "SELECT (SELECT count(*) FROM "
		    "execution_logs), (SELECT count(*) FROM "
		    "execution_audit_events), (SELECT count(*) FROM "
		    "execlog_incidents)", want);
		meanwhile(w, "DROP TRIGGER t");
		assert_int_equal(world_commit_one(w, &c), SQL_DONE);
		assert_int_equal(c.after.log, i + 1);
		assert_int_equal(c.after.audit, i + 1);
	}
}

/* A table can be made so that an INSERT succeeds and stores nothing. */
static void
test_a_constraint_that_swallows_rows(void **state)
{
	struct world *w = *state;
	struct store_commit c;

	close_all(w);
	meanwhile(w, DROP);
	meanwhile(w, LOGS ID REST ", UNIQUE(execution_id) ON CONFLICT "
	    "IGNORE)");
	assert_true(world_open_again(w));
	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	assert_int_not_equal(world_commit_one(w, &c), SQL_DONE);
	assert_int_not_equal(w->error.result, SQL_DONE);
	assert_answer(w, "SELECT (SELECT count(*) FROM execution_logs), "
	    "(SELECT count(*) FROM execution_audit_events)", "1|1");
}

static void
test_every_column_is_stored(void **state)
{
	struct world *w = *state;
	struct store_commit c;

	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	assert_answer(w, "SELECT * FROM execution_logs",
	    "1|e1|t|5|INFO|s|gr\xc3\xbc\xc3\x9f|{}");
	assert_answer(w, "SELECT * FROM execution_audit_events",
	    "1|e1|STARTED|6|{}");
	assert_answer(w, "SELECT DISTINCT typeof(message), typeof(timestamp) "
	    "FROM execution_logs", "text|integer");
}

static bool
check_utf16(const struct log_row *r, void *v)
{
	assert_text(r->message, "gr\xc3\xbc\xc3\x9f");
	assert_text(r->metadata, "{}");
	++*(int *)v;
	return (true);
}

/* An engine may have made its file in another encoding. */
static void
test_a_file_in_utf16(void **state)
{
	struct place place = PLACE_FIRST;
	struct world *w = *state;
	struct store_commit c;
	int rows = 0;
	bool more;

	close_all(w);
	folder_remove(w->folder);
	folder_make(w->folder);
	(void)snprintf(w->path, sizeof w->path, "%s/a.db", w->folder);
	meanwhile(w, "PRAGMA encoding='UTF-16le'; CREATE TABLE x(y)");
	assert_true(world_open_again(w));
	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	assert_non_null(w->pages = pages_open(w->path, &w->error));
	assert_int_equal(pages_begin(w->pages, &w->error), SQL_DONE);
	assert_int_equal(pages_history(w->pages, span_of("e1"), &place, 99,
	    check_utf16, &rows, &more, &w->error), SQL_DONE);
	pages_end(w->pages);
	assert_int_equal(rows, 1);
}

/* Ids that others have used up or left out: ours come behind all of them. */
static void
test_ids_of_others_are_not_used_again(void **state)
{
	struct world *w = *state;
	struct store_commit c;

	meanwhile(w, "INSERT INTO execution_logs(id, execution_id, timestamp, "
	    "level, source, message) VALUES(500, 'e1', 1, '', '', '')");
	meanwhile(w, "UPDATE sqlite_sequence SET seq = 3");
	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	assert_int_equal(c.before.log, 500);
	assert_int_equal(c.after.log, 501);
	assert_true(c.foreign);
	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	assert_false(c.foreign);
	meanwhile(w, "UPDATE sqlite_sequence SET seq = 900 "
	    "WHERE name = 'execution_logs'");
	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	assert_int_equal(c.before.log, 900);
	assert_int_equal(c.after.log, 901);
}

static void
test_a_file_that_was_replaced(void **state)
{
	struct world *w = *state;
	struct store_commit c;
	struct position at;
	char other[96];
	sqlite3 *db;

	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	(void)snprintf(other, sizeof other, "%s/new.db", w->folder);
	assert_int_equal(sqlite3_open(other, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE x(y)", NULL, NULL,
	    NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(rename(other, w->path), 0);
	assert_int_equal(store_look(w->store, &at, &w->error), SQL_MOVED);
	assert_int_equal(world_commit_one(w, &c), SQL_MOVED);
}

/* Somebody else would make another one, and not see our locks. */
static void
test_a_log_or_index_that_was_removed(void **state)
{
	static const char *const suffix[] = { "-wal", "-shm" };
	struct world *w = *state;
	struct store_commit c;
	struct position at;
	char path[96], saved[128];
	size_t i;

	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	for (i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof path, "%s%s", w->path, suffix[i]);
		(void)snprintf(saved, sizeof saved, "%s.saved", path);
		assert_int_equal(rename(path, saved), 0);
		assert_int_equal(store_look(w->store, &at, &w->error),
		    SQL_MOVED);
		assert_int_equal(world_commit_one(w, &c), SQL_MOVED);
		assert_int_equal(rename(saved, path), 0);
		assert_int_equal(store_look(w->store, &at, &w->error),
		    SQL_DONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_the_schema_is_that_of_the_contract),
		world_test(test_opening_again_changes_nothing),
		world_test(test_a_newer_schema_is_refused),
		world_test(test_tables_of_the_engine_are_adopted),
		world_test(test_other_tables_of_that_name_are_refused),
		world_test(test_other_indexes_of_that_name_are_refused),
		world_test(test_no_trigger_runs),
		world_test(test_a_constraint_that_swallows_rows),
		world_test(test_every_column_is_stored),
		world_test(test_a_file_in_utf16),
		world_test(test_ids_of_others_are_not_used_again),
		world_test(test_a_file_that_was_replaced),
		world_test(test_a_log_or_index_that_was_removed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
