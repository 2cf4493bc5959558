/*
 * Splitting a stream of bytes into lines.
 *
 * A line ends at LF; one CR before it is dropped, other CRs stay.  A line over
 * LINES_MAX comes in parts, cut between UTF-8 characters.  Empty lines count.
 *
 * Layer: proto.  Threads: one at a time per splitter.
 */
#ifndef PROTO_LINES_H
#define PROTO_LINES_H

#include <stddef.h>

#include "proto/buf.h"
#include "proto/record.h"
#include "proto/span.h"

#define LINES_MAX	RECORD_MESSAGE_MAX	/* bytes of one part */

/* A zeroed struct is a splitter that has seen nothing. */
struct lines {
	struct buf	held;		/* the line so far */
	enum partial	sent;		/* the last part given out of it */
};

/* Gets a line or a part of one; the text is gone after the call. */
typedef void	 lines_fn(struct span text, enum partial, void *arg);

/* Give out every line that is complete.  False: out of memory. */
bool	 lines_feed(struct lines *, const char *p, size_t n, lines_fn *,
	    void *arg);

/* The stream has ended: give out what is held, if anything, as a line. */
void	 lines_finish(struct lines *, lines_fn *, void *arg);

void	 lines_free(struct lines *);

#endif
