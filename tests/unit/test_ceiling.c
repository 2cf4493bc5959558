/*
 * --max-log-bytes: when it is looked at, and what if it cannot be reached.
 */
#include "tests/unit/clocks.h"

#include <stdlib.h>

static void
test_the_ceiling_is_looked_at(void **state)
{
	struct clocks c;
	struct sweep_step *s;

	(void)state;
	set_up_with(&c, &(struct retention_config){ .max_bytes = 1000 }, NULL,
	    NULL);
	make(&c, step(&c), true);
	s = step(&c);		/* at once: has it helped? */
	assert_true(s->peek);
	s->bytes = 1000;
	make(&c, s, false);
	assert_null(step(&c));
	pass(&c, MINUTE);
	s = step(&c);
	s->bytes = 1001;
	make(&c, s, false);
	s = step(&c);
	assert_false(s->peek);
	assert_string_equal(s->sweep.cause, "ceiling");
	assert_int_equal(s->max_bytes, 1000);
	assert_int_equal(s->sweep.cutoff, SWEEP_NOTHING);
	make(&c, s, true);
	retention_free(c.r);
}

/* How many bytes there are after a sweep, if one is made. */
static bool
sweep_and_look(struct clocks *c, int64_t bytes, bool all)
{
	struct sweep_step *s = step(c);
	bool swept = s != NULL && !s->peek;

	if (swept) {
		assert_string_equal(s->sweep.cause, "ceiling");
		s->above = true;
		s->all = all;
		make(c, s, true);
		s = step(c);
	}
	if (s != NULL) {
		assert_true(s->peek);
		s->bytes = bytes;
		make(c, s, false);
	}
	return (swept);
}

/* Rows that stay are passed over by the next sweep, until none is left that
   could go; then it is said, and tried again an hour later. */
static void
test_a_ceiling_that_is_not_reached(void **state)
{
	struct retention_figures f;
	struct clocks c;
	int sweeps = 0, i;

	(void)state;
	set_up_with(&c, &(struct retention_config){ .max_bytes = 1000 }, NULL,
	    NULL);
	make(&c, step(&c), true);
	assert_false(sweep_and_look(&c, 1500, false));
	assert_int_equal(step(&c)->beyond, 0);
	assert_true(sweep_and_look(&c, 1400, false));
	assert_int_equal(step(&c)->beyond, 500);
	retention_figures(c.r, &f);
	assert_int_equal(f.over, 0);
	assert_true(sweep_and_look(&c, 1300, false));
	assert_int_equal(step(&c)->beyond, 900);
	assert_true(sweep_and_look(&c, 1200, true));
	retention_figures(c.r, &f);
	assert_int_equal(f.over, 1200);
	for (i = 0; i < 3 * 60; i++) {
		pass(&c, MINUTE);
		sweeps += sweep_and_look(&c, 1200, true);
		retention_figures(c.r, &f);
		assert_int_equal(f.over, 1200);
	}
	assert_int_equal(sweeps, 2);
	pass(&c, 2 * MINUTE);
	assert_false(sweep_and_look(&c, 1000, false));
	retention_figures(c.r, &f);
	assert_int_equal(f.over, 0);
	retention_free(c.r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_ceiling_is_looked_at),
		cmocka_unit_test(test_a_ceiling_that_is_not_reached),
	};

	(void)setenv("TZ", "UTC", 1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
