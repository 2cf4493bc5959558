/*
 * Edges: changes of an execution's state.  Where state_change_trigger.sql is
 * installed the engine's own transaction has written an event of each; what is
 * then sent to the daemon tells of the same edge, and is not stored again.
 *
 * Layer: sql.  Threads: the connection's.  Used by audit.c only.
 */
#ifndef SQL_EDGES_H
#define SQL_EDGES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/row.h"
#include "sql/result.h"

#define EDGE_AGE_MS	86400000	/* an event sent later is one of its own */

struct edges {
	sqlite3		*db;
	sqlite3_stmt	*installed;
	sqlite3_stmt	*single;	/* STARTED and ends */
	sqlite3_stmt	*change;	/* STATE_CHANGE */
	sqlite3_int64	 since;		/* installed behind this id; -1: not */
};

bool		 edges_prepare(struct edges *, sqlite3 *, struct sql_error *);

/* Inside a transaction, before the calls of the next: is it installed? */
enum sql_result	 edges_begin(struct edges *, struct sql_error *);

/*
 * The event that tells of the same edge, and that nobody has told of yet: the
 * oldest, for they are told of in their order.  *id is 0 if there is none.
 */
enum sql_result	 edges_find(struct edges *, const struct audit_row *,
		    int64_t *id, struct sql_error *);

#endif
