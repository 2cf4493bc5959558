/*
 * What the writer connection may do, whatever is in the file: add to our
 * tables, change the private ones (execlog_*), add to the engine's count of log
 * rows, delete log rows and events in the steps of a sweep, and nothing else;
 * inside a trigger only if it is ours, word for word, and nothing at all inside
 * a trigger or view that somebody planted (anyone who can write the file can
 * plant one).
 *
 * Layer: sql.  Threads: the connection's.
 */
#ifndef SQL_GUARD_H
#define SQL_GUARD_H

#include <sqlite3.h>
#include <stdbool.h>

#include "sql/result.h"

#define GUARD_NAME	64	/* bytes of a name that is told, with 0 */

struct triggers;

struct guard {
	struct triggers	*triggers;	/* as of their last look */
	bool		 sweeps;	/* a step prepares its statement, */
	bool		 sweeps_events;	/* ... that for events */
	char		 culprit[GUARD_NAME];	/* the planted one that was met
						   last, fit to be shown */
};

/* From here on every statement prepared on the connection is judged.  The guard
   is the caller's, and outlives the connection. */
void	 guard_install(sqlite3 *, struct guard *);

/* What failed because of a planted one names it, for people, from now on. */
void	 guard_explain(struct guard *, struct sql_error *);

#endif
