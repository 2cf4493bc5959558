/*
 * The vectors of what the daemon sends and stores.
 */
#include "tests/unit/support.h"

#include "proto/capture.h"
#include "proto/fault.h"
#include "proto/frame.h"
#include "proto/hello.h"
#include "proto/record.h"
#include "proto/masking.h"
#include "proto/request.h"
#include "proto/row.h"
#include "proto/stored.h"

/* The texts of the vector one after the other. */
static void
assert_texts(const struct json_t *v, const struct span *texts, size_t n)
{
	struct span hex[6];
	struct buf b = { 0 };
	size_t i, j, count = 0;

	assert_int_equal(jget_texts(v, "texts_hex", hex, 6, &count), JGET_OK);
	assert_int_equal(count, n);
	for (i = 0; i < n; i++) {
		buf_reset(&b);
		for (j = 0; j < texts[i].n; j++)
			buf_printf(&b, "%02x", (uint8_t)texts[i].p[j]);
		assert_true(span_eq(buf_text(&b), hex[i]));
	}
	buf_free(&b);
}

static void
log_row_vector(const struct json_t *v, struct span body, struct span frame)
{
	struct buf again = { 0 };
	struct log_row r;

	if (vbool(v, "bad", false)) {
		assert_false(log_row_decode(body, &r));
		return;
	}
	assert_true(log_row_decode(body, &r));
	assert_int_equal(r.id, vint(v, "id", 0));
	assert_int_equal(r.timestamp, vint(v, "timestamp", 0));
	assert_int_equal(r.cut, vbool(v, "cut", false));
	assert_int_equal(r.task.p != NULL, vbool(v, "has_task", false));
	assert_int_equal(r.metadata.p != NULL,
	    vbool(v, "has_metadata", false));
	assert_texts(v, (struct span[]){ r.execution, r.task, r.level,
	    r.source, r.message, r.metadata }, 6);
	log_row_put(&again, &r);
	assert_true(span_eq(buf_text(&again), frame));
	buf_free(&again);
}

static void
audit_row_vector(const struct json_t *v, struct span body, struct span frame)
{
	struct buf again = { 0 };
	struct audit_row r;

	if (vbool(v, "bad", false)) {
		assert_false(audit_row_decode(body, &r));
		return;
	}
	assert_true(audit_row_decode(body, &r));
	assert_int_equal(r.id, vint(v, "id", 0));
	assert_int_equal(r.timestamp, vint(v, "timestamp", 0));
	assert_int_equal(r.cut, vbool(v, "cut", false));
	assert_int_equal(r.sender.known, vbool(v, "sender", false));
	assert_int_equal(r.sender.received, vint(v, "received", 0));
	assert_int_equal(r.sender.uid, vint(v, "uid", 0));
	assert_int_equal(r.sender.gid, vint(v, "gid", 0));
	assert_int_equal(r.sender.pid, vint(v, "pid", 0));
	assert_texts(v, (struct span[]){ r.execution, r.type, r.metadata,
	    r.sender.metadata }, vbool(v, "said", false) ? 4 : 3);
	audit_row_put(&again, &r);
	assert_true(span_eq(buf_text(&again), frame));
	buf_free(&again);
}

static void
row_vector(const struct json_t *v)
{
	struct buf b = { 0 };
	struct frame f;

	vhex(v, "hex", &b);
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	if (f.type == FRAME_LOG_ROW)
		log_row_vector(v, f.body, buf_text(&b));
	else
		audit_row_vector(v, f.body, buf_text(&b));
	buf_free(&b);
}

static void
test_rows(void **state)
{
	(void)state;
	each_vector("rows", row_vector);
}

/* A row of another program that is larger than a frame. */
static void
test_large_rows_are_cut(void **state)
{
	static char text[200 * 1024];
	struct log_row r = { .id = 1 }, cut;
	struct buf b = { 0 };
	struct frame f;

	(void)state;
	memset(text, 'x', sizeof text);
	r.execution = r.task = r.level = r.source = r.message = r.metadata =
	    (struct span){ text, sizeof text };
	log_row_put(&b, &r);
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	assert_true(log_row_decode(f.body, &cut));
	assert_true(cut.cut);
	assert_int_equal(cut.execution.n, 1024);
	assert_int_equal(cut.message.n, 128 * 1024);
	assert_null(cut.metadata.p);
	buf_free(&b);
}

