/*
 * JSON: kinds and numbers at their edges, members by their text, and that no
 * bytes lead outside of what was given.
 */
#include "tests/unit/support.h"

#include <stdlib.h>

/* Does the text parse as an object? */
static bool
parses(const char *text)
{
	return (jtext_is_object(span_of(text)));
}

static void
test_what_is_an_object(void **state)
{
	static const char *const good[] = { "{}", " \t\r\n{ } \n",
	    "{\"\":null}", "{\"a\":[{\"a\":{}}]}", "{\"a\":\"\\u0000\"}",
	    "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":1,\"A\":2}",
	    "{\"a\":99999999999999999999999}", "{\"a\":-0.0e-10}" };
	static const char *const bad[] = { "", " ", "null", "1", "[]",
	    "\"{}\"", "{", "}", "{}{}", "{},", "{}x", "{'a':1}", "{a:1}",
	    "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":01}",
	    "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":NaN}",
	    "{\"a\":\"\n\"}", "{\"a\":\"\\x41\"}", "{\"a\":\"\\ud800\"}",
	    "{\"a\":\"\\udc00\\ud800\"}", "{\"a\":\"\xff\"}",
	    "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}",
	    "\xef\xbb\xbf{}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
	    "{\"b\":{\"a\":1,\"a\":2}}", "/**/{}", "{\"a\":tru}" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!parses(good[i]))
			fail_msg("not taken: %s", good[i]);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (parses(bad[i]))
			fail_msg("taken: %s", bad[i]);
	assert_false(jtext_is_object(SPAN_NONE));
	assert_false(jtext_is_object((struct span){ "{}\0", 3 }));
}

/* {"a":[[[…]]]} */
static bool
nests(int depth)
{
	struct buf b = { 0 };
	bool is;
	int i;

	buf_str(&b, "{\"a\":");
	for (i = 0; i < depth; i++)
		buf_char(&b, '[');
	for (i = 0; i < depth; i++)
		buf_char(&b, ']');
	buf_char(&b, '}');
	is = jtext_is_object(buf_text(&b));
	/* Also where it is only looked at. */
	assert_int_equal(jtext_member(buf_text(&b), "a").n, 2 * depth);
	buf_free(&b);
	return (is);
}

static void
test_nesting_is_bounded(void **state)
{
	(void)state;
	assert_true(nests(1000));
	assert_false(nests(3000));
	assert_false(nests(100000));
}

static void
test_every_kind_by_every_getter(void **state)
{
	static const char *const keys[] = { "none", "null", "text", "int",
	    "real", "bool", "object", "list", "texts" };
	static const char *const want[] = { "------", "------", "OWWWWW",
	    "WOWOWW", "WWWOWW", "WWOWWW", "WWWWOW", "WWWWWW", "WWWWWO" };
	struct json_t *doc, *object;
	struct span text, texts[2];
	int64_t number;
	bool yes;
	size_t i, j, n;

	(void)state;
	doc = jdoc_parse(span_of("{\"null\":null,\"text\":\"x\",\"int\":1,"
	    "\"real\":1.5,\"bool\":true,\"object\":{},\"list\":[1],"
	    "\"texts\":[\"a\",\"b\"]}"));
	assert_non_null(doc);
	for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const enum jget got[] = {
			jget_text(doc, keys[i], &text),
			jget_i64(doc, keys[i], &number),
			jget_bool(doc, keys[i], &yes),
			jget_number(doc, keys[i]),
			jget_object(doc, keys[i], &object),
			jget_texts(doc, keys[i], texts, 2, &n),
		};
		for (j = 0; j < 6; j++)
			if ("-OW"[got[j]] != want[i][j])
				fail_msg("%s by getter %zu", keys[i], j);
	}
	assert_int_equal(n, 2);
	assert_int_equal(jget_texts(doc, "texts", texts, 1, &n), JGET_WRONG);
	jdoc_free(doc);
}

static void
test_numbers(void **state)
{
	static const struct { const char *text; bool ok; int64_t n; } want[] =
	{
		{ "0", true, 0 }, { "-0", true, 0 }, { "-0.0", true, 0 },
		{ "1e3", true, 1000 }, { "1.50e1", true, 15 },
		{ "1.5", false, 0 }, { "1e-1", false, 0 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "9007199254740992e0", true, INT64_C(1) << 53 },
		{ "9007199254740994e0", false, 0 },
		{ "1e300", false, 0 }, { "-1e300", false, 0 },
	};
	struct buf b = { 0 };
	struct json_t *doc;
	int64_t n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof want / sizeof want[0]; i++) {
		buf_reset(&b);
		buf_printf(&b, "{\"k\":%s}", want[i].text);
		assert_non_null(doc = jdoc_parse(buf_text(&b)));
		n = 0;
		if ((jget_i64(doc, "k", &n) == JGET_OK) != want[i].ok ||
		    n != want[i].n)
			fail_msg("%s is %lld", want[i].text, (long long)n);
		assert_int_equal(jget_number(doc, "k"), JGET_OK);
		jdoc_free(doc);
	}
	buf_free(&b);
}

