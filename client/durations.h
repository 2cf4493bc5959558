/*
 * How long something took, for people: 500ms, 2.5s, 1m 30s, 2h 5m, 3d 4h.  It is
 * rounded to the smaller unit that is shown: 59.96 s is 1m.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_DURATIONS_H
#define CLIENT_DURATIONS_H

#include <stdint.h>

#define DURATIONS_TEXT	40	/* bytes that hold one */

/* Of a negative one it is "-". */
void	 durations_format(int64_t ms, char out[DURATIONS_TEXT]);

#endif
