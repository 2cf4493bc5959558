/*
 * Sweeps: which rows go, which are spared, the map that says where to look, and
 * that a sweep goes on where it was.
 */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "sql/guard.h"
#include "sql/retention.h"

#define DAY	86400000LL
#define NOW	(1000 * DAY)
#define CUTOFF	(970 * DAY)
#define ENDED	"INSERT INTO execution_audit_events(execution_id, event_type," \
	" timestamp, metadata) VALUES "

/* n rows of an execution in one batch, a second apart from "time" on. */
static void
store_rows(struct world *w, const char *execution, int64_t time, size_t n)
{
	struct log_row *row = calloc(n, sizeof *row);
	struct store_batch b = { .log = row, .nlog = n, .now_ms = NOW };
	struct store_commit c;
	size_t i;

	assert_non_null(row);
	for (i = 0; i < n; i++) {
		row[i] = log_row_of(execution, "m");
		row[i].timestamp = time + (int64_t)i * 1000;
	}
	assert_int_equal(store_commit(w->store, &b, &c, &w->error), SQL_DONE);
	free(row);
}

static struct sweep_step
step_of(void)
{
	return ((struct sweep_step){
		.sweep = {
			.cause = "asked",
			.started_at = NOW,
			.cutoff = CUTOFF,
			.failed_cutoff = CUTOFF,
			.audit_cutoff = SWEEP_NOTHING,
		},
		.young = CUTOFF,
		.limit = 100,
		.hold_us = 60000000,
		.now_ms = NOW,
		.mark = { .boot = "b", .wall_ms = NOW, .boot_ms = 1 },
	});
}

/* Steps to the end; how many. */
static int
sweep(struct world *w, struct sweep_step *s)
{
	int steps = 0;

	do {
		if (store_sweep(w->store, s, &w->error) != SQL_DONE)
			fail_msg("%s", w->error.text);
		assert_true(++steps < 1000);
	} while (s->sweep.phase != SWEEP_OVER);
	return (steps);
}

static void
sweep_all(struct world *w)
{
	struct sweep_step s = step_of();

	(void)sweep(w, &s);
}

#define ROWS	"SELECT execution_id, count(*), min(timestamp), " \
	"max(timestamp) FROM execution_logs GROUP BY 1"

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

#define RUNNING	"('run', 'STARTED', 83000000000, '{}'), "

static void
test_running_executions_are_spared(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	store_rows(w, "run", CUTOFF - DAY, 3);
	store_rows(w, "run", NOW, 1);
	store_rows(w, "stale", CUTOFF - DAY, 3);
	store_rows(w, "plain", CUTOFF - DAY, 3);
	store_rows(w, "plain", NOW, 1);
	store_rows(w, "done", CUTOFF - DAY, 3);
	store_rows(w, "done", NOW, 1);
	meanwhile(w, ENDED RUNNING "('stale', 'CREATED', 1, '{}'), "
	    "('done', 'STARTED', 1, '{}'), ('done', 'COMPLETED', 2, '{}')");
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.spared, 1);
	assert_answer(w, "SELECT execution_id, count(*) FROM execution_logs "
	    "GROUP BY 1", "done|1\nplain|1\nrun|4");
	assert_answer(w, "SELECT execution_id, reason FROM execlog_spared",
	    "run|running");
	/* Its range is not looked at again: it is found by its name. */
	assert_answer(w, "SELECT oldest FROM execlog_ranges", "86400000000");
	meanwhile(w, ENDED "('run', 'CANCELLED', 3, '{}')");
	s = step_of();
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.rows, 3);
	assert_answer(w, "SELECT execution_id, count(*) FROM execution_logs "
	    "GROUP BY 1", "done|1\nplain|1\nrun|1");
	assert_answer(w, "SELECT count(*) FROM execlog_spared WHERE reason <> 'ended'", "0");
}

