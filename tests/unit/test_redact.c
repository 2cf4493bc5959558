/*
 * Values of keys that look secret: in JSON, in JSON within strings of JSON, in
 * text that is none; and what holds for any text.
 */
#include "tests/unit/masking.h"

#include <stdlib.h>
#include <time.h>

#include "proto/redact.h"

#define HIDDEN		"hunter2"
#define S		MASK_TEXT

static void
assert_redacted(const char *text, const char *want)
{
	struct buf b = { 0 };

	if (!redact_apply(span_of(text), &b))
		fail_msg("not redacted: %s", text);
	if (!span_is(buf_text(&b), want))
		fail_msg("%s\nis %.*s\nnot %s", text, (int)b.n, b.p, want);
	buf_free(&b);
}

static void
assert_kept(const char *text)
{
	struct buf b = { 0 };

	if (redact_apply(span_of(text), &b))
		fail_msg("%s\nis %.*s", text, (int)b.n, b.p);
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

static void
test_members(void **state)
{
	(void)state;
	assert_redacted("{\"password\":\"x\", \"a\":0.10}",
	    "{\"password\":\"" S "\", \"a\":0.10}");
	assert_redacted("[{\"API_Key\" : {\"a\":[1]}},{\"tOkEn\":7}]",
	    "[{\"API_Key\" : \"" S "\"},{\"tOkEn\":\"" S "\"}]");
	assert_redacted("{\"\\u0070assword\":\"x\"}",
	    "{\"\\u0070assword\":\"" S "\"}");
	assert_redacted("{\"a\":1,\"secret\": \"cut o",
	    "{\"a\":1,\"secret\": \"" S "\"");
	assert_redacted("{:password=>\"x\", \"token\" => \"y\"}",
	    "{:password=>\"" S "\", \"token\" => \"" S "\"}");
	assert_redacted("{'user': 'x', 'password': 'hunter2'}",
	    "{'user': 'x', 'password': '" S "'}");
	assert_kept("{\"user\":\"password\",\"b\":[\"token\",\"\\u00e9\\/\"]}");
	assert_kept("{\"password\":\"" S "\"}");
	assert_kept("{\"task_id\":\"build (key=a)\",\"failed_task_id\" : "
	    "\"build (key=a)\"}");
	assert_kept("");
}

static void
test_json_in_strings(void **state)
{
	(void)state;
	assert_redacted("{\"inputs\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}",
	    "{\"inputs\":\"{\\\"password\\\":\\\"" S "\\\"}\"}");
	assert_redacted("[\"x\",\"{\\\"a\\\":\\\"{\\\\\\\"token\\\\\\\":1}\\\"}"
	    "\",\"\\u00e9\"]",
	    "[\"x\",\"{\\\"a\\\":\\\"{\\\\\\\"token\\\\\\\":\\\\\\\"" S
	    "\\\\\\\"}\\\"}\",\"\\u00e9\"]");
	/* Cut off inside, or outside. */
	assert_redacted("{\"error\":\"{\\\"password\\\":\\\"hun\"}",
	    "{\"error\":\"{\\\"password\\\":\\\"" S "\\\"\"}");
	assert_redacted("{\"error\":\"{\\\"password\\\":\\\"hun",
	    "{\"error\":\"{\\\"password\\\":\\\"" S "\\\"");
	assert_redacted("curl -d \"{\\\"token\\\":\\\"x\\\"}\" y",
	    "curl -d \"{\\\"token\\\":\\\"" S "\\\"}\" y");
	assert_redacted("curl -d {\\\"token\\\":\\\"x\\\"} y",
	    "curl -d {\\\"token\\\":\\\"" S "\\\"} y");
	assert_kept("{\"inputs\":\"{\\\"user\\\":\\\"b\\/c\\\"}\"}");
	assert_kept("{\"a\":\"ends in \\\\\"}");
}

static void
test_assignments(void **state)
{
	(void)state;
	assert_redacted("no: password=hunter2&x=1", "no: password=" S "&x=1");
	assert_redacted("{\"u\":\"https://x/?api_key=a&y#f\"}",
	    "{\"u\":\"https://x/?api_key=" S "&y#f\"}");
	assert_redacted("run --token='a b' -h x", "run --token='" S "' -h x");
	assert_redacted("Server=x;Password=a;b;Database=y",
	    "Server=x;Password=" S ";Database=y");
	assert_redacted("(a=1,password=b).", "(a=1,password=" S ").");
	assert_redacted("bad '\"' at token=\"a b\"",
	    "bad '\"' at token=\"" S "\"");
	assert_redacted("secret = {\"a\":1} b", "secret = " S " b");
	assert_redacted("user: x\n  password: a b\r\nn: 1",
	    "user: x\n  password: " S "\r\nn: 1");
	assert_redacted("{ token: 5, user: 'b' }",
	    "{ token: " S ", user: 'b' }");
	assert_redacted("curl -H \"X-Api-Key: a b\" https://x",
	    "curl -H \"X-Api-Key: " S "\" https://x");
	/* What errors say. */
	assert_kept("KeyError: 'x'");
	assert_kept("Unexpected token: x");
	assert_kept("TokenError: no such key");
	assert_kept("Key (id)=(5) already exists");
	assert_kept("key:a:b, password=, token=");
}

/* JSON in so many strings. */
static void
put_nested(struct buf *b, int depth, const char *key)
{
	struct buf inner = { 0 };

	buf_char(b, '{');
	if (depth == 0)
		jput_text(b, key, span_of(HIDDEN));
	else {
		put_nested(&inner, depth - 1, key);
		jput_text(b, "a", buf_text(&inner));
	}
	buf_char(b, '}');
	buf_free(&inner);
}

static void
test_however_deep(void **state)
{
	struct buf b = { 0 }, out = { 0 };
	int depth;

	(void)state;
	for (depth = 0; depth < REDACT_DEPTH_MAX + 4; depth++) {
		buf_reset(&b);
		buf_reset(&out);
		put_nested(&b, depth, "password");
		assert_true(redact_apply(buf_text(&b), &out));
		assert_null(memmem(out.p, out.n, HIDDEN, strlen(HIDDEN)));
		assert_true(jtext_is_object(buf_text(&out)));
		/* Up to there the keys are still to be read. */
		assert_int_equal(memmem(out.p, out.n, "password", 8) != NULL,
		    depth <= REDACT_DEPTH_MAX);
		buf_reset(&b);
		put_nested(&b, depth, "user");
		assert_false(redact_apply(buf_text(&b), &out));
	}
	buf_free(&b);
	buf_free(&out);
}

/* ------------------------------------------------------------ for any text */

static bool	 secrets;	/* may there be some? */
static int	 members;	/* so that no key is there twice */

static void	 put_value(struct buf *, int depth);

static void
put_random(struct buf *b)
{
	static const char *const parts[] = { "a", "\"", "\\", "'", ":", "=",
	    ",", ";", "{", "}", "[", "]", " ", "\n", "\x01", "\xc3\xa9", "&",
	    "1", "-", "x: ", "b=" };
	size_t n;

	for (n = below(12); n > 0; n--)
		buf_str(b, parts[below(sizeof parts / sizeof parts[0])]);
}

/* Also the same key in other letters. */
static void
put_member(struct buf *b, int depth)
{
	static const char *const names[] = { "\"password", "\"X-API-Key",
	    "\"\\u0074oken", "\"SECRET" };
	bool secret = secrets && below(3) == 0;

	buf_str(b, secret ? names[below(4)] : "\"user");
	buf_printf(b, "%d\"%s:", members++, below(3) == 0 ? " " : "");
	if (secret)
		buf_str(b, below(2) == 0 ? "\"" HIDDEN "\\\"x\"" :
		    "[{\"a\":\"" HIDDEN "\"}]");
	else
		put_value(b, depth);
}

static void
put_object(struct buf *b, int depth)
{
	size_t i, n = below(4);

	buf_char(b, '{');
	for (i = 0; i < n; i++) {
		buf_str(b, i > 0 ? ", " : "");
		put_member(b, depth);
	}
	buf_char(b, '}');
}

static void
put_string(struct buf *b, int depth)
{
	struct buf said = { 0 };

	if (below(3) > 0 && depth > 0)
		put_object(&said, depth - 1);
	else if (secrets && below(2) == 0)
		buf_str(&said, below(2) == 0 ? "no: password=" HIDDEN :
		    "user: b\ntoken: " HIDDEN);
	else
		put_random(&said);
	jput_string(b, buf_text(&said));
	buf_free(&said);
}

static void
put_value(struct buf *b, int depth)
{
	switch (depth > 0 ? below(5) : below(2)) {
	case 0:
		buf_str(b, below(2) == 0 ? "-1.50e3" : "null");
		break;
	case 1:
	case 2:
		put_string(b, depth);
		break;
	case 3:
		put_object(b, depth - 1);
		break;
	default:
		buf_char(b, '[');
		put_value(b, depth - 1);
		buf_str(b, " ,");
		put_value(b, depth - 1);
		buf_char(b, ']');
	}
}

/* What holds for each; for JSON, and its beginning: nothing is shown. */
static void
check(struct span text, bool whole, bool hidden)
{
	struct buf out = { 0 }, again = { 0 };
	char *exact = malloc(text.n + 1);

	/* So that a sanitizer sees who reads behind it. */
	assert_non_null(exact);
	memcpy(exact + 1, text.p, text.n);
	text.p = exact + 1;
	if (redact_apply(text, &out)) {
		assert_true(secrets && !out.failed);
		assert_true(out.n <= REDACT_TIMES_MAX * text.n +
		    REDACT_MORE_MAX);
		if (whole && (!jtext_is_object(buf_text(&out)) ||
		    redact_apply(buf_text(&out), &again)))
			fail_msg("%.*s\nis %.*s", (int)text.n, text.p,
			    (int)out.n, out.p);
		text = buf_text(&out);
	}
	if (hidden && memmem(text.p, text.n, HIDDEN, strlen(HIDDEN)) != NULL)
		fail_msg("shown: %.*s", (int)text.n, text.p);
	buf_free(&out);
	buf_free(&again);
	free(exact);
}

static void
test_json_stays_json_and_what_is_not_secret_stays(void **state)
{
	struct buf b = { 0 };
	int round;

	(void)state;
	for (round = 0; round < 10 * ROUNDS; round++) {
		seed = (unsigned long)round;
		secrets = round % 2 == 0;
		members = 0;
		buf_reset(&b);
		put_object(&b, 1 + (int)below(REDACT_DEPTH_MAX + 3));
		assert_true(jtext_is_object(buf_text(&b)));
		check(buf_text(&b), true, true);
		/* The same cut off, and with something within. */
		check((struct span){ b.p, below(b.n) }, false, true);
		b.p[below(b.n)] = "\"\\ =a"[below(5)];
		check(buf_text(&b), false, false);
	}
	buf_free(&b);
}

static void
test_it_does_not_grow(void **state)
{
	static const char *const pieces[] = { "\"key\":", "key=1 ", "\x7f",
	    "{\"key\":", "\\\"", "\"", "\\\\\"", "key: \n", "'key':", "\x01",
	    "\",\"", "\":\"", "{\\\"key\\\":1,", "\xff", "key=\"", ":\"\\\"" };
	struct buf b = { 0 };
	int round, i;

	(void)state;
	secrets = true;
	/* Bytes of others that JSON writes as six each. */
	assert_redacted("[\"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01 "
	    "key=1\"]", "[\"" S "\"]");
	for (round = 0; round < ROUNDS; round++) {
		seed = (unsigned long)round;
		buf_reset(&b);
		for (i = 0; i < 40; i++)
			buf_str(&b, pieces[below(sizeof pieces /
			    sizeof pieces[0])]);
		check(buf_text(&b), false, false);
	}
	buf_free(&b);
}

/* 256 KB of each piece, in less than a second: not the square of it. */
static void
test_no_text_takes_long(void **state)
{
	static const char *const pieces[] = { "\"", "\\", "\\\"", "\"\\\"",
	    "\"a\\\"b", "key=\"\"", "key= ", "key:", "{", "[\"", ":\"",
	    "a=,", ",a", "'key'=", "\\u005c", "\"\\\\\"", ":\"\\\"", "key=)",
	    "key={", "token ", "\"key\":{" };
	struct buf b = { 0 }, out = { 0 };
	clock_t begun;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		buf_reset(&b);
		buf_reset(&out);
		while (b.n < 256 * 1024)
			buf_str(&b, pieces[i]);
		begun = clock();
		(void)redact_apply(buf_text(&b), &out);
		if (clock() - begun > CLOCKS_PER_SEC)
			fail_msg("%s takes %ld ms", pieces[i],
			    (long)((clock() - begun) * 1000 / CLOCKS_PER_SEC));
	}
	buf_free(&b);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_json_in_strings),
		cmocka_unit_test(test_assignments),
		cmocka_unit_test(test_however_deep),
		cmocka_unit_test(
		    test_json_stays_json_and_what_is_not_secret_stays),
		cmocka_unit_test(test_it_does_not_grow),
		cmocka_unit_test(test_no_text_takes_long),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
