/*
 * The vectors of producers' frames: decoding gives the fields, encoding the
 * fields gives the bytes.
 */
#include "tests/unit/support.h"

#include "proto/audit.h"
#include "proto/fault.h"
#include "proto/frame.h"
#include "proto/hello.h"
#include "proto/record.h"
#include "proto/request.h"
#include "proto/stored.h"

static void
frame_vector(const struct json_t *v)
{
	static const char *const names[] = { "ok", "short", "bad-type",
	    "bad-reserved", "bad-length" };
	struct buf b = { 0 };
	struct frame f;
	enum frame_result result;

	vhex(v, "hex", &b);
	result = frame_decode(b.p, b.n, &f);
	assert_text(vtext(v, "expect"), names[result]);
	if (result == FRAME_OK) {
		assert_int_equal(f.type, vint(v, "type", -1));
		assert_int_equal(f.body.n, vint(v, "body", -1));
		assert_int_equal(f.size, f.body.n + FRAME_HEADER);
	}
	buf_free(&b);
}

static void
test_frames(void **state)
{
	(void)state;
	each_vector("frames", frame_vector);
}

/* The refusal, with the metadata looked at as admission does. */
static enum refusal
refusal_of(const struct record *r)
{
	struct buf text = { 0 }, metadata = { 0 };
	enum refusal refusal = record_check(r);
	struct stored s;

	if (refusal == REFUSAL_NONE && !stored_begin(&s, r, &text, &metadata))
		refusal = REFUSAL_METADATA;
	buf_free(&text);
	buf_free(&metadata);
	return (refusal);
}

static void
assert_refusal(enum refusal refusal, const struct json_t *v)
{
	if (vhas(v, "refusal"))
		assert_text(vtext(v, "refusal"), refusal_code(refusal));
	else
		assert_int_equal(refusal, REFUSAL_NONE);
}

static void
log_vector(const struct json_t *v)
{
	struct buf b = { 0 }, again = { 0 };
	struct record r;
	struct frame f;
	int64_t pad = vint(v, "pad", 0), i;

	vhex(v, "hex", &b);
	for (i = 0; i < pad; i++)
		buf_char(&b, 'm');
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	if (vhas(v, "fault")) {
		assert_false(record_decode(f.body, &r));
		buf_free(&b);
		return;
	}
	assert_true(record_decode(f.body, &r));
	assert_int_equal(r.number, vint(v, "number", -1));
	assert_int_equal(r.level, vint(v, "level", -1));
	assert_int_equal(r.stream, vint(v, "stream", -1));
	assert_int_equal(r.partial, vint(v, "partial", -1));
	assert_int_equal(r.has_timestamp, vhas(v, "timestamp"));
	assert_int_equal(r.timestamp, vint(v, "timestamp", 0));
	assert_int_equal(r.has_attempt, vhas(v, "attempt"));
	assert_int_equal(r.attempt, vint(v, "attempt", 0));
	assert_hex(r.execution, v, "execution_hex");
	assert_hex(r.task, v, "task_hex");
	assert_hex(r.source, v, "source_hex");
	if (pad == 0) {
		assert_hex(r.message, v, "message_hex");
		assert_hex(r.metadata, v, "metadata_hex");
	}
	assert_refusal(refusal_of(&r), v);
	/* What is too long is not even sent by ours. */
	if (r.message.n > RECORD_MESSAGE_MAX ||
	    r.metadata.n > RECORD_METADATA_MAX)
		assert_false(record_put(&again, &r));
	else {
		assert_true(record_put(&again, &r));
		assert_true(span_eq(buf_text(&again), buf_text(&b)));
	}
	buf_free(&again);
	buf_free(&b);
}

static void
test_log(void **state)
{
	(void)state;
	each_vector("log", log_vector);
}

/* A text of the vector, where it is there, is that of the record. */
static void
assert_member(struct span s, const struct json_t *v, const char *key)
{
	if (vhas(v, key))
		assert_true(span_eq(s, vtext(v, key)));
}

static void
log_json_vector(const struct json_t *v)
{
	struct record r;
	struct json_t *doc = record_from_json(vtext(v, "body"), &r);

	if (vhas(v, "fault")) {
		assert_null(doc);
		return;
	}
	assert_non_null(doc);
	assert_refusal(refusal_of(&r), v);
	assert_int_equal(vint(v, "number", (int64_t)r.number), r.number);
	assert_int_equal(vint(v, "level", r.level), r.level);
	assert_int_equal(vint(v, "stream", r.stream), r.stream);
	assert_int_equal(vint(v, "partial", r.partial), r.partial);
	assert_int_equal(vint(v, "timestamp", r.timestamp), r.timestamp);
	assert_int_equal(vint(v, "attempt", r.attempt), r.attempt);
	if (vhas(v, "timestamp"))
		assert_true(r.has_timestamp);
	assert_member(r.execution, v, "execution");
	assert_member(r.task, v, "task");
	assert_member(r.source, v, "source");
	assert_member(r.message, v, "message");
	assert_member(r.metadata, v, "metadata");
	if (vhas(v, "message_hex"))
		assert_hex(r.message, v, "message_hex");
	jdoc_free(doc);
}

