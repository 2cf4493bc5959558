/*
 * Secrets do not get through: in any form, and across parts.
 */
#include "tests/unit/masking.h"


static void
test_values(void **state)
{
	struct mask *m = MASK("hunter22", "correct horse", "rse battery");
	struct buf b = { 0 };

	(void)state;
	assert_false(mask_apply(m, span_of("nothing here"), &b));
	assert_false(mask_apply(m, span_of(""), &b));
	assert_false(mask_apply(m, SPAN_NONE, &b));
	assert_masked(m, "hunter22", "***SECRET***");
	assert_masked(m, "pw=hunter22;", "pw=***SECRET***;");
	assert_masked(m, "hunter2 hunter22hunter22",
	    "hunter2 ***SECRET******SECRET***");
	/* What overlaps is one. */
	assert_masked(m, "a correct horse battery.", "a ***SECRET***.");
	mask_free(m);
	mask_free(NULL);
	buf_free(&b);
}

static void
test_a_mask_without_values(void **state)
{
	struct mask *m = mask_new();
	struct buf b = { 0 };

	(void)state;
	assert_masked(m, "***SECRET*** and all", "***SECRET*** and all");
	assert_part(m, "abc", PARTIAL_MIDDLE, "abc");
	assert_false(mask_apply_json(m, span_of("{\"a\\n\":1}"), &b));
	buf_free(&b);
	mask_free(m);
}

static void
test_masking_twice_is_masking_once(void **state)
{
	struct mask *m = MASK("SECRET", "T***xy", "secret");

	(void)state;
	assert_masked(m, "***SECRET***", "***SECRET***");
	assert_masked(m, "a ***SECRET*** SECRET b",
	    "a ***SECRET*** ***SECRET*** b");
	assert_masked(m, "SECRETS", "***SECRET***S");
	assert_masked(m, "***SECRET**", "******SECRET*****");
	/* Both at once is one. */
	assert_masked(m, "***SECRET***xy", "***SECRET***");
	mask_free(m);
	m = MASK("hunter22");
	assert_masked(m, "***SECRET**hunter22", "***SECRET*****SECRET***");
	assert_masked(m, "***SECRET*****SECRET***", "***SECRET*****SECRET***");
	mask_free(m);
}

static void
test_limits(void **state)
{
	static char big[MASK_VALUE_MAX + 1];
	struct mask *m = mask_new();
	enum mask_result result = MASK_OK;
	char value[16];
	size_t i;

	(void)state;
	memset(big, 'x', sizeof big);
	assert_int_equal(mask_add(m, span_of("")), MASK_SHORT);
	assert_int_equal(mask_add(m, span_of("12345")), MASK_SHORT);
	assert_int_equal(mask_add(m, span_of("123456")), MASK_OK);
	assert_int_equal(mask_add(m, (struct span){ big, sizeof big }),
	    MASK_LONG);
	assert_int_equal(mask_add(m, (struct span){ big, MASK_VALUE_MAX }),
	    MASK_OK);
	for (i = 2; i < MASK_VALUES_MAX; i++) {
		(void)snprintf(value, sizeof value, "value%zu", i);
		assert_int_equal(mask_add(m, span_of(value)), MASK_OK);
	}
	assert_int_equal(mask_add(m, span_of("one more")), MASK_FULL);
	/* One that is there is no more. */
	assert_int_equal(mask_add(m, span_of("value2")), MASK_OK);
	assert_masked(m, "value2 one more", "***SECRET*** one more");
	mask_free(m);

	m = mask_new();
	for (i = 0; result == MASK_OK; i++) {
		memset(big, (int)('a' + i % 26), MASK_VALUE_MAX);
		big[0] = (char)i;
		result = mask_add(m, (struct span){ big, MASK_VALUE_MAX });
	}
	assert_int_equal(result, MASK_FULL);
	assert_int_equal(i - 1, MASK_BYTES_MAX / MASK_VALUE_MAX);
	assert_true(mask_forms(m) <= MASK_FORMS_MAX);
	mask_free(m);
}

/* ---------------------------------------------------------------- forms */

