/*
 * A place in what a reader of an execution is given, as text: behind it the
 * rest comes, without gap or duplicate.  Readers keep it and give it back;
 * what is in it is nobody's business but ours.
 *
 * First come the stored rows by (timestamp, id) up to a limit, then those
 * behind the limit by id: a cursor says which of the two it is in.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_CURSOR_H
#define PROTO_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/span.h"

#define CURSOR_TEXT	96	/* bytes that hold one, with the 0 */

struct cursor {
	bool	stored;		/* among the stored rows, behind (time, id) */
	int64_t	log;		/* stored: their limit; else the newest id that
				   was given */
	int64_t	time;		/* ms */
	int64_t	id;
};

/* The execution's id goes into a check: a cursor is good for one of them. */
void	 cursor_format(const struct cursor *, struct span execution,
	    char text[CURSOR_TEXT]);

/* False if it is none, or one of another execution. */
bool	 cursor_parse(struct span text, struct span execution,
	    struct cursor *);

#endif
