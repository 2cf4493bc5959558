/* What the client keeps of an execution: not more than it may. */
#include "client/inspection.h"
#include "proto/row.h"
#include "tests/unit/support.h"

#define MOST	4096

static void
give(struct inspection *in, struct buf *b)
{
	struct frame f;

	assert_int_equal(frame_decode(b->p, b->n, &f), FRAME_OK);
	inspection_frame(in, &f);
	buf_reset(b);
}

static void
fact(struct inspection *in, const char *kind, int i, size_t text)
{
	struct buf b = { 0 };
	size_t mark = frame_begin(&b, FRAME_FACT);

	buf_printf(&b, "{\"fact\":\"%s\",\"task_id\":\"t%d\",\"attempt\":%d,"
	    "\"key\":\"outputs\",\"text\":\"%0*d\"}", kind, i, i, (int)text, 0);
	assert_true(frame_end(&b, mark));
	give(in, &b);
	buf_free(&b);
}

/* Task t is in that state, and there is a lot more to say. */
static void
event(struct inspection *in, const char *to, int reason)
{
	struct buf b = { 0 }, metadata = { 0 };
	struct audit_row r = { .id = 1, .execution = span_of("e1"),
	    .type = span_of("STATE_CHANGE") };

	buf_printf(&metadata, "{\"task_id\":\"t\",\"to\":\"%s\",\"x\":\"%0*d\"}",
	    to, reason, 0);
	r.metadata = buf_text(&metadata);
	audit_row_put(&b, &r);
	give(in, &b);
	buf_free(&b);
	buf_free(&metadata);
}

static void
test_events_beyond_the_limit_still_tell(void **state)
{
	struct inspection in = { .most = MOST };
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		event(&in, "RUNNING", 500);
	event(&in, "SUCCESS", 1);
	assert_in_range(in.nevents, 4, MOST / 500);
	assert_in_range(in.bytes, 1, 2 * MOST);
	assert_true(in.truncated);
	assert_int_equal(in.ntasks, 1);
	assert_true(span_is(in.task[0].state, "SUCCESS"));
	inspection_free(&in);
}

static void
test_values_beyond_the_limit(void **state)
{
	struct inspection in = { .most = MOST };
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		fact(&in, "value", i / 2, i == 99 ? 1 : 300);
	for (i = 0; i < (int)in.ntasks; i++)
		n += in.task[i].value[VALUE_OUTPUTS].n;
	assert_in_range(n, 8 * 300, MOST);
	assert_int_equal(n % 300, 0);
	assert_true(in.truncated);
	/* The tasks themselves are there. */
	assert_int_equal(in.ntasks, 50);
	inspection_free(&in);
}

static void
test_texts_at_twice_the_limit(void **state)
{
	struct inspection in = { .most = MOST };
	int i;

	(void)state;
	for (i = 0; i < MOST; i++)
		fact(&in, "run", i, 1);
	assert_in_range(in.ntasks, MOST / 64, MOST - 1);
	assert_in_range(in.bytes, MOST, 2 * MOST);
	assert_true(in.truncated);
	inspection_free(&in);
}

static void
test_numbers_have_a_limit(void **state)
{
	struct inspection in = { .most = INSPECTION_BYTES_MAX };
	int i;

	(void)state;
	for (i = 0; i < INSPECTION_TASKS_MAX; i++)
		fact(&in, "run", i, 1);
	assert_false(in.truncated);
	fact(&in, "run", i, 1);
	assert_true(in.truncated);
	in.truncated = false;
	fact(&in, "truncated", 0, 1);
	assert_true(in.truncated);
	inspection_free(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_beyond_the_limit_still_tell),
		cmocka_unit_test(test_values_beyond_the_limit),
		cmocka_unit_test(test_texts_at_twice_the_limit),
		cmocka_unit_test(test_numbers_have_a_limit),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
