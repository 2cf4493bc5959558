/*
 * What the files of mask.h share.
 *
 * Layer: proto.  Threads: as there.
 */
#ifndef PROTO_MASK_INNER_H
#define PROTO_MASK_INNER_H

#include "proto/automaton.h"
#include "proto/mask.h"

struct mask {
	struct span		*value;
	size_t			 nvalues;
	size_t			 bytes;		/* of values */
	size_t			 forms;		/* bytes of forms */
	size_t			 nforms;
	struct automaton	 forward;
	struct automaton	 backward;	/* of the forms turned round */
	bool			 has_forward;	/* it is of all values */
	bool			 has_backward;
};

/* Free what has held secrets. */
void	 mask_wipe(struct buf *);

#endif
