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
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#define MESSAGE_BYTES	100

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
insert(sqlite3_stmt *s, long i, long executions, const char *message)
{
	char id[64], task[32];
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(id, sizeof id, "exec-%08lx-4f1c-9d3e",
	    (unsigned long)(i % executions) * 2654435761u);
	(void)snprintf(task, sizeof task, "task-%ld", i % 7);
	(void)sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 2, task, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 3, now.tv_sec * 1000LL +
	    now.tv_nsec / 1000000);
	(void)sqlite3_bind_text(s, 4, "INFO", 4, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 5, "plugin:core/http.get", -1,
	    SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 6, message, MESSAGE_BYTES, SQLITE_STATIC);
	(void)sqlite3_bind_null(s, 7);
	if (sqlite3_step(s) != SQLITE_DONE)
		exit(1);
	(void)sqlite3_reset(s);
}

int
main(int argc, char **argv)
{
	char message[MESSAGE_BYTES];
	struct timespec a, b;
	long rows, executions, batch, i;
	sqlite3_stmt *s;
	sqlite3 *db;

	if (argc < 5)
		return (2);
	rows = atol(argv[2]);
	executions = atol(argv[3]);
	batch = atol(argv[4]);
	db = open_db(argv[1], argc > 5);
	memset(message, 'm', sizeof message);
	if (sqlite3_prepare_v2(db, "INSERT INTO execution_logs(execution_id, "
	    "task_id, timestamp, level, source, message, metadata) "
	    "VALUES(?,?,?,?,?,?,?)", -1, &s, NULL) != SQLITE_OK)
		return (1);
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < rows; i++) {
		if (i % batch == 0)
			run(db, "BEGIN IMMEDIATE");
		insert(s, i, executions, message);
		if ((i + 1) % batch == 0 || i + 1 == rows)
			run(db, "COMMIT");
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	(void)printf("%.0f\n", (double)rows / ((double)(b.tv_sec - a.tv_sec) +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e9));
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	return (0);
}