static void
test_the_engine_knows_better(void **state)
{
	struct world *w = *state;

	store_rows(w, "run", CUTOFF - DAY, 3);
	store_rows(w, "wait", CUTOFF - DAY, 3);
	store_rows(w, "done", CUTOFF - DAY, 3);
	meanwhile(w, "CREATE TABLE executions(execution_id TEXT PRIMARY KEY, "
	    "state TEXT); INSERT INTO executions VALUES('run', 'RUNNING'), "
	    "('wait', 'WAITING'), ('done', 'SUCCESS');" ENDED
	    "('run', 'COMPLETED', 1, '{}'), ('done', 'STARTED', "
	    "86400000000, '{}')");
	sweep_all(w);
	assert_answer(w, "SELECT DISTINCT execution_id FROM execution_logs "
	    "ORDER BY 1", "run\nwait");
	/* A table without a key, or of another kind, is not asked. */
	meanwhile(w, "DROP TABLE executions; CREATE TABLE "
	    "executions(execution_id TEXT, state TEXT); INSERT INTO "
	    "executions VALUES('run', 'RUNNING')");
	sweep_all(w);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "0");
	store_rows(w, "again", CUTOFF - DAY, 3);
	meanwhile(w, "DROP TABLE executions; CREATE TABLE "
	    "executions(execution_id TEXT PRIMARY KEY)");
	sweep_all(w);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "0");
}

static void
test_failed_ones_stay_longer(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	store_rows(w, "bad", CUTOFF - DAY, 3);
	store_rows(w, "bad", CUTOFF - 50 * DAY, 3);
	store_rows(w, "slow", CUTOFF - DAY, 3);
	meanwhile(w, ENDED "('bad', 'FAILED', 1, '{}'), ('slow', 'TIMEOUT', 1, "
	    "'{}')");
	s.sweep.failed_cutoff = CUTOFF - 40 * DAY;
	(void)sweep(w, &s);
	assert_answer(w, ROWS, "bad|3|83721600000|83721602000\n"
	    "slow|3|83721600000|83721602000");
	assert_answer(w, "SELECT execution_id, reason FROM execlog_spared",
	    "bad|failed\nslow|failed");
	sweep_all(w);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "0");
	assert_answer(w, "SELECT count(*) FROM execlog_spared", "0");
	/* Else the ceiling would take them for rows that are there. */
	assert_answer(w, "SELECT sum(rows), sum(bytes) FROM execlog_ranges",
	    "0|0");
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

/* A kill leaves lines that were only counted in memory; whatever transaction is
   the first one then, they are read. */
static void
test_a_sweep_before_what_was_counted_is_read(void **state)
{
	struct world *w = *state;
	struct store_hold hold;

	store_rows(w, "lost", NOW, 3);
	store_close(w->store);
	w->store = store_open(w->path, true, true, NOW, &w->error);
	assert_non_null(w->store);
	sweep_all(w);
	store_rows(w, "new", NOW, 2);
	do
		assert_int_equal(store_fold(w->store, NOW, &hold, &w->error),
		    SQL_DONE);
	while (store_is_unread(w->store));
	assert_answer(w, "SELECT execution_id, info FROM execlog_executions "
	    "ORDER BY 1", "lost|3\nnew|2");
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

/* Counted: rows that go, and that stay. */
static void
count_all(struct world *w, int64_t failed_cutoff, int64_t *gone, int64_t *kept)
{
	struct sweep_step s = step_of();
	size_t i;

	s.sweep.failed_cutoff = failed_cutoff;
	s.dry = true;
	*gone = *kept = 0;
	do {
		assert_int_equal(store_sweep(w->store, &s, &w->error),
		    SQL_DONE);
		for (i = 0; i < s.nfound; i++)
			if (s.found[i].reason == SWEEP_GOES)
				*gone += s.found[i].rows;
			else
				*kept += s.found[i].rows;
	} while (s.sweep.phase != SWEEP_OVER);
	assert_int_equal(s.sweep.rows, *gone);
}

/* Before a sweep and after it, when they are known as spared; where others have
   rows in the same range, too. */
static void
test_who_stays_is_counted_once(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();
	int64_t gone, kept, longer = CUTOFF - 30 * DAY;

	meanwhile(w, ENDED "('run', 'STARTED', 1, '{}'), "
	    "('bad', 'FAILED', 1, '{}')");
	store_rows(w, "run", CUTOFF - DAY, 20);
	store_rows(w, "bad", CUTOFF - DAY, 30);
	store_rows(w, "bad", longer - DAY, 7);
	store_rows(w, "run", NOW, 1);
	store_rows(w, "old", CUTOFF - DAY, 100);
	count_all(w, longer, &gone, &kept);
	assert_int_equal(gone, 107);
	assert_int_equal(kept, 50);
	s.sweep.failed_cutoff = longer;
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.rows, 107);
	count_all(w, longer, &gone, &kept);
	assert_int_equal(gone, 0);
	assert_int_equal(kept, 50);
	store_rows(w, "old", CUTOFF - DAY, 3);
	count_all(w, longer, &gone, &kept);
	assert_int_equal(gone, 3);
	assert_int_equal(kept, 50);
	count_all(w, CUTOFF - DAY + 15000, &gone, &kept);
	assert_int_equal(gone, 18);
	assert_int_equal(kept, 35);
}

