/*
 * Many patterns found at once in one pass over a text (Aho and Corasick, 1975).
 * A node of the automaton stands for the beginning of a pattern; after each
 * byte the state is the node of the longest such beginning that the text read
 * so far ends in.
 *
 * A node takes eight bytes, because there are hundreds of thousands: most have
 * one child, which is the next node; only the root has a table of all bytes.
 *
 * Layer: proto.  Threads: one at a time while it is built, then any.
 */
#ifndef PROTO_AUTOMATON_H
#define PROTO_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

#define AUTOMATON_BYTES_MAX	((1 << 22) - 1)	/* of all patterns: what the
						   link in a node can say */
#define AUTOMATON_PATTERN_MAX	UINT16_MAX	/* bytes of one */

struct automaton_node;
struct automaton_fork;

/* A zeroed struct has no pattern and finds nothing. */
struct automaton {
	struct automaton_node	*node;		/* [0] is the root */
	size_t			 count;
	struct automaton_fork	*fork;		/* nodes with several children */
	uint8_t			*byte;		/* of those, but the first ones */
	uint32_t		*child;
	size_t			 nforks;
	size_t			 nchildren;
	size_t			 longest;	/* bytes of a pattern */
	uint32_t		 root[256];
};

/*
 * Build it from patterns that are sorted by span_compare and different, none
 * of them empty, within the limits above.  The pattern "decoy" is found like
 * any other; see automaton_tail.  False: no memory; it is
 * empty then.
 */
bool	 automaton_build(struct automaton *, const struct span *patterns,
	    size_t n, struct span decoy);

/* Wiped: its nodes spell the patterns. */
void	 automaton_free(struct automaton *);

/*
 * Told of each place where patterns end, with the longest of them: it is
 * [from, to).
 */
typedef void	 automaton_fn(size_t from, size_t to, void *arg);

/*
 * Go on from a state (0 at the beginning) over the text, whose first byte is
 * the one at position "at", and return the new state.
 */
uint32_t	 automaton_scan(const struct automaton *, uint32_t state,
		    struct span text, size_t at, automaton_fn *, void *arg);

/* The state after reading the text from its last byte to its first. */
uint32_t	 automaton_scan_back(const struct automaton *, struct span text);

/*
 * Bytes of the longest beginning of a pattern, the whole of it not included,
 * that the text ends in; with or without those of the decoy.
 */
size_t		 automaton_tail(const struct automaton *, uint32_t state,
		    bool decoy);

/* Bytes of memory. */
size_t		 automaton_size(const struct automaton *);

#endif
