/*
 * The store, the pages and the checkpoint on a real file.
 */
#include "tests/unit/support.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <unistd.h>

#include "sql/checkpoint.h"
#include "sql/text.h"

/* n rows of e1, their messages 0 1 2…, with the time that is given. */
static enum sql_result
add(struct world *w, int n, int64_t timestamp, struct store_commit *c)
{
	struct log_row *rows = calloc((size_t)n, sizeof *rows);
	struct store_batch b = { .log = rows, .nlog = (size_t)n };
	enum sql_result result;
	int i;

	for (i = 0; i < n; i++)
		rows[i] = (struct log_row){ .timestamp = timestamp,
		    .execution = span_of(i % 2 == 0 ? "e1" : "e2"),
		    .level = span_of("INFO"), .source = span_of("s"),
		    .message = span_of("m") };
	result = store_commit(w->store, &b, c, &w->error);
	free(rows);
	return (result);
}

static void
test_ids_rise_and_positions_follow(void **state)
{
	struct world *w = *state;
	struct store_commit c;
	struct position p;

	assert_int_equal(add(w, 10, 0, &c), SQL_DONE);
	assert_int_equal(c.before.log, 0);
	assert_int_equal(c.after.log, 10);
	assert_true(c.hold_us > 0 && c.wal_frames > 0);
	/* Rows that go take no id with them. */
	sqlite3_close(stranger(w, "DELETE FROM execution_logs"));
	assert_int_equal(add(w, 1, 0, &c), SQL_DONE);
	assert_int_equal(c.before.log, 10);
	assert_int_equal(c.after.log, 11);
	/* Nor does a sequence that somebody has reset. */
	sqlite3_close(stranger(w, "DELETE FROM sqlite_sequence"));
	assert_int_equal(store_position(w->store, &p, &w->error), SQL_DONE);
	assert_int_equal(p.log, 11);
	sqlite3_close(stranger(w, "INSERT INTO sqlite_sequence VALUES"
	    "('execution_logs', 'zz')"));
	assert_int_equal(store_position(w->store, &p, &w->error), SQL_DONE);
	assert_int_equal(p.log, 11);
}

static void
test_busy_stores_nothing(void **state)
{
	struct world *w = *state;
	struct store_commit c;
	sqlite3 *db = stranger(w, "BEGIN IMMEDIATE");

	assert_int_equal(add(w, 1, 0, &c), SQL_BUSY);
	sqlite3_close(db);
	assert_int_equal(add(w, 1, 0, &c), SQL_DONE);
	assert_int_equal(c.after.log, 1);
}

static void
test_a_trigger_that_swallows_rows(void **state)
{
	struct world *w = *state;
	struct store_commit c;

	sqlite3_close(stranger(w, "CREATE TRIGGER t BEFORE INSERT ON "
	    "execution_logs WHEN new.execution_id = 'e2' BEGIN "
	    "SELECT RAISE(IGNORE); END"));
	assert_int_equal(add(w, 2, 0, &c), SQL_FOREIGN);
	sqlite3_close(stranger(w, "DROP TRIGGER t"));
	assert_int_equal(add(w, 2, 0, &c), SQL_DONE);
	assert_int_equal(c.after.log, 2);
}

static void
test_a_file_that_was_moved(void **state)
{
	struct world *w = *state;
	struct store_commit c;
	char elsewhere[96];

	assert_int_equal(add(w, 1, 0, &c), SQL_DONE);
	(void)snprintf(elsewhere, sizeof elsewhere, "%s/b.db", w->folder);
	assert_int_equal(rename(w->path, elsewhere), 0);
	assert_int_equal(add(w, 1, 0, &c), SQL_MOVED);
}

static void
test_a_log_that_was_replaced(void **state)
{
	struct world *w = *state;
	struct store_commit c;
	char wal[96];

	assert_int_equal(add(w, 1, 0, &c), SQL_DONE);
	(void)snprintf(wal, sizeof wal, "%s-wal", w->path);
	assert_int_equal(unlink(wal), 0);
	assert_int_equal(add(w, 1, 0, &c), SQL_MOVED);
}

struct seen {
	int64_t	id[5000];
	size_t	n;
	size_t	enough;		/* then the page ends */
};

static bool
see(const struct log_row *r, void *v)
{
	struct seen *s = v;

	assert_text(r->execution, "e1");
	s->id[s->n++] = r->id;
	return (s->n % s->enough != 0);
}

