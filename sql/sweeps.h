/*
 * The sweeps that there have been, the one that goes on, and the clocks.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_SWEEPS_H
#define SQL_SWEEPS_H

#include <sqlite3.h>

#include "sql/retention.h"

enum sweeps_statement {
	SWEEPS_BEGIN,
	SWEEPS_TRIM,
	SWEEPS_NOTE,
	SWEEPS_LAST,
	SWEEPS_EXPECTED,
	SWEEPS_BYTES,
	SWEEPS_CEILING,
	SWEEPS_CLOCK_READ,
	SWEEPS_CLOCK_WRITE,
	SWEEPS_COUNT,
};

struct sweeps {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*stmt[SWEEPS_COUNT];
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 sweeps_prepare(struct sweeps *, sqlite3 *, struct sql_error *);

/* How much there is to do; where the ceiling asks for more, the cutoffs are
   moved.  Only reads. */
enum sql_result	 sweeps_plan(struct sweeps *, struct sweep_step *,
		    struct sql_error *);

/* Inside a transaction: a sweep begins, and the clocks are believed. */
enum sql_result	 sweeps_begin(struct sweeps *, struct sweep_step *,
		    struct sql_error *);

/* Inside a transaction: how far it has come. */
enum sql_result	 sweeps_note(struct sweeps *, const struct sweep *,
		    struct sql_error *);

/* As store_last_sweep; and what log rows take. */
enum sql_result	 sweeps_last(struct sweeps *, struct sweep *,
		    struct clock_mark *, struct sql_error *);
enum sql_result	 sweeps_bytes(struct sweeps *, int64_t *,
		    struct sql_error *);

#endif
