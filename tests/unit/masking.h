/*
 * What the tests of masking share: masks of a few values, and a generator of
 * values and of texts in which there is much that looks like them.
 *
 * Threads: one.
 */
#ifndef TESTS_UNIT_MASKING_H
#define TESTS_UNIT_MASKING_H

#include "tests/unit/support.h"

#include "proto/forms.h"
#include "proto/mask.h"

#define ROUNDS	3000	/* of each property */

struct mask	*mask_of(const char *const *values);

#define MASK(...)	mask_of((const char *const[]){ __VA_ARGS__, NULL })

/* The text, or what becomes of it. */
void	 apply(struct mask *, struct span text, enum partial, struct buf *out);

void	 assert_part(struct mask *, const char *text, enum partial,
	    const char *want);
void	 assert_masked(struct mask *, const char *text, const char *want);

/* What the numbers below come from: set it, and they repeat. */
extern unsigned long seed;

size_t	 below(size_t n);

/* Few letters, so that much matches, overlaps and nearly matches; returns how
   many, at most max. */
size_t	 random_text(char *p, size_t max);

/* A mask of a few such values, and all their forms. */
struct known {
	struct mask	*mask;
	struct forms	 forms;
	char		 text[1 << 20];
	struct span	 form[20000];
};
extern struct known	 known;

/* Make others; the mask is the caller's. */
void	 know(void);

/* Pieces of the known forms, and others. */
size_t	 known_text(char *p, size_t max);

#endif
