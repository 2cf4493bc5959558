/*
 * What captures leave in the open batch beside their lines: how far each stream
 * has come, and rows of the daemon's own that tell what is missing.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O; time comes in.
 */
#ifndef DAEMON_INTAKE_H
#define DAEMON_INTAKE_H

#include <stdint.h>

#include "proto/record.h"
#include "proto/span.h"
#include "sql/store.h"

struct admit;
struct batch;
struct buf;
struct capture;
struct origin;
struct streams;

/* Where things go, and when it is. */
struct intake {
	struct streams	*streams;
	struct admit	*admit;
	struct batch	*batch;		/* the open one */
	int64_t		 wall;		/* ms, the two clocks */
	int64_t		 mono;
};

/* The stream's mark in the open batch says how far it has come by now. */
void	 intake_mark(const struct intake *, struct capture *, enum stream,
	    enum stream_state);

/* Those of all its streams; cut says what was not captured, if p is not
   NULL. */
void	 intake_mark_all(const struct intake *, struct capture *,
	    enum stream_state, struct span cut);

/*
 * A row of the daemon's own.  The metadata begins with the event; the caller
 * may add members before intake_row, which takes them and frees the buffer.
 */
void	 intake_event(struct buf *metadata, const char *event,
	    const struct origin *);
void	 intake_row(const struct intake *, const struct origin *, enum level,
	    struct span message, struct buf *metadata);

#endif
