/*
 * What a JSON string says, from its text.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_UNESCAPE_H
#define PROTO_UNESCAPE_H

#include "proto/span.h"

struct buf;

/*
 * Append what a JSON string says; it is given with its quotes.  Of text that is
 * no string something or nothing is appended, within its bounds.
 */
void	 unescape_string(struct buf *, struct span string);

/* The same of what is between the quotes. */
void	 unescape_text(struct buf *, struct span);

#endif
