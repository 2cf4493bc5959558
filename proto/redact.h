/*
 * Text without the values of keys that look secret: those that contain
 * password, token, secret or key, in any case and however they are escaped.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_REDACT_H
#define PROTO_REDACT_H

#include <stdbool.h>

#include "proto/span.h"

struct buf;

/* JSON in strings of JSON is looked into so deep; what is deeper, and may have
   a value of such a key, is replaced as a whole. */
#define REDACT_DEPTH_MAX	4
#define REDACT_ESCAPES_MAX	8	/* undone to see whether it may */

/* What is replaced makes no text longer than so many times what it was, and
   REDACT_MORE_MAX bytes. */
#define REDACT_TIMES_MAX	4
#define REDACT_MORE_MAX		16

/*
 * Append the text, each such value replaced by ***SECRET***, all else as it is
 * written: valid JSON stays so.  False, and nothing is appended, if there is
 * none.
 *
 * The text need not be JSON, or not whole: what looks like a key in it counts,
 * and so do name=value and, where a line or a list begins with it, "name: value"
 * of a name that ends in such a word (no KeyError: x).  A value that is a string
 * may be such a text, too; those of "task_id" and "failed_task_id" are names.
 */
bool	 redact_apply(struct span text, struct buf *);

/* Does a key with this name look secret? */
bool	 redact_is_secret(struct span key);

#endif
