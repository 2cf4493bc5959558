/*
 * Named producers: how far each has come, in the transaction of its records.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_PRODUCERS_H
#define SQL_PRODUCERS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "sql/result.h"
#include "sql/store.h"

#define PRODUCERS_IDLE_MS	(7 * 86400000LL)	/* then it is forgotten */

struct producers {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*read;
	sqlite3_stmt	*write;
	sqlite3_stmt	*forget;
	sqlite3_stmt	*touch;
	sqlite3_stmt	*gap;
	sqlite3_stmt	*move;
	sqlite3_stmt	*forget_idle;
	sqlite3_stmt	*incident;
	sqlite3_stmt	*extend;
	int64_t		 begun_ms;	/* the first commit, moved likewise */
	bool		 committed;	/* something was, last at: */
	int64_t		 now_ms;	/* wall clock */
	int64_t		 mono_ms;
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 producers_prepare(struct producers *, sqlite3 *, struct sql_error *);

/*
 * Inside a transaction, behind its rows: write the marks, forget who said BYE,
 * judge the claims, and in a sweep forget who has been idle for long.
 *
 * Idle counts while the daemon runs.  When the wall clock has stepped, and at
 * the first commit after a start, all times are moved along with it.
 */
enum sql_result	 producers_apply(struct producers *, const struct store_batch *,
		    struct sql_error *);

/* That transaction is committed. */
void		 producers_committed(struct producers *,
		    const struct store_batch *);

#endif
