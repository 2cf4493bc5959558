/*
 * A histogram of durations: what were the median, the 99th percentile and the
 * maximum?  Buckets grow by an eighth, so an answer is at most 12.5 % high.
 *
 * Layer: daemon.  Threads: one at a time.  No I/O, no clock.
 */
#ifndef DAEMON_HIST_H
#define DAEMON_HIST_H

#include <stdint.h>

#define HIST_BUCKETS	(8 * 40)	/* up to 2^40 us, twelve days */

/* A zeroed struct has seen nothing. */
struct hist {
	uint64_t	count[HIST_BUCKETS];
	uint64_t	total;
	int64_t		max;
};

void	 hist_add(struct hist *, int64_t us);

/* The value that per_mille of all are not above; 0 if there is none. */
int64_t	 hist_quantile(const struct hist *, int per_mille);

#endif
