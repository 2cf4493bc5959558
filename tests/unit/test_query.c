/*
 * Questions answered page by page from a real file: which rows, in which
 * order, and where the answer ends.
 */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/batch.h"
#include "daemon/follow.h"
#include "daemon/limits.h"
#include "sql/query.h"
#include "proto/frame.h"

#define INSERT	"INSERT INTO execution_logs(execution_id, task_id, " \
	"timestamp, level, source, message) "
#define EVENT	"INSERT INTO execution_audit_events(execution_id, " \
	"event_type, timestamp, metadata) "

/* Ids of rows, "a" before those of events, and notices by name. */
static void
note_frames(struct buf *out, struct buf *said)
{
	struct audit_row event;
	struct log_row row;
	struct frame f;
	struct notice notice;
	size_t at = 0;

	for (; at < out->n; at += f.size) {
		assert_int_equal(frame_decode(out->p + at, out->n - at, &f),
		    FRAME_OK);
		if (f.type == FRAME_LOG_ROW) {
			assert_true(log_row_decode(f.body, &row));
			buf_printf(said, "%lld ", (long long)row.id);
		} else if (f.type == FRAME_AUDIT_ROW) {
			assert_true(audit_row_decode(f.body, &event));
			buf_printf(said, "a%lld ", (long long)event.id);
		} else {
			assert_int_equal(f.type, FRAME_NOTICE);
			assert_true(notice_decode(f.body, &notice));
			if (notice.kind == NOTICE_LIVE)
				buf_str(said, "live ");
			if (notice.kind == NOTICE_WAITING)
				buf_str(said, "waiting ");
			notice_free(&notice);
		}
	}
	buf_reset(out);
}

static void
begin(struct query *q, const char *question)
{
	const char *sentence;
	struct request r;

	assert_int_equal(request_decode(span_of(question), &r, &sentence),
	    FAULT_NONE);
	query_init(q, &r);
}

static void
page(struct world *w, struct query *q, struct buf *said)
{
	query_page(q, w->pages);
	assert_int_equal(q->error.result, SQL_DONE);
	note_frames(&q->out, said);
}

/* Pages until it is over or live; how many there were. */
static int
pages_of(struct world *w, struct query *q, struct buf *said)
{
	int n = 0;

	while (q->phase < QUERY_LIVE) {
		page(w, q, said);
		n++;
	}
	return (n);
}

static void
assert_says(struct world *w, const char *question, const char *want)
{
	struct buf said = { 0 };
	struct query q;

	begin(&q, question);
	(void)pages_of(w, &q, &said);
	if (!span_is(buf_text(&said), want))
		fail_msg("%s: \"%.*s\" is not \"%s\"", question, (int)said.n,
		    said.p, want);
	buf_free(&said);
	query_free(&q);
}

/* Eight rows, two of them at the same time; 2 is of another execution. */
static void
eight_rows(struct world *w)
{
	meanwhile(w, INSERT "VALUES"
	    "('e1', 't1', 50, 'INFO',  'a', 'm')," /* 1 */
	    "('e2', 't1', 50, 'INFO',  'a', 'm')," /* 2 */
	    "('e1', NULL, 40, 'WARN',  'b', 'm')," /* 3 */
	    "('e1', 't2', 50, 'ERROR', 'a', 'm')," /* 4 */
	    "('e1', 't1', 60, 'DEBUG', 'b', 'm')," /* 5 */
	    "('e1', 't2', 10, 'INFO',  'a', 'm')," /* 6 */
	    "('e1', 't1', 50, 'warning', 'b', 'm')," /* 7 */
	    "('e1', '',   70, 'odd',   'b', 'm')"); /* 8 */
}

#define LOGS	"{\"kind\":\"logs\",\"execution_id\":\"e1\""

static void
test_rows_by_time_and_id(void **state)
{
	struct world *w = *state;

	eight_rows(w);
	assert_says(w, LOGS "}", "6 3 1 4 7 5 8 ");
	assert_says(w, "{\"kind\":\"logs\",\"execution_id\":\"e2\"}", "2 ");
	assert_says(w, "{\"kind\":\"logs\",\"execution_id\":\"e\"}", "");
	assert_says(w, "{\"kind\":\"logs\",\"execution_id\":\"E1\"}", "");
}

