/*
 * All that is known of one execution, as facts: from the engine's tables where
 * they are, from summaries, streams and audit events.  What follows from them
 * is the reader's business.
 *
 * Layer: sql.  Threads: those of the pages.
 */
#ifndef SQL_INSPECT_H
#define SQL_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/request.h"
#include "sql/pages.h"

struct buf;

#define INSPECT_ROWS_MAX	10000	/* of each kind of fact; the rest is
					   left out */
#define INSPECT_VALUE_MAX	(256 * 1024)	/* bytes of inputs, outputs, an
						   error or needs; the rest is
						   cut */
#define INSPECT_PART_MAX	(48 * 1024)	/* bytes of it in one frame */

/* Where the answer is; zeroed: at its beginning. */
struct inspect {
	int	part;		/* which kind of fact */
	int64_t	offset;		/* so many of them are out */
	bool	over;		/* the audit events are what is left */
};

/* Append facts to out, about "enough" bytes; sets over when there are no
   more. */
enum sql_result	 inspect_put(struct pages *, const struct request *,
		    struct inspect *, size_t enough, struct buf *out,
		    struct sql_error *);

#endif
