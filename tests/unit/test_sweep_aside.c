/*
 * Sweeps: what goes with the rows, and audit events.
 */
#include "tests/unit/sweeping.h"

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

/* Those of failed ones are kept as long as their rows would be. */
static void
test_streams_of_failed_ones(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	meanwhile(w, "INSERT INTO execlog_streams(execution_id, source, "
	    "capture, state, opened_at, lines, bytes, dropped_lines, "
	    "dropped_bytes) SELECT column1, 's', 1, 'closed', column2 * "
	    "86400000, 0, 0, 0, 0 FROM (VALUES('old', 600), ('ended', 950), "
	    "('young', 950), ('new', 990));" ENDED "('old', 'FAILED', 1, "
	    "'{}'), ('ended', 'COMPLETED', 1, '{}'), ('young', 'TIMEOUT', 1, "
	    "'{}'), ('new', 'FAILED', 1, '{}')");
	s.sweep.failed_cutoff = CUTOFF - 60 * DAY;
	(void)sweep(w, &s);
	assert_answer(w, "SELECT execution_id FROM execlog_streams ORDER BY id",
	    "young\nnew");
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

/* One whose time is no number goes with an old one behind it, and else stays. */
static void
test_events_without_time(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	meanwhile(w, ENDED "('a', 'COMPLETED', '2024-01-01T00:00:00Z', '{}');"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 150) INSERT INTO execution_audit_events(execution_id, "
	    "event_type, timestamp, metadata) SELECT 'b' || i, 'COMPLETED', "
	    "'yesterday', '{}' FROM n;" ENDED "('c', 'COMPLETED', 1, '{}'), "
	    "('d', 'COMPLETED', x'00', '{}'), ('run', 'STARTED', 'soon', '{}'),"
	    "('e', 'COMPLETED', 86400000000, '{}'), "
	    "('f', 'COMPLETED', 1, '{}')");
	store_rows(w, "run", NOW, 1);
	s.sweep.audit_cutoff = CUTOFF;
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.events, 152);
	assert_answer(w, EVENTS, "153,154,155,156");
	assert_answer(w, "SELECT through_id FROM execlog_audit_watermark",
	    "152");
}

/* There is an end to how many are stepped over at once. */
static void
test_many_events_without_time(void **state)
{
	struct world *w = *state;
	struct sweep_step s = step_of();

	meanwhile(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 1000) INSERT INTO execution_audit_events("
	    "execution_id, event_type, timestamp, metadata) SELECT 'e' || i, "
	    "'COMPLETED', 'yesterday', '{}' FROM n;"
	    ENDED "('f', 'COMPLETED', 1, '{}')");
	s.sweep.audit_cutoff = CUTOFF;
	(void)sweep(w, &s);
	assert_int_equal(s.sweep.events, 0);
	assert_answer(w, "SELECT count(*) FROM execution_audit_events", "1001");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_streams_go_with_their_rows),
		world_test(test_streams_of_failed_ones),
		world_test(test_summaries_go_last),
		world_test(test_events),
		world_test(test_events_without_time),
		world_test(test_many_events_without_time),
		world_test(test_many_events),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
