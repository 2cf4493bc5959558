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

#define ENGINE_STATEMENT_MAX	2048	/* bytes */

/*
 * Prepare a statement on a table of the engine's; columns in {} that the table
 * has not are NULL.  NULL: there is no such table, or a column is missing that
 * has no {}.  The caller finalizes it.
 */
sqlite3_stmt	*engine_prepare(sqlite3 *, const char *table, const char *sql);

/* Replace {column} where it stands; has(column) says if there is one. */
bool	 engine_expand(const char *sql, bool (*has)(struct span column,
	    void *arg), void *arg, char out[ENGINE_STATEMENT_MAX]);

/* A time: ISO 8601, or a number of ms; false if it is neither. */
bool	 engine_time(sqlite3_stmt *, int column, int64_t *ms);

#endif
