/*
 * How long a transaction may hold the write lock, and how long the lock is left
 * alone after it: so that the engine's own commits get through.
 *
 * In a file that is shared, a hold is at most the budget and a gap follows: two
 * holds, at least 2 ms; one hold when more than a transaction's worth waits.
 * In a file of our own, up to 100 ms, 20 while somebody waits, and 15 ms of gap
 * in every 250 ms of work without a pause, so that a newcomer gets in.  Gaps are up to a half longer,
 * at random: SQLite's busy handler has fixed steps.
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

#define PACE_ROWS_MIN	100	/* a transaction may always have so many */

struct pace {
	int64_t		budget_us;	/* of a hold in a shared file */
	double		row_us;		/* what a row costs, about */
	int64_t		foreign_at;	/* ms; when others were last seen */
	bool		has_tables;	/* of others */
	int64_t		ready_at;	/* ms; no transaction before */
	int64_t		held_us;	/* in a file of our own, less what the
					   lock was free in between */
	int64_t		ended_at;	/* ms; the transaction before */
	uint64_t	random;
};

void	 pace_init(struct pace *, int64_t budget_us, bool has_tables);

/*
 * A transaction of so many rows has held the lock for hold_us and ended at now,
 * a monotonic time in ms.  foreign: somebody else has committed since the one
 * before; more: another one's worth waits.
 */
void	 pace_done(struct pace *, size_t rows, int64_t hold_us, bool foreign,
	    bool more, int64_t now);

/* How many rows the next one may have, if somebody waits for it or not. */
size_t	 pace_rows(const struct pace *, bool waits, int64_t now);

bool	 pace_is_shared(const struct pace *, int64_t now);

#endif
