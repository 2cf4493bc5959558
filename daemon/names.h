/*
 * A set of names: how many different executions are in a batch, and which?
 * The hash is keyed at random, so that a producer cannot choose names that
 * collide.
 *
 * Layer: daemon.  Threads: one at a time.  No I/O, no clock.
 */
#ifndef DAEMON_NAMES_H
#define DAEMON_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

struct name;

/* A zeroed struct is an empty set. */
struct names {
	struct name	*slots;		/* open addressing, half full at most */
	size_t		 cap;		/* a power of two, or 0 */
	size_t		 count;
	uint64_t	 key;
};

/*
 * The number of a name: 0 for the first that was added, 1 for the next.  The
 * text is the caller's and stays where it is as long as it is in the set.
 */
size_t	 names_add(struct names *, struct span);

bool	 names_has(const struct names *, struct span);

/* Empty it and keep its memory; or not. */
void	 names_reset(struct names *);
void	 names_free(struct names *);

#endif
