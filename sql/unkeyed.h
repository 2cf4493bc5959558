/*
 * Which executions run by the engine's table, where the id is no key of it: one
 * question would read it all, and questions are asked under the lock.  So it is
 * read as a whole without the lock, and what it said is used for some seconds:
 * the rows that a sweep removes then are those that it would have removed a bit
 * earlier.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_UNKEYED_H
#define SQL_UNKEYED_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"

#define UNKEYED_MAX	100000		/* executions that run or have failed */
#define UNKEYED_BYTES	(8 * 1024 * 1024)	/* ... of their ids */
#define UNKEYED_READ_MS	500		/* that the table may take */
#define UNKEYED_USED_MS	5000		/* then it is read again */

/* An execution that has not ended, or has failed. */
struct unkeyed_state {
	size_t	at;		/* its id: offset in "texts" */
	size_t	length;
	bool	failed;
};

struct unkeyed {
	struct buf		 texts;
	struct unkeyed_state	*state;		/* in order */
	size_t			 n;
	size_t			 cap;
	bool			 whole;		/* else: nothing is known */
	int64_t			 read_us;	/* monotonic; 0: never */
};

/* Is an execution's id a key of the engine's table? */
bool	 unkeyed_has_key(sqlite3 *);

/* Is there a table with states, and it is not? */
bool	 unkeyed_is(sqlite3 *);

/* The same as a sentence that stays; else NULL. */
const char *unkeyed_note(sqlite3 *);

/* Without the lock: read the table, unless that was just done. */
void	 unkeyed_read(struct unkeyed *, sqlite3 *);

/* The memory is given back. */
void	 unkeyed_forget(struct unkeyed *);

/*
 * False: it is none that runs or has failed.  Where the table could not be read,
 * or has too many of those, any may be running.
 */
bool	 unkeyed_find(const struct unkeyed *, struct span execution,
	    bool *failed);

#endif
