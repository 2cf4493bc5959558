/*
 * The output of tasks: captures, their streams, their lines (docs/protocol.md,
 * section 3.7).
 *
 * A capture is one taking of the output of one attempt of a task.  It has one
 * or two streams: what the attempt wrote to stdout and to stderr, or, where
 * that cannot be told apart, one stream without a name (STREAM_NONE).
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_CAPTURE_H
#define PROTO_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/record.h"
#include "proto/span.h"

struct buf;
struct json_t;

/* Whose output it is.  task.p is NULL when there is none. */
struct origin {
	struct span	execution;
	struct span	task;
	struct span	source;
	bool		has_attempt;
	uint32_t	attempt;
};

/* A set of streams: the sum of the bits of its members. */
#define STREAM_BIT(stream)	(1u << (stream))

/* OPEN.  "capture" is the producer's number for it: 1 or more, rising. */
struct capture_open {
	uint64_t	number;		/* 0: none was given */
	uint32_t	capture;
	struct origin	origin;
	unsigned	streams;	/* a set, not empty */
	enum refusal	refusal;	/* the first thing that is wrong */
};

/* CLOSE.  "cut" says what of the output was not captured; p NULL: nothing. */
struct capture_close {
	uint64_t	number;
	uint32_t	capture;	/* 0: what was said is no number of one */
	struct span	cut;
};

/*
 * LINE: a line of a stream, or a part of one.  level, stream and partial are
 * numbers as received.
 */
struct line {
	uint64_t	number;
	uint32_t	capture;
	uint32_t	size;		/* bytes of its text in the stream, and
					   1 for its end: what --stream-max
					   counts */
	int64_t		timestamp;	/* ms */
	bool		has_timestamp;
	uint8_t		level;
	uint8_t		stream;
	uint8_t		partial;
	bool		torn;		/* the stream ended in it: who reads the
					   stream knows, no frame says so */
	struct span	message;
	struct span	metadata;	/* p NULL: none */
};

#define CAPTURE_CUT_MAX	255		/* bytes of "cut" that are stored; it is
					   cut when it is masked and escaped,
					   not before */

/* Append a frame.  False if it is over the limit of a frame. */
bool	 capture_open_put(struct buf *, const struct capture_open *);
bool	 capture_close_put(struct buf *, const struct capture_close *);
bool	 line_put(struct buf *, const struct line *);

/*
 * The bodies.  Texts point into the body and into the returned document, which
 * the caller frees.  NULL (bad-json) if it is not an object.
 */
struct json_t	*capture_open_from_json(struct span, struct capture_open *);
struct json_t	*capture_close_from_json(struct span, struct capture_close *);

/* A LINE body.  False (bad-record) if its parts do not add up. */
bool	 line_decode(struct span body, struct line *);

/* Append the members of an origin to a JSON object; read them. */
void		 origin_put(struct buf *, const struct origin *);
enum refusal	 origin_from_json(const struct json_t *, struct origin *);

/* OPENED: the answer to a stream's HELLO.  "stream" is its row's id. */
void	 opened_put(struct buf *, int64_t stream);

#endif
