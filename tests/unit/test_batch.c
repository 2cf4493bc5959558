/*
 * What becomes of records until they are committed: batches, their order, the
 * ledger, the pace.  Without a clock and without I/O.
 */
#include "tests/unit/support.h"

#include "daemon/batch.h"
#include "daemon/hist.h"
#include "daemon/ledger.h"
#include "daemon/limits.h"
#include "daemon/names.h"
#include "daemon/order.h"
#include "daemon/pace.h"
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

static void
test_a_batch_is_due(void **state)
{
	struct batch *b = batch_new();
	struct log_row r = log_row_of("e1", "m");

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
	struct log_row r = log_row_of("e1", text);
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
	struct log_row r = log_row_of("e1", "");
	const struct batch_limit limit = { LIMIT_BATCH_ROWS,
	    LIMIT_BATCH_PAGES };
	size_t n = 0;

	(void)state;
	r.message = (struct span){ big, sizeof big };
	batch_reset(b, 1);
	while (!batch_is_full(b, &limit)) {
		batch_add_log(b, &r, 0);
		n++;
	}
	assert_in_range(n, 60, LIMIT_BATCH_BYTES / sizeof big);
	batch_free(b);
}

/* Each execution costs pages in the indexes. */
static void
test_a_batch_is_full_of_pages(void **state)
{
	const struct batch_limit limit = { LIMIT_BATCH_ROWS, 1000 };
	struct batch *b = batch_new();
	struct log_row r = log_row_of("", "");
	char id[12];
	size_t n;

	(void)state;
	batch_reset(b, 1);
	r.execution.p = id;
	for (n = 0; !batch_is_full(b, &limit); n++) {
		r.execution.n = (size_t)snprintf(id, sizeof id, "e%zu", n);
		batch_add_log(b, &r, 0);
	}
	assert_in_range(n, 450, 500);
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

/* Who has how much pending, and how many are there that have? */
/* Of those who are connected, who has a name? */
static void
test_who_is_present(void **state)
{
	struct ledger l = { 0 };
	struct ledger_entry named = { .name = span_of("p") }, nameless = { 0 };
	struct batch *b = batch_new();

	(void)state;
	ledger_add(&l, &named);
	ledger_add(&l, &nameless);
	ledger_present(&l, b);
	assert_int_equal(b->npresent, 1);
	assert_text(b->present[0], "p");
	batch_free(b);
}

static void
test_ledger_of_bytes(void **state)
{
	int acks = 0;
	struct ledger l = { 0 };
	struct ledger_entry a = { .on_committed = count, .arg = &acks };
	struct ledger_entry b = a;
	struct batch *batch = batch_new();

	(void)state;
	ledger_add(&l, &a);
	ledger_add(&l, &b);
	ledger_admit(&l, &a, batch, 100, 0);
	ledger_admit(&l, &a, batch, 50, 0);
	ledger_admit(&l, &b, batch, 0, 0);	/* refused, without a row */
	assert_int_equal(l.active, 1);
	ledger_seal(&l);
	ledger_admit(&l, &a, batch, 30, 0);
	ledger_admit(&l, &b, batch, 7, 0);
	assert_int_equal(ledger_pending(&a), 180);
	assert_int_equal(l.active, 2);
	ledger_commit(&l);
	assert_int_equal(ledger_pending(&a), 30);
	assert_int_equal(l.active, 2);
	ledger_remove(&l, &b);
	assert_int_equal(l.active, 1);
	ledger_settle(&l);
	assert_int_equal(ledger_pending(&a), 0);
	assert_int_equal(l.active, 0);
	ledger_remove(&l, &a);
	batch_free(batch);
}

static void
test_names(void **state)
{
	static char text[3000][12];
	struct names n = { 0 };
	int i, round;

	(void)state;
	assert_false(names_has(&n, span_of("n0")));
	for (i = 0; i < 3000; i++)
		(void)snprintf(text[i], sizeof text[i], "n%d", i);
	for (round = 0; round < 2; round++)
		for (i = 0; i < 3000; i++)
			assert_int_equal(names_add(&n, span_of(text[i])), i);
	assert_int_equal(n.count, 3000);
	assert_true(names_has(&n, span_of("n2999")));
	assert_false(names_has(&n, span_of("n3000")));
	assert_false(names_has(&n, span_of("n")));
	names_reset(&n);
	assert_false(names_has(&n, span_of("n0")));
	assert_int_equal(names_add(&n, span_of("n7")), 0);
	names_free(&n);
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

/* A transaction of rows with 300 bytes each that ended at now, in us. */
static void
hold(struct pace *p, size_t rows, int64_t us, bool foreign, bool more,
    int64_t now)
{
	pace_done(p, &(struct pace_hold){
		.rows = rows,
		.bytes = 300 * rows,
		.hold_us = us,
		.released_us = now,
		.foreign = foreign,
		.more = more,
	});
}

static size_t
rows_at(struct pace *p, bool waits, int64_t now)
{
	pace_predict(p, waits, now);
	return (p->limit.rows);
}

static void
test_pace_of_our_own_file(void **state)
{
	struct pace p;
	int64_t now = 1000000, held = 0;
	int i, gaps = 0;

	(void)state;
	pace_init(&p, 10000, false);
	assert_false(pace_is_shared(&p, now));
	for (i = 0; i < 50; i++) {
		hold(&p, 1000, 5000, false, true, now);
		held += 5000;
		gaps += p.ready_us > now;
		if (p.ready_us > now)
			assert_in_range(p.ready_us - now, 15000, 22500);
	}
	assert_int_equal(gaps, held / 250000);
	/* With pauses of its own it needs none of ours. */
	for (i = 0; i < 500; i++) {
		now += 7000;
		hold(&p, 10, 5000, false, false, now);
		assert_int_equal(p.ready_us, now);
	}
	/* 5 us a row: 60 % of 100 ms, of 20 while somebody waits. */
	assert_in_range(rows_at(&p, false, now), 11900, 12100);
	assert_in_range(rows_at(&p, true, now), 2380, 2420);
	assert_in_range(p.limit_bytes, 714000, 726000);
	assert_int_equal(p.limit.pages, LIMIT_BATCH_PAGES);
}

static void
test_pace_of_a_shared_file(void **state)
{
	struct pace p;
	int64_t now = 1000000;
	int i;

	(void)state;
	pace_init(&p, 10000, false);
	for (i = 0; i < 50; i++)
		hold(&p, 1000, 6000, true, true, now);
	assert_true(pace_is_shared(&p, now));
	assert_in_range(rows_at(&p, false, now), 990, 1010);
	assert_int_equal(p.limit.pages, LIMIT_SHARED_PAGES);
	assert_in_range(p.ready_us - now, 6000, 9000);
	hold(&p, 1000, 6000, false, false, now);
	assert_in_range(p.ready_us - now, 12000, 18000);
	hold(&p, 1, 300, false, false, now);
	assert_in_range(p.ready_us - now, 2000, 3000);
	/* Never too small to be worth it; forgotten after 10 s. */
	hold(&p, 100, 1000000, false, false, now);
	assert_int_equal(rows_at(&p, true, now), PACE_ROWS_MIN);
	assert_false(pace_is_shared(&p, now + 10000000));
	pace_init(&p, 10000, true);
	assert_true(pace_is_shared(&p, now));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hist),
		cmocka_unit_test(test_a_batch_is_due),
		cmocka_unit_test(test_a_batch_keeps_its_own_texts),
		cmocka_unit_test(test_a_batch_is_full),
		cmocka_unit_test(test_a_batch_is_full_of_pages),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_who_is_present),
		cmocka_unit_test(test_ledger_of_bytes),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_pace_of_our_own_file),
		cmocka_unit_test(test_pace_of_a_shared_file),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
