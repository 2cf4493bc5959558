/*
 * A process like the workflow engine, on the same file: it commits 50 changes
 * of state a second.
 *
 *	engine DB SECONDS [bun]
 *
 * Makes its table if that is missing; with 0 seconds only that.  It waits for
 * the lock (busy_timeout) and begins IMMEDIATE; "bun" is a program that leaves
 * everything as it is in bun:sqlite: no wait, BEGIN with a SELECT first,
 * automatic checkpoints of 1000 pages.  What failed is not tried again.
 *
 * Prints one JSON object, also after SIGTERM: commits, busy ("database is
 * locked"), and from BEGIN to the end of COMMIT p50_ms, p99_ms, max_ms.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "tests/bench/common.h"

#define A_SECOND	50
#define EXECUTIONS	1000
#define SETUP_MS	5000

static const char table[] =
    "PRAGMA journal_mode=WAL;"
    "CREATE TABLE IF NOT EXISTS executions(execution_id TEXT PRIMARY KEY, "
    "state TEXT, updated_at TEXT);";
/* The same ids as in common.c, so that the log's executions are known here. */
static const char rows[] =
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
    "LIMIT 1000) INSERT OR IGNORE INTO executions SELECT "
    "printf('exec-%08x-4f1c-9d3e', i * 2654435761), 'PENDING', "
    "datetime('now') FROM n";

struct engine {
	sqlite3		*db;
	sqlite3_stmt	*begin, *look, *change, *commit, *rollback;
	double		*ms;	/* of each commit */
	long		 commits;
	long		 busy;
};

static volatile sig_atomic_t stopped;

static void
on_term(int signo)
{
	(void)signo;
	stopped = 1;
}

static void
die(struct engine *e, const char *what)
{
	(void)fprintf(stderr, "engine: %s: %s\n", what, sqlite3_errmsg(e->db));
	exit(1);
}

static void
run(struct engine *e, const char *sql)
{
	if (sqlite3_exec(e->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(e, sql);
}

static sqlite3_stmt *
prepare(struct engine *e, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(e->db, sql, -1, &s, NULL) != SQLITE_OK)
		die(e, sql);
	return (s);
}

static long
count(struct engine *e)
{
	sqlite3_stmt *s = prepare(e, "SELECT count(*) FROM executions");
	long n = sqlite3_step(s) == SQLITE_ROW ?
	    (long)sqlite3_column_int64(s, 0) : 0;

	(void)sqlite3_finalize(s);
	return (n);
}

static void
setup(struct engine *e, const char *path, bool bun)
{
	if (sqlite3_open(path, &e->db) != SQLITE_OK)
		die(e, path);
	(void)sqlite3_busy_timeout(e->db, SETUP_MS);
	run(e, table);
	if (count(e) < EXECUTIONS)
		run(e, rows);
	run(e, bun ? "PRAGMA busy_timeout=0; PRAGMA wal_autocheckpoint=1000" :
	    "PRAGMA busy_timeout=5000; PRAGMA wal_autocheckpoint=20000");
	e->begin = prepare(e, bun ? "BEGIN" : "BEGIN IMMEDIATE");
	e->look = bun ? prepare(e, "SELECT state FROM executions "
	    "WHERE execution_id=?") : NULL;
	e->change = prepare(e, "UPDATE executions SET state=?2, updated_at="
	    "strftime('%Y-%m-%dT%H:%M:%fZ') WHERE execution_id=?1");
	e->commit = prepare(e, "COMMIT");
	e->rollback = prepare(e, "ROLLBACK");
}

/* False: locked.  Anything else that fails ends the program. */
static bool
step(struct engine *e, sqlite3_stmt *s)
{
	int r;

	while ((r = sqlite3_step(s)) == SQLITE_ROW)
		;
	(void)sqlite3_reset(s);
	if (r != SQLITE_DONE && (r & 0xff) != SQLITE_BUSY)
		die(e, sqlite3_sql(s));
	return (r == SQLITE_DONE);
}

static bool
transaction(struct engine *e, const char *id, const char *state)
{
	(void)sqlite3_bind_text(e->change, 1, id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(e->change, 2, state, -1, SQLITE_STATIC);
	if (e->look != NULL)
		(void)sqlite3_bind_text(e->look, 1, id, -1, SQLITE_STATIC);
	if (step(e, e->begin) && (e->look == NULL || step(e, e->look)) &&
	    step(e, e->change) && step(e, e->commit))
		return (true);
	if (!sqlite3_get_autocommit(e->db))
		(void)step(e, e->rollback);
	return (false);
}

static void
work(struct engine *e, const struct texts *t, long seconds)
{
	static const char *const states[] = { "RUNNING", "SUCCESS" };
	struct timespec due;
	double begun;
	long i;

	(void)clock_gettime(CLOCK_MONOTONIC, &due);
	for (i = 0; i < seconds * A_SECOND && !stopped; i++) {
		begun = seconds_of(CLOCK_MONOTONIC);
		if (transaction(e, t->ids[i % EXECUTIONS],
		    states[i / EXECUTIONS % 2]))
			e->ms[e->commits++] =
			    (seconds_of(CLOCK_MONOTONIC) - begun) * 1e3;
		else
			e->busy++;
		due.tv_nsec += 1000000000 / A_SECOND;
		if (due.tv_nsec >= 1000000000) {
			due.tv_sec++;
			due.tv_nsec -= 1000000000;
		}
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due,
		    NULL);
	}
}

int
main(int argc, char **argv)
{
	struct engine e = { 0 };
	struct texts texts;
	struct quantiles q;
	long seconds;

	if (argc < 3 || (argc > 3 && strcmp(argv[3], "bun") != 0))
		return (2);
	seconds = atol(argv[2]);
	(void)sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_term },
	    NULL);
	texts_make(&texts, EXECUTIONS);
	e.ms = calloc((size_t)(seconds * A_SECOND + 1), sizeof *e.ms);
	if (e.ms == NULL)
		return (1);
	setup(&e, argv[1], argc > 3);
	work(&e, &texts, seconds);
	q = quantiles_of(e.ms, e.commits);
	(void)printf("{\"commits\":%ld,\"busy\":%ld,\"p50_ms\":%.2f,"
	    "\"p99_ms\":%.2f,\"max_ms\":%.2f}\n", e.commits, e.busy, q.p50,
	    q.p99, q.max);
	return (0);
}