/* Make the frame that the vector shows. */
static void
make(const struct json_t *v, struct span kind, struct buf *b)
{
	struct end end = {
		.reason = (enum end_reason)vint(v, "reason", 0),
		.rows = vint(v, "rows", 0),
		.found = vbool(v, "found", false),
		.event = vtext(v, "event"),
	};
	char message[128] = "";

	(void)snprintf(message, sizeof message, "%.*s",
	    (int)vtext(v, "message").n, vtext(v, "message").p);
	if (span_is(kind, "HELLO"))
		hello_put(b, &(struct hello){ .role = ROLE_PRODUCE,
		    .producer = vtext(v, "producer"),
		    .resumes = vhas(v, "epoch"), .epoch = vint(v, "epoch", 0),
		    .acked = vint(v, "acked", 0) }, "execlog");
	else if (span_is(kind, "WELCOME"))
		welcome_put(b, &(struct welcome){ vint(v, "epoch", 0),
		    vint(v, "number", 0) });
	else if (span_is(kind, "REFUSED"))
		refusal_put(b, 3, REFUSAL_LEVEL);
	else if (span_is(kind, "ERROR"))
		fault_put(b, FAULT_FRAME_CUT, message);
	else if (span_is(kind, "NOTICE"))
		notice_put(b, &(struct notice){
			.kind = (enum notice_kind)vint(v, "notice", 0),
			.log = vint(v, "log", 0),
			.rows = vint(v, "rows", 0),
			.at_most = vbool(v, "at_most", false),
			.execution = vtext(v, "execution") });
	else if (span_is(kind, "END")) {
		(void)jget_texts(v, "streams", end.name, END_NAMES_MAX,
		    &end.nnames);
		end_put(b, &end);
	} else if (span_is(kind, "MASKED"))
		masked_put(b, vint(v, "tag", 0));
	else if (span_is(kind, "OPENED"))
		opened_put(b, vint(v, "stream", 0));
	else
		fail();
}

/* What the receiver makes of it. */
static void
understand(const struct json_t *v, const struct frame *f)
{
	struct complaint c;
	struct json_t *doc;
	struct welcome w;
	struct end end;
	struct notice notice;

	switch (f->type) {
	case FRAME_WELCOME:
		assert_true(welcome_decode(f->body, &w));
		assert_int_equal(w.epoch, vint(v, "epoch", 0));
		assert_int_equal(w.number, vint(v, "number", 0));
		break;
	case FRAME_REFUSED:
	case FRAME_ERROR:
		assert_non_null(doc = complaint_decode(f->body, &c));
		assert_int_equal(c.number, vint(v, "number", 0));
		assert_true(span_eq(c.code, vtext(v, "code")));
		jdoc_free(doc);
		break;
	case FRAME_NOTICE:
		assert_true(notice_decode(f->body, &notice));
		assert_int_equal(notice.kind, vint(v, "notice", -1));
		assert_int_equal(notice.log, vint(v, "log", 0));
		assert_int_equal(notice.rows, vint(v, "rows", 0));
		assert_int_equal(notice.at_most, vbool(v, "at_most", false));
		notice_free(&notice);
		break;
	case FRAME_END:
		assert_true(end_decode(f->body, &end));
		assert_int_equal(end.reason, vint(v, "reason", -1));
		assert_int_equal(end.rows, vint(v, "rows", -1));
		assert_true(span_eq(end.event, vtext(v, "event")));
		if (vhas(v, "streams"))
			assert_true(end.nnames == 2 &&
			    span_is(end.name[1], "output"));
		end_free(&end);
		break;
	default:
		break;
	}
}

static void
answer_vector(const struct json_t *v)
{
	struct buf want = { 0 }, made = { 0 };
	struct frame f;

	vhex(v, "hex", &want);
	make(v, vtext(v, "frame"), &made);
	if (!span_eq(buf_text(&made), buf_text(&want)))
		fail_msg("made: %.*s", (int)(made.n - 8), made.p + 8);
	assert_int_equal(frame_decode(made.p, made.n, &f), FRAME_OK);
	understand(v, &f);
	buf_free(&want);
	buf_free(&made);
}

static void
test_answers(void **state)
{
	(void)state;
	each_vector("answers", answer_vector);
}

/* Does the receiver understand it? */
static bool
is_good(struct span frame, struct span body)
{
	struct complaint c;
	struct json_t *doc;
	struct welcome w;
	struct end end;
	struct notice notice;

	if (span_is(frame, "WELCOME"))
		return (welcome_decode(body, &w));
	if (span_is(frame, "NOTICE"))
		return (notice_decode(body, &notice) &&
		    (notice_free(&notice), true));
	if (span_is(frame, "END")) {
		if (!end_decode(body, &end))
			return (false);
		end_free(&end);
		return (true);
	}
	if ((doc = complaint_decode(body, &c)) == NULL)
		return (false);
	jdoc_free(doc);
	return (true);
}

