/*
 * Who is given a committed batch at once, and who has to read it.
 */
#include "tests/unit/support.h"

#include "daemon/batch.h"
#include "daemon/follow.h"
#include "daemon/limits.h"
#include "sql/query.h"
#include "proto/frame.h"
#include "proto/row.h"

static void
nothing(void *v)
{
	(void)v;
}

static struct request
request_for(const char *execution)
{
	return ((struct request){ .kind = REQUEST_FOLLOW,
	    .execution = span_of(execution) });
}

struct watched {
	struct query	q;
	struct follower	f;
};

static void
watch(struct follow *f, struct watched *w, const char *execution)
{
	struct request r = request_for(execution);

	query_init(&w->q, &r);
	w->q.at = *follow_published(f);
	w->q.phase = QUERY_LIVE;
	w->f = (struct follower){ .query = &w->q, .ready = true,
	    .poke = nothing };
	follow_add(f, &w->f);
}

/* A batch of one row and perhaps an event, committed behind "before". */
static void
commit(struct follow *f, struct position before, const char *execution,
    const char *message, bool ends)
{
	struct batch *b = batch_new();
	struct log_row r = log_row_of(execution, message);
	struct audit_row a = { .execution = span_of(execution),
	    .type = span_of("COMPLETED"), .metadata = span_of("{}") };
	struct store_commit c = { .before = before, .after = before };

	batch_reset(b, 1);
	batch_add_log(b, &r, 0);
	b->log[0].id = ++c.after.log;
	if (ends) {
		batch_add_audit(b, &a, 0);
		b->audit[0].id = ++c.after.audit;
	}
	follow_committed(f, b, &c);
	batch_free(b);
}

static size_t
frames_in(const struct buf *b)
{
	struct frame f;
	size_t at = 0, n = 0;

	for (; at < b->n; at += f.size, n++)
		assert_int_equal(frame_decode(b->p + at, b->n - at, &f),
		    FRAME_OK);
	return (n);
}

static void
unwatch(struct follow *f, struct watched *w)
{
	follow_remove(f, &w->f);
	query_free(&w->q);
}

static void
test_a_batch_right_behind_is_pushed(void **state)
{
	struct follow *f = follow_new(&(struct position){ 10, 2 });
	struct watched w, other;

	(void)state;
	watch(f, &w, "e1");
	watch(f, &other, "e2");
	commit(f, (struct position){ 10, 2 }, "e1", "m", true);
	assert_int_equal(frames_in(&w.q.out), 1);
	assert_int_equal(w.q.rows, 1);
	assert_int_equal(w.q.at.log, 11);
	assert_int_equal(w.q.at.audit, 3);
	assert_string_equal(w.q.event, "COMPLETED");
	assert_int_equal(other.q.out.n, 0);
	assert_int_equal(other.q.at.log, 11);
	assert_string_equal(other.q.event, "");
	assert_true(follow_wants(f, span_of("e2")));
	assert_false(follow_wants(f, span_of("e3")));
	unwatch(f, &w);
	unwatch(f, &other);
	follow_free(f);
}

static void
test_rows_do_not_overtake_those_of_others(void **state)
{
	struct follow *f = follow_new(&(struct position){ 10, 2 });
	struct watched w;

	(void)state;
	watch(f, &w, "e1");
	/* Somebody wrote 11 and 12 before this one. */
	commit(f, (struct position){ 12, 2 }, "e1", "m", true);
	assert_int_equal(w.q.out.n, 0);
	assert_string_equal(w.q.event, "");
	assert_int_equal(w.q.at.log, 10);
	assert_int_equal(follow_published(f)->log, 13);
	/* Still behind: nothing may be pushed until it has read. */
	commit(f, (struct position){ 13, 3 }, "e1", "n", false);
	assert_int_equal(w.q.out.n, 0);
	w.q.at = *follow_published(f);
	commit(f, (struct position){ 14, 3 }, "e1", "o", false);
	assert_int_equal(frames_in(&w.q.out), 1);
	unwatch(f, &w);
	follow_free(f);
}

static void
test_a_slow_reader_is_left_where_it_is(void **state)
{
	static char big[60 * 1024];
	struct follow *f = follow_new(&(struct position){ 0, 0 });
	struct watched w;
	struct position at = { 0, 0 };
	int64_t pushed = 0;

	(void)state;
	memset(big, 'x', sizeof big - 1);
	watch(f, &w, "e1");
	while (w.f.ready && at.log < 100) {
		pushed = w.q.rows;
		commit(f, at, "e1", big, false);
		at.log++;
	}
	/* What was not pushed is still before it. */
	assert_int_equal(w.q.rows, pushed);
	assert_int_equal(w.q.at.log, pushed);
	assert_true(w.q.out.n < LIMIT_READER_QUEUE + sizeof big + 100);
	unwatch(f, &w);
	follow_free(f);
}

/* Whoever notices, and in whichever table: all follows end. */
static void
test_ids_that_begin_again(void **state)
{
	static const struct position back[] = { { 9, 5 }, { 12, 4 } };
	struct follow *f;
	struct watched w;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		f = follow_new(&(struct position){ 10, 5 });
		watch(f, &w, "e1");
		follow_advanced(f, &(struct position){ 10, 5 });
		assert_false(w.f.beyond);
		if (i < 2)
			follow_advanced(f, &back[i]);
		else
			commit(f, back[i - 2], "e1", "m", true);
		assert_true(w.f.beyond);
		assert_int_equal(w.q.out.n, 0);
		assert_string_equal(w.q.event, "");
		assert_int_equal(follow_published(f)->log, back[i % 2].log +
		    (i >= 2));
		assert_int_equal(follow_published(f)->audit, back[i % 2].audit +
		    (i >= 2));
		unwatch(f, &w);
		follow_free(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_batch_right_behind_is_pushed),
		cmocka_unit_test(test_rows_do_not_overtake_those_of_others),
		cmocka_unit_test(test_a_slow_reader_is_left_where_it_is),
		cmocka_unit_test(test_ids_that_begin_again),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
