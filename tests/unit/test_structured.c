/*
 * What captured lines say about themselves, and the times in them.
 */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "proto/record.h"
#include "proto/structured.h"

#define TEXT	NULL	/* expected: the line itself, as it is */
#define TIME	INT64_C(1770458400123)

/* DEBUG is the fallback: no prefix and no alias stands for it below. */
struct expected {
	const char	*line;
	enum level	 level;
	const char	*message;
	const char	*metadata;	/* NULL: none */
	int64_t		 timestamp;	/* 0: none */
};

static void
check(const struct expected *e)
{
	struct buf scratch = { 0 };
	struct structured s;
	const char *message = e->message == TEXT ? e->line : e->message;

	structured_parse(&s, span_of(e->line), LEVEL_DEBUG, &scratch);
	if (s.level != e->level || !span_is(s.message, message) ||
	    (s.metadata.p == NULL) != (e->metadata == NULL) ||
	    (e->metadata != NULL && !span_is(s.metadata, e->metadata)) ||
	    s.has_timestamp != (e->timestamp != 0) ||
	    s.timestamp != e->timestamp)
		fail_msg("%s: level %d message %.*s metadata %.*s time %lld",
		    e->line, (int)s.level, (int)s.message.n, s.message.p,
		    (int)s.metadata.n, s.metadata.n > 0 ? s.metadata.p : "",
		    (long long)s.timestamp);
	buf_free(&scratch);
}

#define CHECK_ALL(table)						\
	for (size_t i = 0; i < sizeof (table) / sizeof (table)[0]; i++)	\
		check(&(table)[i])

static void
test_plain_lines(void **state)
{
	static const struct expected lines[] = {
		{ "", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "a line", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ " \t", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "{", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "}", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "{}", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ " { ", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "ERROR: \"level\"", LEVEL_DEBUG, TEXT, NULL, 0 },
	};

	(void)state;
	CHECK_ALL(lines);
}

static void
test_prefixes(void **state)
{
	static const struct expected lines[] = {
		{ "<0>m", LEVEL_ERROR, "m", NULL, 0 },
		{ "<1>m", LEVEL_ERROR, "m", NULL, 0 },
		{ "<2>m", LEVEL_ERROR, "m", NULL, 0 },
		{ "<3>m", LEVEL_ERROR, "m", NULL, 0 },
		{ "<4>m", LEVEL_WARN, "m", NULL, 0 },
		{ "<5>m", LEVEL_INFO, "m", NULL, 0 },
		{ "<6>m", LEVEL_INFO, "m", NULL, 0 },
		{ "<7>m", LEVEL_DEBUG, "m", NULL, 0 },
		{ "<3>", LEVEL_ERROR, "", NULL, 0 },
		{ "<3> m ", LEVEL_ERROR, " m ", NULL, 0 },
		{ "<3><4>m", LEVEL_ERROR, "<4>m", NULL, 0 },
		{ "<8>m", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "<03>m", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "<13>m", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "<3", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "<>m", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "<b>m", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ " <3>m", LEVEL_DEBUG, TEXT, NULL, 0 },
		/* The record says more. */
		{ "<3>{\"level\":\"warn\",\"message\":\"m\"}", LEVEL_WARN, "m",
		    NULL, 0 },
		{ "<3>{\"level\":\"loud\",\"message\":\"m\"}", LEVEL_ERROR,
		    "{\"level\":\"loud\",\"message\":\"m\"}", NULL, 0 },
	};

	(void)state;
	CHECK_ALL(lines);
}

