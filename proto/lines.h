/*
 * Splitting a stream of bytes into lines.
 *
 * A line ends at LF; one CR before it is dropped, other CRs stay.  A line over
 * LINES_MAX comes in parts, cut between UTF-8 characters; so does one that was
 * given out before its end had come.  Empty lines count.
 *
 * The texts of a line's parts, joined, are the line, whatever the pieces that
 * it was fed in and wherever it was flushed.
 *
 * Layer: proto.  Threads: one at a time per splitter.
 */
#ifndef PROTO_LINES_H
#define PROTO_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/buf.h"
#include "proto/record.h"
#include "proto/span.h"

#define LINES_MAX	RECORD_MESSAGE_MAX	/* bytes of one part */
#define LINES_HELD_MAX	(LINES_MAX + 2)		/* bytes of a line that are
						   held at most */

/* A zeroed struct is a splitter that has seen nothing. */
struct lines {
	struct buf	held;		/* of the line, what is not given out */
	enum partial	sent;		/* the last part given out of it */
	/* How many bytes at the end a flush has to keep, because what comes may
	   make them something that must not be given out; NULL: none. */
	size_t		(*keep)(struct span held, void *arg);
	void		*arg;
};

/* Gets a line or a part of one; the text is gone after the call. */
typedef void	 lines_fn(struct span text, enum partial, void *arg);

/* Give out every line that is complete.  False: out of memory. */
bool	 lines_feed(struct lines *, const char *p, size_t n, lines_fn *,
	    void *arg);

/*
 * Nothing has come for a while: give out what is held, as a first or middle
 * part.  A CR at its end is kept, for LF may follow; so are the (at most three)
 * bytes of a character that is not complete, and what "keep" says.  False:
 * there was nothing to give.
 *
 * Of a line that was flushed, the last part may be empty.
 */
bool	 lines_flush(struct lines *, lines_fn *, void *arg);

/* Would lines_flush give something? */
bool	 lines_holds(const struct lines *);

/*
 * The stream has ended: give out what is held, if anything, as a line, or as
 * the end of one whose beginning was given out.
 */
void	 lines_finish(struct lines *, lines_fn *, void *arg);

void	 lines_free(struct lines *);

#endif
