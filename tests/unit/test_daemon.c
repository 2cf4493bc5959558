/*
 * The parts of the daemon that need no clock and no I/O.
 */
#include "tests/unit/support.h"

#include "daemon/batch.h"
#include "daemon/follow.h"
#include "daemon/hist.h"
#include "daemon/ledger.h"
#include "daemon/limits.h"
#include "daemon/order.h"
#include "daemon/pace.h"
#include "daemon/query.h"
#include "proto/frame.h"
#include "proto/row.h"

static void
test_hist(void **state)
{
	static struct hist h;
	int64_t i;

	(void)state;
	assert_int_equal(hist_quantile(&h, 500), 0);
	for (i = 1; i <= 10000; i++)
		hist_add(&h, i);
	assert_in_range(hist_quantile(&h, 500), 5000, 5625);
	assert_in_range(hist_quantile(&h, 990), 9900, 10000);
	assert_int_equal(h.max, 10000);
	hist_add(&h, INT64_MAX);
	hist_add(&h, -5);
	assert_true(hist_quantile(&h, 1000) > 10000);
}

static struct log_row
row(const char *execution, const char *message)
{
	return ((struct log_row){ .execution = span_of(execution),
	    .level = span_of("INFO"), .source = span_of("s"),
	    .message = span_of(message) });
}

static void
test_a_batch_is_due(void **state)
{
	struct batch *b = batch_new();
	struct log_row r = row("e1", "m");

	(void)state;
	batch_reset(b, 1);
	assert_false(batch_is_due(b, 5000, 1, 1));	/* it is empty */
	batch_add_log(b, &r, 1000);
	assert_false(batch_is_due(b, 1999, 2, 1000));
	assert_true(batch_is_due(b, 2000, 2, 1000));	/* old enough */
	batch_add_log(b, &r, 1500);
	assert_true(batch_is_due(b, 1500, 2, 1000));	/* enough rows */
	assert_false(batch_is_due(b, 1500, 3, 1000));
	b->urgent = true;
	assert_true(batch_is_due(b, 1500, 3, 1000));	/* somebody waits */
	batch_reset(b, 2);
	assert_false(b->urgent);
	assert_int_equal(batch_rows(b), 0);
	batch_free(b);
}

static void
test_a_batch_keeps_its_own_texts(void **state)
{
	struct batch *b = batch_new();
	char text[] = "here";
	struct log_row r = row("e1", text);
	int i;

	(void)state;
	batch_reset(b, 1);
	for (i = 0; i < 5000; i++)
		batch_add_log(b, &r, 0);
	memset(text, 'x', sizeof text - 1);
	for (i = 0; i < 5000; i++)
		assert_text(b->log[i].message, "here");
	assert_null(b->log[0].task.p);
	assert_true(batch_has(b, span_of("e1")));
	assert_false(batch_has(b, span_of("e2")));
	batch_free(b);
}

static void
test_a_batch_is_full(void **state)
{
	static char big[64 * 1024];
	struct batch *b = batch_new();
	struct log_row r = row("e1", "");
	size_t n = 0;

	(void)state;
	r.message = (struct span){ big, sizeof big };
	batch_reset(b, 1);
	while (!batch_is_full(b, LIMIT_BATCH_ROWS)) {
		batch_add_log(b, &r, 0);
		n++;
	}
	assert_in_range(n, 60, LIMIT_BATCH_BYTES / sizeof big);
	batch_free(b);
}

static void
count(void *v)
{
	(*(int *)v)++;
}

static void
test_ledger(void **state)
{
	int acks = 0;
	struct ledger l = { 0 };
	struct ledger_entry e = { .on_committed = count, .arg = &acks };

	(void)state;
	ledger_add(&l, &e);
	e.admitted = 3;
	ledger_seal(&l);
	e.admitted = 5;
	ledger_commit(&l);
	assert_int_equal(e.committed, 3);	/* not what came after */
	assert_int_equal(acks, 1);
	ledger_commit(&l);
	assert_int_equal(acks, 1);
	ledger_settle(&l);
	assert_int_equal(e.committed, 5);
	assert_int_equal(acks, 2);
	ledger_remove(&l, &e);
	assert_int_equal(l.count, 0);
}