static void
doubtful_vector(const struct json_t *v)
{
	assert_int_equal(is_good(vtext(v, "frame"), vtext(v, "body")),
	    vbool(v, "good", true));
}

static void
test_doubtful_answers(void **state)
{
	(void)state;
	each_vector("doubtful", doubtful_vector);
}

static int faults, refusals;

/* One of ours has this code; it goes out and comes in with it. */
static void
code_vector(const struct json_t *v)
{
	struct buf b = { 0 };
	struct complaint c;
	struct json_t *doc;
	struct frame f;
	struct span name = vtext(v, "name");
	int i = 1;

	if (span_is(vtext(v, "frame"), "ERROR")) {
		while (i < FAULT_COUNT &&
		    !span_is(name, fault_code((enum fault)i)))
			i++;
		assert_int_not_equal(i, FAULT_COUNT);
		fault_put(&b, (enum fault)i, "said \xff\n");
		faults++;
	} else {
		while (i < REFUSAL_COUNT &&
		    !span_is(name, refusal_code((enum refusal)i)))
			i++;
		assert_int_not_equal(i, REFUSAL_COUNT);
		refusal_put(&b, INT64_MAX, (enum refusal)i);
		refusals++;
	}
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	assert_non_null(doc = complaint_decode(f.body, &c));
	assert_true(span_eq(c.code, name));
	assert_true(c.message.n > 0);
	assert_int_equal(c.number, f.type == FRAME_REFUSED ? INT64_MAX : 0);
	jdoc_free(doc);
	buf_free(&b);
}

static void
test_codes_are_those_of_the_page(void **state)
{
	(void)state;
	each_vector("codes", code_vector);
	assert_int_equal(faults, FAULT_COUNT - 1);
	assert_int_equal(refusals, REFUSAL_COUNT - 1);
}

static void
assert_stored(struct json_t *want, const struct stored *s)
{
	struct span metadata = vtext(want, "metadata");

	assert_true(span_eq(s->message, vtext(want, "message")));
	if (!span_eq(buf_text(s->metadata), metadata))
		fail_msg("metadata: %.*s", (int)s->metadata->n,
		    s->metadata->p);
}

static void
stored_vector(const struct json_t *v)
{
	struct buf bytes = { 0 }, text = { 0 }, metadata = { 0 };
	struct record r = {
		.stream = (uint8_t)vint(v, "stream", 0),
		.partial = (uint8_t)vint(v, "partial", 0),
		.has_attempt = vhas(v, "attempt"),
		.attempt = (uint32_t)vint(v, "attempt", 0),
		.metadata = vtext(v, "metadata"),
	};
	struct json_t *row;
	struct stored s;

	vhex(v, "message_hex", &bytes);
	r.message = buf_text(&bytes);
	if (vhas(v, "refusal")) {
		assert_false(stored_begin(&s, &r, &text, &metadata));
	} else {
		assert_true(stored_begin(&s, &r, &text, &metadata));
		assert_int_equal(jget_object(v, "row", &row), JGET_OK);
		assert_true(stored_next(&s, &r));
		assert_stored(row, &s);
		assert_false(stored_next(&s, &r));
	}
	buf_free(&bytes);
	buf_free(&text);
	buf_free(&metadata);
}

static void
test_stored(void **state)
{
	(void)state;
	each_vector("stored", stored_vector);
}

/*
 * Long text that is not UTF-8 comes in parts: of the bytes at most
 * STORED_RAW_MAX, of the text with its three bytes for one at most 64 KiB.
 */
static void
test_raw_is_in_parts(void **state)
{
	static char bytes[65536];
	struct buf text = { 0 }, metadata = { 0 };
	struct record r = { .message = { bytes, sizeof bytes } };
	size_t n = 0, total = 0;
	struct stored s;
	struct span part;

	(void)state;
	memset(bytes, 0xff, sizeof bytes);
	assert_true(stored_begin(&s, &r, &text, &metadata));
	for (; stored_next(&s, &r); n++) {
		assert_true(s.message.n <= RECORD_MESSAGE_MAX);
		total += s.message.n;
		part = jtext_member(buf_text(&metadata), "partial");
		assert_text(part, n == 0 ? "\"first\"" :
		    total < 3 * sizeof bytes ? "\"middle\"" : "\"last\"");
		assert_true(jtext_member(buf_text(&metadata), "raw").n <=
		    STORED_RAW_MAX * 4 / 3 + 6);
	}
	assert_int_equal(total, 3 * sizeof bytes);
	buf_free(&text);
	buf_free(&metadata);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_large_rows_are_cut),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_doubtful_answers),
		cmocka_unit_test(test_codes_are_those_of_the_page),
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_raw_is_in_parts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
