/*
 * How SQLite answers each statement: the plans, word for word.
 */
#include "tests/unit/support.h"

#include "sql/engine.h"
#include "sql/text.h"

/* The plan of a statement, line by line. */
static void
plan(sqlite3 *db, const char *sql, struct buf *out)
{
	sqlite3_stmt *stmt;
	char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);

	buf_reset(out);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL),
	    SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		buf_str(out, (const char *)sqlite3_column_text(stmt, 3));
		buf_char(out, ';');
	}
	sqlite3_finalize(stmt);
	sqlite3_free(text);
}

#define LOGS	"SEARCH execution_logs USING "
#define ENGINE	"SEARCH executions USING "
#define AUDIT	"SEARCH execution_audit_events USING "

static void
check_plans(sqlite3 *db)
{
	static const struct { const char *sql, *plan; } want[] = {
		{ sql_history_same, LOGS "INDEX idx_logs_execution "
		    "(execution_id=? AND timestamp=? AND rowid>? AND rowid<?)"
		    ";" },
		{ sql_history_next, LOGS "INDEX idx_logs_execution "
		    "(execution_id=? AND timestamp>? AND timestamp<?);" },
		{ sql_back_same, LOGS "INDEX idx_logs_execution "
		    "(execution_id=? AND timestamp=? AND rowid<?);" },
		{ sql_back_next, LOGS "INDEX idx_logs_execution "
		    "(execution_id=? AND timestamp>? AND timestamp<?);" },
		{ sql_range, LOGS "INTEGER PRIMARY KEY "
		    "(rowid>? AND rowid<?);" },
		{ sql_next_id, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;" LOGS
		    "INTEGER PRIMARY KEY (rowid>?);" },
		{ sql_execution_known, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;"
		    LOGS "COVERING INDEX idx_logs_execution (execution_id=?);"
		    "SCALAR SUBQUERY 2;" AUDIT "COVERING INDEX "
		    "idx_audit_execution (execution_id=?);" },
		{ sql_terminal_event, AUDIT "INDEX execlog_audit_ends "
		    "(execution_id=? AND rowid>? AND rowid<?);" },
		{ sql_swept_end, "SEARCH execlog_executions USING INDEX "
		    "execlog_executions_name (execution_id=?);"
		    "SCALAR SUBQUERY 1;SCAN execlog_audit_watermark;"
		    "SCALAR SUBQUERY 3;CO-ROUTINE (subquery-2);" AUDIT
		    "INDEX idx_audit_execution (execution_id=?);"
		    "SCAN (subquery-2);" },
		{ sql_newest_log, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;"
		    "SCAN sqlite_sequence;SCALAR SUBQUERY 2;"
		    "SEARCH execution_logs;" },
		{ sql_newest_audit, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;"
		    "SCAN sqlite_sequence;SCALAR SUBQUERY 2;"
		    "SEARCH execution_audit_events;" },
		{ sql_log_rows, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;"
		    "SEARCH execution_logs;SCALAR SUBQUERY 2;"
		    "SEARCH execution_logs;" },
		{ sql_audit_rows, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;"
		    "SEARCH execution_audit_events;SCALAR SUBQUERY 2;"
		    "SEARCH execution_audit_events;" },
		{ sql_count_log, LOGS "INTEGER PRIMARY KEY "
		    "(rowid>? AND rowid<?);" },
		{ sql_count_audit, AUDIT "INTEGER PRIMARY KEY "
		    "(rowid>? AND rowid<?);" },
		{ sql_next_in_logs, "SEARCH execution_logs USING COVERING "
		    "INDEX idx_logs_execution (execution_id>? AND "
		    "execution_id<?);" },
		{ sql_next_in_audit, "SEARCH execution_audit_events USING "
		    "COVERING INDEX idx_audit_execution (execution_id>? AND "
		    "execution_id<?);" },
		{ sql_execution_audited, "SCAN CONSTANT ROW;SCALAR SUBQUERY "
		    "1;" AUDIT "COVERING INDEX idx_audit_execution "
		    "(execution_id=?);" },
		{ sql_producer_forget, "SEARCH execlog_producers USING "
		    "PRIMARY KEY (producer=?);" },
		{ sql_producer_touch, "SEARCH execlog_producers USING "
		    "PRIMARY KEY (producer=?);" },
		/* Small tables of ours: a row for each producer, incident. */
		{ sql_producers_gap, "SEARCH execlog_producers USING PRIMARY "
		    "KEY;" },
		{ sql_producers_move, "SCAN execlog_producers;" },
		{ sql_producers_forget_idle, "SEARCH execlog_producers USING "
		    "PRIMARY KEY (producer=?);LIST SUBQUERY 1;"
		    "SCAN execlog_producers;" },
		{ sql_incident_extend, "SCAN execlog_incidents;" },
		{ sql_incidents_open, "SCAN execlog_incidents;" },
		{ sql_producer_read, "SEARCH execlog_producers USING PRIMARY "
		    "KEY (producer=?);" },
		{ sql_audit_same, AUDIT "INDEX idx_audit_execution "
		    "(execution_id=? AND timestamp=? AND rowid>? AND rowid<?)"
		    ";" },
		{ sql_audit_next, AUDIT "INDEX idx_audit_execution "
		    "(execution_id=? AND timestamp>? AND timestamp<?);" },
		{ sql_installed_since, "SEARCH execlog_installed USING "
		    "PRIMARY KEY;" },
		{ sql_edge_single, AUDIT "INDEX idx_audit_execution "
		    "(execution_id=? AND timestamp>?);CORRELATED SCALAR "
		    "SUBQUERY 1;SEARCH execlog_audit_origin USING INTEGER "
		    "PRIMARY KEY (rowid=?);" },
		{ sql_edge_change, AUDIT "INDEX idx_audit_execution "
		    "(execution_id=? AND timestamp>?);CORRELATED SCALAR "
		    "SUBQUERY 1;SEARCH execlog_audit_origin USING INTEGER "
		    "PRIMARY KEY (rowid=?);" },
		{ sql_sequence_behind, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;"
		    "SCAN execlog_audit_watermark;SCALAR SUBQUERY 2;"
		    "SCAN sqlite_sequence;SCALAR SUBQUERY 3;"
		    "SEARCH execution_audit_events;" },
		{ sql_sequence_raise, "SCAN sqlite_sequence;SCALAR SUBQUERY 1;"
		    "SCAN execlog_audit_watermark;" },
		{ sql_sequence_add, "SCAN execlog_audit_watermark;" },
		{ sql_audit_back_same, AUDIT "INDEX idx_audit_execution "
		    "(execution_id=? AND timestamp=? AND rowid<?);" },
		{ sql_audit_back_next, AUDIT "INDEX idx_audit_execution "
		    "(execution_id=? AND timestamp>? AND timestamp<?);" },
		{ sql_events_next, AUDIT "INTEGER PRIMARY KEY (rowid>? AND "
		    "rowid<?);" },
		{ sql_events_back, AUDIT "INTEGER PRIMARY KEY (rowid<?);" },
		{ sql_audit_origin, "SEARCH execlog_audit_origin USING "
		    "INTEGER PRIMARY KEY (rowid=?);" },
		/* Captures: the streams of an execution are few. */
		{ sql_stream_mark, "SEARCH execlog_streams USING INTEGER "
		    "PRIMARY KEY (rowid=?);" },
		{ sql_attempt_use, "SEARCH execlog_streams USING INDEX "
		    "execlog_streams_attempt (execution_id=? AND task_id=? "
		    "AND attempt=?);" },
		{ sql_streams_unclosed, "SCAN execlog_streams USING INDEX "
		    "execlog_streams_unclosed;USING INDEX "
		    "sqlite_autoindex_execlog_producers_1 FOR IN-OPERATOR;" },
		{ sql_streams_missing, "SEARCH execlog_streams USING INDEX "
		    "execlog_streams_attempt (execution_id=?);"
		    "USE TEMP B-TREE FOR ORDER BY;" },
		/* Retention. */
		{ sql_tasks_drop,
		    "SEARCH execlog_tasks USING PRIMARY KEY "
		    "(execution=?);LIST SUBQUERY 1;SEARCH "
		    "execlog_executions USING COVERING INDEX "
		    "execlog_executions_name (execution_id=?);SCALAR "
		    "SUBQUERY 2;SEARCH execution_audit_events USING "
		    "COVERING INDEX idx_audit_execution (execution_id=?);" },
		{ sql_summary_drop,
		    "SEARCH execlog_executions USING INDEX "
		    "execlog_executions_name (execution_id=?);SCALAR "
		    "SUBQUERY 1;SEARCH execution_audit_events USING "
		    "COVERING INDEX idx_audit_execution (execution_id=?);" },
		{ sql_events_old,
		    "SEARCH execution_audit_events USING INTEGER PRIMARY "
		    "KEY (rowid>?);" },
		{ sql_watermark_raise,
		    "SCAN execlog_audit_watermark;" },
		{ sql_origins_delete,
		    "SEARCH execlog_audit_origin USING INTEGER PRIMARY KEY "
		    "(rowid<?);" },
		{ sql_events_delete,
		    "SEARCH execution_audit_events USING INTEGER PRIMARY "
		    "KEY (rowid<?);" },
		{ sql_ranges_seen,
		    "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;SCAN "
		    "execlog_ranges;" },
		{ sql_range_doubt,
		    "SEARCH execlog_ranges USING INTEGER PRIMARY KEY "
		    "(rowid=?);" },
		{ sql_ranges_from,
		    "SEARCH execlog_ranges USING INTEGER PRIMARY KEY "
		    "(rowid>? AND rowid<?);" },
		{ sql_range_rest,
		    "SEARCH execution_logs USING INTEGER PRIMARY KEY "
		    "(rowid>? AND rowid<?);" },
		{ sql_range_texts,
		    "SEARCH execution_logs USING INTEGER PRIMARY KEY "
		    "(rowid>? AND rowid<?);" },
		{ sql_range_less,
		    "SEARCH execlog_ranges USING INTEGER PRIMARY KEY "
		    "(rowid=?);" },
		{ sql_range_drop,
		    "SEARCH execlog_ranges USING INTEGER PRIMARY KEY "
		    "(rowid=?);" },
		{ sql_ranges_expected,
		    "SCAN execlog_ranges;" },
		{ sql_ranges_bytes,
		    "SCAN execlog_ranges;" },
		{ sql_ranges_ceiling,
		    "CO-ROUTINE (subquery-1);CO-ROUTINE (subquery-3);SCAN "
		    "execlog_ranges;USE TEMP B-TREE FOR ORDER BY;SCAN "
		    "(subquery-3);SCAN (subquery-1);USE TEMP B-TREE FOR ORDER "
		    "BY;" },
		{ sql_sweep_select,
		    "SEARCH execution_logs USING INTEGER PRIMARY KEY "
		    "(rowid>? AND rowid<?);" },
		{ sql_sweep_select_of,
		    "SEARCH execution_logs USING COVERING INDEX "
		    "idx_logs_execution (execution_id=? AND timestamp<?);" },
		{ sql_sweep_times_of,
		    "SEARCH execution_logs USING COVERING INDEX "
		    "idx_logs_execution (execution_id=? AND timestamp>? AND "
		    "timestamp<?);" },
		{ sql_sweep_delete,
		    "SEARCH execution_logs USING INTEGER PRIMARY KEY "
		    "(rowid=?);" },
		{ sql_removed_forget,
		    "SEARCH execlog_removed USING PRIMARY KEY "
		    "(execution_id=?);LIST SUBQUERY 1;SEARCH "
		    "execlog_removed USING COVERING INDEX "
		    "execlog_removed_at (removed_at<?);" },
		{ sql_removed_of,
		    "SEARCH execlog_removed USING PRIMARY KEY "
		    "(execution_id=?);" },
		{ sql_spared_next,
		    "SEARCH execlog_spared USING INTEGER PRIMARY KEY "
		    "(rowid>?);" },
		{ sql_spared_drop,
		    "SEARCH execlog_spared USING INDEX "
		    "execlog_spared_execution (execution_id=?);" },
		{ sql_spared_has,
		    "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;SEARCH "
		    "execlog_spared USING COVERING INDEX "
		    "execlog_spared_execution (execution_id=?);" },
		{ sql_spared_count,
		    "SCAN execlog_spared;" },
		{ sql_rows_left,
		    "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;SEARCH "
		    "execution_logs USING COVERING INDEX idx_logs_execution"
		    " (execution_id=?);" },
		{ sql_streams_drop,
		    "SEARCH execlog_streams USING INDEX "
		    "execlog_streams_attempt (execution_id=?);" },
		{ sql_streams_next,
		    "SEARCH execlog_streams USING INTEGER PRIMARY KEY "
		    "(rowid>?);" },
		{ sql_newest_of,
		    "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;SEARCH "
		    "execution_logs USING COVERING INDEX idx_logs_execution"
		    " (execution_id=? AND timestamp<?);SCALAR SUBQUERY "
		    "2;SEARCH execution_audit_events USING COVERING INDEX "
		    "idx_audit_execution (execution_id=? AND timestamp<?);" },
		{ sql_has_begun,
		    "SCAN CONSTANT ROW;SCALAR SUBQUERY 2;CO-ROUTINE "
		    "(subquery-1);SEARCH execution_audit_events USING INDEX"
		    " idx_audit_execution (execution_id=?);SCAN "
		    "(subquery-1);" },
		{ sql_sweeps_trim,
		    "SEARCH execlog_sweeps USING INTEGER PRIMARY KEY "
		    "(rowid<?);SCALAR SUBQUERY 1;SCAN execlog_sweeps;" },
		{ sql_sweep_note,
		    "SEARCH execlog_sweeps USING INTEGER PRIMARY KEY "
		    "(rowid=?);" },
		{ sql_sweep_last,
		    "SCAN execlog_sweeps;" },
		{ sql_clock_read,
		    "SCAN execlog_clock;" },
		/* The engine's, with a key. */
		{ sql_next_in_engine, ENGINE "COVERING INDEX "
		    "sqlite_autoindex_executions_1 (execution_id>? AND "
		    "execution_id<?);" },
		{ sql_state_in_engine, ENGINE "INDEX "
		    "sqlite_autoindex_executions_1 (execution_id=?);" },
		{ sql_states_in_engine, "SCAN executions;" },
		{ sql_execution_in_engine, "SCAN CONSTANT ROW;SCALAR SUBQUERY "
		    "1;" ENGINE "COVERING INDEX "
		    "sqlite_autoindex_executions_1 (execution_id=?);" },
		{ sql_count_add, ENGINE "INDEX "
		    "sqlite_autoindex_executions_1 (execution_id=?);" },
		/* When the schema has changed. */
		{ sql_count_column, "SCAN pragma_table_info VIRTUAL TABLE "
		    "INDEX 0:;" },
		{ sql_count_key, "SCAN CONSTANT ROW;SCALAR SUBQUERY 2;"
		    "SCAN pragma_table_info VIRTUAL TABLE INDEX 0:;"
		    "SCALAR SUBQUERY 1;"
		    "SEARCH pragma_table_info VIRTUAL TABLE INDEX 0:;"
		    "SCALAR SUBQUERY 4;SCAN list VIRTUAL TABLE INDEX 0:;"
		    "CORRELATED SCALAR SUBQUERY 3;"
		    "SCAN pragma_index_info VIRTUAL TABLE INDEX 0:;" },
		/* At start. */
		{ sql_schema_has, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;"
		    "SEARCH execlog_schema USING INTEGER PRIMARY KEY (rowid=?);" },
		{ sql_schema_made, "SEARCH execlog_schema USING INTEGER "
		    "PRIMARY KEY (rowid=?);" },
		{ sql_schema_list, "SCAN execlog_schema;" },
		{ sql_schema_forget, "SEARCH execlog_schema USING INTEGER "
		    "PRIMARY KEY (rowid=?);" },
		{ sql_schema_has_made, "SCAN pragma_table_info VIRTUAL TABLE "
		    "INDEX 0:;" },
		{ sql_schema_last, "SEARCH sqlite_schema;" },
		{ sql_schema_record, "SCALAR SUBQUERY 1;SEARCH sqlite_schema "
		    "USING INTEGER PRIMARY KEY (rowid>?);" },
		{ sql_object_sql, "SCAN sqlite_schema;" },
		{ sql_schema_exists, "SCAN sqlite_schema;" },
		{ sql_schema_lost, "SCAN sqlite_schema;" },
		{ sql_schema_damaged, "SCAN CONSTANT ROW;SCALAR SUBQUERY 1;"
		    "SCAN execlog_schema;SCALAR SUBQUERY 2;SCAN sqlite_schema;"
		    "SCALAR SUBQUERY 3;SCAN execlog_schema;" },
		{ sql_table_columns, "SCAN pragma_table_info VIRTUAL TABLE "
		    "INDEX 0:;" },
		{ sql_index_fits, "SCAN list VIRTUAL TABLE INDEX 0:;"
		    "SCALAR SUBQUERY 1;SCAN pragma_index_xinfo VIRTUAL TABLE "
		    "INDEX 0:;" },
		{ sql_table_sql, "SCAN sqlite_schema;" },
		/* When the schema has changed, and for status. */
		{ sql_own_triggers, "SCAN sqlite_schema;" },
		{ sql_installed_missing, "SCAN execlog_installed;"
		    "LIST SUBQUERY 1;SCAN sqlite_schema;" },
		{ sql_leave_wal, "" },
		{ sql_foreign_tables, "SCAN sqlite_schema;" },
		{ sql_reload_schema, "SCAN sqlite_master;" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof want / sizeof want[0]; i++) {
		plan(db, want[i].sql, &b);
		assert_text(buf_text(&b), want[i].plan);
		assert_true(strstr(want[i].plan, "TEMP B-TREE") == NULL ||
		    strstr(want[i].plan, "execlog_") != NULL);
		assert_null(strstr(want[i].plan, "idx_logs_task"));
	}
	buf_free(&b);
}

static bool
has_any(struct span column, void *arg)
{
	(void)column;
	(void)arg;
	return (true);
}

#define KEYS	"SEARCH execlog_unread USING INTEGER PRIMARY KEY (rowid=?);"
#define ONE	"SEARCH execlog_executions USING INDEX " \
	"execlog_executions_name (execution_id=?);"
#define IDS	"INTEGER PRIMARY KEY (rowid>? AND rowid<?);"

/* Summaries, list and inspect; the engine's tables with the keys and columns
   that they should have. */
static void
check_facts(sqlite3 *db)
{
	static const struct { const char *sql, *plan; } want[] = {
		{ sql_summary_lines, ONE },
		{ sql_summary_of, ONE },
		{ sql_summary_range, LOGS IDS "USE TEMP B-TREE FOR GROUP BY;" },
		{ sql_summary_tasks, "CO-ROUTINE l;" LOGS IDS
		    "USE TEMP B-TREE FOR GROUP BY;SCAN l;SEARCH e USING "
		    "COVERING INDEX execlog_executions_name "
		    "(execution_id=?);" },
		{ sql_audit_range, AUDIT IDS },
		{ sql_unread_log, LOGS IDS },
		{ sql_unread_audit, AUDIT IDS },
		{ sql_known_read, "SCAN execlog_known;" },
		{ sql_known_write, "SCAN execlog_known;" },
		{ sql_counts_adopt, "SCAN execlog_unread;" },
		{ sql_counts_name_tasks, "SCAN execlog_unread;" },
		{ sql_counts_done, "SCAN execlog_unread;" },
		{ sql_unread_extend, KEYS },
		{ sql_unread_shrink, KEYS },
		{ sql_unread_remove, KEYS },
		{ sql_unread_next, "SCAN execlog_unread;"
		    "USE TEMP B-TREE FOR ORDER BY;" },
		{ sql_list_any, "SEARCH execlog_executions USING INDEX "
		    "execlog_executions_first (first_at>? AND first_at<?);" },
		{ sql_list_state, "SEARCH execlog_executions USING INDEX "
		    "execlog_executions_state (state=? AND first_at>? AND "
		    "first_at<?);" },
		{ sql_engine_of, ENGINE "INDEX sqlite_autoindex_executions_1 "
		    "(execution_id=?);" },
		/* From its end. */
		{ sql_engine_newest, "SCAN executions;" },
		{ sql_engine_states, "SCAN executions;" },
		{ sql_inspect_defined, "SEARCH w USING INDEX "
		    "sqlite_autoindex_workflows_1 (id=?);"
		    "SCAN t VIRTUAL TABLE INDEX 3:;" },
		{ sql_inspect_runs, "SEARCH task_runs USING INDEX "
		    "sqlite_autoindex_task_runs_1 (execution_id=?);" },
		{ sql_inspect_attempts, "SEARCH attempts USING INDEX "
		    "sqlite_autoindex_attempts_1 (execution_id=?);" },
		{ sql_inspect_tasks, "SEARCH e USING COVERING INDEX "
		    "execlog_executions_name (execution_id=?);"
		    "SEARCH t USING PRIMARY KEY (execution=?);" },
		{ sql_inspect_streams, "SEARCH execlog_streams USING INDEX "
		    "execlog_streams_attempt (execution_id=?);"
		    "USE TEMP B-TREE FOR ORDER BY;" },
	};
	char text[ENGINE_STATEMENT_MAX];
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof want / sizeof want[0]; i++) {
		assert_true(engine_expand(want[i].sql, has_any, NULL, text));
		plan(db, text, &b);
		assert_text(buf_text(&b), want[i].plan);
	}
	buf_free(&b);
}

