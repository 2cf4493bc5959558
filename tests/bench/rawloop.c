/*
 * The physical limit: one process inserts rows of execution_logs with SQLite
 * alone.
 *
 *	rawloop DB ROWS EXECUTIONS ROWS_PER_TRANSACTION [naive]
 *
 * Prints rows per second.  "naive" is a loop with SQLite's own page cache and
 * checkpoints; otherwise the cache is 64 MB and a checkpoint is made every
 * 32 000 pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sqlite3.h>

#include "tests/bench/common.h"

static void
run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		(void)fprintf(stderr, "rawloop: %s: %s\n", sql,
		    sqlite3_errmsg(db));
		exit(1);
	}
}

static sqlite3 *
open_db(const char *path, int naive)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(1);
	run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	    "CREATE TABLE IF NOT EXISTS execution_logs(id INTEGER PRIMARY KEY "
	    "AUTOINCREMENT, execution_id TEXT NOT NULL, task_id TEXT, "
	    "timestamp INTEGER NOT NULL, level TEXT NOT NULL, source TEXT NOT "
	    "NULL, message TEXT NOT NULL, metadata TEXT);"
	    "CREATE INDEX IF NOT EXISTS idx_logs_execution ON "
	    "execution_logs(execution_id, timestamp);"
	    "CREATE INDEX IF NOT EXISTS idx_logs_task ON "
	    "execution_logs(task_id, timestamp);");
	run(db, naive ? "PRAGMA cache_size=-2000; PRAGMA "
	    "wal_autocheckpoint=1000" : "PRAGMA cache_size=-64000; PRAGMA "
	    "wal_autocheckpoint=32000");
	return (db);
}

static void
insert(sqlite3_stmt *s, long i, const struct texts *t)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)sqlite3_bind_text(s, 1, t->ids[i % t->executions], -1,
	    SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 2, t->tasks[i % TEXTS_TASKS], -1,
	    SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 3, now.tv_sec * 1000LL +
	    now.tv_nsec / 1000000);
	(void)sqlite3_bind_text(s, 4, "INFO", 4, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 5, TEXTS_SOURCE, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 6, t->message, sizeof t->message,
	    SQLITE_STATIC);
	(void)sqlite3_bind_null(s, 7);
	if (sqlite3_step(s) != SQLITE_DONE)
		exit(1);
	(void)sqlite3_reset(s);
}

int
main(int argc, char **argv)
{
	struct texts texts;
	long rows, batch, i;
	sqlite3_stmt *s;
	sqlite3 *db;
	double begun;

	if (argc < 5)
		return (2);
	rows = atol(argv[2]);
	batch = atol(argv[4]);
	texts_make(&texts, atol(argv[3]));
	db = open_db(argv[1], argc > 5);
	if (sqlite3_prepare_v2(db, "INSERT INTO execution_logs(execution_id, "
	    "task_id, timestamp, level, source, message, metadata) "
	    "VALUES(?,?,?,?,?,?,?)", -1, &s, NULL) != SQLITE_OK)
		return (1);
	begun = seconds_of(CLOCK_MONOTONIC);
	for (i = 0; i < rows; i++) {
		if (i % batch == 0)
			run(db, "BEGIN IMMEDIATE");
		insert(s, i, &texts);
		if ((i + 1) % batch == 0 || i + 1 == rows)
			run(db, "COMMIT");
	}
	(void)printf("%.0f\n", (double)rows /
	    (seconds_of(CLOCK_MONOTONIC) - begun));
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	return (0);
}