static void
test_order(void **state)
{
	static struct log_row rows[5000];
	static const char *const names[] = { "b", "a", "ab", "aa", "c" };
	struct order o = { 0 };
	size_t i, n;

	(void)state;
	for (n = 0; n <= 5000; n += 1 + n / 2) {
		for (i = 0; i < n; i++)
			rows[i] = (struct log_row){ .id = (int64_t)i,
			    .execution = span_of(names[i * 7 % 11 % 5]) };
		order_rows(&o, rows, n);
		for (i = 1; i < n; i++) {
			int c = strcmp(rows[i - 1].execution.p,
			    rows[i].execution.p);
			assert_true(c <= 0);
			if (c == 0)
				assert_true(rows[i - 1].id < rows[i].id);
		}
	}
	order_free(&o);
}

static void
test_pace_of_our_own_file(void **state)
{
	struct pace p;
	int64_t now = 1000, held = 0;
	int i, gaps = 0;

	(void)state;
	pace_init(&p, 10000, false);
	assert_false(pace_is_shared(&p, now));
	for (i = 0; i < 50; i++) {
		pace_done(&p, 1000, 5000, false, true, now);
		held += 5000;
		gaps += p.ready_at > now;
		if (p.ready_at > now)
			assert_in_range(p.ready_at - now, 15, 24);
	}
	assert_int_equal(gaps, held / 250000);
	/* With pauses of its own it needs none of ours. */
	for (i = 0; i < 500; i++) {
		now += 7;
		pace_done(&p, 10, 5000, false, false, now);
		assert_int_equal(p.ready_at, now);
	}
	/* 5 us a row: 85 % of 100 ms, of 20 while somebody waits. */
	assert_in_range(pace_rows(&p, false, now), 16800, 17200);
	assert_in_range(pace_rows(&p, true, now), 3360, 3440);
}

static void
test_pace_of_a_shared_file(void **state)
{
	struct pace p;
	int64_t now = 1000;
	int i;

	(void)state;
	pace_init(&p, 10000, false);
	for (i = 0; i < 50; i++)
		pace_done(&p, 1000, 6000, true, true, now);
	assert_true(pace_is_shared(&p, now));
	assert_in_range(pace_rows(&p, false, now), 990, 1010);
	assert_in_range(p.ready_at - now, 6, 9);
	pace_done(&p, 1000, 6000, false, false, now);
	assert_in_range(p.ready_at - now, 12, 18);
	pace_done(&p, 1, 300, false, false, now);
	assert_in_range(p.ready_at - now, 2, 3);
	/* Never too small to be worth it; forgotten after 10 s. */
	pace_done(&p, 100, 1000000, false, false, now);
	assert_int_equal(pace_rows(&p, true, now), PACE_ROWS_MIN);
	assert_false(pace_is_shared(&p, now + 10000));
	pace_init(&p, 10000, true);
	assert_true(pace_is_shared(&p, now));
}

/* --------------------------------------------------------------- follow */

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
	struct log_row r = row(execution, message);
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

static void
test_published_never_goes_back(void **state)
{
	struct follow *f = follow_new(&(struct position){ 10, 5 });

	(void)state;
	follow_advanced(f, &(struct position){ 8, 7 });
	assert_int_equal(follow_published(f)->log, 10);
	assert_int_equal(follow_published(f)->audit, 7);
	follow_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hist),
		cmocka_unit_test(test_a_batch_is_due),
		cmocka_unit_test(test_a_batch_keeps_its_own_texts),
		cmocka_unit_test(test_a_batch_is_full),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_pace_of_our_own_file),
		cmocka_unit_test(test_pace_of_a_shared_file),
		cmocka_unit_test(test_a_batch_right_behind_is_pushed),
		cmocka_unit_test(test_rows_do_not_overtake_those_of_others),
		cmocka_unit_test(test_a_slow_reader_is_left_where_it_is),
		cmocka_unit_test(test_published_never_goes_back),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