static void
test_strings_as_they_are_written(void **state)
{
	struct buf b = { 0 };

	(void)state;
	jput_string(&b, (struct span){ "a\"\\/\b\f\n\r\t\0\x1f\x7f", 12 });
	assert_text(buf_text(&b), "\"a\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0000"
	    "\\u001f\\u007f\"");
	buf_reset(&b);
	/* Good, overlong, surrogate, beyond, lone, cut: a mark for each byte. */
	jput_string(&b, span_of("\xc3\xa9\xf0\x9f\x98\x80|\xc0\x80|"
	    "\xed\xa0\x80|\xf4\x90\x80\x80|\x80|\xe2\x82"));
	assert_text(buf_text(&b), "\"\xc3\xa9\xf0\x9f\x98\x80|"
	    "\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd|"
	    "\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_reset(&b);
	jput_string(&b, SPAN_NONE);
	assert_text(buf_text(&b), "\"\"");
	buf_free(&b);
}

/* Random bytes, most of them of the sort that text is made of. */
static void
test_random_bytes_stay_as_they_read(void **state)
{
	static const char some[] = "a\"\\\n\x80\xbf\xc3\xe2\xf0\x9f\xed\xa0";
	struct buf b = { 0 }, again = { 0 };
	char bytes[12];
	struct json_t *doc;
	struct span text;
	size_t i, n;
	int round;

	(void)state;
	srand(2);
	for (round = 0; round < 20000; round++) {
		n = (size_t)rand() % sizeof bytes;
		for (i = 0; i < n; i++)
			bytes[i] = rand() % 8 == 0 ? (char)rand() :
			    some[(size_t)rand() % sizeof some];
		buf_reset(&b);
		buf_char(&b, '{');
		jput_text(&b, "k", (struct span){ bytes, n });
		buf_char(&b, '}');
		assert_non_null(doc = jdoc_parse(buf_text(&b)));
		assert_int_equal(jget_text(doc, "k", &text), JGET_OK);
		/* What has been read once is read the same again. */
		buf_reset(&again);
		buf_char(&again, '{');
		jput_text(&again, "k", text);
		buf_char(&again, '}');
		assert_true(span_eq(buf_text(&b), buf_text(&again)));
		jdoc_free(doc);
	}
	buf_free(&b);
	buf_free(&again);
}

static void
test_keys_and_commas(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_char(&b, '{');
	jput_i64(&b, "min", INT64_MIN);
	jput_i64(&b, "max", INT64_MAX);
	jput_bool(&b, "yes", true);
	jput_bool(&b, "no", false);
	jput_text(&b, "none", SPAN_NONE);
	jput_text(&b, "open", span_of("{"));
	jput_key(&b, "in");
	buf_char(&b, '{');
	jput_text(&b, "q\"", span_of(""));
	buf_str(&b, "}}");
	assert_text(buf_text(&b), "{\"min\":-9223372036854775808,"
	    "\"max\":9223372036854775807,\"yes\":true,\"no\":false,"
	    "\"none\":null,\"open\":\"{\",\"in\":{\"q\\\"\":\"\"}}");
	assert_true(jtext_is_object(buf_text(&b)));
	buf_free(&b);
}

static void
random_space(struct buf *b)
{
	while (rand() % 3 == 0)
		buf_char(b, " \t\r\n"[rand() % 4]);
}

static void
random_value(struct buf *b, int depth)
{
	static const char *const plain[] = { "null", "true", "-1.50e+3", "0",
	    "\"\"", "\"}]{[,:\"", "\"\\\"\\\\\"", "\"\\u007d\"",
	    "\"\xc3\xa9\"", "\"\\\\\"" };
	int i, n = rand() % 4, kind = depth > 3 ? 0 : rand() % 4;

	if (kind < 2) {
		buf_str(b, plain[(size_t)rand() % 10]);
		return;
	}
	buf_char(b, kind == 2 ? '[' : '{');
	for (i = 0; i < n; i++) {
		random_space(b);
		if (kind == 3)
			buf_printf(b, "\"k%d\" :", i);
		random_value(b, depth + 1);
		random_space(b);
		if (i + 1 < n)
			buf_char(b, ',');
	}
	buf_char(b, kind == 2 ? ']' : '}');
}

/* An object of five random members; their texts are noted. */
static void
random_object(struct buf *b, struct buf value[5])
{
	int i;

	buf_reset(b);
	random_space(b);
	buf_char(b, '{');
	for (i = 0; i < 5; i++) {
		buf_reset(&value[i]);
		random_value(&value[i], 0);
		random_space(b);
		buf_printf(b, "\"k%d\"", i);
		random_space(b);
		buf_char(b, ':');
		random_space(b);
		buf_span(b, buf_text(&value[i]));
		random_space(b);
		buf_char(b, i < 4 ? ',' : '}');
	}
	random_space(b);
}

static void
test_members_by_their_text(void **state)
{
	struct buf b = { 0 }, value[5] = { 0 };
	char key[8];
	int i, round;

	(void)state;
	srand(3);
	for (round = 0; round < 3000; round++) {
		random_object(&b, value);
		if (!jtext_is_object(buf_text(&b)))
			fail_msg("%.*s", (int)b.n, b.p);
		for (i = 0; i < 5; i++) {
			(void)snprintf(key, sizeof key, "k%d", i);
			if (!span_eq(jtext_member(buf_text(&b), key),
			    buf_text(&value[i])))
				fail_msg("%s of %.*s", key, (int)b.n, b.p);
		}
		assert_null(jtext_member(buf_text(&b), "k").p);
		assert_null(jtext_member(buf_text(&b), "k5").p);
	}
	for (i = 0; i < 5; i++)
		buf_free(&value[i]);
	buf_free(&b);
}

/* Spoiled and cut texts in memory of exactly their size, for the sanitizer. */
static void
test_members_stay_inside(void **state)
{
	struct buf b = { 0 }, value[5] = { 0 };
	struct span got;
	size_t n, k;
	char *p;
	int i, round;

	(void)state;
	srand(4);
	for (round = 0; round < 5000; round++) {
		random_object(&b, value);
		n = 1 + (size_t)rand() % b.n;
		assert_non_null(p = malloc(n));
		memcpy(p, b.p, n);
		for (k = 0; k < 3; k++)
			p[(size_t)rand() % n] = "\"\\{}[],: "[rand() % 9];
		got = jtext_member((struct span){ p, n }, "k4");
		if (got.p != NULL)
			assert_true(got.p >= p && got.p + got.n <= p + n);
		free(p);
	}
	for (i = 0; i < 5; i++)
		buf_free(&value[i]);
	buf_free(&b);
}

static void
test_without(void **state)
{
	static const char *const drop[] = { "attempt", "raw" };
	static const char *const pairs[][2] = {
		{ "{}", "{}" }, { "{\"attempt\":1}", "{}" },
		{ "{\"a\":1,\"attempt\":[1,{\"raw\":2}],\"b\":2}",
		    "{\"a\":1,\"b\":2}" },
		{ "{\"\\u0061ttempt\":1,\"r\\u0061w\":2,\"z\":0}",
		    "{\"z\":0}" },
		{ "{\"a\":{\"attempt\":1}}", "{\"a\":{\"attempt\":1}}" },
		{ "{\"Attempt\":1,\"z\":\"\\u0000\xc3\xa9\"}",
		    "{\"Attempt\":1,\"z\":\"\\u0000\xc3\xa9\"}" },
		{ "{\"i\":9223372036854775807,\"b\":true,\"n\":null}",
		    "{\"i\":9223372036854775807,\"b\":true,\"n\":null}" },
	};
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		buf_reset(&b);
		assert_true(jput_without(&b, span_of(pairs[i][0]), drop, 2));
		assert_text(buf_text(&b), pairs[i][1]);
	}
	buf_reset(&b);
	assert_false(jput_without(&b, span_of("{\"a\":1"), drop, 2));
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_an_object),
		cmocka_unit_test(test_nesting_is_bounded),
		cmocka_unit_test(test_every_kind_by_every_getter),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings_as_they_are_written),
		cmocka_unit_test(test_random_bytes_stay_as_they_read),
		cmocka_unit_test(test_keys_and_commas),
		cmocka_unit_test(test_members_by_their_text),
		cmocka_unit_test(test_members_stay_inside),
		cmocka_unit_test(test_without),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
