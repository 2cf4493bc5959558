/*
 * What a child says, into a capture: until it has ended, and its output too.
 *
 * Whatever becomes of the storing, the child goes on.  While the queue is full
 * it is slowed down; when there has been no daemon for --timeout, what does not
 * fit is counted and lost.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_RELAY_H
#define CLIENT_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/child.h"
#include "client/execlog.h"

struct delivery;

#define RELAY_BYTES	(64 * 1024)	/* of a stream, at once */
#define RELAY_CUT	128		/* bytes that hold any reason of a cut */

/* One stream of the child's. */
struct relay_side {
	enum execlog_stream	 stream;
	int			*fd;		/* the child's; -1 at its end */
	int			 tee;		/* gets a copy; -1: nobody */
	int64_t			 quiet_at;	/* flush then; 0: nothing held */
	bool			 torn;		/* the rest of a line is to be
						   dropped, too */
	bool			 cut;		/* the line that was begun before
						   is to be ended */
	char			 bytes[RELAY_BYTES];	/* not yet taken: */
	size_t			 at;
	size_t			 n;
};
#define RELAY_SIDES	2

/* Zero it and set the first four. */
struct relay {
	struct delivery		*delivery;
	struct execlog_capture	*capture;	/* NULL: nothing can be stored */
	struct child		*child;
	int			 drain;		/* ms that output is waited for
						   after the child's end */
	struct relay_side	 side[RELAY_SIDES];
	bool			 ended;		/* the child has: */
	struct child_end	 end;
	int64_t			 until;		/* and output is waited for */
	uint64_t		 taken;		/* lines that were queued */
	uint64_t		 dropped;	/* lines that did not fit */
	uint64_t		 halves;	/* of them, whose beginning was
						   queued */
};

/* tee: pass on what comes, to our own stdout and stderr. */
void	 relay_init(struct relay *, bool tee);

/* Returns when all is over; the capture is closed, or given up. */
void	 relay_run(struct relay *);

/* There is nothing to be captured. */
void	 relay_close(struct relay *);

#endif
