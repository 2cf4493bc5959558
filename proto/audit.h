/*
 * Audit events: their types, what may be in their metadata, and the EVENT
 * frame of docs/protocol.md, section 3.3.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_AUDIT_H
#define PROTO_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/span.h"

struct buf;
struct json_t;

enum audit_type {
	AUDIT_CREATED,
	AUDIT_STARTED,
	AUDIT_STATE_CHANGE,
	AUDIT_COMPLETED,
	AUDIT_FAILED,
	AUDIT_CANCELLED,
	AUDIT_TIMEOUT,
};
#define AUDIT_TYPE_COUNT	7

const char	*audit_type_name(enum audit_type);
bool		 audit_type_parse(struct span, enum audit_type *);

/* Does an event of this type end its execution? */
bool		 audit_is_terminal(enum audit_type);

/* metadata is the text of a JSON object; SPAN_NONE stands for {}. */
struct audit {
	uint64_t	number;		/* 0: none was given */
	int64_t		timestamp;	/* ms */
	bool		has_timestamp;
	enum audit_type	type;
	enum refusal	refusal;	/* the first thing that is wrong */
	struct span	execution;
	struct span	metadata;
};

/* Append an EVENT frame.  False if it is over the limit of a frame. */
bool	 audit_put(struct buf *, const struct audit *);

/*
 * An EVENT body.  Texts point into it and into the returned document, which
 * the caller frees.  NULL (bad-json) if it is not an object.
 */
struct json_t	*audit_from_json(struct span body, struct audit *);

/* Can the event be stored? */
enum refusal	 audit_check(const struct audit *);

#endif