static void
test_filters(void **state)
{
	struct world *w = *state;

	eight_rows(w);
	assert_says(w, LOGS ",\"tasks\":[\"t1\"]}", "1 7 5 ");
	assert_says(w, LOGS ",\"tasks\":[\"t2\",\"t1\",\"t3\"]}",
	    "6 1 4 7 5 ");
	assert_says(w, LOGS ",\"levels\":[\"WARN\"]}", "3 7 ");
	assert_says(w, LOGS ",\"levels\":[\"error\",\"DEBUG\"]}", "4 5 ");
	assert_says(w, LOGS ",\"source\":\"b\"}", "3 7 5 8 ");
	assert_says(w, LOGS ",\"since\":50}", "1 4 7 5 8 ");
	assert_says(w, LOGS ",\"since\":51}", "5 8 ");
	assert_says(w, LOGS ",\"since\":-1}", "6 3 1 4 7 5 8 ");
	assert_says(w, LOGS ",\"since\":71}", "");
	assert_says(w, LOGS ",\"tasks\":[\"t1\"],\"source\":\"b\","
	    "\"since\":50,\"levels\":[\"WARN\",\"INFO\"]}", "7 ");
}

static void
test_the_last_lines(void **state)
{
	static const char *const want[] = { "", "8 ", "5 8 ",
	    "7 5 8 ", "4 7 5 8 ", "1 4 7 5 8 ", "3 1 4 7 5 8 ",
	    "6 3 1 4 7 5 8 ", "6 3 1 4 7 5 8 " };
	struct world *w = *state;
	char question[96];
	size_t i;

	eight_rows(w);
	for (i = 0; i < sizeof want / sizeof want[0]; i++) {
		(void)snprintf(question, sizeof question,
		    LOGS ",\"lines\":%zu}", i);
		assert_says(w, question, want[i]);
	}
	assert_says(w, LOGS ",\"lines\":2,\"tasks\":[\"t1\"]}", "7 5 ");
	assert_says(w, LOGS ",\"lines\":9,\"tasks\":[\"t1\"]}", "1 7 5 ");
	assert_says(w, LOGS ",\"lines\":2,\"since\":60}", "5 8 ");
	assert_says(w, LOGS ",\"lines\":9,\"since\":60}", "5 8 ");
	assert_says(w, LOGS ",\"lines\":3,\"source\":\"none\"}", "");
}

/* The executions that a prefix is of, with spaces. */
static void
assert_found(struct world *w, const char *prefix, const char *want)
{
	struct buf names = { 0 };
	size_t n, i;

	assert_int_equal(pages_find(w->pages, span_of(prefix), &names, 5, &n,
	    &w->error), SQL_DONE);
	for (i = 0; i < names.n; i++)
		if (names.p[i] == '\0')
			names.p[i] = ' ';
	assert_text(buf_text(&names), want);
	buf_free(&names);
}

/* Others can store ids that nobody can ask for. */
static void
test_prefixes_of_odd_ids(void **state)
{
	struct world *w = *state;

	(void)alarm(20);
	eight_rows(w);
	assert_found(w, "e", "e1 e2 ");
	assert_found(w, "e2", "e2 ");
	assert_found(w, "f", "");
	meanwhile(w, INSERT "SELECT CAST(value AS BLOB), NULL, 1, 'INFO', "
	    "'s', 'm' FROM json_each('[\"e2b\", \"e\", \"b\"]');"
	    INSERT "VALUES (CAST('e2' || printf('%.2000c', 'x') AS BLOB), "
	    "NULL, 1, 'INFO', 's', 'm');"
	    EVENT "VALUES (CAST('e2' || printf('%.2000c', 'x') AS BLOB), "
	    "'STARTED', 1, '{}')");
	assert_found(w, "e2", "e2 ");
	assert_found(w, "b", "");
	/* Too long for a frame. */
	meanwhile(w, INSERT "SELECT 'e2' || printf('%.2000c', 'a') || value, "
	    "NULL, 1, 'INFO', 's', 'm' FROM json_each('[1, 2, 3]');"
	    INSERT "VALUES ('e2z', NULL, 1, 'INFO', 's', 'm')");
	assert_found(w, "e2", "e2 e2z ");
	/* Too many of them: whether e2 is the only one is not known. */
	meanwhile(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 2000) " INSERT "SELECT 'e2' || printf("
	    "'%.1100c', 'b') || i, NULL, 1, 'INFO', 's', 'm' FROM n");
	assert_found(w, "e2z", "e2z ");
	assert_found(w, "e2", "");
	(void)alarm(0);
}

