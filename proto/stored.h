/*
 * From a checked record to what is stored of it: the reserved metadata keys,
 * and text that is not UTF-8.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_STORED_H
#define PROTO_STORED_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/span.h"

struct buf;
struct record;

#define STORED_RAW_MAX	(32 * 1024)	/* bytes of text that is not UTF-8 in
					   one row */

/*
 * One row's worth of a record.  Both are overwritten by each step; the row has
 * no metadata when metadata.n is 0.
 */
struct stored {
	size_t		next;		/* offset in the message */
	struct span	message;	/* the record's own, or in "text" */
	struct buf	*text;
	struct buf	*metadata;
};

/*
 * Append the record's metadata without what its rows will say themselves; false,
 * and nothing is appended, if it can stay as it is.  For who has to see the
 * text that is left before it is stored.
 */
bool	 stored_strip(const struct record *, struct buf *);

/*
 * Begin with a record that record_check has passed.  The buffers are the
 * caller's scratch.  Returns false (bad-metadata) if the metadata is not an
 * object.
 */
bool	 stored_begin(struct stored *, const struct record *, struct buf *text,
	    struct buf *metadata);

/*
 * Make the next row; false when there is none.  A record is one row, unless
 * its message is not UTF-8 and over STORED_RAW_MAX: then it is in parts.
 */
bool	 stored_next(struct stored *, const struct record *);

#endif
