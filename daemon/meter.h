/*
 * What the commits have been like, for status.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_METER_H
#define DAEMON_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/hist.h"

struct store_commit;
struct store_hold;

#define METER_SECONDS	10	/* that a rate is the mean of */

/* A zeroed struct has seen nothing.  Histograms in us, but for the rows. */
struct meter {
	uint64_t	rows;		/* committed */
	uint64_t	commits;
	struct hist	hold;		/* of the write lock */
	struct hist	gap;		/* between two holds, if under 1 s:
					   else there was nothing to do */
	struct hist	wait;		/* for the lock */
	struct hist	commit;		/* of the hold: COMMIT and its sync */
	struct hist	ack;		/* from the first record of a batch
					   until all of it is committed; not
					   of one without rows */
	struct hist	batch_rows;
	int64_t		released_us;	/* the newest hold; 0: none yet */
	int64_t		waiting_us;	/* a batch for the lock, since then; 0:
					   none does */
	uint64_t	second[METER_SECONDS];	/* rows of each, in turns */
	int64_t		now_s;		/* the newest of them */
};

/* A transaction has had the write lock. */
void	 meter_hold(struct meter *, const struct store_commit *);

/* So has a step of the summaries. */
void	 meter_fold(struct meter *, const struct store_hold *);

/* A batch was not committed; busy: it did not get the lock, and will try again. */
void	 meter_failed(struct meter *, const struct store_commit *, bool busy);

/* A batch of so many rows, the oldest so old, is committed. */
void	 meter_commit(struct meter *, const struct store_commit *, size_t rows,
	    int64_t age_us);

/* Rows a second, in the last METER_SECONDS. */
double	 meter_rate(const struct meter *, int64_t now_us);

#endif
