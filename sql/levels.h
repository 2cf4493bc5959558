/*
 * How many lines executions have had since somebody has asked last: the least
 * and the greatest time and the lines of each level.  A sorted array, for
 * batches that are sorted, too.
 *
 * Layer: sql.  Threads: one at a time.  No I/O, no clock.
 */
#ifndef SQL_LEVELS_H
#define SQL_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"
#include "proto/text.h"

struct store_batch;

/* Of one execution; last is INT64_MIN while there are none. */
struct levels_of {
	struct span	execution;	/* ours */
	int64_t		first;		/* ms */
	int64_t		last;
	int64_t		count[LEVEL_COUNT];
};

/* A zeroed struct is an empty one. */
struct levels {
	struct levels_of	*of;		/* by name */
	size_t		 n;
	size_t		 cap;
	size_t		 counted;	/* of them, those that have lines */
	bool		 tasks;		/* some are lines of tasks */
};

/* False: no memory; what there is then is worth nothing but levels_free. */
bool	 levels_add(struct levels *, const struct store_batch *);

/* Has it lines? */
bool	 levels_know(const struct levels *, struct span execution);

/* All have been taken: begin anew.  Who had none is forgotten. */
void	 levels_taken(struct levels *);

void	 levels_free(struct levels *);

static inline bool
levels_has(const struct levels_of *l)
{
	return (l->last != INT64_MIN);
}

#endif
