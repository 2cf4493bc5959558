/*
 * When to sweep, and whether the clocks can be believed.
 *
 * Layer: daemon.  Threads: pure functions.
 */
#ifndef DAEMON_SCHEDULE_H
#define DAEMON_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "sql/retention.h"

#define DAY_MS		86400000LL

/* The first time that is "minutes" of a local day, behind now; wall ms. */
int64_t	 schedule_next(int64_t now_ms, int64_t minutes);

/*
 * Can what the clocks say now follow from what they said then?  Within one boot
 * the wall clock may move a day against the other, across boots a year: else
 * *moved_ms says how far.  Nothing is known of a mark without a boot: true.
 */
bool	 schedule_believes(const struct clock_mark *then,
	    const struct clock_mark *now, int64_t *moved_ms);

#endif
