/*
 * The producer's queue: what is kept, what is sent, what is let go.
 */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "client/ring.h"
#include "proto/frame.h"

/* Put a frame with a body of n bytes; false if there is no room. */
static bool
put(struct ring *r, enum frame_type type, size_t n)
{
	static const char body[512];
	struct buf b = { 0 };
	size_t mark = frame_begin(&b, type);
	bool room;

	buf_add(&b, body, n);
	assert_true(frame_end(&b, mark));
	room = ring_room(r) >= b.n;
	if (room)
		ring_put(r, b.p, b.n);
	buf_free(&b);
	return (room);
}

/* Send up to n bytes of what is to be sent. */
static void
transmit(struct ring *r, size_t n)
{
	struct iovec iov[2];
	int i, count = ring_unsent(r, iov);
	size_t there = 0;

	for (i = 0; i < count; i++)
		there += iov[i].iov_len;
	ring_sent(r, n < there ? n : there);
}

static void
test_acknowledged_is_let_go(void **state)
{
	struct ring r;

	(void)state;
	assert_true(ring_init(&r, 1000, 10));
	assert_true(put(&r, FRAME_LOG, 50));		/* 11 */
	assert_true(put(&r, FRAME_FLUSH, 8));
	assert_true(put(&r, FRAME_MASK, 30));
	assert_true(put(&r, FRAME_LOG, 60));		/* 12 */
	transmit(&r, 1000);
	ring_ack(&r, 10);
	assert_int_equal(r.tail, 0);
	ring_ack(&r, 11);
	assert_int_equal(r.acked, 11);
	assert_int_equal(r.tail, 58 + 16 + 38);
	ring_ack(&r, 12);
	assert_int_equal(r.tail, r.head);
	assert_int_equal(ring_room(&r), 1000);
	ring_free(&r);
}

/* A FLUSH of which a part is on its way may not vanish. */
static void
test_nothing_is_let_go_before_it_is_sent(void **state)
{
	struct ring r;

	(void)state;
	assert_true(ring_init(&r, 1000, 0));
	assert_true(put(&r, FRAME_LOG, 50));
	assert_true(put(&r, FRAME_FLUSH, 8));
	transmit(&r, 58 + 3);
	ring_ack(&r, 1);
	assert_int_equal(r.acked, 1);
	assert_int_equal(r.tail, 58);
	assert_int_equal(r.sent, 61);
	transmit(&r, 1000);
	ring_ack(&r, 1);
	assert_int_equal(r.tail, r.head);
	ring_free(&r);
}

static void
test_another_connection_gets_what_is_missing(void **state)
{
	struct ring r;
	int i;

	(void)state;
	assert_true(ring_init(&r, 1000, 0));
	for (i = 0; i < 5; i++)
		assert_true(put(&r, FRAME_LOG, 50));
	transmit(&r, 58 * 3 + 7);
	ring_ack(&r, 1);
	ring_resume(&r, 2);
	assert_int_equal(r.acked, 2);
	assert_int_equal(r.tail, 58 * 2);
	assert_int_equal(r.sent, r.tail);
	/* Also what was never sent on this one may be stored. */
	ring_resume(&r, 5);
	assert_int_equal(r.tail, r.head);
	assert_int_equal(r.sent, r.head);
	ring_free(&r);
}

/* Against a plain model: random puts, sends, acks and reconnects. */
static void
test_against_a_model(void **state)
{
	uint64_t put_count = 0, sent_whole, acked = 0;
	struct ring r;
	int step;

	(void)state;
	srand(7);
	assert_true(ring_init(&r, 777, 0));
	for (step = 0; step < 200000; step++) {
		switch (rand() % 5) {
		case 0:
		case 1:
			if (put(&r, FRAME_LOG, (size_t)(rand() % 200)))
				put_count++;
			break;
		case 2:
			transmit(&r, (size_t)(rand() % 300));
			break;
		case 3:
			/* At most what has gone out whole can be acked. */
			sent_whole = r.sent == r.head ? put_count : acked;
			ring_ack(&r, sent_whole);
			acked = sent_whole;
			break;
		default:
			if (put_count > acked && rand() % 10 == 0) {
				acked += (uint64_t)rand() %
				    (put_count - acked + 1);
				ring_resume(&r, acked);
				assert_int_equal(r.sent, r.tail);
			}
			break;
		}
		assert_int_equal(r.acked, acked);
		assert_true(r.tail <= r.sent && r.sent <= r.head);
		assert_true((r.tail == r.head) == (acked == put_count));
	}
	ring_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acknowledged_is_let_go),
		cmocka_unit_test(test_nothing_is_let_go_before_it_is_sent),
		cmocka_unit_test(test_another_connection_gets_what_is_missing),
		cmocka_unit_test(test_against_a_model),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
