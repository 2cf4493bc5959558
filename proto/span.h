/*
 * A piece of text that somebody else owns: a pointer and a length, without a
 * terminating zero.  p is NULL when there is no text at all (an absent task,
 * absent metadata), which is not the same as an empty one.
 *
 * Layer: proto, lowest.  Threads: plain values, any.
 */
#ifndef PROTO_SPAN_H
#define PROTO_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char	*p;
	size_t		 n;
};

#define SPAN_NONE	((struct span){ NULL, 0 })

static inline struct span
span_of(const char *s)
{
	return ((struct span){ s, s != NULL ? strlen(s) : 0 });
}

static inline bool
span_eq(struct span a, struct span b)
{
	return (a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0));
}

static inline bool
span_is(struct span a, const char *s)
{
	return (span_eq(a, span_of(s)));
}

/* By bytes; the shorter one first if they are equal so far. */
static inline int
span_compare(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return (order != 0 ? order : (a.n > b.n) - (a.n < b.n));
}

#endif
