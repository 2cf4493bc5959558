/* Tables: nothing in a cell moves another one. */
#include "client/columns.h"
#include "client/table.h"
#include "tests/unit/support.h"

static void
test_widths(void **state)
{
	(void)state;
	assert_int_equal(columns_width(span_of("")), 0);
	assert_int_equal(columns_width(span_of("abc\xc3\xa9")), 4);
	assert_int_equal(columns_width(span_of("字a")), 3);
	assert_int_equal(columns_width(span_of("e\xcc\x81")), 1);
	assert_int_equal(columns_width(span_of("😀")), 2);
	assert_int_equal(columns_width(span_of("\xff\xfe")), 2);
	assert_int_equal(columns_fit(span_of("a字b"), 2), 1);
	assert_int_equal(columns_fit(span_of("a字b"), 3), 4);
	assert_int_equal(columns_fit(span_of("ab"), 9), 2);
}

static void
assert_table(const struct table *t, int width, const char *text)
{
	struct buf b = { 0 };

	table_put(&b, t, 0, width, false);
	buf_char(&b, '\0');
	assert_string_equal(b.p, text);
	buf_free(&b);
}

static void
test_cells(void **state)
{
	struct table t = { .ncolumns = 2, .most[0] = 4 };
	const char *const cells[] = { "A", "B", "a\tb\r\033", "x", "字字字",
	    "y" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cells / sizeof cells[0]; i++)
		table_add(&t, span_of(cells[i]), NULL);
	/* What is cut in a wide character leaves a blank. */
	assert_table(&t, 0, "A     B\na^I…  x\n字…   y\n");
	t.most[0] = 0;
	assert_table(&t, 0, "A         B\na^Ib^M^[  x\n字字字    y\n");
	table_free(&t);
}

/* A column that says nothing goes before one that does is cut. */
static void
test_bare_columns(void **state)
{
	struct table t = { .ncolumns = 3, .drop = { 0, 1, 2 }, .cut[0] = 1 };
	const char *const cells[] = { "A", "B", "C", "abcdefghijk", "b", "-",
	    "a", "-", "-" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cells / sizeof cells[0]; i++)
		table_add(&t, span_of(cells[i]), NULL);
	assert_table(&t, 17, "A            B  C\nabcdefghijk  b  -\n"
	    "a            -  -\n");
	assert_table(&t, 16, "A            B\nabcdefghijk  b\n"
	    "a            -\n");
	assert_table(&t, 13, "A           B\nabcdefghi…  b\na           -\n");
	table_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_bare_columns),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
