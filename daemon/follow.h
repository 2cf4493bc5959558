/*
 * Followers: queries that go on while rows are committed.
 *
 * "published" is how far the file is known to be.  A follower is caught up when
 * it has been given everything up to there.  A batch that was committed right
 * behind "published" is pushed from memory to followers that are caught up and
 * have room; everybody else (a slow reader, rows of another process in between)
 * reads up to "published" from the database, page by page, until it is caught
 * up again.
 *
 * It moves forward.  When the file is found to be further back, ids are used
 * again, and all follows end: there is nothing to be behind any more.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_FOLLOW_H
#define DAEMON_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "sql/store.h"

struct batch;
struct follow;
struct query;

/* One follower; embedded in its owner. */
struct follower {
	LIST_ENTRY(follower) entry;
	struct query	*query;
	bool		 ready;		/* the query is the loop's, in LIVE,
					   and its reader has room */
	bool		 beyond;	/* set when the file has gone back */
	/* There may be something to do: rows in query->out, or a position
	   further on.  May remove itself, and no other. */
	void		(*poke)(void *arg);
	void		*arg;
};

struct follow	*follow_new(const struct position *published);
void		 follow_free(struct follow *);

void		 follow_add(struct follow *, struct follower *);
void		 follow_remove(struct follow *, struct follower *);

size_t		 follow_count(const struct follow *);
const struct position	*follow_published(const struct follow *);

/* Does anybody follow this execution? */
bool		 follow_wants(const struct follow *, struct span execution);

/* A batch of ours was committed. */
void		 follow_committed(struct follow *, const struct batch *,
		    const struct store_commit *);

/* The file was found to be at this position: others may have written. */
void		 follow_advanced(struct follow *, const struct position *);

#endif
