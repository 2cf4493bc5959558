/*
 * What is not in the summaries yet is read into them, in steps: rows that
 * others have written, rows older than the summaries, and which tasks there
 * are.  A step is a short transaction; what is left is noted in it, so it goes
 * on after a restart.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_FOLD_H
#define SQL_FOLD_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "sql/result.h"

#define FOLD_IDS_MAX	4000	/* ids looked at in one step */
#define FOLD_IDS_FIRST	500
#define FOLD_AIM_US	4000	/* how long a step should take */

struct summary;

struct fold {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*next;
	sqlite3_stmt	*shrink;
	sqlite3_stmt	*remove;
	sqlite3_stmt	*lines;
	sqlite3_stmt	*tasks;
	sqlite3_stmt	*events;
	sqlite3_stmt	*newest_log;
	sqlite3_stmt	*newest_audit;
	int64_t		 ids;		/* of the next step */
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 fold_prepare(struct fold *, sqlite3 *, struct sql_error *);

/* Inside a transaction that has had nothing else to do since then, of the
   monotonic clock: a step, of events only or of all.  *more: there is more of
   that to be read. */
enum sql_result	 fold_step(struct fold *, struct summary *, bool events,
		    int64_t since_us, int64_t now_ms, bool *more,
		    struct sql_error *);

#endif
