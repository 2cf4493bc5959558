/* A screen that is drawn again: rows are counted as a terminal does. */
#include "client/redraw.h"
#include "tests/unit/support.h"

#define K	"\033[K\n"

static void
assert_drawn(int rows, int columns, const char *text, const char *want)
{
	const struct redraw r = { rows, columns, false, "elsewhere" };
	struct buf b = { 0 };

	redraw_put(&b, &r, span_of(text));
	buf_char(&b, '\0');
	assert_true(strncmp(b.p, "\033[H", 3) == 0);
	assert_string_equal(b.p + b.n - 4, "\033[J");
	b.p[b.n - 4] = '\0';
	assert_string_equal(b.p + 3, want);
	buf_free(&b);
}

static void
test_lines(void **state)
{
	(void)state;
	assert_drawn(3, 30, "", "");
	assert_drawn(3, 30, "a\n\n", "a" K K);
	assert_drawn(3, 30, "a\nb\nc\n",
	    "a" K "-- 2 more lines: elsewhere --" K);
	assert_drawn(4, 29, "a\nb\nc\nd",
	    "a" K "b" K "-- 2 more lines: elsewhere --\n");
	assert_drawn(1, 30, "a\n", "-- 1 more line: elsewhere --" K);
	assert_drawn(3, 12, "a\nb\nc\n", "a" K "-- 2 more l…\n");
}

/* A full row is not cleared behind: that takes its last character. */
static void
test_wrapped_lines(void **state)
{
	(void)state;
	assert_drawn(9, 4, "abcd\nx\n", "abcd\nx" K);
	assert_drawn(9, 4, "abcdefghi\nx\n", "abcd\nefgh\ni" K "x" K);
	assert_drawn(9, 4, "abc字\n", "abc" K "字" K);
	assert_drawn(9, 10, "a\tb\n", "a       b" K);
	assert_drawn(9, 4, "\033[31mabcd\033[0m\n",
	    "\033[31mabcd\033[0m\n");
	/* One that is not all there is among those that are hidden. */
	assert_drawn(4, 9, "\033[31mabcdefghijabcdefghij\033[0m\nx\n",
	    "\033[31mabcdefghi\njabcdefgh\n\033[0m-- 2 mor…\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_wrapped_lines),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
