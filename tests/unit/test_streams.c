/*
 * Which captures are kept in mind: whose they are, and who may have more.
 */
#include "tests/unit/support.h"

#include "daemon/batch.h"
#include "daemon/limits.h"
#include "daemon/streams.h"

#define SHARE	1024	/* bytes of an attempt */
#define RAW	4	/* raw streams */

static void
on_opened(void *owner)
{
	(void)owner;
}

static struct holder *
holder(struct streams *s, uint32_t uid, unsigned number)
{
	char name[32];

	(void)snprintf(name, sizeof name, "%u of %u", number, (unsigned)uid);
	return (streams_hold(s, span_of(name), uid, s, on_opened));
}

/* One capture more; is it open? */
static bool
add(struct streams *s, struct holder *h)
{
	const struct capture_open o = {
		.capture = h->newest + 1,
		.origin = { .execution = span_of("e"), .source = span_of("s") },
		.streams = STREAM_BIT(STREAM_NONE),
	};

	if (!streams_has_room(s, h))
		return (false);
	(void)streams_add(s, h, &o, 1);
	return (true);
}

/* As many as this user can have, by as many producers as that takes. */
static size_t
fill(struct streams *s, uint32_t uid)
{
	struct holder *h = NULL;
	size_t n = 0;
	unsigned i = 0;

	do {
		if (n % LIMIT_CAPTURES_EACH == 0)
			h = holder(s, uid, ++i);
		n++;
	} while (add(s, h));
	return (n - 1);
}

static void
commit(struct streams *s, uint64_t serial)
{
	struct stream_opening opening = { .streams = 1 };
	struct batch b = { .opening = &opening, .serial = serial };

	streams_committed(s, &b);
}

/* All captures of the holder are lost. */
static void
lose(struct streams *s, struct holder *h)
{
	struct capture *c;

	commit(s, 1);
	LIST_FOREACH(c, &h->captures, entry)
		streams_end(s, c, STREAM_LOST, 2);
	commit(s, 2);
}

static void
test_a_user_leaves_room_for_others(void **state)
{
	struct streams *s = streams_new(RAW, SHARE);

	(void)state;
	assert_int_equal(fill(s, 1), LIMIT_CAPTURES / 2);
	assert_int_equal(fill(s, 2), LIMIT_CAPTURES / 4);
	assert_int_equal(fill(s, 1), 0);
	assert_int_equal(fill(s, 3), LIMIT_CAPTURES / 8);
	streams_free(s);
}

static void
test_a_producer_has_a_limit_of_its_own(void **state)
{
	struct streams *s = streams_new(RAW, SHARE);
	struct holder *h = holder(s, 1, 1);
	size_t n;

	(void)state;
	for (n = 0; add(s, h); n++)
		;
	assert_int_equal(n, LIMIT_CAPTURES_EACH);
	assert_true(add(s, holder(s, 1, 2)));
	streams_free(s);
}

/* Lost ones take nobody's share, and those of who asks go first. */
static void
test_lost_ones_make_room(void **state)
{
	struct streams *s = streams_new(RAW, SHARE);
	struct holder *h, *kept = holder(s, 2, 0);
	unsigned i;

	(void)state;
	assert_true(add(s, kept));
	lose(s, kept);
	streams_release(s, kept, s, 0);
	for (i = 1; i <= 2 * LIMIT_CAPTURES / LIMIT_CAPTURES_EACH; i++) {
		h = holder(s, 1, i);
		while (h->ncaptures < LIMIT_CAPTURES_EACH)
			assert_true(add(s, h));
		lose(s, h);
		streams_release(s, h, s, 0);
	}
	assert_in_range(s->count, 1, LIMIT_CAPTURES);
	assert_ptr_equal(streams_holder(s, span_of("0 of 2")), kept);
	streams_free(s);
}

static void
test_raw_streams_are_counted_apart(void **state)
{
	struct streams *s = streams_new(RAW, SHARE);
	struct holder *h;
	size_t n;

	(void)state;
	for (n = 0; n < RAW; n++) {
		h = streams_hold(s, SPAN_NONE, 1, s, on_opened);
		assert_true(add(s, h));
	}
	h = streams_hold(s, SPAN_NONE, 1, s, on_opened);
	assert_false(add(s, h));
	assert_true(add(s, holder(s, 1, 1)));
	streams_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_user_leaves_room_for_others),
		cmocka_unit_test(test_a_producer_has_a_limit_of_its_own),
		cmocka_unit_test(test_lost_ones_make_room),
		cmocka_unit_test(test_raw_streams_are_counted_apart),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