static void
test_counting_removes_nothing(void **state)
{
	struct world *w = *state;
	int64_t gone, kept;

	store_rows(w, "old", CUTOFF - DAY, 250);
	store_rows(w, "run", CUTOFF - DAY, 20);
	store_rows(w, "run", NOW, 5);
	meanwhile(w, ENDED "('run', 'STARTED', 1, '{}')");
	count_all(w, CUTOFF, &gone, &kept);
	assert_int_equal(gone, 250);
	assert_int_equal(kept, 20);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "275");
	assert_answer(w, "SELECT count(*) FROM execlog_sweeps", "0");
	assert_answer(w, "SELECT count(*) FROM execlog_spared", "0");
}

static int64_t
log_bytes(struct world *w)
{
	struct sweep_step s = { .peek = true };

	assert_int_equal(store_sweep(w->store, &s, &w->error), SQL_DONE);
	return (s.bytes);
}

/* The oldest go until it is well below. */
static void
test_the_ceiling(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();
	int64_t bytes;
	int i;

	for (i = 0; i < 20; i++)
		store_rows(w, "e", NOW - (20 - i) * DAY, 4096);
	bytes = log_bytes(w);
	assert_true(bytes > 20 * 4096 * 60);
	s.limit = SWEEP_ROWS_MAX;
	s.max_bytes = bytes / 2;
	(void)sweep(w, &s);
	bytes = log_bytes(w);
	assert_true(bytes < s.max_bytes && bytes > s.max_bytes / 2);
	assert_answer(w, "SELECT min(id) > 36864 FROM execution_logs", "1");
}

/* Whoever runs keeps its rows, also where it is by its events only; the others'
   go, however old.  Rows that stay are counted when that is known. */
static void
test_the_ceiling_and_who_runs(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();
	int64_t bytes;

	meanwhile(w, ENDED "('run', 'STARTED', 1, '{}')");
	store_rows(w, "run", NOW - 9 * DAY, 4096);
	store_rows(w, "a", NOW - 8 * DAY, 4096);
	store_rows(w, "b", NOW - DAY, 4096);
	bytes = log_bytes(w);
	s.max_bytes = bytes * 8 / 10;
	(void)sweep(w, &s);
	assert_true(s.above && !s.all);
	assert_int_equal(s.sweep.rows, 0);
	s = step_of();
	s.max_bytes = bytes * 8 / 10;
	s.beyond = bytes / 2;
	(void)sweep(w, &s);
	assert_true(!s.all && s.sweep.rows > 1000);
	assert_answer(w, "SELECT execution_id, count(*) > 4095 FROM "
	    "execution_logs GROUP BY 1", "b|1\nrun|1");
	s = step_of();
	s.max_bytes = 1000;
	s.beyond = 1000;
	(void)sweep(w, &s);
	assert_true(s.all);
	assert_answer(w, "SELECT execution_id, count(*) FROM execution_logs "
	    "GROUP BY 1", "run|4096");
}

static void
test_streams_go_with_their_rows(void **state)
{
	struct world *w = *state;

	store_rows(w, "old", CUTOFF - DAY, 3);
	store_rows(w, "half", CUTOFF - DAY, 3);
	store_rows(w, "half", NOW, 3);
	meanwhile(w, "INSERT INTO execlog_streams(execution_id, source, "
	    "capture, state, opened_at, lines, bytes, dropped_lines, "
	    "dropped_bytes) SELECT column1, 's', 1, column2, column3, 0, 0, 0,"
	    " 0 FROM (VALUES('old', 'closed', 5), ('old', 'open', 5), "
	    "('half', 'closed', 5), ('silent', 'lost', 5), "
	    "('silent', 'closed', 90000000000))");
	sweep_all(w);
	assert_answer(w, "SELECT execution_id, state FROM execlog_streams",
	    "old|open\nhalf|closed");
}

