/* Durations are rounded, not cut. */
#include "client/durations.h"
#include "tests/unit/support.h"

static void
test_edges(void **state)
{
	static const struct { int64_t ms; const char *text; } cases[] = {
		{ -1, "-" }, { 0, "0ms" }, { 999, "999ms" },
		{ 1000, "1s" }, { 1049, "1s" }, { 1050, "1.1s" },
		{ 2549, "2.5s" }, { 2550, "2.6s" }, { 9950, "10s" },
		{ 59949, "59.9s" }, { 59950, "1m" }, { 59960, "1m" },
		{ 60000, "1m" }, { 60499, "1m" }, { 60500, "1m 1s" },
		{ 119500, "2m" }, { 3599499, "59m 59s" },
		{ 3599500, "1h" }, { 3599900, "1h" }, { 3600000, "1h" },
		{ 3629999, "1h" }, { 3630000, "1h 1m" },
		{ 86369999, "23h 59m" }, { 86370000, "1d" },
		{ 86400000, "1d" }, { 88199999, "1d" },
		{ 88200000, "1d 1h" }, { 171000000, "2d" },
		{ INT64_MAX, "106751991167d 7h" },
	};
	char text[DURATIONS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		durations_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
