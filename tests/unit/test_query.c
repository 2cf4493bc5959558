/*
 * Questions answered from a real file: which rows, in which order, and where
 * the answer ends.
 */
#include "tests/unit/asking.h"

#include <unistd.h>

static void
assert_says(struct world *w, const char *question, const char *want)
{
	struct buf said = { 0 };
	struct query q;

	put_question(&q, question);
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

	put_question(&q, LOGS "}");
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
	put_question(&q, LOGS "}");
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
	put_question(&q, "{\"kind\":\"status\"}");
	assert_int_equal(pages_of(w, &q, &said), 1);
	assert_int_equal(q.counts.log, 8);
	assert_int_equal(q.counts.audit, 1);
	assert_int_equal(q.counts.incidents, 0);
	query_free(&q);
	buf_free(&said);
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
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