/* All rows of e1 in pages; the ids are "step" apart, in order. */
static void
read_all(struct world *w, bool back, struct seen *s)
{
	struct place place = back ? PLACE_LAST : PLACE_FIRST;
	bool more = true;

	while (more) {
		assert_int_equal(pages_begin(w->pages, &w->error), SQL_DONE);
		assert_int_equal(back ?
		    pages_history_back(w->pages, span_of("e1"), &place,
		    INT64_MAX, INT64_MIN, see, s, &more, &w->error) :
		    pages_history(w->pages, span_of("e1"), &place,
		    INT64_MAX, see, s, &more, &w->error), SQL_DONE);
		pages_end(w->pages);
	}
}

static void
test_pages_of_one_millisecond(void **state)
{
	static const size_t sizes[] = { 1, 2, 7, 1000000 };
	struct world *w = *state;
	static struct seen s;
	struct store_commit c;
	size_t i, k;

	assert_int_equal(add(w, 4000, 77, &c), SQL_DONE);
	for (k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
		s = (struct seen){ .enough = sizes[k] };
		read_all(w, false, &s);
		assert_int_equal(s.n, 2000);
		for (i = 0; i < s.n; i++)
			assert_int_equal(s.id[i], 1 + 2 * i);
		s.n = 0;
		read_all(w, true, &s);
		assert_int_equal(s.n, 2000);
		for (i = 0; i < s.n; i++)
			assert_int_equal(s.id[i], 3999 - 2 * i);
	}
}

static void
test_ids_that_have_run_out(void **state)
{
	struct world *w = *state;
	struct store_commit c;

	sqlite3_close(stranger(w, "INSERT INTO execution_logs(id, "
	    "execution_id, timestamp, level, source, message) "
	    "VALUES(9223372036854775807, 'e1', 1, '', '', '')"));
	assert_int_equal(add(w, 1, 0, &c), SQL_SPENT);
	assert_non_null(strstr(w->error.text, "no ids are left"));
}

/* Rows that are no rows of the contract's are shown by none of the ways. */
static void
test_times_that_are_none(void **state)
{
	struct world *w = *state;
	static struct seen s;
	char type[16];
	bool more;
	int64_t id = 0;

	sqlite3_close(stranger(w, "INSERT INTO execution_logs(execution_id, "
	    "timestamp, level, source, message) VALUES('e1', 'abc', '', '', "
	    "''), ('e1', x'78', '', '', ''), ('e1', 9e999, '', '', ''), "
	    "('e1', -1e300, '', '', ''), ('e1', 7, '', '', '');"
	    "INSERT INTO execution_audit_events(execution_id, event_type, "
	    "timestamp, metadata) VALUES('e1', 'COMPLETED', 'abc', '{}')"));
	s = (struct seen){ .enough = 100 };
	read_all(w, false, &s);
	read_all(w, true, &s);
	assert_int_equal(pages_begin(w->pages, &w->error), SQL_DONE);
	assert_int_equal(pages_range(w->pages, span_of("e1"), &id, 100, see,
	    &s, &more, &w->error), SQL_DONE);
	assert_int_equal(pages_terminal(w->pages, span_of("e1"), 0, 100, type,
	    sizeof type, &w->error), SQL_DONE);
	pages_end(w->pages);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.id[0], 5);
	assert_int_equal(s.id[1], 5);
	assert_int_equal(s.id[2], 5);
	assert_string_equal(type, "");
}

/* Others may have stored times that are no integers, or no numbers. */
static void
test_pages_of_odd_times(void **state)
{
	struct world *w = *state;
	static struct seen s;

	sqlite3_close(stranger(w, "INSERT INTO execution_logs(execution_id, "
	    "timestamp, level, source, message) VALUES('e1', 2.5, '', '', ''),"
	    "('e1', 2, '', '', ''), ('e1', 3, '', '', ''), "
	    "('e1', -9223372036854775808, '', '', ''), "
	    "('e1', 9223372036854775807, '', '', ''), "
	    "('e1', 2.5, '', '', '')"));
	s = (struct seen){ .enough = 1 };
	read_all(w, false, &s);
	assert_int_equal(s.n, 6);
	assert_int_equal(s.id[0], 4);
	assert_int_equal(s.id[1], 2);
	assert_int_equal(s.id[2], 1);
	assert_int_equal(s.id[3], 6);
	assert_int_equal(s.id[4], 3);
	assert_int_equal(s.id[5], 5);
}