/* Also with statistics that would tempt the planner elsewhere. */
static void
test_plans(void **state)
{
	struct world *w = *state;
	sqlite3 *db;

	db = stranger(w, "CREATE TABLE executions(execution_id TEXT PRIMARY "
	    "KEY, state TEXT, workflow_id, created_at, started_at, ended_at, "
	    "reason_code, message, log_entry_count INTEGER); CREATE TABLE task_runs(execution_id, "
	    "task_id, state, reason_code, message, created_at, started_at, "
	    "ended_at, duration_ms, inputs, outputs, error, PRIMARY "
	    "KEY(execution_id, task_id)); CREATE TABLE attempts(execution_id, "
	    "task_id, attempt_number, status, started_at, ended_at, reason, "
	    "PRIMARY KEY(execution_id, task_id, attempt_number)); CREATE TABLE "
	    "workflows(id TEXT PRIMARY KEY, definition)");
	check_plans(db);
	check_facts(db);
	sqlite3_close(db);
	meanwhile(w, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 3999) INSERT INTO execution_logs(execution_id, "
	    "timestamp, level, source, message) SELECT 'e' || i % 2, 1, "
	    "'INFO', 's', 'm' FROM n");
	db = stranger(w, "ANALYZE");
	check_plans(db);
	sqlite3_close(db);
	/* All of one execution at one time; then statistics that lie. */
	db = stranger(w, "UPDATE execution_logs SET execution_id = 'e1', "
	    "timestamp = 1; INSERT INTO execution_audit_events(execution_id, "
	    "event_type, timestamp, metadata) SELECT 'e1', 'STARTED', 1, '{}' "
	    "FROM execution_logs; ANALYZE");
	check_plans(db);
	sqlite3_close(db);
	meanwhile(w, "UPDATE sqlite_stat1 SET stat = '1000000 500000 2'");
	db = stranger(w, "SELECT 1");
	check_plans(db);
	check_facts(db);
	sqlite3_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_plans),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
