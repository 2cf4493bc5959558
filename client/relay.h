/*
 * What a child says, into a capture: until it has ended, and its output too.
 *
 * Whatever becomes of the storing, the child goes on.  While the queue is full
 * it is slowed down; when nothing was acknowledged for --timeout, what does not
 * fit is counted and lost.  A reader of the copy that takes its time slows it
 * down, too; signals go to the child meanwhile.
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
	char			 bytes[RELAY_BYTES];	/* n of them were read */
	size_t			 n;
	int64_t			 read_at;	/* ms since 1970: they were */
	size_t			 at;		/* of them are queued, */
	size_t			 teed;		/* of them are copied on */
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
	int64_t			 newest;	/* for stamp_now */
	bool			 ended;		/* the child has: */
	struct child_end	 end;
	int64_t			 until;		/* and output is waited for */
	bool			 told;		/* a signal has come */
	bool			 hurry;		/* one after the end: no waiting */
	uint64_t		 taken;		/* lines that were queued */
	uint64_t		 dropped;	/* lines that did not fit */
	bool			 lossy;		/* it was told that there are */
};

/* tee: pass on what comes, to our own stdout and stderr. */
void	 relay_init(struct relay *, bool tee);

/* Returns when all is over; the capture is closed, or given up. */
void	 relay_run(struct relay *);

/* There is nothing to be captured. */
void	 relay_close(struct relay *);

#endif
