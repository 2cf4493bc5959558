/*
 * Joining the parts of long lines.  Parts are consecutive among the rows of
 * their owner (execution, task, source, attempt, stream), not among all rows:
 * a line is held until its last part has come.
 *
 * Layer: client.  Threads: one per joiner.
 */
#ifndef CLIENT_JOIN_H
#define CLIENT_JOIN_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/buf.h"
#include "proto/record.h"

struct log_row;

#define JOIN_LINES_MAX	64		/* held at once; then the oldest goes */
#define JOIN_BYTES_MAX	(1024 * 1024)	/* of one; then it is printed as far
					   as it has come */

struct join_line {
	struct buf	owner;
	struct buf	text;		/* of it, to be printed */
	size_t		head;		/* backwards: so much of it is prefix */
	bool		begun;		/* its beginning is printed, and
					   nothing else since; of one line */
};

/* A zeroed struct holds nothing. */
struct joiner {
	struct join_line	line[JOIN_LINES_MAX];	/* oldest first */
	size_t			n;
};

/* Which part of a line the row is. */
enum partial	 join_part(const struct log_row *);

/* The line that the row goes on with; NULL: it begins a new one. */
struct join_line	*join_find(struct joiner *, const struct log_row *);

/* Begin a line of the row's owner; there is room: see join_is_full. */
struct join_line	*join_begin(struct joiner *, const struct log_row *);
bool	 join_is_full(const struct joiner *);

/* Forget a line. */
void	 join_remove(struct joiner *, struct join_line *);
void	 join_free(struct joiner *);

#endif
