/*
 * Times of reading do not run back, unless the clock was set.
 */
#include "client/stamp.h"
#include "tests/unit/support.h"

#define HOUR_MS	3600000

static void
test_they_are_of_now(void **state)
{
	int64_t newest = 0, first = stamp_now(&newest);

	(void)state;
	assert_true(first > INT64_C(1700000000000));
	assert_true(stamp_now(&newest) >= first);
	assert_true(newest - first < HOUR_MS);
}

static void
test_a_clock_that_goes_back_a_little_is_waited_for(void **state)
{
	int64_t newest = 0, ahead;

	(void)state;
	ahead = stamp_now(&newest) + STAMP_STEP_MS / 2;
	newest = ahead;
	assert_int_equal(stamp_now(&newest), ahead);
	assert_int_equal(newest, ahead);
}

static void
test_a_clock_that_was_set_is_followed(void **state)
{
	int64_t newest = 0, ahead;

	(void)state;
	ahead = stamp_now(&newest) + HOUR_MS;
	newest = ahead;
	assert_true(stamp_now(&newest) < ahead);
	assert_true(newest < ahead);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_are_of_now),
		cmocka_unit_test(
		    test_a_clock_that_goes_back_a_little_is_waited_for),
		cmocka_unit_test(test_a_clock_that_was_set_is_followed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
