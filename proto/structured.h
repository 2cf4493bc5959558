/*
 * What a captured line says about itself: its level as a <N> prefix, or a
 * whole record as a JSON object.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_STRUCTURED_H
#define PROTO_STRUCTURED_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/span.h"
#include "proto/text.h"

struct buf;

/*
 * Texts point into the line or into the scratch.  The message can have any
 * bytes; metadata is the text of a JSON object, metadata.p is NULL when there
 * is none.  Neither is longer than the line.
 */
struct structured {
	enum level	level;
	bool		has_timestamp;
	int64_t		timestamp;	/* ms, within RECORD_TIME_MAX */
	struct span	message;
	struct span	metadata;
};

/*
 * Read one whole line, without its end.
 *
 * A JSON object with a string "message" and a string "level" that is a level's
 * name (or alias) is that record.  "timestamp", as ms or as RFC 3339 with its
 * zone, becomes the time; if it is neither it stays a member like others.  The
 * metadata is the object's other members, and those of an object under
 * "metadata", which win over others of the same name.  Values stay as they
 * were written.
 *
 * Everything else is text, with the level of its prefix or else the fallback:
 * also a line that only looks like such an object, is over RECORD_MESSAGE_MAX,
 * or finds no memory.  So nothing is ever lost.
 *
 * The scratch is the caller's and is overwritten.
 */
void	 structured_parse(struct structured *, struct span line,
	    enum level fallback, struct buf *scratch);

/*
 * Take a prefix <0> to <7> (as for sd-daemon) off the line and set the level.
 * False, and nothing is changed, if there is none.  For the first part of a
 * line that comes in parts; structured_parse does it itself.
 */
bool	 structured_prefix(struct span *line, enum level *);

#endif
