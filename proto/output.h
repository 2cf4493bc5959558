/*
 * The output of a process on its way from bytes to lines: split, and each line
 * read for what it says about itself.  The library does it for pipes, the
 * daemon for raw streams (docs/protocol.md, 3.9).
 *
 * Layer: proto.  Threads: one at a time per output.
 */
#ifndef PROTO_OUTPUT_H
#define PROTO_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/capture.h"
#include "proto/lines.h"
#include "proto/span.h"
#include "proto/text.h"

/* Without more, an unfinished line is given out after so long, ms. */
#define OUTPUT_SILENCE_MS	200

/* Zero it, and set the first three; lines.keep may be set, too. */
struct output {
	uint32_t	capture;	/* what its lines refer to */
	enum stream	stream;
	enum level	fallback;	/* of lines that do not say theirs */
	enum level	level;		/* of the line that has begun */
	struct lines	lines;
	struct buf	scratch;
};

/*
 * Gets a line, or a part of one, without number; its texts are gone after the
 * call.
 */
typedef void	 output_fn(const struct line *, void *arg);

/* Give out the lines that are complete.  False: out of memory. */
bool	 output_feed(struct output *, struct span bytes, output_fn *,
	    void *arg);

/* Nothing has come for OUTPUT_SILENCE_MS: give out what there is. */
void	 output_flush(struct output *, output_fn *, void *arg);

/* Bytes of a line that is not finished. */
size_t	 output_held(const struct output *);

/* Is there something that output_flush would give out? */
bool	 output_holds(const struct output *);

/* The end: give out the rest. */
void	 output_finish(struct output *, output_fn *, void *arg);

void	 output_free(struct output *);

#endif
