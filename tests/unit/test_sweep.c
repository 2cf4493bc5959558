/*
 * Sweeps: which rows go, the map that says where to look, and that a sweep goes on
 * where it was.
 */
#include "tests/unit/shim.h"
#include "tests/unit/sweeping.h"

#include <limits.h>

#include "sql/guard.h"

static void
test_old_rows_go_and_others_stay(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	store_rows(w, "old", CUTOFF - DAY, 450);
	store_rows(w, "mixed", CUTOFF - 2000, 4);
	store_rows(w, "new", CUTOFF + DAY, 50);
	assert_int_equal(sweep(w, &s), 6);
	assert_int_equal(s.sweep.rows, 452);
	assert_int_equal(s.sweep.expected > 200, true);
	assert_answer(w, ROWS, "mixed|2|83808000000|83808001000\n"
	    "new|50|83894400000|83894449000");
	assert_answer(w, "SELECT execution_id, rows, first_id, last_id, "
	    "oldest, newest FROM execlog_removed ORDER BY 1",
	    "mixed|2|451|452|83807998000|83807999000\n"
	    "old|450|1|450|83721600000|83722049000");
	assert_answer(w, "SELECT cause, rows, ended_at IS NOT NULL, steps "
	    "FROM execlog_sweeps", "asked|452|1|6");
	/* What is left is known: nothing of it is looked at again. */
	assert_answer(w, "SELECT range, rows, oldest, whole "
	    "FROM execlog_ranges", "0|52|83808000000|1");
	s = step_of();
	assert_int_equal(sweep(w, &s), 1);
	assert_int_equal(s.sweep.rows, 0);
}

/* A file from before the map: what is expected follows from the ids that it has
   gone through, and is the truth at the end. */
static void
test_what_is_expected_of_an_old_file(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();
	int told = 0;

	/* Ids do not begin at 1; every second row is old. */
	meanwhile(w, "WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT "
	    "i + 1 FROM n WHERE i < 1019999) INSERT INTO execution_logs(id, "
	    "execution_id, timestamp, level, source, message) SELECT i, 'e' || "
	    "i % 7, (960 + 20 * (i % 2)) * 86400000, 'INFO', 's', 'm' FROM n");
	do {
		assert_int_equal(store_sweep(w->store, &s, &w->error),
		    SQL_DONE);
		if (s.sweep.phase != SWEEP_ROWS || s.sweep.rows < 1000)
			continue;
		told++;
		assert_in_range(s.sweep.expected, 9000, 11000);
	} while (s.sweep.phase != SWEEP_OVER);
	assert_true(told > 50);
	assert_int_equal(s.sweep.rows, 10000);
	assert_int_equal(s.sweep.expected, 10000);
}

/* Many ranges, times in no order, rows of others between ours and before there
   was a map: afterwards no row is old, and every other one is there. */
static void
test_times_out_of_order(void **state)
{
	static const char left[] = "SELECT count(*), sum(timestamp < 970 * "
	    "86400000) FROM execution_logs";
	struct world *w = *state;
	struct buf kept = { 0 }, now = { 0 };
	struct sweep_step s;
	int i, steps;

	meanwhile(w, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 9999) INSERT INTO execution_logs(execution_id, "
	    "timestamp, level, source, message) SELECT 'before' || i % 7, "
	    "(900 + i * 37 % 101) * 86400000, 'INFO', 's', 'm' FROM n");
	for (i = 0; i < 40; i++) {
		store_rows(w, i % 2 == 0 ? "a" : "b",
		    (900 + i * 37 % 101) * DAY, 300);
		if (i % 10 == 3)
			meanwhile(w, "INSERT INTO execution_logs(execution_id, "
			    "timestamp, level, source, message) VALUES('c', "
			    "86400000, 'INFO', 's', 'm')");
	}
	world_ask(w, "SELECT count(*) FROM execution_logs WHERE timestamp >= "
	    "970 * 86400000", &kept);
	s = step_of();
	s.limit = SWEEP_ROWS_MAX;
	steps = sweep(w, &s);
	assert_true(steps > 10);
	buf_str(&kept, "|0");
	world_ask(w, left, &now);
	assert_true(span_eq(buf_text(&kept), buf_text(&now)));
	/* The map tells the truth about all of it. */
	assert_answer(w, "SELECT count(*) FROM execlog_ranges r WHERE NOT "
	    "whole OR (rows, oldest, newest) IS NOT (SELECT count(*), "
	    "min(timestamp), max(timestamp) FROM execution_logs "
	    "WHERE id >> 12 = range)", "0");
	s = step_of();
	assert_int_equal(sweep(w, &s), 1);
	buf_free(&kept);
	buf_free(&now);
}

