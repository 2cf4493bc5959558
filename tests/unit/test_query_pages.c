/*
 * Answers of many pages, and followers: rows that are committed in between, by
 * us and by others.
 */
#include "tests/unit/asking.h"

#include <stdlib.h>

#include "daemon/batch.h"
#include "daemon/follow.h"
#include "daemon/limits.h"

#define LOGS	"{\"kind\":\"logs\",\"execution_id\":\"e1\""

#define MANY	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 " \
	"FROM n WHERE i < 3000) "

/* n first … last, step apart. */
static void
expect_ids(struct buf *b, int first, int last, int step)
{
	int i;

	for (i = first; i <= last; i += step)
		buf_printf(b, "%d ", i);
}

/* Half of 3000 rows, 300 bytes each, three to a millisecond. */
static void
test_an_answer_of_many_pages(void **state)
{
	struct world *w = *state;
	struct buf said = { 0 }, want = { 0 };
	struct query q;

	meanwhile(w, INSERT MANY "SELECT 'e' || (i % 2), 't', i / 6, 'INFO', "
	    "'s', hex(zeroblob(150)) FROM n");
	put_question(&q, LOGS "}");
	assert_true(pages_of(w, &q, &said) >= 1500 * 300 / QUERY_PAGE_BYTES);
	expect_ids(&want, 1, 2999, 2);
	assert_true(span_eq(buf_text(&said), buf_text(&want)));
	assert_int_equal(q.rows, 1500);
	query_free(&q);
	buf_reset(&said);
	buf_reset(&want);
	put_question(&q, LOGS ",\"lines\":1000}");
	(void)pages_of(w, &q, &said);
	expect_ids(&want, 1001, 2999, 2);
	assert_true(span_eq(buf_text(&said), buf_text(&want)));
	query_free(&q);
	buf_free(&said);
	buf_free(&want);
}

/* What is committed while the stored rows are paged comes live, once. */
static void
test_rows_that_come_between_pages(void **state)
{
	struct world *w = *state;
	struct buf said = { 0 }, want = { 0 };
	struct query q;

	meanwhile(w, INSERT MANY "SELECT 'e1', 't', i, 'INFO', 's', "
	    "hex(zeroblob(150)) FROM n");
	put_question(&q, "{\"kind\":\"follow\",\"execution_id\":\"e1\"}");
	next_page(w, &q, &said);
	assert_int_equal(q.phase, QUERY_STORED);
	/* One among the rows to come, one before those that are sent. */
	meanwhile(w, INSERT "VALUES('e1', 't', 2999, 'INFO', 's', ''), "
	    "('e1', 't', 1, 'INFO', 's', ''), ('e2', 't', 1, 'INFO', 's', '');"
	    EVENT "VALUES('e1', 'FAILED', 1, '{}')");
	(void)pages_of(w, &q, &said);
	assert_int_equal(q.at.log, 3000);
	assert_int_equal(q.at.audit, 0);
	assert_string_equal(q.event, "");
	expect_ids(&want, 1, 3000, 1);
	buf_str(&want, "live ");
	assert_true(span_eq(buf_text(&said), buf_text(&want)));
	buf_reset(&said);
	q.target = (struct position){ 3003, 1 };
	next_page(w, &q, &said);
	assert_text(buf_text(&said), "3001 3002 ");
	assert_string_equal(q.event, "FAILED");
	assert_int_equal(q.at.log, 3003);
	assert_int_equal(q.at.audit, 1);
	next_page(w, &q, &said);
	assert_text(buf_text(&said), "3001 3002 ");
	query_free(&q);
	buf_free(&said);
	buf_free(&want);
}

/* The end is not seen before the rows that were committed before it. */
static void
test_rows_before_the_end(void **state)
{
	struct world *w = *state;
	struct buf said = { 0 }, want = { 0 };
	struct query q;
	int n = 0;

	meanwhile(w, EVENT "VALUES('e1', 'CREATED', 1, '{}')");
	put_question(&q, "{\"kind\":\"follow\",\"execution_id\":\"e1\"}");
	(void)pages_of(w, &q, &said);
	buf_reset(&said);
	meanwhile(w, INSERT MANY "SELECT 'e1', 't', i, 'INFO', 's', "
	    "hex(zeroblob(150)) FROM n; " EVENT "VALUES('e1', 'TIMEOUT', 1, "
	    "'{}')");
	q.target = (struct position){ 3000, 2 };
	while (q.at.audit < 2) {
		assert_string_equal(q.event, "");
		next_page(w, &q, &said);
		n++;
	}
	assert_true(n >= 3000 * 300 / QUERY_PAGE_BYTES);
	assert_string_equal(q.event, "TIMEOUT");
	expect_ids(&want, 1, 3000, 1);
	assert_true(span_eq(buf_text(&said), buf_text(&want)));
	query_free(&q);
	buf_free(&said);
	buf_free(&want);
}

