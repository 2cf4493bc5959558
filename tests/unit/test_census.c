/*
 * Counting rows while they come, ours and others' mixed.
 */
#include "tests/unit/support.h"

#include <event2/event.h>

#include "daemon/census.h"
#include "daemon/reader.h"
#include "sql/store.h"

#define ROW_BYTES	(TALLY_NUMBERS + 2 + 4 + 1 + 1)

/* Rows from..to, each of ROW_BYTES. */
static void
add_rows(struct world *w, int from, int to)
{
	char sql[512];

	(void)snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT %d "
	    "UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO "
	    "execution_logs(id, execution_id, timestamp, level, source, "
	    "message) SELECT i, 'e1', 1, 'INFO', 's', 'm' FROM n", from, to);
	meanwhile(w, sql);
}

/* Ours are (before, after]. */
static void
commit(struct census *c, int64_t before, int64_t after)
{
	struct store_commit done = {
		.before = { .log = before },
		.after = { .log = after },
		.log = { after - before, (after - before) * ROW_BYTES },
	};

	census_committed(c, &done);
}

static void
assert_rows(struct census *c, int64_t rows)
{
	struct census_figures f;

	census_figures(c, &f);
	assert_int_equal(f.table[TALLY_LOG].rows, rows);
	assert_int_equal(f.table[TALLY_LOG].bytes, rows * ROW_BYTES);
	assert_int_equal(f.table[TALLY_AUDIT].rows, 0);
}

static void
count_all(struct event_base *base, struct census *c)
{
	struct census_figures f = { .counting = true };

	while (f.counting) {
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
		census_figures(c, &f);
	}
}

static void
test_ours_and_others_mixed(void **state)
{
	struct world *w = *state;
	struct event_base *base = event_base_new();
	struct reader *reader = reader_start(base, w->pages);
	const struct position there = { .log = 10 };
	struct counts seen = { .log = 20, .newest = { .log = 20 } };
	struct census *c;

	add_rows(w, 1, 10);
	c = census_start(base, reader, &there, 0, 30);
	census_room(c, 150000);
	/* Others 11-12, ours 13-14, others 15, ours 16, before a page. */
	add_rows(w, 11, 16);
	commit(c, 12, 14);
	commit(c, 15, 16);
	count_all(base, c);
	assert_rows(c, 16);
	/* Ours alone need no counting; behind others they do not count twice. */
	add_rows(w, 17, 20);
	commit(c, 16, 17);
	assert_rows(c, 17);
	commit(c, 18, 20);
	count_all(base, c);
	assert_rows(c, 20);
	/* Nothing new is seen; then two rows, which are taken for rows. */
	census_seen(c, &seen);
	assert_rows(c, 20);
	add_rows(w, 21, 22);
	seen = (struct counts){ .log = 22, .newest = { .log = 22 } };
	census_seen(c, &seen);
	assert_rows(c, 22);
	count_all(base, c);
	assert_rows(c, 22);
	census_stop(c);
	reader_stop(reader);
	event_base_free(base);
}

static void
test_rows_that_go(void **state)
{
	struct world *w = *state;
	struct event_base *base = event_base_new();
	struct reader *reader = reader_start(base, w->pages);
	const struct position there = { .log = 30 };
	struct counts seen = { .log = 20, .newest = { .log = 30 } };
	struct census *c;

	add_rows(w, 1, 30);
	c = census_start(base, reader, &there, 0, 30);
	count_all(base, c);
	assert_rows(c, 30);
	/* From the middle, too: that comes out when all is counted again. */
	meanwhile(w, "DELETE FROM execution_logs WHERE id <= 10 OR id = 20");
	census_seen(c, &seen);
	assert_rows(c, 20);
	count_all(base, c);
	assert_rows(c, 19);
	meanwhile(w, "DELETE FROM execution_logs WHERE id = 21");
	add_rows(w, 31, 31);
	census_again(c);
	commit(c, 30, 31);
	count_all(base, c);
	assert_rows(c, 19);
	census_stop(c);
	reader_stop(reader);
	event_base_free(base);
}

/* Others may give any id: an estimate is not larger than the file. */
static void
test_ids_that_jump(void **state)
{
	struct world *w = *state;
	struct event_base *base = event_base_new();
	struct reader *reader = reader_start(base, w->pages);
	const struct position there = { .log = 1700000000000000000 };
	struct counts seen = { .log = there.log, .newest = there };
	struct census_figures f;
	struct census *c;

	add_rows(w, 1, 10);
	meanwhile(w, "INSERT INTO execution_logs(id, execution_id, timestamp, "
	    "level, source, message) VALUES(1700000000000000000, 'e1', 1, "
	    "'INFO', 's', 'm')");
	c = census_start(base, reader, &there, 0, 30);
	census_room(c, 150000);
	census_seen(c, &seen);
	census_figures(c, &f);
	assert_true(f.counting);
	assert_int_equal(f.table[TALLY_LOG].bytes, 150000);
	assert_int_equal(f.table[TALLY_LOG].rows, 1000);
	count_all(base, c);
	assert_rows(c, 11);
	census_stop(c);
	reader_stop(reader);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_ours_and_others_mixed),
		world_test(test_rows_that_go),
		world_test(test_ids_that_jump),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
