/*
 * The values that a handle has registered for masking: MASK frames, one value
 * each, sent again on each new connection before anything else; and what masks
 * the handle's own records, so that these do not depend on whether the daemon
 * could take a value.
 *
 * Layer: client.  Threads: with the handle's lock.
 */
#ifndef CLIENT_MASKS_H
#define CLIENT_MASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/record.h"
#include "proto/span.h"

struct mask;
struct masks_entry;

#define MASKS_MAX	(256 * 1024)	/* bytes of frames that are kept */

/* A zeroed struct has none. */
struct masks {
	char			*p;	/* frames */
	size_t			 n;
	struct masks_entry	*entry;	/* one an execution */
	size_t			 count;
	size_t			 last;	/* the one that was asked for last */
	struct buf		 text;	/* scratch of the next two functions */
	struct buf		 metadata;
};

/* Is this frame kept already, under another tag? */
bool	 masks_has(const struct masks *, struct span frame);

/* Keep it; it says the value of the execution.  False: that would be too
   much. */
bool	 masks_add(struct masks *, struct span execution, struct span value,
	    struct span frame);

/* The tag of the newest that is kept; 0: none is. */
int64_t	 masks_newest(const struct masks *);

/* Let go of those of an execution. */
void	 masks_forget(struct masks *, struct span execution);

/* What masks an execution; NULL: nothing is secret in it.  Valid until the
   lock is let go of. */
struct mask	*masks_find(struct masks *, struct span execution);

/*
 * What is to be sent instead of the text, or the metadata (p NULL: none), of an
 * execution; valid until the next one.  It is at most twice as long, and
 * MASKS_MORE bytes; and not over the limit of a record, if the text was not:
 * where it would be, a value is replaced by MASK_SHORTER, or all metadata by one
 * member.
 */
#define MASKS_MORE	32

struct span	 masks_text(struct masks *, struct span execution,
		    struct span text, enum partial);
struct span	 masks_metadata(struct masks *, struct span execution,
		    struct span metadata);

/* Wiped. */
void	 masks_free(struct masks *);

#endif
