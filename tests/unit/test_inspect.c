/* An execution's facts: how many statements they take, and how many there are. */
#include "proto/request.h"
#include "sql/inspect.h"
#include "sql/pages_inner.h"
#include "tests/unit/support.h"

#define TABLES	"CREATE TABLE executions(execution_id TEXT PRIMARY KEY, " \
	"workflow_id TEXT, state TEXT, created_at TEXT);" \
	"CREATE TABLE task_runs(execution_id TEXT, task_id TEXT, state TEXT, " \
	"PRIMARY KEY(execution_id, task_id));" \
	"CREATE TABLE attempts(execution_id TEXT, task_id TEXT, " \
	"attempt_number INTEGER, status TEXT, " \
	"PRIMARY KEY(execution_id, task_id, attempt_number));" \
	"INSERT INTO executions(execution_id, state) VALUES('e1', 'FAILED');"
#define TASKS	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 " \
	"FROM n LIMIT %d) INSERT INTO "

static int
count(unsigned what, void *arg, void *stmt, void *text)
{
	int *n = arg;

	(void)what;
	(void)stmt;
	(void)text;
	++*n;
	return (0);
}

/* All facts in one page; how many statements were run? */
static int
statements(struct world *w, size_t *bytes, bool *truncated)
{
	struct request r = { .kind = REQUEST_INSPECT,
	    .execution = span_of("e1"), .values = true };
	struct inspect i = { 0 };
	struct buf out = { 0 };
	int n = 0;

	assert_int_equal(sqlite3_trace_v2(w->pages->db, SQLITE_TRACE_STMT,
	    count, &n), SQLITE_OK);
	assert_int_equal(inspect_put(w->pages, &r, &i, SIZE_MAX, &out,
	    &w->error), SQL_DONE);
	assert_true(i.over);
	(void)sqlite3_trace_v2(w->pages->db, 0, NULL, NULL);
	*bytes = out.n;
	*truncated = memmem(out.p, out.n, "\"truncated\"",
	    strlen("\"truncated\"")) != NULL;
	buf_free(&out);
	return (n);
}

static void
tasks(struct world *w, int n)
{
	char sql[1024];

	(void)snprintf(sql, sizeof sql, "DELETE FROM task_runs;"
	    "DELETE FROM attempts;" TASKS
	    "task_runs SELECT 'e1', 'task-' || i, 'FAILED' FROM n;" TASKS
	    "attempts SELECT 'e1', 'task-' || i, 1, 'FAILED' FROM n;" TASKS
	    "execution_logs(execution_id, task_id, timestamp, level, source, "
	    "message) SELECT 'e1', 'task-' || i, i, 'ERROR', 's', 'm' FROM n",
	    n, n, n);
	meanwhile(w, sql);
}

static void
test_as_many_statements_for_any_number_of_tasks(void **state)
{
	struct world *w = *state;
	size_t few, many;
	bool truncated;
	int n;

	meanwhile(w, TABLES);
	tasks(w, 2);
	n = statements(w, &few, &truncated);
	assert_in_range(n, 4, 20);
	tasks(w, 500);
	assert_int_equal(statements(w, &many, &truncated), n);
	assert_true(many > few + 2 * 498 * strlen("task-500"));
	assert_false(truncated);
}

static void
test_what_is_left_out_is_told(void **state)
{
	struct world *w = *state;
	size_t bytes;
	bool truncated;

	meanwhile(w, TABLES);
	tasks(w, INSPECT_ROWS_MAX);
	(void)statements(w, &bytes, &truncated);
	assert_false(truncated);
	tasks(w, INSPECT_ROWS_MAX + 1);
	(void)statements(w, &bytes, &truncated);
	assert_true(truncated);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_as_many_statements_for_any_number_of_tasks),
		world_test(test_what_is_left_out_is_told),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
