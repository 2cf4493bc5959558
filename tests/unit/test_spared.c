/*
 * Sweeps: which executions are spared, how long, and what a ceiling does to them.
 */
#include "tests/unit/sweeping.h"

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
	/* One of another kind is not asked. */
	meanwhile(w, "DROP TABLE executions; CREATE TABLE "
	    "executions(execution_id TEXT PRIMARY KEY)");
	sweep_all(w);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "0");
}

/* Also one in which each question would take long. */
static void
test_an_engine_without_an_index(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	store_rows(w, "run", CUTOFF - DAY, 3);
	store_rows(w, "twice", CUTOFF - DAY, 3);
	store_rows(w, "bad", CUTOFF - DAY, 3);
	store_rows(w, "done", CUTOFF - DAY, 3);
	store_rows(w, "other", CUTOFF - DAY, 3);
	assert_null(store_uncounted(w->store));
	meanwhile(w, "CREATE TABLE executions(id INTEGER PRIMARY KEY, "
	    "execution_id TEXT, state TEXT); INSERT INTO executions "
	    "(execution_id, state) VALUES ('twice', 'WAITING'), ('bad', "
	    "'FAILED'), ('other', NULL), ('twice', 'FAILED'), ('done', "
	    "'SUCCESS'), ('run', 'RUNNING'), (NULL, 'RUNNING')");
	s.sweep.failed_cutoff = CUTOFF - 40 * DAY;
	(void)sweep(w, &s);
	assert_non_null(store_uncounted(w->store));
	assert_answer(w, "SELECT execution_id, reason FROM execlog_spared "
	    "ORDER BY 1", "bad|failed\nrun|running\ntwice|running");
	assert_answer(w, "SELECT DISTINCT execution_id FROM execution_logs "
	    "ORDER BY 1", "bad\nrun\ntwice");
	meanwhile(w, "UPDATE executions SET state = 'SUCCESS'");
	sweep_all(w);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "0");
	meanwhile(w, "CREATE INDEX executions_by_id ON "
	    "executions(execution_id)");
	sweep_all(w);
	assert_null(store_uncounted(w->store));
}

/* More than are kept in mind: then nobody is known not to run. */
static void
test_an_engine_without_an_index_and_many(void **state)
{
	struct world *w = *state;

	store_rows(w, "done", CUTOFF - DAY, 3);
	meanwhile(w, "CREATE TABLE executions(execution_id TEXT, state TEXT); "
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 100000) INSERT INTO executions SELECT 'e' || i, "
	    "'RUNNING' FROM n");
	sweep_all(w);
	assert_answer(w, "SELECT count(*) FROM execution_logs", "3");
	meanwhile(w, "DELETE FROM executions WHERE rowid > 99999");
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

static void
read_events(struct world *w)
{
	struct store_hold hold;

	do
		assert_int_equal(store_fold(w->store, NOW, &hold, &w->error),
		    SQL_DONE);
	while (store_is_unread(w->store));
}

/* How they ended is known from the summary then, while there is one; what others
   have written is read into it before it goes. */
static void
test_failed_ones_whose_events_are_gone(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	store_rows(w, "bad", CUTOFF - DAY, 3);
	store_rows(w, "bad", CUTOFF - 50 * DAY, 3);
	store_rows(w, "good", CUTOFF - DAY, 3);
	store_rows(w, "anew", CUTOFF - 60 * DAY, 3);
	store_rows(w, "unread", CUTOFF - DAY, 3);
	meanwhile(w, ENDED "('bad', 'STARTED', 1, '{}'), ('bad', 'TIMEOUT', 2, "
	    "'{}'), ('good', 'COMPLETED', 2, '{}'), ('anew', 'FAILED', 2, "
	    "'{}')");
	read_events(w);
	meanwhile(w, ENDED "('unread', 'FAILED', 2, '{}'), ('bad', "
	    "'STATE_CHANGE', 86400000000, '{}'), ('anew', 'STARTED', "
	    "86400000000, '{}')");
	s.sweep.cutoff = s.sweep.failed_cutoff = CUTOFF - 90 * DAY;
	s.sweep.audit_cutoff = CUTOFF;
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.events, 5);
	assert_int_equal(s.sweep.rows, 0);
	s = step_of();
	s.sweep.failed_cutoff = CUTOFF - 40 * DAY;
	(void)sweep(w, &s);
	assert_answer(w, ROWS, "anew|3|78624000000|78624002000\n"
	    "bad|3|83721600000|83721602000\n"
	    "unread|3|83721600000|83721602000");
	assert_answer(w, "SELECT execution_id, reason FROM execlog_spared "
	    "ORDER BY 1", "anew|running\nbad|failed\nunread|failed");
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

/* However many rows a spared one has, they are counted, and no step is long. */
static void
test_a_spared_one_is_counted_in_steps(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();
	int64_t goes = 0, stays = 0;
	int told = 0;
	size_t i;

	meanwhile(w, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 49999) INSERT INTO execution_logs(execution_id, "
	    "timestamp, level, source, message) SELECT 'bad', i / 3, 'INFO', "
	    "'s', 'm' FROM n;" ENDED "('bad', 'FAILED', 5, '{}'); INSERT INTO "
	    "execlog_spared(execution_id, reason, noted_at) VALUES('bad', "
	    "'failed', 1)");
	s.sweep.failed_cutoff = 10000;
	s.dry = true;
	s.hold_us = 500;
	do {
		assert_int_equal(store_sweep(w->store, &s, &w->error),
		    SQL_DONE);
		told += s.nfound > 0;
		for (i = 0; i < s.nfound; i++)
			*(s.found[i].reason == SWEEP_GOES ? &goes : &stays) +=
			    s.found[i].rows;
	} while (s.sweep.phase != SWEEP_OVER);
	assert_true(told > 1);
	assert_int_equal(goes, 30000);
	assert_int_equal(stays, 20000);
	assert_int_equal(s.sweep.rows, 30000);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_running_executions_are_spared),
		world_test(test_the_engine_knows_better),
		world_test(test_an_engine_without_an_index),
		world_test(test_an_engine_without_an_index_and_many),
		world_test(test_failed_ones_stay_longer),
		world_test(test_failed_ones_whose_events_are_gone),
		world_test(test_who_stays_is_counted_once),
		world_test(test_a_spared_one_is_counted_in_steps),
		world_test(test_counting_removes_nothing),
		world_test(test_the_ceiling),
		world_test(test_the_ceiling_and_who_runs),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
