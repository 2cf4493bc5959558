/*
 * The vectors of captures: decoding gives the fields, encoding the fields gives
 * the same again.
 */
#include "tests/unit/support.h"

#include "proto/capture.h"
#include "proto/fault.h"
#include "proto/frame.h"
#include "proto/hello.h"

static void
assert_member(struct span s, const struct json_t *v, const char *key)
{
	assert_int_equal(s.p != NULL, vhas(v, key));
	assert_true(span_eq(s, vtext(v, key)));
}

static void
assert_open(const struct capture_open *o, const struct json_t *v)
{
	assert_int_equal(o->number, vint(v, "number", 0));
	assert_int_equal(o->capture, vint(v, "capture", -1));
	assert_int_equal(o->streams, vint(v, "streams", -1));
	assert_member(o->origin.execution, v, "execution");
	assert_member(o->origin.task, v, "task");
	assert_member(o->origin.source, v, "source");
	assert_int_equal(o->origin.has_attempt, vhas(v, "attempt"));
	assert_int_equal(o->origin.attempt, vint(v, "attempt", 0));
}

static void
open_vector(const struct json_t *v)
{
	struct capture_open o;
	struct buf b = { 0 };
	struct frame f;
	struct json_t *doc = capture_open_from_json(vtext(v, "body"), &o);

	if (vhas(v, "fault")) {
		assert_null(doc);
		return;
	}
	assert_non_null(doc);
	if (vhas(v, "refusal")) {
		assert_text(vtext(v, "refusal"), refusal_code(o.refusal));
		jdoc_free(doc);
		return;
	}
	assert_int_equal(o.refusal, REFUSAL_NONE);
	assert_open(&o, v);
	assert_true(capture_open_put(&b, &o));
	jdoc_free(doc);
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	assert_int_equal(f.type, FRAME_OPEN);
	assert_non_null(doc = capture_open_from_json(f.body, &o));
	assert_int_equal(o.refusal, REFUSAL_NONE);
	assert_open(&o, v);
	jdoc_free(doc);
	buf_free(&b);
}

static void
test_open(void **state)
{
	(void)state;
	each_vector("open", open_vector);
}

static void
assert_close(const struct capture_close *c, const struct json_t *v)
{
	assert_int_equal(c->number, vint(v, "number", 0));
	assert_int_equal(c->capture, vint(v, "capture", -1));
	assert_member(c->cut, v, "cut");
}

static void
close_vector(const struct json_t *v)
{
	struct capture_close c;
	struct buf b = { 0 };
	struct frame f;
	struct json_t *doc = capture_close_from_json(vtext(v, "body"), &c);

	if (vhas(v, "fault")) {
		assert_null(doc);
		return;
	}
	assert_non_null(doc);
	assert_close(&c, v);
	assert_true(capture_close_put(&b, &c));
	jdoc_free(doc);
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	assert_int_equal(f.type, FRAME_CLOSE);
	assert_non_null(doc = capture_close_from_json(f.body, &c));
	assert_close(&c, v);
	jdoc_free(doc);
	buf_free(&b);
}

static void
test_close(void **state)
{
	(void)state;
	each_vector("close", close_vector);
}

static void
line_vector(const struct json_t *v)
{
	struct buf b = { 0 }, again = { 0 };
	struct frame f;
	struct line l;

	vhex(v, "hex", &b);
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	assert_int_equal(f.type, FRAME_LINE);
	assert_int_equal(line_decode(f.body, &l), !vhas(v, "fault"));
	if (!vhas(v, "fault")) {
		assert_int_equal(l.number, vint(v, "number", -1));
		assert_int_equal(l.capture, vint(v, "capture", -1));
		assert_int_equal(l.size, vint(v, "size", -1));
		assert_int_equal(l.level, vint(v, "level", -1));
		assert_int_equal(l.stream, vint(v, "stream", -1));
		assert_int_equal(l.partial, vint(v, "partial", -1));
		assert_int_equal(l.has_timestamp, vhas(v, "timestamp"));
		assert_int_equal(l.timestamp, vint(v, "timestamp", 0));
		assert_hex(l.message, v, "message_hex");
		assert_hex(l.metadata, v, "metadata_hex");
		assert_true(line_put(&again, &l));
		assert_true(span_eq(buf_text(&again), buf_text(&b)));
	}
	buf_free(&again);
	buf_free(&b);
}

static void
test_line(void **state)
{
	(void)state;
	each_vector("line", line_vector);
}

/* What is too long is not even sent by ours. */
static void
test_long_lines_are_not_sent(void **state)
{
	static char text[RECORD_MESSAGE_MAX + 1];
	struct buf b = { 0 };

	(void)state;
	assert_true(line_put(&b, &(struct line){
	    .message = { text, RECORD_MESSAGE_MAX },
	    .metadata = { text, RECORD_METADATA_MAX } }));
	buf_reset(&b);
	assert_false(line_put(&b, &(struct line){
	    .message = { text, RECORD_MESSAGE_MAX + 1 } }));
	assert_false(line_put(&b, &(struct line){
	    .metadata = { text, RECORD_METADATA_MAX + 1 } }));
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

static void
test_hello_of_a_stream(void **state)
{
	const struct hello hello = {
		.role = ROLE_STREAM,
		.origin = { .execution = span_of("e1"), .task = span_of("t"),
		    .source = span_of("s"), .has_attempt = true, .attempt = 2 },
		.stream = STREAM_STDERR,
		.level = LEVEL_WARN,
		.masked = true,
	};
	const char *sentence = NULL;
	struct buf b = { 0 };
	struct hello h;
	struct frame f;

	(void)state;
	hello_put(&b, &hello, "test");
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	assert_int_equal(hello_decode(f.body, &h, &sentence), FAULT_NONE);
	assert_int_equal(h.role, ROLE_STREAM);
	assert_true(span_is(h.origin.execution, "e1"));
	assert_true(span_is(h.origin.task, "t"));
	assert_true(span_is(h.origin.source, "s"));
	assert_true(h.origin.has_attempt && h.origin.attempt == 2);
	assert_int_equal(h.stream, STREAM_STDERR);
	assert_int_equal(h.level, LEVEL_WARN);
	assert_true(h.masked);
	hello_free(&h);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_long_lines_are_not_sent),
		cmocka_unit_test(test_hello_of_a_stream),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
