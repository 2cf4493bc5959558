/*
 * Summaries of executions: what they are of is written, or noted in the file,
 * in the transaction of the rows and events.  Our own lines are counted in
 * memory first (counts.h); what others have written is noted as a range of ids
 * and read later, in steps (fold.h).
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_SUMMARY_H
#define SQL_SUMMARY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "sql/counts.h"
#include "sql/result.h"
#include "sql/store.h"

struct summary {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*event;
	sqlite3_stmt	*known;
	sqlite3_stmt	*set_known;
	sqlite3_stmt	*add;
	struct counts	 counts;
	bool		 unread;	/* there may be counts, or ranges */
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 summary_prepare(struct summary *, sqlite3 *, struct sql_error *);

/* Inside a transaction, behind its rows, which are sorted by execution: count
   them, and note what was written by others before them. */
enum sql_result	 summary_apply(struct summary *, const struct store_batch *,
		    const struct store_commit *, struct sql_error *);

/* Inside a transaction: all up to this place is counted or noted. */
enum sql_result	 summary_note(struct summary *, const struct position *before,
		    const struct position *after, struct sql_error *);

/* Inside a transaction: what one event says; now bounds its time. */
enum sql_result	 summary_event(struct summary *, const struct audit_row *,
		    int64_t now_ms, struct sql_error *);

#endif
