/*
 * The values that a handle has registered for masking: MASK frames, one value
 * each, sent again on each new connection before anything else.
 *
 * Layer: client.  Threads: with the handle's lock.
 */
#ifndef CLIENT_MASKS_H
#define CLIENT_MASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

struct mask;

#define MASKS_MAX	(256 * 1024)	/* bytes of frames that are kept */

/* A zeroed struct has none. */
struct masks {
	char		*p;
	size_t		 n;
	unsigned	 version;	/* changes with what it holds */
};

/* Is this frame kept already, under another tag? */
bool	 masks_has(const struct masks *, struct span frame);

/* Keep it.  False: that would be too much. */
bool	 masks_add(struct masks *, struct span frame);

/* The tag of the newest that is kept; 0: none is. */
int64_t	 masks_newest(const struct masks *);

/* Let go of those of an execution. */
void	 masks_forget(struct masks *, struct span execution);

/* A mask with those of an execution, the caller's; NULL: none, no memory. */
struct mask	*masks_for(const struct masks *, struct span execution);

/* Wiped. */
void	 masks_free(struct masks *);

#endif