static void
test_what_is_not_known(void **state)
{
	struct world *w = *state;
	struct buf said = { 0 };
	struct query q;

	begin(&q, LOGS "}");
	assert_int_equal(pages_of(w, &q, &said), 1);
	assert_int_equal(q.phase, QUERY_OVER);
	assert_false(q.found);
	query_free(&q);
	assert_says(w, "{\"kind\":\"follow\",\"execution_id\":\"e1\"}", "");
	assert_says(w, "{\"kind\":\"follow\",\"execution_id\":\"e1\","
	    "\"wait\":true}", "waiting live ");
	/* The engine knows it, though it has not said a word yet. */
	meanwhile(w, "CREATE TABLE executions(execution_id TEXT); "
	    "INSERT INTO executions VALUES('e1')");
	begin(&q, LOGS "}");
	(void)pages_of(w, &q, &said);
	assert_true(q.found);
	assert_int_equal(q.rows, 0);
	query_free(&q);
	assert_says(w, "{\"kind\":\"follow\",\"execution_id\":\"e1\"}",
	    "live ");
	/* So it is when only an event is there. */
	meanwhile(w, EVENT "VALUES('e9', 'CREATED', 1, '{}')");
	assert_says(w, "{\"kind\":\"follow\",\"execution_id\":\"e9\"}",
	    "live ");
	buf_free(&said);
}

static void
test_audit_events(void **state)
{
	struct world *w = *state;

	meanwhile(w, EVENT "VALUES('e1', 'COMPLETED', 9, '{}'), "
	    "('e1', 'CREATED', 1, '{}'), ('e2', 'CREATED', 1, '{}'), "
	    "('e1', 'STARTED', 1, '{}'), ('e1', 'OTHER', 5, '')");
	assert_says(w, "{\"kind\":\"audit\",\"execution_id\":\"e1\"}",
	    "a2 a4 a5 a1 ");
}

static void
test_status_counts(void **state)
{
	struct world *w = *state;
	struct buf said = { 0 };
	struct query q;

	eight_rows(w);
	meanwhile(w, EVENT "VALUES('e1', 'CREATED', 1, '{}')");
	begin(&q, "{\"kind\":\"status\"}");
	assert_int_equal(pages_of(w, &q, &said), 1);
	assert_int_equal(q.counts.log, 8);
	assert_int_equal(q.counts.audit, 1);
	assert_int_equal(q.counts.incidents, 0);
	query_free(&q);
	buf_free(&said);
}

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
	begin(&q, LOGS "}");
	assert_true(pages_of(w, &q, &said) >= 1500 * 300 / QUERY_PAGE_BYTES);
	expect_ids(&want, 1, 2999, 2);
	assert_true(span_eq(buf_text(&said), buf_text(&want)));
	assert_int_equal(q.rows, 1500);
	query_free(&q);
	buf_reset(&said);
	buf_reset(&want);
	begin(&q, LOGS ",\"lines\":1000}");
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
	begin(&q, "{\"kind\":\"follow\",\"execution_id\":\"e1\"}");
	page(w, &q, &said);
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
	page(w, &q, &said);
	assert_text(buf_text(&said), "3001 3002 ");
	assert_string_equal(q.event, "FAILED");
	assert_int_equal(q.at.log, 3003);
	assert_int_equal(q.at.audit, 1);
	page(w, &q, &said);
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
	begin(&q, "{\"kind\":\"follow\",\"execution_id\":\"e1\"}");
	(void)pages_of(w, &q, &said);
	buf_reset(&said);
	meanwhile(w, INSERT MANY "SELECT 'e1', 't', i, 'INFO', 's', "
	    "hex(zeroblob(150)) FROM n; " EVENT "VALUES('e1', 'TIMEOUT', 1, "
	    "'{}')");
	q.target = (struct position){ 3000, 2 };
	while (q.at.audit < 2) {
		assert_string_equal(q.event, "");
		page(w, &q, &said);
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
		page(s->w, &s->q, &s->said);
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
	begin(&s.q, "{\"kind\":\"follow\",\"execution_id\":\"e1\","
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
		world_test(test_rows_by_time_and_id),
		world_test(test_filters),
		world_test(test_the_last_lines),
		world_test(test_prefixes_of_odd_ids),
		world_test(test_what_is_not_known),
		world_test(test_audit_events),
		world_test(test_status_counts),
		world_test(test_an_answer_of_many_pages),
		world_test(test_rows_that_come_between_pages),
		world_test(test_rows_before_the_end),
		world_test(test_a_follow_has_neither_gap_nor_duplicate),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