static void
test_log_json(void **state)
{
	(void)state;
	each_vector("log_json", log_json_vector);
}

static void
event_vector(const struct json_t *v)
{
	struct audit a, b;
	struct buf again = { 0 };
	struct frame f;
	struct json_t *doc = audit_from_json(vtext(v, "body"), &a), *copy;

	if (vhas(v, "fault")) {
		assert_null(doc);
		return;
	}
	assert_non_null(doc);
	assert_refusal(audit_check(&a), v);
	if (!vhas(v, "refusal")) {
		assert_text(vtext(v, "type"), audit_type_name(a.type));
		assert_int_equal(audit_is_terminal(a.type),
		    vbool(v, "terminal", false));
		assert_int_equal(a.number, vint(v, "number", 0));
		assert_int_equal(a.timestamp, vint(v, "timestamp", 0));
		assert_member(a.metadata, v, "metadata");
		assert_true(audit_put(&again, &a));
		assert_int_equal(frame_decode(again.p, again.n, &f), FRAME_OK);
		assert_non_null(copy = audit_from_json(f.body, &b));
		assert_int_equal(b.type, a.type);
		assert_true(span_eq(b.execution, a.execution));
		assert_true(span_eq(b.metadata, a.metadata));
		assert_int_equal(b.number, a.number);
		assert_int_equal(b.has_timestamp, a.has_timestamp);
		assert_int_equal(b.timestamp, a.timestamp);
		jdoc_free(copy);
		buf_free(&again);
	}
	jdoc_free(doc);
}

static void
test_event(void **state)
{
	(void)state;
	each_vector("event", event_vector);
}

static void
hello_vector(const struct json_t *v)
{
	const char *sentence = NULL;
	struct hello h;
	enum fault fault;

	fault = hello_decode(vtext(v, "body"), &h, &sentence);
	if (vhas(v, "fault")) {
		assert_text(vtext(v, "fault"), fault_code(fault));
		assert_non_null(sentence);
		return;
	}
	assert_int_equal(fault, FAULT_NONE);
	assert_text(vtext(v, "role"), role_name(h.role));
	assert_member(h.producer, v, "producer");
	assert_int_equal(h.resumes, vhas(v, "epoch"));
	assert_int_equal(h.epoch, vint(v, "epoch", 0));
	assert_int_equal(h.acked, vint(v, "acked", 0));
	hello_free(&h);
}

static void
test_hello(void **state)
{
	(void)state;
	each_vector("hello", hello_vector);
}

static void
request_vector(const struct json_t *v)
{
	static const char *const kinds[] = { "logs", "follow", "wait",
	    "audit", "status", "list", "inspect" };
	char cursor[CURSOR_TEXT];
	const char *sentence = NULL;
	struct request r, again;
	struct buf b = { 0 };
	struct frame f;
	enum fault fault;

	fault = request_decode(vtext(v, "body"), &r, &sentence);
	if (vhas(v, "fault")) {
		assert_text(vtext(v, "fault"), fault_code(fault));
		assert_non_null(sentence);
		return;
	}
	assert_int_equal(fault, FAULT_NONE);
	/* What was decoded, and what that is when it is sent and decoded. */
	assert_true(request_put(&b, &r));
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	assert_int_equal(request_decode(f.body, &again, &sentence),
	    FAULT_NONE);
	assert_text(vtext(v, "kind"), kinds[again.kind]);
	assert_member(again.execution, v, "execution");
	assert_member(again.filter.source, v, "source");
	assert_int_equal(again.filter.ntasks, vint(v, "ntasks", 0));
	assert_int_equal(again.filter.levels, vint(v, "levels", 0));
	assert_int_equal(again.filter.types, vint(v, "types", 0));
	assert_int_equal(again.all, vbool(v, "all", false));
	assert_int_equal(again.filter.has_since, vhas(v, "since"));
	assert_int_equal(again.filter.since, vint(v, "since", 0));
	assert_int_equal(again.lines, vint(v, "lines", -1));
	assert_int_equal(again.wait, vbool(v, "wait", false));
	assert_int_equal(again.no_exit, vbool(v, "no_exit", false));
	assert_int_equal(again.reverse, vbool(v, "reverse", false));
	assert_int_equal(again.prefix, vbool(v, "prefix", false));
	assert_int_equal(again.values, vbool(v, "values", false));
	assert_int_equal(again.looks, vint(v, "looks", 0));
	assert_int_equal(again.states, vint(v, "states", 0));
	assert_int_equal(again.filter.has_until, vhas(v, "until"));
	assert_int_equal(again.filter.until, vint(v, "until", 0));
	assert_int_equal(again.filter.has_attempt, vhas(v, "attempt"));
	assert_int_equal(again.filter.attempt, vint(v, "attempt", 0));
	assert_int_equal(again.has_after, vhas(v, "after"));
	if (again.has_after) {
		cursor_format(&again.after, again.execution, cursor);
		assert_member(span_of(cursor), v, "after");
	}
	request_free(&again);
	request_free(&r);
	buf_free(&b);
}

static void
test_request(void **state)
{
	(void)state;
	each_vector("request", request_vector);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_json),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_request),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
