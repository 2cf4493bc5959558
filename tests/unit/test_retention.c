/*
 * When there is a step to make, and of what: with clocks of our own.
 */
#include "tests/unit/clocks.h"

#include <stdlib.h>

static void
test_at_start_and_once_a_day(void **state)
{
	struct clocks c;
	struct sweep_step *s;
	int sweeps = 0, i;

	(void)state;
	set_up_with(&c, &thirty, NULL, NULL);
	s = step(&c);
	assert_int_equal(s->sweep.cutoff, NOW - 30 * DAY_MS);
	assert_int_equal(s->sweep.failed_cutoff, NOW - 30 * DAY_MS);
	assert_int_equal(s->sweep.audit_cutoff, SWEEP_NOTHING);
	make(&c, s, false);
	assert_true(retention_deadline(c.r) <= c.now.boot_ms);
	assert_ptr_equal(step(&c), s);
	make(&c, s, true);
	assert_null(step(&c));
	assert_true(retention_deadline(c.r) > c.now.boot_ms);
	for (i = 0; i < 10 * 24 * 60; i++) {
		pass(&c, MINUTE);
		if ((s = step(&c)) == NULL)
			continue;
		assert_string_equal(s->sweep.cause, "daily");
		/* TZ is UTC: see main. */
		assert_in_range(c.now.wall_ms % DAY_MS / MINUTE, 210, 221);
		make(&c, s, true);
		sweeps++;
	}
	assert_int_equal(sweeps, 10);
	retention_free(c.r);
}

/* What status tells is when it comes. */
static void
test_when_the_next_one_is_due(void **state)
{
	struct retention_figures f;
	struct clocks c;
	struct sweep_step *s;
	int i;

	(void)state;
	set_up_with(&c, &thirty, NULL, NULL);
	retention_figures(c.r, &f);
	assert_int_equal(f.now, RETENTION_NOW_DUE);
	assert_int_equal(f.next_at, 0);
	begin(&c);
	for (i = 0; i < 5; i++) {
		retention_figures(c.r, &f);
		assert_int_equal(f.now, RETENTION_NOW_IDLE);
		pass(&c, f.next_at - 1 - c.now.wall_ms);
		assert_null(step(&c));
		/* It looks every ten seconds. */
		pass(&c, 10000);
		s = step(&c);
		assert_non_null(s);
		make(&c, s, false);
		retention_figures(c.r, &f);
		assert_int_equal(f.now, RETENTION_NOW_RUNNING);
		assert_string_equal(f.last.cause, "daily");
		make(&c, step(&c), true);
	}
	retention_free(c.r);
}

static void
test_nothing_where_all_is_kept(void **state)
{
	struct clocks c;

	(void)state;
	set_up_with(&c, &(struct retention_config){ .at = 210 }, NULL, NULL);
	assert_null(step(&c));
	ask(&c, false, false);
	assert_null(step(&c));
	assert_int_equal(c.told[RETENTION_OFF], 1);
	ask(&c, true, false);
	assert_null(step(&c));
	assert_int_equal(c.told[RETENTION_OFF], 2);
	assert_false(c.watches);
	pass(&c, 2 * DAY_MS);
	assert_null(step(&c));
	retention_free(c.r);
}

static void
test_failed_ones(void **state)
{
	struct retention_config config = thirty;
	struct clocks c;

	(void)state;
	config.failed_days = 90;
	config.audit_days = 365;
	set_up_with(&c, &config, NULL, NULL);
	assert_int_equal(step(&c)->sweep.failed_cutoff, NOW - 90 * DAY_MS);
	assert_int_equal(step(&c)->sweep.audit_cutoff, NOW - 365 * DAY_MS);
	retention_free(c.r);
	config.failed_days = 7;		/* never shorter than others */
	set_up_with(&c, &config, NULL, NULL);
	assert_int_equal(step(&c)->sweep.failed_cutoff, NOW - 30 * DAY_MS);
	retention_free(c.r);
}

static void
test_going_on(void **state)
{
	struct sweep last = { .id = 7, .cutoff = NOW - 31 * DAY_MS,
	    .failed_cutoff = NOW - 31 * DAY_MS, .audit_cutoff = SWEEP_NOTHING,
	    .phase = SWEEP_ROWS, .cursor = 4711, .cause = "daily" };
	struct clocks c;
	struct sweep_step *s;

	(void)state;
	set_up_with(&c, &thirty, &last, NULL);
	s = step(&c);
	assert_int_equal(s->sweep.id, 7);
	assert_int_equal(s->sweep.cursor, 4711);
	make(&c, s, true);
	/* Then what has become old since. */
	s = step(&c);
	assert_string_equal(s->sweep.cause, "start");
	assert_int_equal(s->sweep.id, 0);
	retention_free(c.r);
	/* Not one that would remove what is to be kept now. */
	last.cutoff = NOW - 29 * DAY_MS;
	set_up_with(&c, &thirty, &last, NULL);
	assert_int_equal(step(&c)->sweep.id, 0);
	retention_free(c.r);
	last.cutoff = NOW - 31 * DAY_MS;
	last.ended_at = 1;
	set_up_with(&c, &thirty, &last, NULL);
	assert_int_equal(step(&c)->sweep.id, 0);
	retention_free(c.r);
}

