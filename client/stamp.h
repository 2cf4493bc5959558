/*
 * When something was read: a time that rows have.
 *
 * Layer: client.  Threads: one at a time for each clock.
 */
#ifndef CLIENT_STAMP_H
#define CLIENT_STAMP_H

#include <stdint.h>

#define STAMP_STEP_MS	60000	/* a clock that goes back further is followed */

/*
 * Now, ms since 1970.  As with the daemon's times of receipt, it is not before
 * *newest, unless the clock was really set; keeps it there.  Zero it first.
 */
int64_t	 stamp_now(int64_t *newest);

#endif
