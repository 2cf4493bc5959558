/*
 * The audit events of a transaction, each with its origin: when it was received
 * and who has sent it.
 *
 * Layer: sql.  Threads: the connection's.  Used by store.c only.
 */
#ifndef SQL_AUDIT_H
#define SQL_AUDIT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "sql/result.h"
#include "sql/store.h"

struct edges;

struct audit_table {
	sqlite3		*db;
	sqlite3_stmt	*insert;
	sqlite3_stmt	*origin;
	struct edges	*edges;
	sqlite3_stmt	*behind;	/* the sequence is, and ... */
	sqlite3_stmt	*raise;		/* is mended */
	sqlite3_stmt	*add;
	struct volume	 inserted;	/* events, by the last apply */
};

/* The edges are the caller's. */
bool		 audit_table_prepare(struct audit_table *, struct edges *,
		    sqlite3 *, struct sql_error *);

/*
 * Inside a transaction: insert the events of the batch and set their ids; of one
 * that is there already (edges.h) only the origin, with its metadata.  *rows is how many rows that is, in all tables; *newest, if there are any, is
 * the highest id.
 */
enum sql_result	 audit_table_apply(struct audit_table *,
		    const struct store_batch *, int64_t *rows,
		    int64_t *newest, struct sql_error *);

#endif
