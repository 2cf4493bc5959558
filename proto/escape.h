/*
 * Text from elsewhere on its way to a terminal: nothing in it may move the
 * cursor, change the colours or turn the direction of writing.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_ESCAPE_H
#define PROTO_ESCAPE_H

#include <stdbool.h>

#include "proto/span.h"

struct buf;

/*
 * Append s.  With "safe", what is not printable is made visible: C0 and DEL
 * as ^X; C1, bidi controls, what has no width and what is not UTF-8 as \x9b,
 * \u{202e}, \xff.  TAB stays, LF too if "lines".
 */
void	 escape_put(struct buf *, struct span s, bool safe, bool lines);

/* Append valid JSON with the same characters written as \u202e, and CR. */
void	 escape_json(struct buf *, struct span json);

#endif
