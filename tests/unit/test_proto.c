/*
 * Text, JSON, lines and frames at their edges.
 */
#include "tests/unit/support.h"

#include "proto/filter.h"
#include "proto/frame.h"
#include "proto/lines.h"
#include "proto/row.h"
#include "proto/size.h"
#include "proto/text.h"

static void
test_every_cut_of_a_frame_is_short(void **state)
{
	struct buf b = { 0 };
	struct frame f;
	size_t mark, n;

	(void)state;
	mark = frame_begin(&b, FRAME_LOG);
	buf_str(&b, "some body");
	assert_true(frame_end(&b, mark));
	for (n = 0; n < b.n; n++) {
		assert_int_equal(frame_decode(b.p, n, &f), FRAME_SHORT);
		assert_int_equal(f.size, n < FRAME_HEADER ? FRAME_HEADER : b.n);
	}
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	buf_free(&b);
}

static void
test_a_frame_over_its_limit_is_taken_back(void **state)
{
	static char big[FRAME_MAX + 1];
	struct buf b = { 0 };
	size_t mark;

	(void)state;
	buf_str(&b, "before");
	mark = frame_begin(&b, FRAME_EVENT);
	buf_add(&b, big, FRAME_JSON_MAX + 1);
	assert_false(frame_end(&b, mark));
	assert_text(buf_text(&b), "before");
	mark = frame_begin(&b, FRAME_LOG);
	buf_add(&b, big, FRAME_MAX);
	assert_true(frame_end(&b, mark));
	buf_free(&b);
}

static void
test_utf8(void **state)
{
	static const struct { const char *text; size_t n; } good[] = {
		{ "\0", 1 }, { "\x7f", 1 }, { "\xc2\x80", 2 },
		{ "\xdf\xbf", 2 }, { "\xe0\xa0\x80", 3 },
		{ "\xed\x9f\xbf", 3 }, { "\xee\x80\x80", 3 },
		{ "\xf0\x90\x80\x80", 4 }, { "\xf4\x8f\xbf\xbf", 4 },
	}, bad[] = {
		{ "\x80", 1 }, { "\xbf", 1 }, { "\xc0\x80", 2 },
		{ "\xc1\xbf", 2 }, { "\xc2", 1 }, { "\xc2\x41", 2 },
		{ "\xe0\x9f\xbf", 3 }, { "\xed\xa0\x80", 3 },
		{ "\xe2\x82", 2 }, { "\xf0\x8f\xbf\xbf", 4 },
		{ "\xf4\x90\x80\x80", 4 }, { "\xf5\x80\x80\x80", 4 },
		{ "\xff", 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_int_equal(text_utf8(good[i].text, good[i].n, NULL),
		    good[i].n);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(text_utf8(bad[i].text, bad[i].n, NULL), 0);
}

static void
test_text_cut(void **state)
{
	struct span s = span_of("aé€😀b");	/* 1 2 3 4 1 bytes */
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof want / sizeof want[0]; i++)
		assert_int_equal(text_cut(s, i), want[i]);
}

static void
test_base64(void **state)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
	    { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
	    { "\xff\xfe\xfd", "//79" } };
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		buf_reset(&b);
		text_base64(&b, span_of(pairs[i][0]));
		assert_text(buf_text(&b), pairs[i][1]);
	}
	buf_free(&b);
}

/* Whatever the bytes: a JSON string that another parser reads. */
static void
test_any_bytes_make_a_json_string(void **state)
{
	struct buf b = { 0 };
	char bytes[3];
	struct json_t *doc;
	struct span text;
	int i, j;

	(void)state;
	for (i = 0; i < 256; i++)
		for (j = 0; j < 256; j += 5) {
			bytes[0] = (char)i;
			bytes[1] = (char)j;
			bytes[2] = 'x';
			buf_reset(&b);
			buf_char(&b, '{');
			jput_text(&b, "k", (struct span){ bytes, 3 });
			buf_char(&b, '}');
			assert_non_null(doc = jdoc_parse(buf_text(&b)));
			assert_int_equal(jget_text(doc, "k", &text), JGET_OK);
			assert_int_equal(text.p[text.n - 1], 'x');
			jdoc_free(doc);
		}
	buf_free(&b);
}

static void
test_json_members(void **state)
{
	const struct span s = span_of(" { \"a\" : [1, {\"b\":\"}\"}] ,\"c\":"
	    "\"x\\\"y\" , \"d\":-1.50,\"e\":null } ");
	char cut[128];
	size_t n;

	(void)state;
	assert_text(jtext_member(s, "a"), "[1, {\"b\":\"}\"}]");
	assert_text(jtext_member(s, "c"), "\"x\\\"y\"");
	assert_text(jtext_member(s, "d"), "-1.50");
	assert_text(jtext_member(s, "e"), "null");
	assert_null(jtext_member(s, "b").p);
	/* In what is no object it stays within its bounds. */
	for (n = 0; n <= s.n; n++) {
		memcpy(cut, s.p, n);
		(void)jtext_member((struct span){ cut, n }, "z");
	}
}