/* -------------------------------------------------- follow, from both ways */

struct session {
	struct world	*w;
	struct follow	*follow;
	struct batch	*batch;
	struct query	 q;
	struct follower	 f;
	struct buf	 said;
	struct buf	 want;
	bool		 stuck;		/* the reader does not read */
	int		 pushed;
	int		 paged;
};

static void
nothing(void *v)
{
	(void)v;
}

/* What a session does when it is poked. */
static void
catch_up(struct session *s)
{
	const struct position *to = follow_published(s->follow);

	if (s->stuck)
		return;
	s->pushed += s->q.out.n > 0;
	note_frames(&s->q.out, &s->said);
	while (s->q.at.log < to->log || s->q.at.audit < to->audit) {
		s->q.target = *to;
		next_page(s->w, &s->q, &s->said);
		s->paged++;
	}
	s->f.ready = true;
}

/* A batch of ours: rows of e1 and e2 by turns, some of them long. */
static void
commit_ours(struct session *s, int rows)
{
	static char big[60 * 1024];
	struct log_row row = { .level = span_of("INFO"),
	    .source = span_of("s") };
	struct store_commit c;
	int i;

	memset(big, 'x', sizeof big);
	batch_reset(s->batch, 1);
	for (i = 0; i < rows; i++) {
		row.execution = span_of(rand() % 2 == 0 ? "e1" : "e2");
		row.message = (struct span){ big, rand() % 3 == 0 ?
		    sizeof big : 10 };
		batch_add_log(s->batch, &row, 0);
	}
	assert_int_equal(store_commit(s->w->store, &(struct store_batch){
	    .log = s->batch->log, .nlog = s->batch->nlog }, &c,
	    &s->w->error), SQL_DONE);
	for (i = 0; i < rows; i++)
		if (span_is(s->batch->log[i].execution, "e1"))
			buf_printf(&s->want, "%lld ",
			    (long long)s->batch->log[i].id);
	follow_committed(s->follow, s->batch, &c);
}

/* A row of somebody else's, seen now or only at our next commit. */
static void
commit_theirs(struct session *s)
{
	struct position p;

	meanwhile(s->w, INSERT "VALUES('e1', 't', 1, 'INFO', 's', '')");
	assert_int_equal(store_position(s->w->store, &p, &s->w->error),
	    SQL_DONE);
	buf_printf(&s->want, "%lld ", (long long)p.log);
	if (rand() % 2 == 0)
		follow_advanced(s->follow, &p);
}

/*
 * Whatever the order of our batches, others' rows and a reader that stops
 * reading: every row once, in order.
 */
static void
test_a_follow_has_neither_gap_nor_duplicate(void **state)
{
	struct session s = { .w = *state };
	int i;

	srand(1);
	s.follow = follow_new(&(struct position){ 0, 0 });
	s.batch = batch_new();
	put_question(&s.q, "{\"kind\":\"follow\",\"execution_id\":\"e1\","
	    "\"wait\":true}");
	(void)pages_of(s.w, &s.q, &s.said);
	buf_reset(&s.said);
	s.f = (struct follower){ .query = &s.q, .ready = true,
	    .poke = nothing };
	follow_add(s.follow, &s.f);
	for (i = 0; i < 300; i++) {
		if (rand() % 4 == 0)
			commit_theirs(&s);
		else
			commit_ours(&s, 1 + rand() % 12);
		s.stuck = rand() % 3 == 0;
		catch_up(&s);
	}
	s.stuck = false;
	commit_ours(&s, 1);
	catch_up(&s);
	if (!span_eq(buf_text(&s.said), buf_text(&s.want)))
		fail_msg("said %.*s\nwant %.*s", (int)s.said.n, s.said.p,
		    (int)s.want.n, s.want.p);
	/* Both ways were gone, or this shows nothing. */
	assert_true(s.pushed > 50 && s.paged > 50);
	follow_remove(s.follow, &s.f);
	follow_free(s.follow);
	batch_free(s.batch);
	query_free(&s.q);
	buf_free(&s.said);
	buf_free(&s.want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_an_answer_of_many_pages),
		world_test(test_rows_that_come_between_pages),
		world_test(test_rows_before_the_end),
		world_test(test_a_follow_has_neither_gap_nor_duplicate),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