static void
test_records(void **state)
{
	static const struct expected lines[] = {
		{ "{\"level\":\"info\",\"message\":\"m\"}", LEVEL_INFO, "m",
		    NULL, 0 },
		{ "{\"message\":\"\",\"level\":\"Warning\"}", LEVEL_WARN, "",
		    NULL, 0 },
		{ " \t{ \"level\" : \"FATAL\" , \"message\" : \"m\" }\t ",
		    LEVEL_ERROR, "m", NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"\\u00e9\\n\xc3\xa9\"}",
		    LEVEL_INFO, "\xc3\xa9\n\xc3\xa9", NULL, 0 },
		{ "{\"level\":\"info\",\"m\\u0065ssage\":\"m\"}", LEVEL_INFO,
		    "m", NULL, 0 },
		/* Members beside, in their order. */
		{ "{\"b\":[1, {}],\"level\":\"info\",\"a\" : \"x\","
		    "\"message\":\"m\",\"c\":null}", LEVEL_INFO, "m",
		    "{\"b\":[1, {}],\"a\":\"x\",\"c\":null}", 0 },
		{ "{\"level\":\"info\",\"message\":\"m\",\"\":0}", LEVEL_INFO,
		    "m", "{\"\":0}", 0 },
		/* Those of metadata, which win, whatever they are called. */
		{ "{\"level\":\"info\",\"message\":\"m\",\"metadata\":{}}",
		    LEVEL_INFO, "m", NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"m\",\"metadata\":"
		    "{ \"k\" : 1 }}", LEVEL_INFO, "m", "{\"k\":1}", 0 },
		{ "{\"a\":1,\"metadata\":{\"b\":2,\"a\":3},\"c\":4,"
		    "\"level\":\"info\",\"message\":\"m\"}", LEVEL_INFO, "m",
		    "{\"c\":4,\"b\":2,\"a\":3}", 0 },
		{ "{\"\\u0061\":1,\"metadata\":{\"a\":3},\"b\":1,"
		    "\"level\":\"info\",\"message\":\"m\"}", LEVEL_INFO, "m",
		    "{\"b\":1,\"a\":3}", 0 },
		{ "{\"level\":\"info\",\"message\":\"m\",\"metadata\":"
		    "{\"level\":1,\"message\":2,\"timestamp\":3,"
		    "\"metadata\":4}}", LEVEL_INFO, "m",
		    "{\"level\":1,\"message\":2,\"timestamp\":3,"
		    "\"metadata\":4}", 0 },
		/* One that is no object is a member like others. */
		{ "{\"level\":\"info\",\"message\":\"m\",\"metadata\":[1]}",
		    LEVEL_INFO, "m", "{\"metadata\":[1]}", 0 },
		{ "{\"level\":\"info\",\"message\":\"m\",\"metadata\":null,"
		    "\"a\":1}", LEVEL_INFO, "m", "{\"metadata\":null,\"a\":1}",
		    0 },
		{ "{\"level\":\"info\",\"message\":\"m\","
		    "\"m\\u0065tadata\":{\"a\":1}}", LEVEL_INFO, "m",
		    "{\"m\\u0065tadata\":{\"a\":1}}", 0 },
		/* Numbers keep their digits. */
		{ "{\"level\":\"info\",\"message\":\"m\",\"n\":1.10,"
		    "\"i\":123456789012345678901,\"r\":0.1234567890123456789,"
		    "\"e\":1E5,\"z\":-0}", LEVEL_INFO, "m",
		    "{\"n\":1.10,\"i\":123456789012345678901,"
		    "\"r\":0.1234567890123456789,\"e\":1E5,\"z\":-0}", 0 },
	};

	(void)state;
	CHECK_ALL(lines);
}