/* What others write is found, wherever; also behind our back, below the newest
   id. */
static void
test_rows_of_others_are_found(void **state)
{
	struct world *w = *state;

	store_rows(w, "ours", NOW, 10);
	sweep_all(w);
	meanwhile(w, "INSERT INTO execution_logs(execution_id, timestamp, "
	    "level, source, message) VALUES('theirs', 1, 'INFO', 's', 'm')");
	store_rows(w, "ours", NOW, 10);
	sweep_all(w);
	assert_answer(w, "SELECT execution_id, count(*) FROM execution_logs "
	    "GROUP BY 1", "ours|20");
	meanwhile(w, "INSERT INTO execution_logs(id, execution_id, timestamp, "
	    "level, source, message) VALUES(9000000, 'far', 1, 'INFO', 's', "
	    "'m'), (5000000, 'far', 1, 'INFO', 's', 'm')");
	sweep_all(w);
	assert_answer(w, "SELECT execution_id, count(*) FROM execution_logs "
	    "GROUP BY 1", "ours|20");
}

/* A time that is no number has no age. */
static void
test_strange_times(void **state)
{
	struct world *w = *state;

	meanwhile(w, "INSERT INTO execution_logs(id, execution_id, timestamp, "
	    "level, source, message) VALUES(1, 'e', 'x', 'INFO', 's', 'm'), "
	    "(2, 'e', X'00', 'INFO', 's', 'm'), (3, 'e', 1.5, 'INFO', 's', "
	    "'m'), (4, 'e', 1e300, 'INFO', 's', 'm'), (-5, 'e', -1e300, "
	    "'INFO', 's', 'm'), (6, X'6500', 1, 'INFO', 's', 'm'), "
	    "(-9223372036854775808, 'e', 1, 'INFO', 's', 'm'), "
	    "(9223372036854775807, 'e', 1, 'INFO', 's', 'm')");
	sweep_all(w);
	assert_answer(w, "SELECT id FROM execution_logs ORDER BY id",
	    "-9223372036854775808\n1\n2\n4\n9223372036854775807");
	sweep_all(w);
}

/* Also after the daemon has been killed: another store goes on. */
static void
test_a_sweep_goes_on_where_it_was(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();
	struct clock_mark mark;
	struct sweep last;
	int steps = 0;

	store_rows(w, "old", CUTOFF - DAY, 700);
	do {
		assert_int_equal(store_sweep(w->store, &s, &w->error),
		    SQL_DONE);
		steps++;
		store_close(w->store);
		w->store = store_open(w->path, true, true, NOW,
		    &w->error);
		if (w->store == NULL)
			fail_msg("%s", w->error.text);
		assert_int_equal(store_last_sweep(w->store, &last, &mark,
		    &w->error), SQL_DONE);
		assert_int_equal(last.id, s.sweep.id);
		assert_int_equal(last.cursor, s.sweep.cursor);
		assert_int_equal(last.rows, s.sweep.rows);
		assert_string_equal(mark.boot, "b");
		s.sweep = last;
	} while (last.ended_at == 0);
	assert_int_equal(steps, 8);
	assert_int_equal(last.rows, 700);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "0");
}

static void
fold_all(struct world *w)
{
	struct store_hold hold;

	do
		assert_int_equal(store_fold(w->store, NOW, &hold, &w->error),
		    SQL_DONE);
	while (store_is_unread(w->store));
}

static void
count_reads(enum shim_call call, bool main_db, void *arg)
{
	int *reads = arg;

	(void)main_db;
	*reads += call == SHIM_READ;
}

/* The write lock is held: what a range takes follows from what is known of it,
   whatever the length of its rows. */
