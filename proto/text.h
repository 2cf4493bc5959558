/*
 * What bytes may be text: UTF-8, identifiers, levels, base64.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

struct buf;

#define TEXT_ID_MAX	255	/* bytes of an id or a source */

/*
 * The length in bytes (1 to 4) of the UTF-8 character at p, of which n > 0
 * bytes are there, or 0 if they do not begin with one.  *cp, if not NULL, gets
 * the code point.
 */
size_t	 text_utf8(const char *p, size_t n, uint32_t *cp);

/* Is all of it UTF-8 without NUL? */
bool	 text_is_clean(struct span);

/*
 * Is it 1 to TEXT_ID_MAX bytes of UTF-8 without control characters (C0, DEL,
 * C1)?
 */
bool	 text_is_id(struct span);

/*
 * The largest length <= max at which s can be cut without cutting a UTF-8
 * character; max itself where s is not UTF-8 there.
 */
size_t	 text_cut(struct span s, size_t max);

/* Append s, with U+FFFD for NUL and for every byte that is not UTF-8. */
void	 text_clean(struct buf *, struct span);

/* Append s in base64 (RFC 4648, with padding). */
void	 text_base64(struct buf *, struct span);

enum level {
	LEVEL_DEBUG,
	LEVEL_INFO,
	LEVEL_WARN,
	LEVEL_ERROR,
};
#define LEVEL_COUNT	4
#define LEVEL_SENTENCE	\
	"Invalid log level. Must be one of: DEBUG, INFO, WARN, ERROR"

const char	*level_name(enum level);

/* A level by name, in any case, with the aliases of the contract. */
bool		 level_parse(struct span, enum level *);

#endif