static void
test_a_range_skips_what_is_others(void **state)
{
	struct world *w = *state;
	static struct seen s;
	struct store_commit c;
	bool more = true;
	int64_t id = 10;

	assert_int_equal(add(w, 4000, 5, &c), SQL_DONE);
	s = (struct seen){ .enough = 50 };
	while (more) {
		assert_int_equal(pages_begin(w->pages, &w->error), SQL_DONE);
		assert_int_equal(pages_range(w->pages, span_of("e1"), &id,
		    3000, see, &s, &more, &w->error), SQL_DONE);
		pages_end(w->pages);
	}
	assert_int_equal(id, 3000);
	assert_int_equal(s.n, (3000 - 10) / 2);
	assert_int_equal(s.id[0], 11);
	assert_int_equal(s.id[s.n - 1], 2999);
}

static void
test_the_first_terminal_event(void **state)
{
	struct world *w = *state;
	char type[16];

	sqlite3_close(stranger(w, "INSERT INTO execution_audit_events("
	    "execution_id, event_type, timestamp, metadata) VALUES"
	    "('e1', 'STARTED', 1, '{}'), ('e2', 'FAILED', 1, '{}'), "
	    "('e1', 'TIMEOUT', 9, '{}'), ('e1', 'COMPLETED', 1, '{}')"));
	assert_int_equal(pages_begin(w->pages, &w->error), SQL_DONE);
	assert_int_equal(pages_terminal(w->pages, span_of("e1"), 0, 100, type,
	    sizeof type, &w->error), SQL_DONE);
	assert_string_equal(type, "TIMEOUT");
	assert_int_equal(pages_terminal(w->pages, span_of("e1"), 3, 100, type,
	    sizeof type, &w->error), SQL_DONE);
	assert_string_equal(type, "COMPLETED");
	assert_int_equal(pages_terminal(w->pages, span_of("e1"), 0, 2, type,
	    sizeof type, &w->error), SQL_DONE);
	assert_string_equal(type, "");
	pages_end(w->pages);
}

static void
test_a_pass_copies_and_the_log_restarts(void **state)
{
	struct world *w = *state;
	struct checkpoint *k;
	struct store_commit c;
	int frames, left, before;

	assert_non_null(k = checkpoint_open(w->path, &w->error));
	assert_int_equal(add(w, 2000, 1, &c), SQL_DONE);
	before = c.wal_frames;
	assert_int_equal(checkpoint_pass(k, &frames, &left, &w->error),
	    SQL_DONE);
	assert_int_equal(frames, before);
	assert_int_equal(left, 0);
	assert_int_equal(add(w, 1, 1, &c), SQL_DONE);
	assert_true(c.wal_frames < before);
	checkpoint_close(k);
}

static void
test_a_pass_leaves_what_a_reader_needs(void **state)
{
	struct world *w = *state;
	struct checkpoint *k;
	struct store_commit c;
	sqlite3 *db;
	int frames, left;

	assert_non_null(k = checkpoint_open(w->path, &w->error));
	assert_int_equal(add(w, 10, 1, &c), SQL_DONE);
	db = stranger(w, "BEGIN; SELECT count(*) FROM execution_logs");
	assert_int_equal(add(w, 2000, 1, &c), SQL_DONE);
	assert_int_equal(checkpoint_pass(k, &frames, &left, &w->error),
	    SQL_DONE);
	assert_true(left > 0);
	sqlite3_close(db);
	assert_int_equal(checkpoint_pass(k, &frames, &left, &w->error),
	    SQL_DONE);
	assert_int_equal(left, 0);
	checkpoint_close(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_ids_rise_and_positions_follow),
		world_test(test_busy_stores_nothing),
		world_test(test_ids_that_have_run_out),
		world_test(test_times_that_are_none),
		world_test(test_a_trigger_that_swallows_rows),
		world_test(test_a_file_that_was_moved),
		world_test(test_a_log_that_was_replaced),
		world_test(test_pages_of_one_millisecond),
		world_test(test_pages_of_odd_times),
		world_test(test_a_range_skips_what_is_others),
		world_test(test_the_first_terminal_event),
		world_test(test_a_pass_copies_and_the_log_restarts),
		world_test(test_a_pass_leaves_what_a_reader_needs),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
