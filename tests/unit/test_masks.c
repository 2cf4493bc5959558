/*
 * What a handle registers, keeps to register again, and masks itself.
 */
#include "tests/unit/support.h"

#include "client/masks.h"
#include "proto/mask.h"
#include "proto/masking.h"
#include "proto/record.h"

static struct span
frame_of(struct buf *b, const char *execution, const char *value)
{
	const struct masking m = { .execution = span_of(execution), .n = 1,
	    .value = { span_of(value) } };

	buf_reset(b);
	assert_true(masking_put(b, &m));
	return (buf_text(b));
}

static void
test_a_value_that_is_no_text_is_not_sent(void **state)
{
	const struct masking m = { .execution = span_of("e1"), .n = 1,
	    .value = { span_of("hunter\xff") } };
	struct buf b = { 0 };

	(void)state;
	assert_false(masking_put(&b, &m));
	buf_free(&b);
}

static bool
keep(struct masks *m, const char *execution, const char *value)
{
	struct buf b = { 0 };
	bool kept = masks_add(m, span_of(execution), span_of(value),
	    frame_of(&b, execution, value));

	buf_free(&b);
	return (kept);
}

static void
test_a_handle_masks_what_it_says(void **state)
{
	static char most[RECORD_MESSAGE_MAX];
	const struct span e1 = span_of("e1"), e2 = span_of("e2");
	struct masks m = { 0 };
	struct span text;

	(void)state;
	assert_text(masks_text(&m, e1, span_of("hunter22"), 0), "hunter22");
	assert_true(keep(&m, "e1", "hunter22") && keep(&m, "e2", "wombat77") &&
	    keep(&m, "e1", "quokka55"));
	assert_text(masks_text(&m, e1, span_of("hunter22 wombat77 quokka55"),
	    0), "***SECRET*** wombat77 ***SECRET***");
	assert_text(masks_text(&m, e2, span_of("hunter22 wombat77"), 0),
	    "hunter22 ***SECRET***");
	assert_text(masks_text(&m, e1, span_of("so hunt"), PARTIAL_FIRST),
	    "so ***SECRET***");
	assert_text(masks_metadata(&m, e1, span_of("{\"a\":\"hunter22\"}")),
	    "{\"a\":\"***SECRET***\"}");
	assert_null(masks_metadata(&m, e1, SPAN_NONE).p);
	/* What does not fit any more is shorter. */
	memset(most, ' ', sizeof most);
	memcpy(most, "hunter22", 8);
	text = masks_text(&m, e1, (struct span){ most, sizeof most }, 0);
	assert_int_equal(text.n, sizeof most - 5);
	assert_memory_equal(text.p, "***   ", 6);
	/* Escapes make it much longer: nothing is left. */
	assert_text(masks_metadata(&m, e1, span_of("{\"a\":\"hunter22"
	    "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"
	    "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"
	    "\"}")), MASK_OBJECT);
	masks_forget(&m, e1);
	assert_text(masks_text(&m, e1, span_of("hunter22"), 0), "hunter22");
	assert_text(masks_text(&m, e2, span_of("wombat77"), 0),
	    "***SECRET***");
	masks_free(&m);
}

static void
test_what_a_handle_keeps(void **state)
{
	static char big[MASK_VALUE_MAX + 1];
	struct masks m = { 0 };
	struct buf b = { 0 };
	char name[16];
	size_t before;
	int i;

	(void)state;
	assert_true(keep(&m, "e1", "hunter22"));
	assert_true(keep(&m, "e2", "hunter22"));
	assert_true(keep(&m, "e1", "wombat77"));
	assert_true(masks_has(&m, frame_of(&b, "e1", "wombat77")));
	assert_false(masks_has(&m, frame_of(&b, "e2", "wombat77")));
	masks_forget(&m, span_of("e1"));
	assert_false(masks_has(&m, frame_of(&b, "e1", "hunter22")));
	assert_false(masks_has(&m, frame_of(&b, "e1", "wombat77")));
	assert_true(masks_has(&m, frame_of(&b, "e2", "hunter22")));
	assert_int_equal(m.n, frame_of(&b, "e2", "hunter22").n);
	memset(big, 'x', MASK_VALUE_MAX);
	for (i = 0;; i++) {
		(void)snprintf(name, sizeof name, "e%d", i);
		before = m.n;
		if (!keep(&m, name, big))
			break;
	}
	assert_int_equal(m.n, before);
	assert_in_range(i, MASKS_MAX / MASK_VALUE_MAX - 2,
	    MASKS_MAX / MASK_VALUE_MAX);
	masks_free(&m);
	assert_int_equal(m.n, 0);
	masks_forget(&m, span_of("e1"));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_that_is_no_text_is_not_sent),
		cmocka_unit_test(test_a_handle_masks_what_it_says),
		cmocka_unit_test(test_what_a_handle_keeps),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
