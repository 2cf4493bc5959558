/*
 * How commits fare: when a failure makes the daemon degraded, what is said
 * about it, and when to try again.
 *
 * Layer: daemon.  Threads: the loop's.  No clock.
 */
#ifndef DAEMON_HEALTH_H
#define DAEMON_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql/result.h"

/* A zeroed struct is well. */
struct health {
	bool			 degraded;
	struct sql_error	 error;		/* why */
	int64_t			 failing_since;	/* ms; 0: it is not */
	int64_t			 complained_at;
	uint64_t		 retries;
};

/*
 * A commit of so many rows has failed at now, a monotonic time in ms.  Returns
 * in how many ms to try again, or -1 for never.
 */
int64_t	 health_failed(struct health *, const struct sql_error *, int64_t now,
	    size_t rows);

/* A commit has gone through. */
void	 health_recovered(struct health *);

#endif
