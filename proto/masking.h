/*
 * MASK: values that a producer wants masked in an execution
 * (docs/protocol.md, section 3.10).
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_MASKING_H
#define PROTO_MASKING_H

#include <stddef.h>

#include "proto/fault.h"
#include "proto/mask.h"
#include "proto/span.h"

struct buf;
struct json_t;

struct masking {
	enum refusal	refusal;	/* what is wrong with all of it */
	int64_t		tag;		/* comes back in MASKED; 0: no answer */
	struct span	execution;
	size_t		n;
	struct span	value[MASK_VALUES_MAX];
};

/* Append a frame.  False if a value is no text, or all are too long for a
   frame. */
bool	 masking_put(struct buf *, const struct masking *);

/* Append MASKED: what came under this tag has been looked at. */
void	 masked_put(struct buf *, int64_t tag);

/*
 * A body.  Texts point into the returned document, which the caller frees.
 * NULL (bad-json) if it is not an object.
 */
struct json_t	*masking_from_json(struct span body, struct masking *);

#endif
