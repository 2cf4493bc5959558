/*
 * Records and events to the daemon, and its acknowledgements back.
 *
 * What is sent and not acknowledged is bounded by PRODUCER_WINDOW: at that
 * point sending waits.
 *
 * Layer: client.  Threads: one per producer.
 */
#ifndef CLIENT_PRODUCER_H
#define CLIENT_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/link.h"

struct audit;
struct record;

#define PRODUCER_WINDOW		(4 * 1024 * 1024)	/* bytes */
#define PRODUCER_COMPLAINTS	10	/* refusals that are printed */

struct producer {
	struct link	link;
	struct buf	frame;		/* scratch */
	uint64_t	number;		/* of the newest record or event */
	uint64_t	acked;
	uint64_t	mark;		/* newest when half a window was full */
	size_t		since;		/* bytes sent after the mark */
	uint64_t	refused;
};

/* False: p->link.reason says why. */
bool	 producer_open(struct producer *, const char *path);
void	 producer_close(struct producer *);

/*
 * Send one; the number is given here.  Waits while the window is full.  On
 * anything but LINK_OK it is not certain that it was sent.  Refusals are
 * printed as they come, and counted.
 */
enum link_result	 producer_log(struct producer *, struct record *);
enum link_result	 producer_event(struct producer *, struct audit *);

/* Send what is queued and read what has come, without waiting. */
enum link_result	 producer_push(struct producer *);

/*
 * Wait until everything is acknowledged, for at most timeout ms (-1: for
 * ever); LINK_NOTHING when that has passed.
 */
enum link_result	 producer_flush(struct producer *, int timeout);

/* Sent, or to be sent, and not acknowledged. */
uint64_t	 producer_unacked(const struct producer *);

#endif