static void
test_base64_anywhere_in_a_longer_text(void **state)
{
	const char *const values[] = { "hunter", "hunter2", "hunter22",
	    "\xfb\xff\xbe\xfb\xef\xbe>>>???" };
	char before[8] = "abcdefg", after[8] = "uvwxyz_";
	struct buf text = { 0 }, b64 = { 0 }, out = { 0 };
	size_t v, i, k, left;
	struct mask *m;
	int url;

	(void)state;
	for (v = 0; v < 4; v++)
	for (i = 0; i < 7; i++)
	for (k = 0; k < 7; k++)
	for (url = 0; url < 2; url++) {
		m = MASK(values[v]);
		buf_reset(&text);
		buf_reset(&b64);
		buf_add(&text, before, i);
		buf_str(&text, values[v]);
		buf_add(&text, after, k);
		text_base64(&b64, buf_text(&text));
		for (left = 0; url && left < b64.n; left++)
			b64.p[left] = b64.p[left] == '+' ? '-' :
			    b64.p[left] == '/' ? '_' : b64.p[left];
		apply(m, buf_text(&b64), PARTIAL_WHOLE, &out);
		/* What is left of it: what stands beside it, and up to three
		   characters that tell a part of a byte. */
		left = out.n - strlen(MASK_TEXT);
		assert_true(out.n >= strlen(MASK_TEXT));
		assert_non_null(memmem(out.p, out.n, MASK_TEXT,
		    strlen(MASK_TEXT)));
		assert_true(left <= (i * 8 + 5) / 6 + (k * 8 + 5) / 6 + 5);
		if (i == 0 && k == 0)
			assert_text(buf_text(&out), MASK_TEXT);
		mask_free(m);
	}
	buf_free(&text);
	buf_free(&b64);
	buf_free(&out);
}

static void
test_base64_in_lines(void **state)
{
	char value[200];
	struct mask *m;
	struct buf b64 = { 0 }, out = { 0 };
	size_t i, width, n;

	(void)state;
	for (i = 0; i < sizeof value; i++)
		value[i] = (char)(' ' + i * 7 % 94);
	m = mask_new();
	assert_int_equal(mask_add(m, (struct span){ value, sizeof value }),
	    MASK_OK);
	/* As "echo $VALUE | base64" does it. */
	text_base64(&b64, (struct span){ value, sizeof value });
	for (width = 64; width <= 76; width += 12) {
		for (i = 0; i + 8 < b64.n; i += n) {
			n = b64.n - i < width ? b64.n - i : width;
			apply(m, (struct span){ b64.p + i, n }, PARTIAL_WHOLE,
			    &out);
			assert_true(out.n < strlen(MASK_TEXT) + 5);
		}
	}
	mask_free(m);
	buf_free(&b64);
	buf_free(&out);
}

static void
test_url(void **state)
{
	struct mask *m = MASK("p/\xc3\xbc +=k~'1", "no escapes");

	(void)state;
	/* Python: quote_plus, urlencode; quote. */
	assert_masked(m, "p%2F%C3%BC+%2B%3Dk~%271", MASK_TEXT);
	assert_masked(m, "p/%C3%BC%20%2B%3Dk~%271", MASK_TEXT);
	/* JavaScript: encodeURIComponent, encodeURI, URLSearchParams. */
	assert_masked(m, "p%2F%C3%BC%20%2B%3Dk~'1", MASK_TEXT);
	assert_masked(m, "p/%C3%BC%20+=k~'1", MASK_TEXT);
	assert_masked(m, "p%2F%C3%BC+%2B%3Dk%7E%271", MASK_TEXT);
	/* Small digits. */
	assert_masked(m, "p%2f%c3%bc%20%2b%3dk~%271", MASK_TEXT);
	assert_masked(m, "?a=p%2f%c3%bc+%2b%3dk~%271&b", "?a=" MASK_TEXT "&b");
	assert_masked(m, "no+escapes no%20escapes", MASK_TEXT " " MASK_TEXT);
	mask_free(m);
}

static void
test_json_escapes(void **state)
{
	struct mask *m = MASK("a\"b\\c/d\n\x01\x1f\xc3\xbc\xf0\x9f\x98\x80",
	    "<tag>&amp", "slash/only");

	(void)state;
	assert_masked(m,
	    "a\\\"b\\\\c/d\\n\\u0001\\u001f\xc3\xbc\xf0\x9f\x98\x80",
	    MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c\\/d\\n\\u0001\\u001f\xc3\xbc\xf0\x9f\x98\x80",
	    MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c/d\\n\\u0001\\u001F\xc3\xbc\xf0\x9f\x98\x80",
	    MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c/d\\n\\u0001\\u001f\\u00fc\\ud83d\\ude00", MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c/d\\n\\u0001\\u001F\\u00FC\\uD83D\\uDE00", MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c\\/d\\n\\u0001\\u001f\\u00fc\\ud83d\\ude00",
	    MASK_TEXT);
	assert_masked(m, "\\u003ctag\\u003e\\u0026amp", MASK_TEXT);
	assert_masked(m, "\\u003Ctag\\u003E\\u0026amp", MASK_TEXT);
	assert_masked(m, "slash\\/only", MASK_TEXT);
	mask_free(m);
}

