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
	uint64_t		 key;		/* of the forms in "forward" */
};

/* Bytes [from, to) in which matches overlap. */
struct region {
	size_t	from;
	size_t	to;
	bool	secret;		/* something other than MASK_TEXT matches */
};

/* A text that is looked through, and what was found in it so far. */
struct search {
	struct span	 text;
	size_t		 at;		/* position of its first byte */
	struct buf	*regions;	/* in order, apart from each other */
};

/* Build the automaton if that is to be done; false: no memory. */
bool	 mask_ready(struct mask *);

/* An automaton_fn, with a search.  Matches come in the order of their ends. */
void	 region_add(size_t from, size_t to, void *search);

struct region	*region_list(const struct buf *, size_t *n);

/* Does the text change when the region is replaced? */
bool	 region_changes(const struct region *, struct span text, size_t at);

/* Append the text, replacing what is secret in n regions that lie in it. */
void	 region_replace(const struct region *, size_t n, struct span text,
	    size_t at, struct buf *);

/* Free what has held secrets. */
void	 mask_wipe(struct buf *);

#endif
