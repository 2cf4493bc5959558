/*
 * The table of streams: opened, counted and ended in the transaction of their
 * lines.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_STREAMS_H
#define SQL_STREAMS_H

#include <sqlite3.h>

#include "sql/result.h"
#include "sql/store.h"

struct streams_table {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*open;
	sqlite3_stmt	*mark;
	sqlite3_stmt	*attempt;
	sqlite3_stmt	*unclosed;
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 streams_table_prepare(struct streams_table *, sqlite3 *,
	    struct sql_error *);

/* Inside a transaction: make the rows of the openings, write the marks. */
enum sql_result	 streams_table_apply(struct streams_table *,
		    const struct store_batch *, struct sql_error *);

/* As store_streams. */
enum sql_result	 streams_table_read(struct streams_table *,
		    void (*)(const struct stream_row *, void *arg), void *arg,
		    struct sql_error *);

#endif