/* Summaries go with the last row and the last event. */
static void
test_summaries_go_last(void **state)
{
	static const char names[] = "SELECT group_concat(execution_id) FROM "
	    "(SELECT execution_id FROM execlog_executions ORDER BY id)";
	struct world *w = *state;
	struct sweep_step s = step_of();

	store_rows(w, "old", CUTOFF - DAY, 3);
	store_rows(w, "half", CUTOFF - DAY, 3);
	store_rows(w, "half", NOW, 3);
	store_rows(w, "told", CUTOFF - DAY, 3);
	meanwhile(w, ENDED "('told', 'COMPLETED', 1, '{}')");
	store_settle(w->store);
	assert_answer(w, names, "half,old,told");
	(void)sweep(w, &s);
	assert_answer(w, names, "half,told");
	s = step_of();
	s.sweep.audit_cutoff = CUTOFF;
	(void)sweep(w, &s);
	assert_answer(w, names, "half");
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

#define EVENTS	"SELECT group_concat(id) FROM (SELECT id FROM " \
	"execution_audit_events NOT INDEXED ORDER BY id)"

/* Events go in the order of their ids, through the watermark, up to the first
   that stays; and only if they are to. */
static void
test_events(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	meanwhile(w, ENDED "('a', 'STARTED', 1, '{}'), ('a', 'COMPLETED', 2, "
	    "'{}'), ('b', 'STARTED', 3, '{}'), ('run', 'STARTED', 4, '{}'), "
	    "('c', 'CREATED', 5, '{}'), ('run', 'STATE_CHANGE', "
	    "86400000000, '{}');"
	    "INSERT INTO execlog_audit_origin(audit_id, received_at) VALUES(1, "
	    "1), (2, 1), (5, 1)");
	(void)sweep(w, &s);
	assert_answer(w, EVENTS, "1,2,3,4,5,6");
	s = step_of();
	s.sweep.audit_cutoff = CUTOFF;
	s.dry = true;
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.events, 3);
	assert_answer(w, EVENTS, "1,2,3,4,5,6");
	s = step_of();
	s.sweep.audit_cutoff = CUTOFF;
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.events, 3);
	assert_answer(w, EVENTS, "4,5,6");
	assert_answer(w, "SELECT through_id FROM execlog_audit_watermark", "3");
	assert_answer(w, "SELECT group_concat(audit_id) FROM "
	    "execlog_audit_origin", "5");
	meanwhile(w, ENDED "('run', 'FAILED', 5, '{}')");
	s = step_of();
	s.sweep.audit_cutoff = CUTOFF;
	(void)sweep(w, &s);
	assert_answer(w, EVENTS, "6,7");
	/* All of them: ids go on. */
	s = step_of();
	s.sweep.audit_cutoff = 2000 * DAY;
	(void)sweep(w, &s);
	meanwhile(w, ENDED "('x', 'STARTED', 5, '{}')");
	assert_answer(w, EVENTS, "8");
}

/* More than a step takes, and one that stops in the middle. */
static void
test_many_events(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	meanwhile(w, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 999) INSERT INTO execution_audit_events("
	    "execution_id, event_type, timestamp, metadata) SELECT 'e' || i, "
	    "'COMPLETED', CASE WHEN i < 950 THEN 1 ELSE 86400000000 END, '{}' "
	    "FROM n");
	s.sweep.audit_cutoff = CUTOFF;
	assert_true(sweep(w, &s) >= 9);
	assert_int_equal(s.sweep.events, 950);
	assert_answer(w, "SELECT count(*), min(id) FROM "
	    "execution_audit_events", "50|951");
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
		world_test(test_running_executions_are_spared),
		world_test(test_the_engine_knows_better),
		world_test(test_failed_ones_stay_longer),
		world_test(test_a_sweep_goes_on_where_it_was),
		world_test(test_a_sweep_before_what_was_counted_is_read),
		world_test(test_a_step_ends_in_time),
		world_test(test_who_stays_is_counted_once),
		world_test(test_counting_removes_nothing),
		world_test(test_the_ceiling),
		world_test(test_the_ceiling_and_who_runs),
		world_test(test_streams_go_with_their_rows),
		world_test(test_summaries_go_last),
		world_test(test_results_of_sweeps_are_kept),
		world_test(test_events),
		world_test(test_many_events),
		world_test(test_the_guard),
		world_test(test_triggers_of_others),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
