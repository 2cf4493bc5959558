/*
 * A growing byte buffer, and big-endian integers in and out of bytes.
 *
 * A failed allocation is remembered in "failed" and turns every later call
 * into nothing, so that a writer checks once, at the end.  A zeroed struct is
 * an empty buffer.  The caller owns the struct; buf_free gives the bytes back
 * and leaves it empty.
 *
 * Layer: proto.  Threads: one at a time per buffer.
 */
#ifndef PROTO_BUF_H
#define PROTO_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

struct buf {
	char	*p;
	size_t	 n;		/* bytes in use */
	size_t	 cap;		/* bytes allocated */
	bool	 failed;	/* an allocation failed; contents are void */
};

void	 buf_free(struct buf *);

/* Forget the contents, keep the memory. */
void	 buf_reset(struct buf *);

/* Forget what was written after the first n bytes. */
void	 buf_cut(struct buf *, size_t n);

/* Make room for n more bytes; false when there is no memory. */
bool	 buf_reserve(struct buf *, size_t n);

void	 buf_add(struct buf *, const void *, size_t);
void	 buf_span(struct buf *, struct span);
void	 buf_str(struct buf *, const char *);
void	 buf_char(struct buf *, char);
void	 buf_u8(struct buf *, uint8_t);
void	 buf_u32(struct buf *, uint32_t);
void	 buf_u64(struct buf *, uint64_t);
void	 buf_printf(struct buf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* The contents as text; valid until the next change. */
struct span	 buf_text(const struct buf *);

uint32_t	 be_u32(const void *);
uint64_t	 be_u64(const void *);
void		 be_put_u32(void *, uint32_t);

#endif
