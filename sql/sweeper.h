/*
 * The steps of a sweep, inside the transactions of store_sweep.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_SWEEPER_H
#define SQL_SWEEPER_H

#include <sqlite3.h>

#include "proto/buf.h"
#include "sql/ranges.h"
#include "sql/retention.h"
#include "sql/verdict.h"

enum sweeper_statement {
	SWEEPER_SELECT,		/* old rows by id, */
	SWEEPER_SELECT_OF,	/* ... of an execution */
	SWEEPER_TIMES_OF,
	SWEEPER_NEXT_ID,
	SWEEPER_NEWEST,
	SWEEPER_REMOVED_ADD,
	SWEEPER_REMOVED_FORGET,
	SWEEPER_SPARED_ADD,
	SWEEPER_SPARED_NEXT,
	SWEEPER_SPARED_DROP,
	SWEEPER_SPARED_HAS,
	SWEEPER_SPARED_COUNT,
	SWEEPER_ROWS_LEFT,
	SWEEPER_STREAMS_DROP,
	SWEEPER_STREAMS_NEXT,
	SWEEPER_TASKS_DROP,
	SWEEPER_SUMMARY_DROP,
	SWEEPER_EVENTS,
	SWEEPER_WATERMARK,
	SWEEPER_ORIGINS,
	SWEEPER_COUNT,
};

/* What a step has found of one execution, and where. */
struct victim {
	uint32_t		hash;
	size_t			text;		/* its id: offset in "texts" */
	size_t			length;
	enum sweep_reason	reason;
	bool			judged;
	bool			counted;	/* dry: already */
	int64_t			rows;		/* removed */
	int64_t			kept;
	int64_t			first_id;	/* of those removed */
	int64_t			last_id;
	int64_t			oldest;
	int64_t			newest;
};

/* An old row. */
struct prey {
	int64_t	id;
	int64_t	time;
	size_t	victim;
};

struct counts;
struct guard;

struct sweeper {
	sqlite3		*db;		/* the store's */
	struct guard	*guard;		/* likewise */
	struct ranges	*ranges;	/* likewise */
	struct counts	*counts;	/* likewise */
	struct verdict	 verdict;
	sqlite3_stmt	*stmt[SWEEPER_COUNT];
	sqlite3_stmt	*remove;	/* of one step: no other time is a row
					   of the public tables deleted */
	struct prey	 prey[SWEEP_ROWS_MAX];
	size_t		 nprey;
	struct victim	 victim[SWEEP_ROWS_MAX];
	struct sweep_found found[2 * SWEEP_ROWS_MAX];
	size_t		 nvictim;
	struct buf	 texts;
	int64_t		 until;		/* monotonic us */
};

/* False and *error: a statement cannot be prepared.  They go with the db. */
bool	 sweeper_prepare(struct sweeper *, sqlite3 *, struct guard *,
	    struct ranges *, struct counts *, struct sql_error *);
void	 sweeper_free(struct sweeper *);

/* Before the transaction: what it will look at is read, so that it need not
   wait for the disk while it has the lock. */
void	 sweeper_warm(struct sweeper *, const struct sweep_step *);

/* Inside a transaction: go on, through as many phases as there is time for. */
enum sql_result	 sweeper_step(struct sweeper *, struct sweep_step *,
		    struct sql_error *);

#endif
