/*
 * Lines rejoined from their parts are what came in, whatever the pieces and
 * wherever they were flushed.
 */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "proto/lines.h"

/* Rejoins parts, as a reader does: lines with LF, judging each part. */
struct joined {
	struct buf	text;
	size_t		cut;		/* where the last part of a line ends;
					   0: no line is open */
	bool		open;
};

/* Does a character lie across the cut? */
static bool
is_split(struct span s, size_t cut)
{
	size_t back;

	for (back = 1; back <= 3 && back <= cut; back++)
		if (text_utf8(s.p + cut - back, s.n - cut + back, NULL) > back)
			return (true);
	return (false);
}

static void
join(struct span text, enum partial partial, void *v)
{
	struct joined *j = v;

	assert_true(text.n <= LINES_MAX);
	assert_int_equal(j->open, partial == PARTIAL_MIDDLE ||
	    partial == PARTIAL_LAST);
	assert_true(text.n > 0 || partial == PARTIAL_WHOLE ||
	    partial == PARTIAL_LAST);
	buf_span(&j->text, text);
	if (j->open)
		assert_false(is_split(buf_text(&j->text), j->cut));
	j->open = partial == PARTIAL_FIRST || partial == PARTIAL_MIDDLE;
	if (!j->open)
		buf_char(&j->text, '\n');
	j->cut = j->text.n;
}

/* The text as it is rejoined: no CR before LF, an LF at the end. */
static void
expect_joined(struct buf *b, struct span s)
{
	size_t i;

	buf_reset(b);
	for (i = 0; i < s.n; i++)
		if (s.p[i] != '\r' || i + 1 == s.n || s.p[i + 1] != '\n')
			buf_char(b, s.p[i]);
	if (s.n > 0 && s.p[s.n - 1] != '\n')
		buf_char(b, '\n');
}

/* What a flush may keep: nothing, a CR, the beginning of a character. */
static bool
may_be_kept(struct span s)
{
	size_t i;

	if (s.n == 0 || span_is(s, "\r"))
		return (true);
	for (i = 1; i < s.n; i++)
		if (((uint8_t)s.p[i] & 0xc0) != 0x80)
			return (false);
	return (s.n <= 3 && (uint8_t)s.p[0] >= 0xc2 &&
	    text_utf8(s.p, s.n, NULL) == 0);
}

static void
flush(struct lines *l, struct joined *j)
{
	bool holds = lines_holds(l);
	size_t n = j->text.n;

	assert_int_equal(lines_flush(l, join, j), holds);
	assert_int_equal(j->text.n > n, holds);
	assert_true(may_be_kept(buf_text(&l->held)));
	assert_false(lines_holds(l));
	assert_false(lines_flush(l, join, j));
}

/* Feed up to the next cut, and perhaps flush there: "how" says both. */
static void
check_joined(struct span s, uint32_t (*how)(size_t i, void *arg), void *arg,
    struct joined *j, struct buf *want)
{
	struct lines l = { 0 };
	size_t from, i;
	uint32_t at;

	buf_reset(&j->text);
	j->open = false;
	j->cut = 0;
	for (from = 0, i = 1; i <= s.n; i++) {
		at = how(i, arg);
		if (at == 0 && i < s.n)
			continue;
		assert_true(lines_feed(&l, s.p + from, i - from, join, j));
		from = i;
		if (at == 2)
			flush(&l, j);
	}
	lines_finish(&l, join, j);
	assert_false(j->open);
	assert_false(lines_flush(&l, join, j));
	expect_joined(want, s);
	if (!span_eq(buf_text(&j->text), buf_text(want)))
		fail_msg("%zu bytes came back as %zu: %.*s", want->n,
		    j->text.n, (int)j->text.n, j->text.p);
	lines_free(&l);
}

/* Digits to the base 3: nothing, a cut, a cut and a flush. */
static uint32_t
by_digit(size_t i, void *arg)
{
	uint32_t code = *(uint32_t *)arg;

	for (; i > 1; i--)
		code /= 3;
	return (code % 3);
}

/* Bits: pieces without a flush, or single bytes with some flushes. */
static uint32_t
by_bit(size_t i, void *arg)
{
	uint32_t code = *(uint32_t *)arg;

	return ((code >> i & 1) + (code & 1));
}

/*
 * All short texts in all pieces; up to five bytes with all flushes, six bytes
 * with all flushes of single bytes.
 */
static void
test_every_short_text_comes_back(void **state)
{
	static const char alphabet[] = { 'a', '\r', '\n', '\xc3', '\xa9', 0 };
	struct joined j = { .cut = 0 };
	struct buf want = { 0 };
	uint32_t texts = 1, ways = 1, text, way, rest;
	char s[6];
	size_t n, i;

	(void)state;
	for (n = 1; n <= sizeof s; n++) {
		texts *= 6;
		ways = n < sizeof s ? ways * 3 : 2U << n;
		for (text = 0; text < texts; text++) {
			for (rest = text, i = 0; i < n; i++, rest /= 6)
				s[i] = alphabet[rest % 6];
			for (way = 0; way < ways; way++)
				check_joined((struct span){ s, n },
				    n < sizeof s ? by_digit : by_bit, &way, &j,
				    &want);
		}
	}
	buf_free(&want);
	buf_free(&j.text);
}

static uint32_t
by_chance(size_t i, void *arg)
{
	(void)i;
	return (rand() % *(int *)arg != 0 ? 0 : rand() % 2 == 0 ? 1 : 2);
}

/* Long lines and any bytes, in random pieces. */
static void
test_random_bytes_come_back(void **state)
{
	static const char *const bits[] = { "\n", "\r\n", "\r", "a", "bc",
	    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf0\x9f",
	    "\xe2", "\x80" };
	struct joined j = { .cut = 0 };
	struct buf b = { 0 }, want = { 0 };
	int round, i, n, last, pieces;

	(void)state;
	srand(6);
	for (round = 0; round < 100; round++) {
		buf_reset(&b);
		for (i = 0; i < 30; i++) {
			n = rand() % 6 == 0 ? rand() % 40000 : rand() % 5;
			for (last = rand() % 11; n >= 0; n--)
				buf_str(&b, bits[last < 3 && n > 3 ? 3 :
				    last]);
			if (rand() % 8 == 0)
				buf_char(&b, '\0');
		}
		pieces = round % 2 == 0 ? 3 : 30000;
		check_joined(buf_text(&b), by_chance, &pieces, &j, &want);
	}
	buf_free(&b);
	buf_free(&want);
	buf_free(&j.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_short_text_comes_back),
		cmocka_unit_test(test_random_bytes_come_back),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
