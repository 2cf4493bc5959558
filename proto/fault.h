/*
 * What can be wrong with a peer's bytes: faults, which end a connection
 * (docs/protocol.md, section 5), and refusals, which end one record (3.5).
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_FAULT_H
#define PROTO_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/span.h"

struct buf;
struct json_t;

enum fault {
	FAULT_NONE,
	FAULT_FRAME_TOO_LONG,
	FAULT_FRAME_CUT,
	FAULT_FRAME_RESERVED,
	FAULT_UNKNOWN_TYPE,
	FAULT_UNEXPECTED_TYPE,
	FAULT_BAD_VERSION,
	FAULT_BAD_HELLO,
	FAULT_HELLO_TIMEOUT,
	FAULT_BAD_JSON,
	FAULT_BAD_RECORD,
	FAULT_BAD_NUMBER,
	FAULT_BAD_REQUEST,
	FAULT_TOO_MANY,
	FAULT_FENCED,
	FAULT_UNKNOWN_PRODUCER,
	FAULT_NOT_YOURS,
	FAULT_STORAGE,
	FAULT_SHUTTING_DOWN,
};
#define FAULT_COUNT	(FAULT_SHUTTING_DOWN + 1)

enum refusal {
	REFUSAL_NONE,
	REFUSAL_EXECUTION_ID,
	REFUSAL_TASK_ID,
	REFUSAL_SOURCE,
	REFUSAL_LEVEL,
	REFUSAL_STREAM,
	REFUSAL_PARTIAL,
	REFUSAL_ATTEMPT,
	REFUSAL_TIMESTAMP,
	REFUSAL_MESSAGE,
	REFUSAL_METADATA,
	REFUSAL_EVENT_TYPE,
	REFUSAL_CAPTURE,
	REFUSAL_STREAMS,
	REFUSAL_MASK,
};
#define REFUSAL_COUNT	(REFUSAL_MASK + 1)

/* The code on the wire. */
const char	*fault_code(enum fault);
const char	*refusal_code(enum refusal);

/* One sentence for people. */
const char	*refusal_sentence(enum refusal);

/* Append a frame. */
void	 fault_put(struct buf *, enum fault, const char *sentence);
void	 refusal_put(struct buf *, uint64_t number, enum refusal);

/*
 * The receiving side of both: ERROR and REFUSED as they came.  Texts point
 * into the returned document, which the caller frees with jdoc_free; NULL if
 * the body is not one.
 */
struct complaint {
	int64_t		number;		/* 0 in an ERROR */
	struct span	code;
	struct span	message;
};
struct json_t	*complaint_decode(struct span body, struct complaint *);

#endif
