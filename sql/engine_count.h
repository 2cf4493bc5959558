/*
 * executions.log_entry_count, the engine's: the rows of each batch are added to
 * it where that is possible, as a best effort.  The exact count is ours.
 *
 * Layer: sql.  Threads: the connection's.  Used by store.c only.
 */
#ifndef SQL_ENGINE_COUNT_H
#define SQL_ENGINE_COUNT_H

#include <sqlite3.h>

#include "sql/result.h"

struct store_batch;

struct engine_count {
	sqlite3		*db;
	sqlite3_stmt	*add;		/* NULL: it is not kept */
	const char	*why;		/* ... though there is one; else NULL */
};

/* Once, before the authorizer is there: for it, the tables of SQLite's that are
   asked would look like changes of the schema when they are first used. */
void		 engine_count_open(sqlite3 *);

/* Is there one, and can it be kept?  Outside a transaction, at first and after
   each change of the schema. */
void		 engine_count_prepare(struct engine_count *, sqlite3 *);

/* The schema is another one: leave it alone until it is prepared again. */
void		 engine_count_drop(struct engine_count *);

/* Inside a transaction.  Fails only if the transaction does. */
enum sql_result	 engine_count_apply(struct engine_count *,
		    const struct store_batch *, struct sql_error *);

#endif