static void
test_json_without(void **state)
{
	static const char *const drop[] = { "b", "x" };
	struct buf b = { 0 };

	(void)state;
	assert_true(jput_without(&b, span_of("{\"a\":1,\"b\":2,\"c\":\"é\"}"),
	    drop, 2));
	assert_text(buf_text(&b), "{\"a\":1,\"c\":\"é\"}");
	assert_false(jput_without(&b, span_of("[]"), drop, 2));
	buf_free(&b);
}

static void
collect(struct span text, enum partial partial, void *v)
{
	static const char marks[] = "|<-|";	/* whole first middle last */

	buf_span(v, text);
	buf_char(v, marks[partial]);
}

static void
split(struct buf *out, struct span s, size_t chunk)
{
	struct lines l = { 0 };
	size_t i, n;

	buf_reset(out);
	for (i = 0; i < s.n; i += n) {
		n = s.n - i < chunk ? s.n - i : chunk;
		assert_true(lines_feed(&l, s.p + i, n, collect, out));
	}
	lines_finish(&l, collect, out);
	lines_free(&l);
}

static void
test_lines_at_every_boundary(void **state)
{
	const struct span s = span_of("one\r\n\r\ntw\ro\n\nend\r");
	struct buf b = { 0 };
	size_t chunk;

	(void)state;
	for (chunk = 1; chunk <= s.n; chunk++) {
		split(&b, s, chunk);
		assert_text(buf_text(&b), "one||tw\ro||end\r|");
	}
	split(&b, span_of(""), 1);
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

/* n bytes of two-byte characters behind one byte, and LF. */
static void
test_long_lines_are_cut_between_characters(void **state)
{
	static char text[3 * LINES_MAX];
	struct buf b = { 0 };
	size_t i, n = 2 * LINES_MAX;

	(void)state;
	text[0] = 'a';
	for (i = 1; i < n; i++)
		text[i] = i % 2 == 1 ? (char)0xc3 : (char)0xa9;
	text[n - 1] = '\n';
	split(&b, (struct span){ text, n }, 1000);
	assert_int_equal(b.p[LINES_MAX - 1], '<');
	assert_int_equal(b.p[b.n - 1], '|');
	assert_int_equal(b.n, n - 1 + 2);
	/* Exactly the limit is one line, with and without CR. */
	memset(text, 'x', sizeof text);
	text[LINES_MAX] = '\r';
	text[LINES_MAX + 1] = '\n';
	split(&b, (struct span){ text, LINES_MAX + 2 }, 7);
	assert_int_equal(b.n, LINES_MAX + 1);
	text[LINES_MAX] = '\n';
	split(&b, (struct span){ text, LINES_MAX + 1 }, LINES_MAX * 2);
	assert_int_equal(b.n, LINES_MAX + 1);
	buf_free(&b);
}

static void
test_filter(void **state)
{
	struct log_row r = { .timestamp = 5, .task = span_of("t1"),
	    .level = span_of("WARN"), .source = span_of("s") };
	struct filter f = { 0 };

	(void)state;
	assert_true(filter_match(&f, &r));
	f.task[f.ntasks++] = span_of("t0");
	assert_false(filter_match(&f, &r));
	f.task[f.ntasks++] = span_of("t1");
	assert_true(filter_match(&f, &r));
	f.levels = 1u << LEVEL_ERROR;
	assert_false(filter_match(&f, &r));
	f.levels |= 1u << LEVEL_WARN;
	f.source = span_of("s");
	f.has_since = true;
	f.since = 5;
	assert_true(filter_match(&f, &r));
	f.since = 6;
	assert_false(filter_match(&f, &r));
	f.since = 5;
	f.source = span_of("t");
	assert_false(filter_match(&f, &r));
	f.source = SPAN_NONE;
	f.stream = STREAM_STDERR;
	assert_false(filter_match(&f, &r));
	r.metadata = span_of("{\"stream\": \"stdout\"}");
	assert_false(filter_match(&f, &r));
	r.metadata = span_of("{\"stream\": \"stderr\"}");
	assert_true(filter_match(&f, &r));
	r.task = SPAN_NONE;
	assert_false(filter_match(&f, &r));
}

static void
test_sizes(void **state)
{
	static const struct {
		int64_t		 bytes;
		const char	*text;
	} sizes[] = {
		{ 0, "0 bytes" }, { 1, "1 byte" }, { 1023, "1023 bytes" },
		{ 1024, "1 KB" }, { 1536, "1.5 KB" }, { 1025, "1.0 KB" },
		{ 1048575, "1.0 MB" }, { 10485760, "10 MB" },
		{ 10485761, "10.0 MB" }, { 2LL << 30, "2 GB" },
		{ 5LL << 40, "5 TB" }, { INT64_MAX, "8388608 TB" },
	};
	char text[SIZE_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		assert_string_equal(size_format(sizes[i].bytes, text),
		    sizes[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut_of_a_frame_is_short),
		cmocka_unit_test(test_a_frame_over_its_limit_is_taken_back),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_text_cut),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_any_bytes_make_a_json_string),
		cmocka_unit_test(test_json_members),
		cmocka_unit_test(test_json_without),
		cmocka_unit_test(test_lines_at_every_boundary),
		cmocka_unit_test(test_long_lines_are_cut_between_characters),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_sizes),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