static void
test_steps_fit_the_budget(void **state)
{
	struct clocks c;
	struct sweep_step *s = NULL;
	int i;

	(void)state;
	set_up_with(&c, &thirty, NULL, NULL);
	assert_in_range(step(&c)->limit, SWEEP_ROWS_MIN, 300);
	for (i = 0; i < 30; i++) {
		s = step(&c);
		s->looked = s->limit;
		s->commit.hold_us = (int64_t)s->limit * 2;	/* cheap */
		make(&c, s, false);
	}
	assert_int_equal(step(&c)->limit, SWEEP_ROWS_MAX);
	for (i = 0; i < 30; i++) {
		s = step(&c);
		s->looked = s->limit;
		s->commit.hold_us = (int64_t)s->limit * 20;
		make(&c, s, false);
	}
	assert_in_range(step(&c)->limit, 280, 310);
	for (i = 0; i < 30; i++) {
		s = step(&c);
		s->looked = s->limit;
		s->commit.hold_us = (int64_t)s->limit * 500;	/* dear */
		make(&c, s, false);
	}
	assert_int_equal(step(&c)->limit, SWEEP_ROWS_MIN);
	retention_free(c.r);
}

static void
test_failures_are_tried_again(void **state)
{
	struct retention_figures f;
	struct clocks c;
	struct sweep_step *s;

	(void)state;
	set_up_with(&c, &thirty, NULL, NULL);
	ask(&c, false, false);
	s = step(&c);
	not_made(&c, SQL_BUSY);
	assert_null(step(&c));
	pass(&c, 20);
	assert_ptr_equal(step(&c), s);
	/* Room is being made on the disk; who waits is told the second time. */
	not_made(&c, SQL_FULL);
	assert_int_equal(c.told[RETENTION_FAILED], 0);
	assert_null(step(&c));
	pass(&c, 1000);
	assert_ptr_equal(step(&c), s);
	not_made(&c, SQL_FULL);
	assert_int_equal(c.told[RETENTION_FAILED], 1);
	pass(&c, 1000);
	assert_ptr_equal(step(&c), s);
	not_made(&c, SQL_FAILED);
	retention_figures(c.r, &f);
	assert_int_equal(f.now, RETENTION_NOW_FAILING);
	assert_string_equal(f.error->text, "why");
	pass(&c, 1000);
	assert_null(step(&c));
	assert_int_equal(retention_deadline(c.r), c.now.boot_ms + 29000);
	pass(&c, 29000);
	make(&c, step(&c), true);
	retention_figures(c.r, &f);
	assert_null(f.error);
	retention_free(c.r);
}

static void
test_counting(void **state)
{
	struct retention_figures f;
	struct clocks c;
	struct sweep_step *s;

	(void)state;
	set_up_with(&c, &thirty, NULL, NULL);
	begin(&c);
	ask(&c, true, false);
	s = step(&c);
	assert_true(s->dry);
	make(&c, s, false);
	assert_int_equal(c.told[RETENTION_RUNNING], 1);
	make(&c, step(&c), true);
	assert_int_equal(c.told[RETENTION_DONE], 1);
	assert_null(step(&c));
	/* Whoever goes in the middle leaves nothing behind. */
	ask(&c, true, false);
	s = step(&c);
	retention_leave(c.r, &c.watcher);
	make(&c, s, false);
	assert_int_equal(c.told[RETENTION_RUNNING], 1);
	assert_null(step(&c));
	ask(&c, true, false);
	assert_int_equal(step(&c)->sweep.phase, SWEEP_SPARED);
	/* A failure is told at once, and is none of the sweeps'. */
	not_made(&c, SQL_BUSY);
	assert_true(c.watches);
	pass(&c, 20);
	assert_non_null(step(&c));
	not_made(&c, SQL_FAILED);
	assert_int_equal(c.told[RETENTION_FAILED], 1);
	assert_false(c.watches);
	retention_figures(c.r, &f);
	assert_int_equal(f.now, RETENTION_NOW_IDLE);
	retention_free(c.r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_start_and_once_a_day),
		cmocka_unit_test(test_when_the_next_one_is_due),
		cmocka_unit_test(test_nothing_where_all_is_kept),
		cmocka_unit_test(test_failed_ones),
		cmocka_unit_test(test_going_on),
		cmocka_unit_test(test_steps_fit_the_budget),
		cmocka_unit_test(test_failures_are_tried_again),
		cmocka_unit_test(test_counting),
	};

	(void)setenv("TZ", "UTC", 1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