static void
test_no_text_is_read_to_close_a_range(void **state)
{
	enum { N = 100, PAGES = 15 };
	static char text[PAGES * 4096];
	struct world *w = *state;
	struct log_row row[N];
	struct store_batch b = { .log = row, .nlog = N, .now_ms = NOW };
	struct store_commit c;
	int reads = 0;
	size_t i;

	store_rows(w, "old", CUTOFF - DAY, 1);
	memset(text, 'x', sizeof text);
	for (i = 0; i < N; i++) {
		row[i] = log_row_of("new", "");
		row[i].message = (struct span){ text, sizeof text };
		row[i].timestamp = NOW;
	}
	assert_int_equal(store_commit(w->store, &b, &c, &w->error), SQL_DONE);
	shim_begin();
	assert_true(world_open_again(w));	/* with nothing in its cache */
	shim_call(count_reads, &reads);
	sweep_all(w);
	shim_call(NULL, NULL);
	shim_end();
	assert_in_range(reads, 1, N * PAGES / 2);
	assert_answer(w, "SELECT rows, bytes / rows / 4096 "
	    "FROM execlog_ranges", "100|14");
}

/* Then they are measured, without the lock: by the step before which the range
   is one to be looked at. */
static void
test_how_long_rows_of_others_are(void **state)
{
	struct world *w = *state;

	store_rows(w, "ours", NOW, 100);
	meanwhile(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 9900) INSERT INTO execution_logs(execution_id, "
	    "timestamp, level, source, message) SELECT 'theirs', "
	    "1000 * 86400000, 'INFO', 's', printf('%1000s', '') FROM n");
	sweep_all(w);
	assert_answer(w, "SELECT range, rows, bytes BETWEEN rows * 1000 AND "
	    "rows * 1100 FROM execlog_ranges", "0|4095|1\n1|4096|1\n2|1809|1");
}

/* A kill leaves lines that were only counted in memory; whatever transaction is
   the first one then, they are read. */
static void
test_a_sweep_before_what_was_counted_is_read(void **state)
{
	struct world *w = *state;

	store_rows(w, "lost", NOW, 3);
	store_close(w->store);
	w->store = store_open(w->path, true, true, NOW, &w->error);
	assert_non_null(w->store);
	sweep_all(w);
	store_rows(w, "new", NOW, 2);
	fold_all(w);
	assert_answer(w, "SELECT execution_id, info FROM execlog_executions "
	    "ORDER BY 1", "lost|3\nnew|2");
}

/* Rows of others may be as long as SQLite takes them: they stop nobody. */
static void
test_very_long_rows_of_others(void **state)
{
	struct world *w = *state;

	store_rows(w, "old", CUTOFF - DAY, 3);
	meanwhile(w, "INSERT INTO execution_logs(execution_id, timestamp, "
	    "level, source, message) VALUES('new', 1000 * 86400000, 'INFO', "
	    "'s', CAST(zeroblob(70000000) AS TEXT)); " ENDED "('new', "
	    "'STATE_CHANGE', 1, '{\"to\":\"RUNNING\",\"a\":\"' || "
	    "hex(zeroblob(35000000)) || '\"}')");
	sweep_all(w);
	assert_answer(w, "SELECT execution_id, length(CAST(message AS BLOB)) "
	    "FROM execution_logs", "new|70000000");
	fold_all(w);
	assert_answer(w, "SELECT execution_id, state, info FROM "
	    "execlog_executions", "new|RUNNING|1");
}

/* What is kept free of the disk is for sweeps and checkpoints. */
static void
test_summaries_take_no_room_that_is_kept(void **state)
{
	struct world *w = *state;
	struct store_hold hold = { 0 };

	store_rows(w, "e1", NOW, 3);
	store_keep_room(w->store, INT_MAX);
	assert_int_equal(store_fold(w->store, NOW, &hold, &w->error),
	    SQL_FULL);
	assert_true(store_is_unread(w->store));
	store_keep_room(w->store, 0);
	assert_int_equal(store_fold(w->store, NOW, &hold, &w->error),
	    SQL_DONE);
	assert_true(hold.wal_frames > 0);
}

