/*
 * How long a transaction may hold the write lock, and how long the lock is left
 * alone after it: so that the engine's own commits get through.
 *
 * In a file that is shared, a hold is at most the budget and a gap follows: two
 * holds, at least 2 ms; one hold when more than a transaction's worth waits.
 * In a file of our own, up to 100 ms, 20 while somebody waits, and 15 ms of gap
 * in every 250 ms of work without a pause, so that a newcomer gets in.  Gaps
 * are up to a half longer, at random: SQLite's busy handler has fixed steps.
 *
 * The length of a hold is predicted from those before.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_PACE_H
#define DAEMON_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/batch.h"

#define PACE_ROWS_MIN	100	/* a transaction may always have so many */

struct pace {
	int64_t		budget_us;	/* of a hold in a shared file */
	double		row_us;		/* what a row costs, about */
	double		row_bytes;	/* how long one is, about */
	int64_t		foreign_us;	/* when others were last seen */
	bool		has_tables;	/* of others */
	int64_t		ready_us;	/* no transaction before */
	int64_t		held_us;	/* in a file of our own, less what the
					   lock was free in between */
	int64_t		released_us;	/* the transaction before */
	uint64_t	random;
	struct batch_limit limit;	/* of the next transaction */
	size_t		limit_bytes;	/* of records that reach it, about */
};

/* A transaction.  Times are monotonic. */
struct pace_hold {
	size_t	rows;
	size_t	bytes;
	int64_t	hold_us;	/* it had the lock so long */
	int64_t	released_us;	/* and gave it back then */
	bool	foreign;	/* others have committed since the last one */
	bool	more;		/* another one's worth waits */
};

void	 pace_init(struct pace *, int64_t budget_us, bool has_tables);
void	 pace_done(struct pace *, const struct pace_hold *);

/* Set limit and bytes for the next one, if somebody waits for it or not. */
void	 pace_predict(struct pace *, bool waits, int64_t now_us);

/* How long a step of a sweep may hold the lock. */
int64_t	 pace_sweep_us(const struct pace *, int64_t now_us);

bool	 pace_is_shared(const struct pace *, int64_t now_us);

#endif
