/*
 * Text from elsewhere on its way to a terminal: nothing in it may move the
 * cursor, change the colours or turn the direction of writing.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_ESCAPE_H
#define CLIENT_ESCAPE_H

#include <stdbool.h>

#include "proto/span.h"

struct buf;

/*
 * Append s.  With "safe", what is not printable is made visible: C0 and DEL
 * as ^X, C1, bidi controls and what is not UTF-8 as \x9b, \u{202e}, \xff.
 * TAB stays, LF too if "lines".
 */
void	 escape_put(struct buf *, struct span s, bool safe, bool lines);

/* Print "execlog: ", the text made safe, and LF to stderr. */
void	 complain(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
