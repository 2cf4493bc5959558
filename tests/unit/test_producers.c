/*
 * Named producers: claims, numbers, incidents, and when they are forgotten.
 */
#include "tests/unit/support.h"

#include "sql/producers.h"

static struct producer_claim
claim(struct world *w, uint32_t uid, int64_t epoch, uint64_t acked,
    int64_t now)
{
	struct producer_claim c = { .producer = span_of("p"), .uid = uid,
	    .resumes = epoch > 0, .epoch = epoch, .acked = acked };
	struct store_batch b = { .claim = &c, .nclaim = 1, .now_ms = now };
	struct store_commit commit;

	assert_int_equal(store_commit(w->store, &b, &commit, &w->error),
	    SQL_DONE);
	return (c);
}

static void
assert_granted(struct producer_claim c, int64_t epoch, uint64_t number)
{
	assert_int_equal(c.result, CLAIM_GRANTED);
	assert_int_equal(c.granted, epoch);
	assert_int_equal(c.number, number);
}

static void
mark(struct world *w, int64_t epoch, uint64_t number, int64_t now)
{
	struct producer_mark m = { .producer = span_of("p"), .uid = 1000,
	    .epoch = epoch, .number = number };
	struct store_batch b = { .mark = &m, .nmark = 1, .now_ms = now };
	struct store_commit commit;

	assert_int_equal(store_commit(w->store, &b, &commit, &w->error),
	    SQL_DONE);
}

static void
test_claims_are_judged(void **state)
{
	struct world *w = *state;

	assert_int_equal(claim(w, 1000, 1, 0, 1).result, CLAIM_UNKNOWN);
	assert_granted(claim(w, 1000, 0, 0, 1), 1, 0);
	mark(w, 1, 133, 2);
	assert_granted(claim(w, 1000, 1, 120, 3), 1, 133);
	assert_granted(claim(w, 1000, 0, 0, 4), 2, 133);
	assert_int_equal(claim(w, 1000, 1, 120, 5).result, CLAIM_FENCED);
	assert_int_equal(claim(w, 1000, 3, 120, 5).result, CLAIM_UNKNOWN);
	assert_int_equal(claim(w, 1001, 0, 0, 5).result, CLAIM_NOT_YOURS);
	assert_int_equal(claim(w, 1001, 2, 0, 5).result, CLAIM_NOT_YOURS);
	/* Root may; it stays the other user's. */
	assert_granted(claim(w, 0, 0, 0, 6), 3, 133);
	assert_granted(claim(w, 1000, 3, 133, 7), 3, 133);
	assert_answer(w, "SELECT * FROM execlog_producers", "p|1000|3|133|7");
	assert_answer(w, "SELECT count(*) FROM execlog_incidents", "0");
}

static void
test_an_older_file_is_an_incident(void **state)
{
	struct world *w = *state;
	struct counts counts;

	assert_granted(claim(w, 1000, 0, 0, 1), 1, 0);
	mark(w, 1, 100, 2);
	assert_true(world_open_again(w));
	assert_granted(claim(w, 1000, 1, 120, 3), 1, 120);
	assert_answer(w, "SELECT producer, first_number, last_number, "
	    "noticed_at, confirmed_at FROM execlog_incidents",
	    "p|101|120|3|NULL");
	assert_int_equal(pages_counts(w->pages, &counts, &w->error), SQL_DONE);
	assert_int_equal(counts.incidents, 1);
	meanwhile(w, "UPDATE execlog_incidents SET confirmed_at = 9");
	assert_int_equal(pages_counts(w->pages, &counts, &w->error), SQL_DONE);
	assert_int_equal(counts.incidents, 0);
	/* Said once: the number is stored now. */
	assert_granted(claim(w, 1000, 1, 120, 4), 1, 120);
	assert_answer(w, "SELECT count(*) FROM execlog_incidents", "1");
}

/* Who claims more than there is has one incident for a start, and one row. */
static void
test_incidents_are_bounded(void **state)
{
	struct world *w = *state;
	int64_t now;

	assert_granted(claim(w, 1000, 0, 0, 1), 1, 0);
	mark(w, 1, 100, 5);
	for (now = 6; now < 20; now++)
		assert_int_equal(claim(w, 1000, 1, 100 + (uint64_t)now, now)
		    .result, CLAIM_UNKNOWN);
	assert_answer(w, "SELECT count(*) FROM execlog_incidents", "0");
	/* Also where the clock was set back before the start. */
	for (now = 1; now <= 3; now++) {
		assert_true(world_open_again(w));
		assert_granted(claim(w, 1000, 1, 100 + (uint64_t)now * 10, now
		    ), 1, 100 + (uint64_t)now * 10);
		mark(w, 1, 100 + (uint64_t)now * 10, now + 1);
		assert_int_equal(claim(w, 1000, 1, 999, now + 2).result,
		    CLAIM_UNKNOWN);
	}
	assert_answer(w, "SELECT first_number, last_number FROM "
	    "execlog_incidents", "101|130");
	/* Not with what is confirmed, or does not join it. */
	meanwhile(w, "UPDATE execlog_incidents SET confirmed_at = 9");
	assert_true(world_open_again(w));
	assert_granted(claim(w, 1000, 1, 140, 50), 1, 140);
	mark(w, 1, 150, 51);
	assert_true(world_open_again(w));
	assert_granted(claim(w, 1000, 1, 160, 60), 1, 160);
	assert_answer(w, "SELECT first_number, last_number FROM "
	    "execlog_incidents", "101|130\n131|140\n151|160");
}

