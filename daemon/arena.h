/*
 * Memory for the texts of a batch: many small copies, freed all at once.
 *
 * Layer: daemon.  Threads: one at a time per arena.
 */
#ifndef DAEMON_ARENA_H
#define DAEMON_ARENA_H

#include "proto/span.h"

struct arena_chunk;

/* A zeroed struct is an empty arena. */
struct arena {
	struct arena_chunk	*chunk;
};

/* A copy that lives until the next reset.  SPAN_NONE stays that. */
struct span	 arena_copy(struct arena *, struct span);

/* Forget all copies; keeps one chunk for the next ones. */
void		 arena_reset(struct arena *);
void		 arena_free(struct arena *);

#endif
