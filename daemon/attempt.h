/*
 * One attempt of a task, as far as its output goes: all its captures share what
 * it may store (--stream-max).
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_ATTEMPT_H
#define DAEMON_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proto/capture.h"
#include "sql/store.h"

struct attempt {
	LIST_ENTRY(attempt) entry;
	struct origin	  origin;	/* own memory; the source is no part */
	size_t		  captures;	/* that refer to it */
	size_t		  running;	/* of them, those that may have lines */
	bool		  known;	/* "use" has what the file knows */
	struct stream_use use;		/* of all streams it has ever had */
};
LIST_HEAD(attempt_list, attempt);

/* The attempt whose output it is, for one capture more; NULL if there is no
   task, and so no share. */
struct attempt	*attempt_join(struct attempt_list *, const struct origin *);

/* One capture less; the last one frees it.  Takes NULL. */
void		 attempt_part(struct attempt *);

/* What the file has of it; used once. */
void		 attempt_learn(struct attempt *, const struct stream_use *);

/*
 * May so many bytes be stored?  Nothing may, once something could not: the
 * output that is kept has no holes.  Takes NULL: always.
 */
bool		 attempt_fits(const struct attempt *, uint64_t bytes,
		    uint64_t share);

/* A copy of an origin in memory of its own. */
struct origin	 origin_copy(const struct origin *);
void		 origin_free(struct origin *);

#endif
