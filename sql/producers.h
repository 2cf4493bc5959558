/*
 * Named producers: how far each has come, in the transaction of its records.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_PRODUCERS_H
#define SQL_PRODUCERS_H

#include <sqlite3.h>
#include <stdint.h>

#include "sql/result.h"
#include "sql/store.h"

#define PRODUCERS_IDLE_MS	(7 * 86400000LL)	/* then it is forgotten */

struct producers {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*read;
	sqlite3_stmt	*write;
	sqlite3_stmt	*forget;
	sqlite3_stmt	*forget_idle;
	sqlite3_stmt	*incident;
	int64_t		 swept_ms;	/* when idle ones were last looked for */
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 producers_prepare(struct producers *, sqlite3 *, struct sql_error *);

/*
 * Inside a transaction, behind its rows: write the marks, forget who said BYE,
 * judge the claims, and now and then forget who has been idle for long.
 */
enum sql_result	 producers_apply(struct producers *, const struct store_batch *,
		    struct sql_error *);

#endif
