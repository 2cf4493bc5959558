/*
 * JSON without the values of keys that look secret: those that contain
 * password, token, secret or key, in any case and however they are escaped.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_REDACT_H
#define PROTO_REDACT_H

#include <stdbool.h>

#include "proto/span.h"

struct buf;

/*
 * Append the text, each such value replaced by "***SECRET***", all else as it
 * is written.  It need not be valid JSON: what looks like a key in it counts.
 */
void	 redact_put(struct buf *, struct span text);

/* Does a key with this name look secret? */
bool	 redact_is_secret(struct span key);

#endif