/* The mark is in the transaction of its records: both or none. */
static void
test_marks_go_with_their_records(void **state)
{
	struct producer_mark m = { .producer = span_of("p"), .uid = 1000,
	    .epoch = 1, .number = 5 };
	struct log_row row = { .execution = span_of("e1"),
	    .level = span_of("INFO"), .source = span_of("s"),
	    .message = span_of("m") };
	struct store_batch b = { .log = &row, .nlog = 1, .mark = &m,
	    .nmark = 1 };
	struct world *w = *state;
	struct store_commit c;

	assert_granted(claim(w, 1000, 0, 0, 1), 1, 0);
	meanwhile(w, "CREATE TRIGGER t AFTER UPDATE ON execlog_producers "
	    "BEGIN SELECT 1; END; CREATE TRIGGER u AFTER INSERT ON "
	    "execlog_producers BEGIN SELECT 1; END");
	assert_int_equal(store_commit(w->store, &b, &c, &w->error),
	    SQL_FOREIGN);
	assert_answer(w, "SELECT number, (SELECT count(*) FROM "
	    "execution_logs) FROM execlog_producers", "0|0");
	meanwhile(w, "DROP TRIGGER t; DROP TRIGGER u");
	assert_int_equal(store_commit(w->store, &b, &c, &w->error), SQL_DONE);
	assert_answer(w, "SELECT number, (SELECT count(*) FROM "
	    "execution_logs) FROM execlog_producers", "5|1");
}

static void
sweep(struct world *w, int64_t now, int64_t mono, bool present)
{
	struct span name = span_of("p");
	struct store_batch b = { .now_ms = now, .mono_ms = mono, .sweep = true,
	    .present = &name, .npresent = present };
	struct store_commit c;

	assert_int_equal(store_commit(w->store, &b, &c, &w->error), SQL_DONE);
}

static void
test_producers_are_forgotten(void **state)
{
	struct span name = span_of("p");
	struct store_batch bye = { .forget = &name, .nforget = 1,
	    .now_ms = 10 };
	struct world *w = *state;
	struct store_commit c;

	assert_granted(claim(w, 1000, 0, 0, 1), 1, 0);
	assert_int_equal(store_commit(w->store, &bye, &c, &w->error),
	    SQL_DONE);
	assert_int_equal(claim(w, 1000, 1, 0, 11).result, CLAIM_UNKNOWN);
	/* Idle: not after seven days, but after that. */
	assert_granted(claim(w, 1000, 0, 0, 20), 1, 0);
	assert_int_equal(world_commit_one(w, &c), SQL_DONE);
	sweep(w, 20 + PRODUCERS_IDLE_MS, 20 + PRODUCERS_IDLE_MS, false);
	assert_answer(w, "SELECT count(*) FROM execlog_producers", "1");
	/* Who is connected is not idle. */
	sweep(w, 21 + PRODUCERS_IDLE_MS, 21 + PRODUCERS_IDLE_MS, true);
	sweep(w, 20 + 2 * PRODUCERS_IDLE_MS, 20 + 2 * PRODUCERS_IDLE_MS, false);
	assert_answer(w, "SELECT count(*) FROM execlog_producers", "1");
	sweep(w, 22 + 2 * PRODUCERS_IDLE_MS, 22 + 2 * PRODUCERS_IDLE_MS, false);
	assert_answer(w, "SELECT count(*) FROM execlog_producers", "0");
}

/* Where the clock jumps nobody has been idle for so long, nor while there was
   no daemon. */
static void
test_idle_counts_while_the_daemon_runs(void **state)
{
	const int64_t day = 86400000, begun = 1000 * day;
	struct world *w = *state;

	assert_granted(claim(w, 1000, 0, 0, begun), 1, 0);
	sweep(w, begun + 3 * day, 3 * day, false);
	sweep(w, begun + 30 * day, 3 * day, false);
	sweep(w, begun + 33 * day, 6 * day, false);
	assert_answer(w, "SELECT count(*) FROM execlog_producers", "1");
	/* The clock goes back, to before everything. */
	sweep(w, day, 6 * day, false);
	assert_answer(w, "SELECT updated_at / 86400000 FROM execlog_producers",
	    "-5");
	/* A start, much later by the clock. */
	assert_true(world_open_again(w));
	sweep(w, begun + 99 * day, 5, false);
	sweep(w, begun + 105 * day, 6 * day, false);
	assert_answer(w, "SELECT count(*) FROM execlog_producers", "1");
	sweep(w, begun + 107 * day, 8 * day, false);
	assert_answer(w, "SELECT count(*) FROM execlog_producers", "0");
}

/* A transaction that fails moves nothing, and is tried again. */
static void
test_a_step_is_not_lost_with_its_transaction(void **state)
{
	const int64_t day = 86400000;
	struct world *w = *state;
	struct store_batch b = { .now_ms = 31 * day, .mono_ms = day,
	    .sweep = true };
	struct store_commit c;

	assert_granted(claim(w, 1000, 0, 0, day), 1, 0);
	meanwhile(w, "CREATE TRIGGER t AFTER UPDATE ON execlog_producers "
	    "BEGIN SELECT 1; END");
	assert_int_equal(store_commit(w->store, &b, &c, &w->error),
	    SQL_FOREIGN);
	meanwhile(w, "DROP TRIGGER t");
	assert_int_equal(store_commit(w->store, &b, &c, &w->error), SQL_DONE);
	assert_answer(w, "SELECT count(*) FROM execlog_producers", "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_claims_are_judged),
		world_test(test_an_older_file_is_an_incident),
		world_test(test_incidents_are_bounded),
		world_test(test_marks_go_with_their_records),
		world_test(test_producers_are_forgotten),
		world_test(test_idle_counts_while_the_daemon_runs),
		world_test(test_a_step_is_not_lost_with_its_transaction),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