static void
test_what_only_looks_like_a_record(void **state)
{
	static const struct expected lines[] = {
		{ "{\"level\":\"info\"}", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "{\"message\":\"m\"}", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "{\"message\":\"\\\"level\\\"\"}", LEVEL_DEBUG, TEXT, NULL,
		    0 },
		{ "{\"a\":{\"level\":\"info\"},\"message\":\"m\"}",
		    LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "{\"level\":\"loud\",\"message\":\"m\"}", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{\"level\":\"\",\"message\":\"m\"}", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{\"level\":30,\"message\":\"m\"}", LEVEL_DEBUG, TEXT, NULL,
		    0 },
		{ "{\"level\":null,\"message\":\"m\"}", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{\"level\":\"info\",\"message\":1}", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{\"level\":\"info\",\"message\":null}", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{\"level\":\"info\",\"message\":[\"m\"]}", LEVEL_DEBUG,
		    TEXT, NULL, 0 },
		{ "{\"level\":\"info\",\"level\":\"info\",\"message\":\"m\"}",
		    LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"m\",\"a\":{\"b\":1,"
		    "\"b\":2}}", LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"m\"}.", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"m\"}}", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"m\"} {}", LEVEL_DEBUG,
		    TEXT, NULL, 0 },
		{ "x{\"level\":\"info\",\"message\":\"m\"}", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "[{\"level\":\"info\",\"message\":\"m\"}]", LEVEL_DEBUG,
		    TEXT, NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"m\"", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{'level':'info','message':'m'}", LEVEL_DEBUG, TEXT, NULL,
		    0 },
		{ "{\"level\":\"info\",\"message\":\"m\",}", LEVEL_DEBUG, TEXT,
		    NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"\xe9\"}", LEVEL_DEBUG,
		    TEXT, NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"\\ud800\"}", LEVEL_DEBUG,
		    TEXT, NULL, 0 },
		{ "{\"level\":\"info\",\"message\":\"m\",\"a\":1e999}",
		    LEVEL_DEBUG, TEXT, NULL, 0 },
		{ "{\"l\\u0065vel\":\"info\",\"message\":\"m\"}", LEVEL_DEBUG,
		    TEXT, NULL, 0 },
	};

	(void)state;
	CHECK_ALL(lines);
}

static void
test_timestamps(void **state)
{
#define WITH(time)	\
	"{\"level\":\"info\",\"message\":\"m\",\"timestamp\":" time "}"
#define KEPT(time)	"{\"timestamp\":" time "}"
#define NO(time)	{ WITH(time), LEVEL_INFO, "m", KEPT(time), 0 }
	static const struct expected lines[] = {
		{ WITH("1770458400123"), LEVEL_INFO, "m", NULL, TIME },
		{ WITH("1770458400123.0"), LEVEL_INFO, "m", NULL, TIME },
		{ WITH("-1"), LEVEL_INFO, "m", NULL, -1 },
		{ WITH("9007199254740992"), LEVEL_INFO, "m", NULL,
		    RECORD_TIME_MAX },
		{ WITH("\"2026-02-07T10:00:00.123Z\""), LEVEL_INFO, "m", NULL,
		    TIME },
		{ WITH("\"2026-02-07t12:00:00.123999+02:00\""), LEVEL_INFO,
		    "m", NULL, TIME },
		NO("9007199254740993"), NO("-9007199254740993"),
		NO("123456789012345678901"), NO("1770458400.5"), NO("true"),
		NO("null"), NO("{}"), NO("\"\""), NO("\"now\""),
		NO("\"1770458400123\""), NO("\"2026-02-30T10:00:00Z\""),
		/* Local time of whom? */
		NO("\"2026-02-07T10:00:00\""), NO("\"2026-02-07\""),
		NO("\"2026-02-07T10:00:00Z\\u0000\""),
	};

	(void)state;
	CHECK_ALL(lines);
}

/* Bytes that a table of strings cannot have. */
static void
test_nul(void **state)
{
	static const char raw[] = "{\"level\":\"info\",\"message\":\"a\0b\"}";
	static const char end[] = "{\"level\":\"info\",\"message\":\"m\"}\0";
	const struct span text = { raw, sizeof raw - 1 };
	const struct span behind = { end, sizeof end - 1 };
	struct buf scratch = { 0 };
	struct structured s;

	(void)state;
	structured_parse(&s, text, LEVEL_WARN, &scratch);
	assert_true(span_eq(s.message, text) && s.level == LEVEL_WARN);
	structured_parse(&s, behind, LEVEL_WARN, &scratch);
	assert_true(span_eq(s.message, behind) && s.level == LEVEL_WARN);
	/* As an escape it is a character of the message. */
	structured_parse(&s, span_of(
	    "{\"level\":\"info\",\"message\":\"a\\u0000b\",\"k\":1}"),
	    LEVEL_WARN, &scratch);
	assert_true(span_eq(s.message, (struct span){ "a\0b", 3 }));
	assert_text(s.metadata, "{\"k\":1}");
	assert_int_equal(s.level, LEVEL_INFO);
	buf_free(&scratch);
}

/* n bytes: a record with a long message. */
static void
long_record(struct buf *b, size_t n)
{
	buf_reset(b);
	buf_str(b, "{\"level\":\"info\",\"message\":\"");
	while (b->n < n - 2)
		buf_char(b, 'x');
	buf_str(b, "\"}");
}

static void
test_long_lines(void **state)
{
	struct buf b = { 0 }, scratch = { 0 };
	struct structured s;

	(void)state;
	long_record(&b, RECORD_MESSAGE_MAX);
	structured_parse(&s, buf_text(&b), LEVEL_DEBUG, &scratch);
	assert_int_equal(s.level, LEVEL_INFO);
	assert_true(s.message.n < RECORD_MESSAGE_MAX);
	long_record(&b, RECORD_MESSAGE_MAX + 1);
	structured_parse(&s, buf_text(&b), LEVEL_DEBUG, &scratch);
	assert_int_equal(s.level, LEVEL_DEBUG);
	assert_true(span_eq(s.message, buf_text(&b)));
	buf_free(&b);
	buf_free(&scratch);
}

/* Many members beside many in metadata: not each against each. */
static void
test_many_members(void **state)
{
	struct buf b = { 0 }, scratch = { 0 };
	struct structured s;
	struct json_t *doc;
	int64_t v;
	int i;

	(void)state;
	buf_str(&b, "{\"level\":\"info\",\"message\":\"m\",\"metadata\":{");
	for (i = 0; i < 3000; i++)
		buf_printf(&b, "%s\"k%d\":1", i > 0 ? "," : "", i);
	buf_str(&b, "}");
	for (i = 2999; i < 6000; i++)
		buf_printf(&b, ",\"k%d\":2", i);
	buf_str(&b, "}");
	assert_true(b.n <= RECORD_MESSAGE_MAX);
	structured_parse(&s, buf_text(&b), LEVEL_DEBUG, &scratch);
	assert_non_null(doc = jdoc_parse(s.metadata));
	for (i = 0; i < 6000; i++) {
		char key[16];

		(void)snprintf(key, sizeof key, "k%d", i);
		assert_int_equal(jget_i64(doc, key, &v), JGET_OK);
		assert_int_equal(v, i < 3000 ? 1 : 2);
	}
	jdoc_free(doc);
	buf_free(&b);
	buf_free(&scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_lines),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_what_only_looks_like_a_record),
		cmocka_unit_test(test_timestamps),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_many_members),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
