/*
 * The sparse map of log rows: of each RANGES_IDS ids how many rows there are
 * and of what time, kept in the transaction of the rows.  Rows of others make a
 * range one that is to be looked at, which is done when a sweep comes by.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_RANGES_H
#define SQL_RANGES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "sql/result.h"
#include "sql/store.h"

#define RANGES_SHIFT	12
#define RANGES_IDS	((int64_t)1 << RANGES_SHIFT)

struct ranges {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*add;
	sqlite3_stmt	*doubt;
	sqlite3_stmt	*from;
	sqlite3_stmt	*rest;
	sqlite3_stmt	*texts;
	sqlite3_stmt	*set;
	sqlite3_stmt	*drop;
	sqlite3_stmt	*less;
	int64_t		 seen;		/* ids up to here are in it, or noted */
	int64_t		 next_seen;	/* when the transaction is committed */
	int64_t		 looked;	/* the range that was looked at */
	int64_t		 row_bytes;	/* of its rows, on the average; 0: not
					   known */
};

/* What the map says of a range. */
struct range {
	int64_t	range;		/* id >> RANGES_SHIFT */
	int64_t	oldest;		/* ms, as the next */
	int64_t	newest;
	bool	whole;		/* else it is to be looked at */
};

/* False and *error: something cannot be prepared, or not be read.  The
   statements go with the db. */
bool	 ranges_prepare(struct ranges *, sqlite3 *, struct sql_error *);

/* Inside a transaction: others have written up to this id. */
enum sql_result	 ranges_note(struct ranges *, int64_t newest,
		    struct sql_error *);

/* The same, behind the rows of the batch, which have their ids. */
enum sql_result	 ranges_apply(struct ranges *, const struct store_batch *,
		    int64_t newest_before, struct sql_error *);

/* That transaction is committed. */
void		 ranges_committed(struct ranges *);

/*
 * The first range from r->range on, at most to "last", that is not known to be
 * without rows older than cutoff: r is set to it, whether the map has it or not.
 * It may have no rows at all.
 */
enum sql_result	 ranges_find(struct ranges *, struct range *r, int64_t last,
		    int64_t cutoff, struct sql_error *);

/* Look at what is in the range without changing anything, so that closing it
   takes less time; if the map does not know how long its rows are, at their
   texts, which takes long: nobody may wait for the lock. */
void		 ranges_look(struct ranges *, const struct range *);

/* May it be closed?  Not before it was looked at, if the map does not know all
   its rows. */
bool		 ranges_may_close(const struct ranges *, const struct range *);

/* So many rows of it were removed, of about its average size. */
enum sql_result	 ranges_less(struct ranges *, int64_t range, int64_t rows,
		    struct sql_error *);

/* The range was swept: what is in it now, but for rows older than cutoff, which
   are spared ones.  No text is read: how long they are, on the average, was
   known before. */
enum sql_result	 ranges_close(struct ranges *, int64_t range, int64_t cutoff,
		    struct sql_error *);

#endif
