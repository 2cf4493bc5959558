/*
 * Lines, against a second splitter that sees the whole text at once, and
 * flushed before their end; the buffer and rows at the limits of their frames.
 */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "proto/frame.h"
#include "proto/lines.h"
#include "proto/row.h"

/* Length, kind and a sum of the bytes of each part. */
static void
note(struct span text, enum partial partial, void *v)
{
	unsigned long sum = 5381;
	size_t i;

	for (i = 0; i < text.n; i++)
		sum = sum * 33 + (unsigned char)text.p[i];
	buf_printf(v, "%zu%c%lx ", text.n, "wfml"[partial], sum);
}

/* One line, without its end, in parts; the text is UTF-8. */
static void
cut_line(struct buf *out, struct span s)
{
	enum partial partial = PARTIAL_WHOLE;
	size_t n;

	while (s.n > LINES_MAX) {
		n = LINES_MAX;
		while ((s.p[n] & 0xc0) == 0x80)
			n--;
		partial = partial == PARTIAL_WHOLE ? PARTIAL_FIRST :
		    PARTIAL_MIDDLE;
		note((struct span){ s.p, n }, partial, out);
		s.p += n;
		s.n -= n;
	}
	note(s, partial == PARTIAL_WHOLE ? PARTIAL_WHOLE : PARTIAL_LAST, out);
}

static void
cut_text(struct buf *out, struct span s)
{
	const char *lf;
	struct span line;

	buf_reset(out);
	while (s.n > 0) {
		lf = memchr(s.p, '\n', s.n);
		line = (struct span){ s.p,
		    lf != NULL ? (size_t)(lf - s.p) : s.n };
		s.p += line.n + (lf != NULL);
		s.n -= line.n + (lf != NULL);
		if (lf != NULL && line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		cut_line(out, line);
	}
}

static void
feed(struct buf *out, struct span s, size_t chunk, bool random)
{
	struct lines l = { 0 };
	size_t i, n;

	buf_reset(out);
	for (i = 0; i < s.n; i += n) {
		n = random ? 1 + (size_t)rand() % chunk : chunk;
		n = s.n - i < n ? s.n - i : n;
		assert_true(lines_feed(&l, s.p + i, n, note, out));
	}
	lines_finish(&l, note, out);
	/* It can be used again. */
	assert_true(lines_feed(&l, "x\n", 2, note, out));
	lines_free(&l);
}

static void
check(struct span s, size_t chunk, bool random)
{
	struct buf want = { 0 }, got = { 0 };

	cut_text(&want, s);
	cut_text(&got, span_of("x\n"));
	buf_span(&want, buf_text(&got));
	feed(&got, s, chunk, random);
	if (!span_eq(buf_text(&got), buf_text(&want)))
		fail_msg("in chunks of %zu: %.*s\nwant: %.*s", chunk,
		    (int)got.n, got.p, (int)want.n, want.p);
	buf_free(&want);
	buf_free(&got);
}

/* Lines whose ends are around the limit, with and without CR and LF. */
static void
test_lengths_around_the_limit(void **state)
{
	static const char *const ends[] = { "", "\n", "\r", "\r\n", "\r\r\n",
	    "\r\nx", "\ry\n", "\n\n" };
	static char text[2 * LINES_MAX + 16];
	size_t n, i, k, base;

	(void)state;
	memset(text, 'x', sizeof text);
	for (base = LINES_MAX; base <= 2 * LINES_MAX; base += LINES_MAX)
		for (n = base - 2; n <= base + 3; n++)
			for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
				k = strlen(ends[i]);
				memcpy(text + n, ends[i], k);
				check((struct span){ text, n + k }, 8192,
				    false);
				check((struct span){ text, n + k }, 65537,
				    false);
				check((struct span){ text, n + k },
				    sizeof text, false);
				memset(text + n, 'x', k);
			}
}

/* A character of 1 to 4 bytes at every place around the cut. */
static void
test_no_character_is_cut(void **state)
{
	static const char *const chars[] = { "x", "\xc3\xa9", "\xe2\x82\xac",
	    "\xf0\x9f\x98\x80" };
	struct buf b = { 0 };
	size_t i, shift;

	(void)state;
	for (i = 0; i < 4; i++)
		for (shift = 0; shift < 4; shift++) {
			buf_reset(&b);
			buf_add(&b, "abc", shift);
			while (b.n < 3 * LINES_MAX)
				buf_str(&b, chars[i]);
			check(buf_text(&b), 5000, true);
			buf_char(&b, '\n');
			check(buf_text(&b), 100000, true);
		}
	buf_free(&b);
}

