/*
 * Frames: the header of docs/protocol.md, section 1, and nothing else.
 *
 * Layer: proto; no I/O.  Threads: pure functions.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

struct buf;

#define FRAME_HEADER	8		/* bytes before the body */
#define FRAME_MAX	(256 * 1024)	/* bytes of a body: a row of our own
					   with the longest of everything is
					   175 KiB */
#define FRAME_JSON_MAX	(64 * 1024)	/* bytes of a JSON body: jansson takes
					   92 times as much memory at worst */

enum frame_type {
	FRAME_HELLO	= 0x01,
	FRAME_LOG	= 0x02,
	FRAME_LOG_JSON	= 0x03,
	FRAME_EVENT	= 0x04,
	FRAME_FLUSH	= 0x05,
	FRAME_BYE	= 0x06,
	FRAME_OPEN	= 0x07,
	FRAME_LINE	= 0x08,
	FRAME_CLOSE	= 0x09,
	FRAME_MASK	= 0x0a,
	FRAME_REQUEST	= 0x10,
	FRAME_WELCOME	= 0x81,
	FRAME_ACK	= 0x82,
	FRAME_REFUSED	= 0x83,
	FRAME_ERROR	= 0x84,
	FRAME_OPENED	= 0x85,
	FRAME_MASKED	= 0x86,
	FRAME_LOG_ROW	= 0x90,
	FRAME_AUDIT_ROW	= 0x91,
	FRAME_NOTICE	= 0x92,
	FRAME_END	= 0x93,
	FRAME_STATUS	= 0x94,
	FRAME_FACT	= 0x95,
	FRAME_SWEEP	= 0x96,
};

enum frame_result {
	FRAME_OK,		/* a whole frame */
	FRAME_SHORT,		/* so far no fault; more bytes are needed */
	FRAME_BAD_TYPE,
	FRAME_BAD_RESERVED,
	FRAME_BAD_LENGTH,
};

struct frame {
	enum frame_type	 type;
	struct span	 body;	/* points into the bytes that were given */
	size_t		 size;	/* bytes of the whole frame, header included */
};

/*
 * Look at the n bytes at p, the beginning of a frame.  On FRAME_OK *f is
 * filled; on FRAME_SHORT f->size is how many bytes the frame needs (a header's
 * worth while there is none); on FRAME_BAD_LENGTH it is what was claimed.
 * The header is judged before the body is there.
 */
enum frame_result	 frame_decode(const void *p, size_t n, struct frame *f);

/* The largest body that a frame of this type may have; 0: no such type. */
size_t	 frame_limit(uint8_t type);

/*
 * Append a frame: begin, append the body, end.  frame_begin returns the mark
 * that frame_end wants.  frame_end returns false, and takes the frame back,
 * when the body is over its limit.
 */
size_t	 frame_begin(struct buf *, enum frame_type);
bool	 frame_end(struct buf *, size_t mark);

#endif