/* No step takes much longer than it may. */
static void
test_a_step_ends_in_time(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	store_rows(w, "old", CUTOFF - DAY, 1000);
	s.limit = SWEEP_ROWS_MAX;
	s.hold_us = 1;
	assert_int_equal(store_sweep(w->store, &s, &w->error), SQL_DONE);
	assert_int_equal(s.sweep.rows, 0);
	s.hold_us = 1000;
	assert_int_equal(store_sweep(w->store, &s, &w->error), SQL_DONE);
	assert_true(s.sweep.rows < 1000);
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.rows, 1000);
}

static void
test_results_of_sweeps_are_kept(void **state)
{
	struct world *w = *state;
	int i;

	for (i = 0; i < SWEEPS_KEPT + 5; i++)
		sweep_all(w);
	assert_answer(w, "SELECT count(*), max(id) FROM execlog_sweeps",
	    "30|35");
}

/* One that cannot bring the rows below the ceiling is repeated every hour. */
static void
test_futile_sweeps_do_not_displace_the_others(void **state)
{
	struct world *w = *state;
	struct sweep_step s;
	int i;

	sweep_all(w);
	for (i = 0; i < SWEEPS_KEPT + 5; i++) {
		s = step_of();
		(void)snprintf(s.sweep.cause, sizeof s.sweep.cause, "ceiling");
		(void)sweep(w, &s);
	}
	assert_answer(w, "SELECT group_concat(cause) FROM execlog_sweeps",
	    "asked,ceiling");
	for (i = 0; i < SWEEPS_KEPT; i++)
		sweep_all(w);
	assert_answer(w, "SELECT count(*), count(DISTINCT cause) FROM "
	    "execlog_sweeps", "30|1");
}

static int
prepared(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	sqlite3_finalize(stmt);
	return (rc);
}

/* Nothing of the public tables can be deleted but by a step. */
static void
test_the_guard(void **state)
{
	static const char rows[] = "DELETE FROM execution_logs WHERE id = 1";
	static const char events[] = "DELETE FROM execution_audit_events "
	    "WHERE id = 1";
	struct world *w = *state;
	struct guard guard = { 0 };
	sqlite3 *db = stranger(w, "CREATE TABLE theirs(x)");

	guard_install(db, &guard);
	assert_int_equal(prepared(db, rows), SQLITE_AUTH);
	assert_int_equal(prepared(db, events), SQLITE_AUTH);
	guard.sweeps = true;
	assert_int_equal(prepared(db, rows), SQLITE_OK);
	assert_int_equal(prepared(db, events), SQLITE_AUTH);
	assert_int_equal(prepared(db, "DELETE FROM theirs"), SQLITE_AUTH);
	assert_int_equal(prepared(db, "UPDATE execution_logs SET level = ''"),
	    SQLITE_AUTH);
	guard = (struct guard){ .sweeps_events = true };
	assert_int_equal(prepared(db, rows), SQLITE_AUTH);
	sqlite3_close(db);
}

/* A trigger that somebody has planted does not run, nor does it hide rows from
   the sweep. */
static void
test_triggers_of_others(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	store_rows(w, "old", CUTOFF - DAY, 3);
	meanwhile(w, "CREATE TRIGGER t BEFORE DELETE ON execution_logs BEGIN "
	    "SELECT RAISE(IGNORE); END");
	assert_int_equal(store_sweep(w->store, &s, &w->error), SQL_FOREIGN);
	assert_int_equal(s.sweep.id, 0);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "3");
	meanwhile(w, "DROP TRIGGER t");
	(void)sweep(w, &s);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_old_rows_go_and_others_stay),
		world_test(test_what_is_expected_of_an_old_file),
		world_test(test_times_out_of_order),
		world_test(test_rows_of_others_are_found),
		world_test(test_strange_times),
		world_test(test_a_sweep_goes_on_where_it_was),
		world_test(test_a_sweep_before_what_was_counted_is_read),
		world_test(test_no_text_is_read_to_close_a_range),
		world_test(test_how_long_rows_of_others_are),
		world_test(test_very_long_rows_of_others),
		world_test(test_summaries_take_no_room_that_is_kept),
		world_test(test_a_step_ends_in_time),
		world_test(test_results_of_sweeps_are_kept),
		world_test(test_futile_sweeps_do_not_displace_the_others),
		world_test(test_the_guard),
		world_test(test_triggers_of_others),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