static void
test_random_text(void **state)
{
	static const char *const bits[] = { "\n", "\r\n", "\r", "a", "bc",
	    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	struct buf b = { 0 };
	int round, i, n, last;

	(void)state;
	srand(5);
	for (round = 0; round < 60; round++) {
		buf_reset(&b);
		for (i = 0; i < 40; i++) {
			n = rand() % 6 == 0 ? rand() % 40000 : rand() % 5;
			for (last = rand() % 8; n >= 0; n--)
				buf_str(&b, bits[last < 3 && n > 3 ? 3 :
				    last]);
		}
		check(buf_text(&b), 1 + (size_t)rand() % 70000, true);
	}
	buf_free(&b);
}

/* No byte of what is not UTF-8 gets lost, and no part is over the limit. */
static void
count(struct span text, enum partial partial, void *v)
{
	(void)partial;
	assert_true(text.n <= LINES_MAX);
	*(size_t *)v += text.n;
}

static void
test_any_bytes_are_kept(void **state)
{
	static char text[5 * LINES_MAX];
	struct lines l = { 0 };
	size_t total = 0;

	(void)state;
	memset(text, 0x80, sizeof text);
	assert_true(lines_feed(&l, text, sizeof text, count, &total));
	lines_finish(&l, count, &total);
	assert_int_equal(total, sizeof text);
	lines_free(&l);
}

static void
show(struct span text, enum partial partial, void *v)
{
	buf_printf(v, "%c[", "WFML"[partial]);
	buf_span(v, text);
	buf_char(v, ']');
}

/* Where a '|' stands there is a flush; the stream ends behind the script. */
static void
check_flushed(const char *script, const char *want)
{
	struct lines l = { 0 };
	struct buf got = { 0 };
	size_t n;

	for (;; script += n + 1) {
		n = strcspn(script, "|");
		assert_true(lines_feed(&l, script, n, show, &got));
		if (script[n] == '\0')
			break;
		if (!lines_flush(&l, show, &got))
			buf_char(&got, '.');
	}
	lines_finish(&l, show, &got);
	assert_text(buf_text(&got), want);
	buf_free(&got);
	lines_free(&l);
}

static void
test_flushes(void **state)
{
	(void)state;
	check_flushed("|", ".");
	check_flushed("a\n|", "W[a].");
	check_flushed("a|b\n", "F[a]L[b]");
	/* The end of a line that is all out is a part of its own. */
	check_flushed("a|\nb\n", "F[a]L[]W[b]");
	check_flushed("a|", "F[a]L[]");
	check_flushed("a||b|c", "F[a].M[b]L[c]");
	/* A CR may be that of the line's end. */
	check_flushed("a\r|\n", "F[a]L[]");
	check_flushed("\r|\n", ".W[]");
	check_flushed("a|\r|\n", "F[a].L[]");
	check_flushed("a\r|", "F[a]L[\r]");
	check_flushed("a\r\r|\r|b\n", "F[a\r]M[\r]L[\rb]");
	check_flushed("\r|b|\n", ".F[\rb]L[]");
	/* A character is not cut. */
	check_flushed("\xc3|\xa9\n", ".W[\xc3\xa9]");
	check_flushed("a\xf0\x9f\x98|\x80|", "F[a]M[\xf0\x9f\x98\x80]L[]");
	check_flushed("a\xe2\x82|b|", "F[a]M[\xe2\x82" "b]L[]");
	check_flushed("\xc3|", ".W[\xc3]");
	check_flushed("\xc3\r|\n", "F[\xc3]L[]");
	/* What can begin none is given out. */
	check_flushed("\x80|\xff|\xc0|\xf5\n",
	    "F[\x80]M[\xff]M[\xc0]L[\xf5]");
	check_flushed("r\xe9p|\n", "F[r\xe9p]L[]");
	check_flushed("\xf0z:|\xe2\x82 |", "F[\xf0z:]M[\xe2\x82 ]L[]");
	check_flushed("\x80\x80\x80\x80|", "F[\x80\x80\x80\x80]L[]");
}

/* All that has come is given out, if it is more than one part, too. */
static void
test_flushes_at_the_limit(void **state)
{
	static char text[2 * LINES_MAX];
	struct lines l = { 0 };
	size_t n, total;

	(void)state;
	memset(text, 'x', sizeof text);
	for (n = LINES_MAX - 2; n <= LINES_MAX + 4; n++) {
		total = 0;
		assert_true(lines_feed(&l, text, n, count, &total));
		assert_true(lines_flush(&l, count, &total));
		assert_int_equal(total, n);
		assert_true(lines_feed(&l, "\r\n", 2, count, &total));
		assert_int_equal(total, n);
	}
	lines_free(&l);
}

/* Whatever comes at once, no more than a part of it is held. */
static void
test_what_is_held_is_bounded(void **state)
{
	static char text[20 * LINES_MAX];
	struct lines l = { 0 };
	size_t total = 0, round;

	(void)state;
	memset(text, 'x', sizeof text);
	for (round = 0; round < 5; round++) {
		assert_true(lines_feed(&l, text, sizeof text, count, &total));
		assert_true(l.held.n < LINES_HELD_MAX);
		assert_true(l.held.cap <= 2 * LINES_HELD_MAX);
		assert_int_equal(total + l.held.n, (round + 1) * sizeof text);
	}
	lines_free(&l);
}

static void
test_buf(void **state)
{
	struct buf b = { 0 };
	int i;

	(void)state;
	assert_int_equal(buf_text(&b).n, 0);
	assert_non_null(buf_text(&b).p);
	for (i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4);
	buf_cut(&b, b.n + 1);
	assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4);
	buf_cut(&b, 4);
	assert_text(buf_text(&b), "0,1,");
	/* What cannot be had spoils it until it is used anew. */
	assert_false(buf_reserve(&b, SIZE_MAX));
	buf_str(&b, "lost");
	assert_true(b.failed);
	assert_int_equal(b.n, 4);
	assert_false(frame_end(&b, frame_begin(&b, FRAME_BYE)));
	buf_reset(&b);
	assert_false(b.failed);
	buf_u64(&b, UINT64_C(0x0102030405060708));
	buf_u32(&b, 0xfffefdfc);
	assert_true(span_eq(buf_text(&b), (struct span){
	    "\1\2\3\4\5\6\7\10\xff\xfe\xfd\xfc", 12 }));
	assert_int_equal(be_u64(b.p), UINT64_C(0x0102030405060708));
	assert_int_equal(be_u32(b.p + 8), 0xfffefdfc);
	buf_free(&b);
}

