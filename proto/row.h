/*
 * Rows as they are stored, and the LOG_ROW and AUDIT_ROW frames that carry
 * them to readers (docs/protocol.md, 4.2 and 4.3).
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_ROW_H
#define PROTO_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/span.h"

struct buf;

#define ROW_NAME_MAX		1024		/* bytes of an id, level or
						   source as sent */
#define ROW_MESSAGE_MAX		(128 * 1024)	/* bytes; ours have 64 KiB */
#define ROW_METADATA_MAX	(112 * 1024)	/* bytes; ours have 64 KiB and
						   44 of "raw" */

/* A row of execution_logs.  Texts belong to whoever made it. */
struct log_row {
	int64_t		id;
	int64_t		timestamp;	/* ms */
	struct span	execution;
	struct span	task;		/* p NULL: none */
	struct span	level;		/* any text, if others wrote it */
	struct span	source;
	struct span	message;
	struct span	metadata;	/* p NULL: none */
	bool		cut;		/* texts are not whole */
};

/* Who has sent an event to the daemon, by the word of the kernel. */
struct sender {
	bool		known;		/* else it was not sent to the daemon */
	int64_t		received;	/* ms */
	uint32_t	uid;
	uint32_t	gid;
	uint32_t	pid;
	struct span	metadata;	/* what it said of an event that another
					   program had written; p NULL: it is
					   the event itself */
};

/* A row of execution_audit_events. */
struct audit_row {
	int64_t		id;
	int64_t		timestamp;	/* ms */
	struct span	execution;
	struct span	type;
	struct span	metadata;
	struct sender	sender;
	bool		cut;
};

/* Append a frame; texts over their limit are cut as the protocol says. */
void	 log_row_put(struct buf *, const struct log_row *);
void	 audit_row_put(struct buf *, const struct audit_row *);

/* The body of a frame; false if its parts do not add up. */
bool	 log_row_decode(struct span body, struct log_row *);
bool	 audit_row_decode(struct span body, struct audit_row *);

#endif