static void
test_lines_of_a_value(void **state)
{
	struct mask *m = MASK("-----BEGIN KEY-----\r\n  abcdefghijkl  \nshort\n"
	    "      \n-----END KEY-----\n");

	(void)state;
	assert_masked(m, "-----BEGIN KEY-----", MASK_TEXT);
	assert_masked(m, "\tabcdefghijkl!", "\t" MASK_TEXT "!");
	assert_masked(m, "short       ", "short       ");
	assert_masked(m, "-----BEGIN KEY-----\\nabcdefghijkl\\n",
	    MASK_TEXT "\\n" MASK_TEXT "\\n");
	assert_masked(m, "YWJjZGVmZ2hpamts", MASK_TEXT);
	assert_masked(m, "<-----BEGIN KEY-----\r\n  abcdefghijkl  \nshort\n"
	    "      \n-----END KEY-----\n>", "<" MASK_TEXT ">");
	mask_free(m);
}

/* ---------------------------------------------------------------- parts */

static void
test_the_ends_of_parts(void **state)
{
	struct mask *m = MASK("hunter22");

	(void)state;
	assert_part(m, "see hunt", PARTIAL_WHOLE, "see hunt");
	assert_part(m, "see hunt", PARTIAL_LAST, "see hunt");
	assert_part(m, "see hunt", PARTIAL_FIRST, "see ***SECRET***");
	assert_part(m, "see hunt", PARTIAL_MIDDLE, "see ***SECRET***");
	assert_part(m, "ter22 seen", PARTIAL_FIRST, "ter22 seen");
	assert_part(m, "ter22 seen", PARTIAL_MIDDLE, "***SECRET*** seen");
	assert_part(m, "ter22 seen", PARTIAL_LAST, "***SECRET*** seen");
	assert_part(m, "hunter22ter22hun", PARTIAL_MIDDLE,
	    "***SECRET***ter22***SECRET***");
	assert_part(m, "unter22", PARTIAL_MIDDLE, "***SECRET***");
	/* Not the beginning or end of ***SECRET*** itself. */
	assert_part(m, "a***", PARTIAL_FIRST, "a***");
	assert_part(m, "***b", PARTIAL_LAST, "***b");
	mask_free(m);
}

/* Wherever a form is cut, a piece of it is missing in what is stored. */
static void
test_a_part_within_a_value(void **state)
{
	static char big[16][1025];
	struct mask *m = MASK("correct horse battery");
	size_t i;

	(void)state;
	assert_part(m, "horse", PARTIAL_WHOLE, "horse");
	assert_part(m, "horse", PARTIAL_FIRST, "horse");
	assert_part(m, "horse", PARTIAL_LAST, "horse");
	assert_part(m, "horse", PARTIAL_MIDDLE, "***SECRET***");
	assert_part(m, "horses", PARTIAL_MIDDLE, "horses");
	/* In base64. */
	assert_part(m, "N0IGhvcnNl", PARTIAL_MIDDLE, "***SECRET***");
	/* Too little to tell. */
	assert_part(m, "or", PARTIAL_MIDDLE, "or");
	assert_part(m, "SECRET", PARTIAL_MIDDLE, "SECRET");
	assert_part(m, "***SECRET***", PARTIAL_MIDDLE, "***SECRET***");
	/* Where there is much to look through, it is not looked for. */
	for (i = 0; i < 16; i++) {
		memset(big[i], (int)('a' + i), 1024);
		big[i][0] = '%';
		big[i][5] = '"';
		assert_int_equal(mask_add(m, span_of(big[i])), MASK_OK);
	}
	assert_in_range(mask_forms(m), MASK_INSIDE_MAX + 1, SIZE_MAX);
	assert_part(m, "horses", PARTIAL_MIDDLE, "***SECRET***");
	mask_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_a_mask_without_values),
		cmocka_unit_test(test_masking_twice_is_masking_once),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_base64_anywhere_in_a_longer_text),
		cmocka_unit_test(test_base64_in_lines),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_json_escapes),
		cmocka_unit_test(test_lines_of_a_value),
		cmocka_unit_test(test_the_ends_of_parts),
		cmocka_unit_test(test_a_part_within_a_value),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
