/*
 * The lines of our own batches: counted in memory and written into the
 * summaries now and then, as an execution that has lines in every transaction
 * need not have its summary written in each.  The transaction of the rows notes
 * in the file which ids are counted in memory only; after a kill those are read
 * again (fold.h).
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_COUNTS_H
#define SQL_COUNTS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql/levels.h"
#include "sql/result.h"
#include "sql/store.h"

/* When so many executions have lines in memory, about 100 bytes each, the next
   transaction writes their summaries.  Each costs it some 5 us. */
#define COUNTS_MAX		8192
#define COUNTS_SHARED_MAX	1024	/* others wait for the lock */

struct counts {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*known;		/* lines of a summary that is there */
	sqlite3_stmt	*any;
	sqlite3_stmt	*adopt;		/* what is noted */
	sqlite3_stmt	*note;
	sqlite3_stmt	*extend;
	sqlite3_stmt	*name_tasks;
	sqlite3_stmt	*done;
	struct levels	 levels;
	size_t		 max;		/* executions in memory */
	int64_t		 range;		/* the newest that is noted */
	int64_t		 high;		/* and its end; 0: there is none */
	bool		 adopted;	/* what is noted is in memory */
	bool		 adopting;	/* in this transaction */
	bool		 flushed;	/* in this transaction */
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 counts_prepare(struct counts *, sqlite3 *, struct sql_error *);
void	 counts_free(struct counts *);

/* Inside a transaction: the rows with before < id <= after, all of them ours,
   will be counted in memory. */
enum sql_result	 counts_note(struct counts *, int64_t before, int64_t after,
		    struct sql_error *);

/* Inside a transaction, before its own rows are noted: write the summaries of
   all that is in memory.  Once, however often it is called. */
enum sql_result	 counts_flush(struct counts *, struct sql_error *);

/* That transaction is committed, with these rows, sorted by execution, or NULL;
   has failed. */
void	 counts_committed(struct counts *, const struct store_batch *);
void	 counts_undone(struct counts *);

#endif
