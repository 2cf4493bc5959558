/*
 * Clocks that are not believed: no sweep until they are, or somebody says so.
 */
#include "tests/unit/clocks.h"

#include <stdlib.h>

static void
test_clocks(void **state)
{
	const struct clock_mark a = { .boot = "a", .wall_ms = NOW,
	    .boot_ms = 5000 };
	struct clock_mark b = a;
	int64_t moved;

	(void)state;
	b.wall_ms += 100 * DAY_MS;
	b.boot_ms += 100 * DAY_MS;
	assert_true(schedule_believes(&a, &b, &moved));
	b.boot_ms -= DAY_MS;
	assert_true(schedule_believes(&a, &b, &moved));
	b.boot_ms--;
	assert_false(schedule_believes(&a, &b, &moved));
	assert_int_equal(moved, DAY_MS + 1);
	b.boot_ms += 2 * DAY_MS + 2;
	assert_false(schedule_believes(&a, &b, &moved));
	/* Another boot: so long may the host have been off. */
	(void)strcpy(b.boot, "b");
	assert_true(schedule_believes(&a, &b, &moved));
	b.wall_ms = NOW + 366 * DAY_MS;
	assert_true(schedule_believes(&a, &b, &moved));
	b.wall_ms++;
	assert_false(schedule_believes(&a, &b, &moved));
	b.wall_ms = NOW - 367 * DAY_MS;
	assert_false(schedule_believes(&a, &b, &moved));
	assert_true(schedule_believes(&(struct clock_mark){ 0 }, &b, &moved));
}

/* Whatever somebody has written there: nothing overflows, no clock is believed. */
static void
test_figures_out_of_range(void **state)
{
	const struct clock_mark now = { .boot = "b", .wall_ms = NOW,
	    .boot_ms = NOW };
	struct world *w = *state;
	struct clock_mark mark;
	struct sweep last;
	int64_t moved;

	meanwhile(w, "INSERT INTO execlog_clock VALUES(1, 'b', "
	    "-9223372036854775808, 9223372036854775807); INSERT INTO "
	    "execlog_sweeps VALUES(7, 'start', -9223372036854775808, NULL, 0, "
	    "0, 0, 1, 0, 9223372036854775807, 9223372036854775807, 0, "
	    "9223372036854775807, 9223372036854775807)");
	assert_int_equal(store_last_sweep(w->store, &last, &mark, &w->error),
	    SQL_DONE);
	assert_false(schedule_believes(&mark, &now, &moved));
	assert_true(moved > 0);
	assert_true(last.rows < INT64_MAX && last.events < INT64_MAX);
	assert_true(last.steps < INT64_MAX && last.started_at > INT64_MIN);
}

static void
test_a_clock_that_jumps_stops_the_sweep(void **state)
{
	struct clocks c;
	struct sweep_step *s;

	(void)state;
	set_up_with(&c, &thirty, NULL, NULL);
	make(&c, step(&c), false);
	c.now.wall_ms += 3650 * DAY_MS;
	assert_null(step(&c));
	assert_non_null(retention_doubt(c.r));
	pass(&c, MINUTE);
	ask(&c, false, false);
	assert_null(step(&c));
	assert_int_equal(c.told[RETENTION_WAITING], 1);
	assert_false(c.watches);
	/* It comes back by itself: the sweep goes on. */
	c.now.wall_ms -= 3650 * DAY_MS;
	pass(&c, MINUTE);
	s = step(&c);
	assert_non_null(s);
	assert_null(retention_doubt(c.r));
	assert_int_equal(s->sweep.cutoff, NOW - 30 * DAY_MS);
	make(&c, s, false);
	/* Or somebody says that it is right: a new one begins. */
	c.now.wall_ms += 3650 * DAY_MS;
	assert_null(step(&c));
	ask(&c, false, true);
	s = step(&c);
	assert_non_null(s);
	assert_int_equal(s->sweep.id, 0);
	assert_int_equal(s->sweep.cutoff, c.now.wall_ms - 30 * DAY_MS);
	make(&c, s, true);
	assert_int_equal(c.told[RETENTION_DONE], 1);
	retention_free(c.r);
}

/* Whatever was believed at a sweep is what the next one compares with. */
static void
test_a_clock_may_be_set_a_little_each_day(void **state)
{
	struct clocks c;
	int day;

	(void)state;
	set_up_with(&c, &thirty, NULL, NULL);
	begin(&c);
	for (day = 0; day < 5; day++) {
		pass(&c, DAY_MS + 3600000);
		c.now.wall_ms += DAY_MS / 2;
		make(&c, step(&c), true);
		assert_null(retention_doubt(c.r));
	}
	retention_free(c.r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks),
		world_test(test_figures_out_of_range),
		cmocka_unit_test(test_a_clock_that_jumps_stops_the_sweep),
		cmocka_unit_test(test_a_clock_may_be_set_a_little_each_day),
	};

	(void)setenv("TZ", "UTC", 1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