/* Puts a row with one text of n bytes and tells what arrives of it. */
static size_t
arrives(size_t n, size_t text, bool *cut)
{
	static char big[300 * 1024];
	struct log_row r = { .id = 1 }, got;
	struct span *of[] = { &r.execution, &r.task, &r.level, &r.source,
	    &r.message, &r.metadata };
	const struct span *back[] = { &got.execution, &got.task, &got.level,
	    &got.source, &got.message, &got.metadata };
	struct buf b = { 0 };
	struct frame f;

	for (size_t i = 0; i < sizeof big; i++)
		big[i] = i % 2 == 0 ? (char)0xc3 : (char)0xa9;
	*of[text] = (struct span){ big, n };
	log_row_put(&b, &r);
	assert_int_equal(frame_decode(b.p, b.n, &f), FRAME_OK);
	assert_true(log_row_decode(f.body, &got));
	*cut = got.cut;
	n = back[text]->n;
	buf_free(&b);
	return (n);
}

static void
test_where_rows_are_cut(void **state)
{
	static const size_t max[] = { 1024, 1024, 1024, 1024, 131072, 114688 };
	bool cut;
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		assert_int_equal(arrives(max[i], i, &cut), max[i]);
		assert_false(cut);
		/* Half a character is none, half an object neither. */
		assert_int_equal(arrives(max[i] + 1, i, &cut),
		    i < 5 ? max[i] : 0);
		assert_true(cut);
		assert_int_equal(arrives(max[i] - 1, i, &cut), max[i] - 1);
		assert_false(cut);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_around_the_limit),
		cmocka_unit_test(test_no_character_is_cut),
		cmocka_unit_test(test_random_text),
		cmocka_unit_test(test_any_bytes_are_kept),
		cmocka_unit_test(test_flushes),
		cmocka_unit_test(test_flushes_at_the_limit),
		cmocka_unit_test(test_what_is_held_is_bounded),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_where_rows_are_cut),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
