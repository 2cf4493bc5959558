/*
 * Secrets in JSON: taken out, and it stays JSON.
 */
#include "tests/unit/masking.h"

#include "proto/json.h"

static void
assert_json(struct mask *m, const char *object, const char *want)
{
	struct buf b = { 0 };

	buf_str(&b, "before");
	if (want == NULL) {
		assert_false(mask_apply_json(m, span_of(object), &b));
		assert_text(buf_text(&b), "before");
	} else {
		assert_true(mask_apply_json(m, span_of(object), &b));
		assert_false(b.failed);
		assert_text((struct span){ b.p + 6, b.n - 6 }, want);
		assert_true(jtext_is_object(
		    (struct span){ b.p + 6, b.n - 6 }));
	}
	buf_free(&b);
}

static void
test_json(void **state)
{
	struct mask *m = MASK("hunter22", "12345678", "say \"hi\"\n",
	    "gr\xc3\xbc\xc3\x9f""e\xf0\x9f\x98\x80", "\",\"z\":\"", "C:\\temp");

	(void)state;
	assert_json(m, "{}", NULL);
	assert_json(m, "{ \"a\": [1.10, \"x\\ny\", null, true] }", NULL);
	assert_json(m, "{ \"a\": \"hunter22\",\n\"n\": 1.10 }",
	    "{ \"a\": \"***SECRET***\",\n\"n\": 1.10 }");
	assert_json(m, "{\"hunter22\":[{\"k\":\"-hunter22-\"}]}",
	    "{\"***SECRET***\":[{\"k\":\"-***SECRET***-\"}]}");
	assert_json(m, "{\"a\":12345678,\"b\":-912345678.5e3,\"c\":1234567}",
	    "{\"a\":\"***SECRET***\",\"b\":\"***SECRET***\",\"c\":1234567}");
	assert_json(m, "{\"a\":\"say \\\"hi\\\"\\n.\"}",
	    "{\"a\":\"***SECRET***.\"}");
	/* However it is written. */
	assert_json(m, "{\"a\":\"\\u0068unter\\u0032\\u0032\\\\\"}",
	    "{\"a\":\"***SECRET***\\\\\"}");
	assert_json(m, "{\"a\":\"gr\\u00fc\\u00DFe\\ud83d\\uDE00\"}",
	    "{\"a\":\"***SECRET***\"}");
	assert_json(m, "{\"a\":\"C:\\\\temp\\\\x\"}",
	    "{\"a\":\"***SECRET***\\\\x\"}");
	assert_json(m, "{\"a\":\"aHVudGVyMjI=\"}", "{\"a\":\"***SECRET***\"}");
	/* An escape is not cut: the match ends inside one. */
	assert_json(m, "{\"a\":\"12345678\\u0031\"}",
	    "{\"a\":\"***SECRET***1\"}");
	/* What strings and numbers do not tell. */
	assert_json(m, "{\"a\":\"x\",\"z\":\"y\"}", MASK_OBJECT);
	assert_json(m, "{\"hunter22\":1,\"aHVudGVyMjI=\":2}", MASK_OBJECT);
	/* No object: its owner refuses it. */
	assert_json(m, "[\"hunter22\"]", NULL);
	assert_json(m, "{\"a\":\"hunter22", NULL);
	assert_json(m, "", NULL);
	assert_json(m, "{\"hunter22\":\"\\", NULL);
	mask_free(m);
}

static void
test_json_that_grows_too_long(void **state)
{
	struct mask *m = MASK("hunter22");
	struct buf b = { 0 }, out = { 0 };

	(void)state;
	buf_str(&b, "{\"a\":\"");
	while (b.n < RECORD_METADATA_MAX - 100)
		buf_str(&b, "hunter22 ");
	buf_str(&b, "\"}");
	assert_true(mask_apply_json(m, buf_text(&b), &out));
	assert_text(buf_text(&out), MASK_OBJECT);
	buf_free(&b);
	buf_free(&out);
	mask_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_that_grows_too_long),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
