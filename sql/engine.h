/*
 * The engine's tables, all of them optional, with columns that may be missing.
 *
 * Layer: sql.  Threads: those of the connection.
 */
#ifndef SQL_ENGINE_H
#define SQL_ENGINE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/span.h"
#include "sql/result.h"

#define ENGINE_STATEMENT_MAX	2048	/* bytes */

/*
 * Prepare a statement on a table of the engine's; columns in {} that the table
 * has not are NULL, as is {rowid} of one without.  *stmt NULL and SQL_DONE:
 * there is no such table, or a column is missing that has no {}.  The caller
 * finalizes it.
 */
enum sql_result	 engine_prepare(sqlite3 *, const char *table, const char *sql,
		    sqlite3_stmt **stmt, struct sql_error *);

/*
 * What the last call for a table has answered.  One that is not there or cannot
 * be evaluated, as with JSON that is none, has nothing to say: that is
 * SQL_DONE.  Any other error is one, in words that name the table.
 */
enum sql_result	 engine_result(sqlite3 *, const char *table, int rc,
		    struct sql_error *);

/* Replace {column} where it stands; has(column) says if there is one. */
bool	 engine_expand(const char *sql, bool (*has)(struct span column,
	    void *arg), void *arg, char out[ENGINE_STATEMENT_MAX]);

/* A time: ISO 8601, or a number of ms; false if it is neither. */
bool	 engine_time(sqlite3_stmt *, int column, int64_t *ms);

#endif
