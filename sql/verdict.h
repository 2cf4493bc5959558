/*
 * May the old rows of an execution go?
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_VERDICT_H
#define SQL_VERDICT_H

#include <sqlite3.h>

#include "sql/retention.h"
#include "sql/unkeyed.h"

struct verdict {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*engine;	/* of one step; NULL: there is no table
					   that could be asked by key */
	bool		 is_unkeyed;	/* ... but this, of a while ago: */
	struct unkeyed	 unkeyed;
	sqlite3_stmt	*end;
	sqlite3_stmt	*swept;
	sqlite3_stmt	*newest;
	sqlite3_stmt	*begun;
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 verdict_prepare(struct verdict *, sqlite3 *, struct sql_error *);

/* Without the lock, before a step: what would take long to ask. */
void	 verdict_look(struct verdict *);
void	 verdict_free(struct verdict *);

/* The engine's table may come and go: it is looked for in each transaction. */
void	 verdict_begin(struct verdict *);
void	 verdict_end(struct verdict *);

/* In the transaction: is there a table of the engine's that could not be read?
   Then any execution may be running. */
bool	 verdict_is_blind(const struct verdict *);

/*
 * SWEEP_RUNNING: the engine says so; or, where it says nothing, it has begun by
 * its events, has not ended, and has a row or an event not older than "young".
 * SWEEP_FAILED: it has failed, or timed out; also by an event that a sweep has
 * removed.
 */
enum sql_result	 verdict_of(struct verdict *, struct span execution,
		    int64_t young, enum sweep_reason *, struct sql_error *);

#endif
