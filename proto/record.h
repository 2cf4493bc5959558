/*
 * Log records as producers send them: the binary LOG and the JSON LOG_JSON of
 * docs/protocol.md, section 3.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_RECORD_H
#define PROTO_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/span.h"
#include "proto/text.h"

struct buf;
struct json_t;

#define RECORD_MESSAGE_MAX	(64 * 1024)	/* bytes, one part */
#define RECORD_METADATA_MAX	(64 * 1024)	/* bytes, the client's own */
#define RECORD_TIME_MAX		(1LL << 53)	/* ms either side of 1970 */
#define RECORD_SOURCE_OWN	"execlogd"	/* refused from clients */

enum stream {
	STREAM_NONE,
	STREAM_STDOUT,
	STREAM_STDERR,
};
#define STREAM_COUNT	3

enum partial {
	PARTIAL_WHOLE,
	PARTIAL_FIRST,
	PARTIAL_MIDDLE,
	PARTIAL_LAST,
};
#define PARTIAL_COUNT	4

/* What a text that may end within a secret is to be masked as: one that goes
   on. */
enum partial	 partial_torn(enum partial);

/* The values under the metadata keys; NULL for none and whole. */
const char	*stream_name(enum stream);
const char	*partial_name(enum partial);

/* stdout or stderr. */
bool		 stream_parse(struct span, enum stream *);

/*
 * level, stream and partial are numbers as received: record_check says
 * whether they are values of their enums.  Texts belong to whoever holds the
 * frame or the document.  task.p and metadata.p are NULL when there is none.
 */
struct record {
	uint64_t	number;		/* 0: none was given (JSON only) */
	int64_t		timestamp;	/* ms */
	bool		has_timestamp;
	bool		has_attempt;
	uint32_t	attempt;
	uint8_t		level;
	uint8_t		stream;
	uint8_t		partial;
	bool		torn;		/* its text may end within a word, though
					   nothing follows; no frame says so */
	enum refusal	refusal;	/* what JSON could not express above */
	struct span	execution;
	struct span	task;
	struct span	source;
	struct span	message;
	struct span	metadata;
};

/* Append a LOG frame.  False if a length is over what the form can say. */
bool	 record_put(struct buf *, const struct record *);

/* A LOG body.  False (bad-record) if its parts do not add up. */
bool	 record_decode(struct span body, struct record *);

/*
 * A LOG_JSON body.  Texts point into it and into the returned document, which
 * the caller frees.  NULL (bad-json) if it is not an object; values of the
 * wrong kind are left to record_check.
 */
struct json_t	*record_from_json(struct span body, struct record *);

/*
 * Can the record be stored?  All but the metadata's text is judged here; that
 * is judged where it is parsed, in stored_metadata.
 */
enum refusal	 record_check(const struct record *);

#endif
