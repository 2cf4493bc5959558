/*
 * RFC 3339, against the C library's calendar; and what is no time.
 */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <time.h>

#include "client/times.h"
#include "proto/rfc3339.h"

static void
test_every_day_of_the_calendar(void **state)
{
	struct rfc3339 t;
	char text[64];
	struct tm tm;
	time_t s;

	(void)state;
	/* From 0000-01-01 to 9999-12-31; each at another time of the day. */
	for (s = -62167219200; s < 253402300800; s += 86400 - 7) {
		assert_non_null(gmtime_r(&s, &tm));
		(void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		    tm.tm_min, tm.tm_sec);
		if (!rfc3339_parse(span_of(text), &t) || !t.has_zone ||
		    rfc3339_ms(&t) != (int64_t)s * 1000)
			fail_msg("%s is %lld", text, (long long)s);
	}
}

static void
test_days_that_are_none(void **state)
{
	struct rfc3339 t;
	char text[64];
	struct tm tm;
	int year, month, day;
	bool is;

	(void)state;
	for (year = 1896; year <= 2004; year++)
		for (month = 0; month <= 13; month++)
			for (day = 0; day <= 32; day++) {
				tm = (struct tm){ .tm_year = year - 1900,
				    .tm_mon = month - 1, .tm_mday = day };
				(void)timegm(&tm);
				is = tm.tm_mon == month - 1 &&
				    tm.tm_mday == day;
				(void)snprintf(text, sizeof text,
				    "%04d-%02d-%02d", year, month, day);
				if (rfc3339_parse(span_of(text), &t) != is)
					fail_msg("%s", text);
			}
}

static void
test_forms(void **state)
{
	static const struct {
		const char	*text;
		int64_t		 ms;		/* after 10:00 of 2026-02-07 */
		bool		 has_zone;
	} good[] = {
		{ "2026-02-07T10:00:00Z", 0, true },
		{ "2026-02-07t10:00:00z", 0, true },
		{ "2026-02-07 10:00", 0, false },
		{ "2026-02-07T10:00Z", 0, true },
		{ "2026-02-07T10:00:00.5Z", 500, true },
		{ "2026-02-07T10:00:00,123999", 123, false },
		{ "2026-02-07T10:00:00.0001Z", 0, true },
		{ "2026-02-07T10:00:60Z", 60000, true },
		{ "2026-02-07T11:30:00+01:30", 0, true },
		{ "2026-02-07T08:30:00-0130", 0, true },
		{ "2026-02-08T09:59:00+23:59", 0, true },
		{ "2026-02-07", -10 * 3600000, false },
	};
	static const char *const bad[] = {
		"", " ", "2026", "2026-02", "26-02-07", "2026-2-7",
		"02026-02-07", "-026-02-07", " 2026-02-07", "2026-02-07 ",
		"2026-02-07T", "2026-02-07T10", "2026-02-07T10:", "2026-02-07Z",
		"2026-02-07T10:0", "2026-02-07T10:00:", "2026-02-07T24:00",
		"2026-02-07T10:60", "2026-02-07T10:00:61",
		"2026-02-07T10:00:00.", "2026-02-07T10:00:00.Z",
		"2026-02-07T10:00.5", "2026-02-07T10:00:00ZZ",
		"2026-02-07T10:00:00+1", "2026-02-07T10:00:00+24:00",
		"2026-02-07T10:00:00+01:60", "2026-02-07T10:00:00+01:",
		"2026-02-07T10:00:00 +01:00", "2026-02-07T10:00:00+-1:00",
		"2026-02-07x10:00", "2026/02/07", "2026-02-07T10:00:00UTC",
	};
	struct rfc3339 t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!rfc3339_parse(span_of(good[i].text), &t) ||
		    t.has_zone != good[i].has_zone ||
		    rfc3339_ms(&t) != INT64_C(1770458400000) + good[i].ms)
			fail_msg("%s: %lld", good[i].text,
			    (long long)rfc3339_ms(&t));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (rfc3339_parse(span_of(bad[i]), &t))
			fail_msg("%s is a time", bad[i]);
	/* Behind the span there may be anything. */
	assert_true(rfc3339_parse((struct span){ "2026-02-07T", 10 }, &t));
	assert_false(rfc3339_parse((struct span){ "2026-02-07", 9 }, &t));
}

/* As people write them: without a zone it is the local one, in summer, too. */
static void
test_local_times(void **state)
{
	int64_t ms;

	(void)state;
	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	assert_true(times_parse("2026-02-07T11:00:00.5", 0, &ms));
	assert_int_equal(ms, INT64_C(1770458400500));
	assert_true(times_parse("2026-07-07 12:00", 0, &ms));
	assert_int_equal(ms, INT64_C(1783418400000));
	assert_true(times_parse("2026-02-07", 0, &ms));
	assert_int_equal(ms, INT64_C(1770418800000));
	assert_true(times_parse("2026-07-07T12:00:00Z", 0, &ms));
	assert_int_equal(ms, INT64_C(1783425600000));
	assert_false(times_parse("2026-02-30", 0, &ms));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day_of_the_calendar),
		cmocka_unit_test(test_days_that_are_none),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_local_times),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
