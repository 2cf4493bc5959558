/*
 * One connection to the database: opening it by the rules, sorting its errors,
 * preparing its statements.  Used by the other files of sql/ only.
 *
 * Layer: sql.  Threads: a connection belongs to one thread at a time.
 */
#ifndef SQL_DB_H
#define SQL_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/span.h"
#include "sql/result.h"

#define DB_BUSY_MS	50	/* longest wait for a lock in one call: the
				   caller shows progress between calls */
#define DB_START_MS	10000	/* longest wait for locks while starting */
#define DB_LOG_KEPT	67108864	/* bytes of a log that begins anew */
#define DB_LENGTH_MAX	1000000000	/* bytes of a row, also for the writer:
					   others may have written what SQLite
					   takes, ours are judged before */

enum db_mode {
	DB_WRITER,
	DB_READER,	/* query_only */
	DB_VISITOR,	/* the same, of a file that others may own: what is
			   beside it is not made by us */
	DB_WITNESS,	/* the same, while a daemon has it open */
	DB_KEEPER,	/* a writer while no daemon has it: what it deletes is
			   not overwritten, and its log goes with it */
};

/*
 * Open the file at path, which exists, with every pragma of DESIGN.md.
 * NULL and *error on failure.
 */
sqlite3	*db_open(const char *path, enum db_mode, struct sql_error *error);

/* What is below that, for visit.c: as sqlite3_open_v2, and *db is the caller's
   to close. */
enum sql_result	 db_open_as(const char *name, int flags, sqlite3 **db,
		    struct sql_error *);
void	 db_close(sqlite3 *);

/* Sort what the last call on the connection answered, into *error. */
enum sql_result	 db_result(sqlite3 *, int rc, struct sql_error *error);

/* Run text with no result, once. */
enum sql_result	 db_exec(sqlite3 *, const char *sql, struct sql_error *);

/* The same, again and again while busy, for at most DB_START_MS. */
enum sql_result	 db_exec_patiently(sqlite3 *, const char *sql,
		    struct sql_error *);

/* Prepare to keep; NULL and *error on failure. */
sqlite3_stmt	*db_prepare(sqlite3 *, const char *sql, struct sql_error *);

/* Run a statement that returns one integer. */
enum sql_result	 db_integer(sqlite3_stmt *, sqlite3_int64 *,
		    struct sql_error *);

/* For measuring how long something takes. */
int64_t		 db_monotonic_us(void);

void		 db_bind_text(sqlite3_stmt *, int index, struct span);
struct span	 db_column_text(sqlite3_stmt *, int column);

#endif
