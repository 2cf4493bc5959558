/*
 * What a checkpoint may find itself in the middle of: commits of others.
 *
 * SQLite up to 3.51.2 has a race: a PASSIVE checkpoint reads where the log
 * ends, somebody commits and begins the log anew, and the checkpoint notes that
 * more was copied than the log has.  What is committed next is never copied.
 * sql/checkpoint.c keeps the log from being begun anew meanwhile.
 */
#include "tests/unit/support.h"

#include <sys/stat.h>

#include <stdlib.h>

#include "sql/checkpoint.h"
#include "tests/unit/shim.h"

#define TABLE	"PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; " \
	"CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB); " \
	"CREATE INDEX i ON t(length(b), id)"
#define INSERT	"INSERT INTO t(b) VALUES(randomblob(3000))"
#define RACE_UNTIL	3051002	/* SQLite's version with the race */

struct scene {
	char		 folder[64];
	char		 path[80];
	sqlite3		*writer;	/* not through the shim */
	struct checkpoint *checkpoint;	/* through it */
	sqlite3		*bare;		/* the same, without our care */
	int		 rows;		/* committed */
	int		 met;		/* times that the hook was called for */
	int		 at[SHIM_CALLS];	/* and at which calls */
	unsigned	 random;
};

static void
run(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static void
commit(struct scene *s, int n)
{
	for (; n > 0; n--, s->rows++)
		run(s->writer, INSERT);
}

/* A file with a log of 200 commits, and whoever checkpoints it. */
static int
set_up(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	struct sql_error error;

	*state = s;
	s->random = 1;
	folder_make(s->folder);
	(void)snprintf(s->path, sizeof s->path, "%s/a.db", s->folder);
	assert_int_equal(sqlite3_open(s->path, &s->writer), SQLITE_OK);
	run(s->writer, TABLE);
	shim_begin();
	assert_non_null(s->checkpoint = checkpoint_open(s->path, &error));
	assert_int_equal(sqlite3_open(s->path, &s->bare), SQLITE_OK);
	run(s->bare, "PRAGMA wal_autocheckpoint=0; SELECT count(*) FROM t");
	commit(s, 200);
	return (0);
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	checkpoint_close(s->checkpoint);
	(void)sqlite3_close(s->bare);
	(void)sqlite3_close(s->writer);
	shim_end();
	folder_remove(s->folder);
	free(s);
	return (0);
}

static int
pass(struct scene *s)
{
	struct sql_error error;
	int frames, left;

	if (checkpoint_pass(s->checkpoint, &frames, &left, &error) != SQL_DONE)
		fail_msg("%s", error.text);
	return (left);
}

static void
bare_pass(struct scene *s)
{
	run(s->bare, "PRAGMA wal_checkpoint(PASSIVE)");
}

static long
integer(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	long value;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL),
	    SQLITE_OK);
	/* A broken file is no row, or an error. */
	value = sqlite3_step(stmt) == SQLITE_ROW ?
	    (long)sqlite3_column_int64(stmt, 0) : -1;
	(void)sqlite3_finalize(stmt);
	return (value);
}

/* Is the file, without its log, what was committed? */
static bool
is_whole(struct scene *s)
{
	sqlite3 *db;
	bool whole;

	/* The last ones to close copy the log, as far as they know it. */
	checkpoint_close(s->checkpoint);
	(void)sqlite3_close(s->bare);
	(void)sqlite3_close(s->writer);
	s->checkpoint = NULL;
	s->bare = s->writer = NULL;
	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	whole = integer(db, "SELECT count(*) FROM t") == s->rows &&
	    integer(db, "SELECT count(*) FROM pragma_integrity_check "
	    "WHERE integrity_check = 'ok'") == 1;
	(void)sqlite3_close(db);
	return (whole);
}

/* ------------------------------------------------------------ the window */

static void
in_the_window(enum shim_call call, bool main_db, void *arg)
{
	struct scene *s = arg;

	(void)main_db;
	if (call != SHIM_UNFETCH || s->met > 0)
		return;
	s->met++;
	commit(s, 2);
}

static void
test_a_commit_in_the_window(void **state)
{
	struct scene *s = *state;

	assert_int_equal(pass(s), 0);
	shim_call(in_the_window, s);
	(void)pass(s);
	shim_call(NULL, NULL);
	assert_int_equal(s->met, 1);
	commit(s, 300);
	assert_int_equal(pass(s), 0);
	commit(s, 1);
	assert_true(is_whole(s));
}

/* The same without our care breaks the file: so the test finds the window. */
static void
test_the_window_is_real(void **state)
{
	struct scene *s = *state;

	bare_pass(s);
	shim_call(in_the_window, s);
	bare_pass(s);
	shim_call(NULL, NULL);
	assert_int_equal(s->met, 1);
	commit(s, 300);
	bare_pass(s);
	commit(s, 1);
	if (sqlite3_libversion_number() <= RACE_UNTIL)
		assert_false(is_whole(s));
}

/* --------------------------------------------------------- anywhere else */

static void
anywhere(enum shim_call call, bool main_db, void *arg)
{
	struct scene *s = arg;

	(void)main_db;
	s->random = s->random * 1103515245 + 12345;
	if ((s->random >> 16) % 4 != 0)
		return;
	s->at[call]++;
	commit(s, 1 + (int)(s->random >> 20) % 3);
}

static void
test_commits_at_any_call(void **state)
{
	struct scene *s = *state;
	int i;

	for (i = 0; i < 80; i++) {
		shim_call(anywhere, s);
		(void)pass(s);
		shim_call(NULL, NULL);
		if (i % 3 == 0)
			(void)pass(s);
		commit(s, i % 5);
	}
	for (i = 0; i < SHIM_CALLS; i++)
		assert_true(s->at[i] > 0);
	assert_true(is_whole(s));
}

static void
while_it_copies(enum shim_call call, bool main_db, void *arg)
{
	struct scene *s = arg;

	if (call != SHIM_WRITE || !main_db || s->met > 0)
		return;
	s->met++;
	/* No busy timeout: it would fail at once. */
	commit(s, 1);
}

static void
test_it_does_not_take_the_write_lock(void **state)
{
	struct scene *s = *state;

	shim_call(while_it_copies, s);
	(void)pass(s);
	shim_call(NULL, NULL);
	assert_int_equal(s->met, 1);
	assert_true(is_whole(s));
}

static long
log_bytes(struct scene *s)
{
	char wal[96];
	struct stat st;

	(void)snprintf(wal, sizeof wal, "%s-wal", s->path);
	assert_int_equal(stat(wal, &st), 0);
	return ((long)st.st_size);
}

static void
test_behind_a_quiet_pass_the_log_begins_anew(void **state)
{
	struct scene *s = *state;
	long before = log_bytes(s);

	assert_int_equal(pass(s), 0);
	commit(s, 100);
	assert_int_equal(log_bytes(s), before);
	assert_true(is_whole(s));
}

int
main(void)
{
#define in_scene(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		in_scene(test_a_commit_in_the_window),
		in_scene(test_the_window_is_real),
		in_scene(test_commits_at_any_call),
		in_scene(test_it_does_not_take_the_write_lock),
		in_scene(test_behind_a_quiet_pass_the_log_begins_anew),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
