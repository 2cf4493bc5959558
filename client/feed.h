/*
 * The frames of an answer: from the daemon, or (--db) from a file, asked by the
 * same code that the daemon asks it with.
 *
 * Layer: client.  Threads: one per feed.
 */
#ifndef CLIENT_FEED_H
#define CLIENT_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "client/link.h"
#include "proto/request.h"
#include "sql/query.h"

struct options;

struct feed {
	struct link	 link;
	const char	*db;		/* NULL: the link's */
	struct pages	*pages;
	struct query	 query;
	size_t		 at;		/* in the query's frames */
	bool		 ended;
};

/* The daemon may take "patience" ms to answer; 0: LINK_PATIENCE.  False:
   link.reason says why. */
bool	 feed_open(struct feed *, const struct options *, int patience);
void	 feed_close(struct feed *);

/* It could not be opened, or was lost: complain; EXIT_UNREACHABLE, or that of
   options_unreachable. */
int	 feed_lost(const struct feed *, const struct options *);

/*
 * Ask; one request on a feed.  Its texts stay the caller's.  False if it is too
 * long for a frame.
 */
bool	 feed_ask(struct feed *, const struct request *);

/* As link_next with timeout 0, and as link_wait. */
enum link_result	 feed_next(struct feed *, struct frame *);
enum link_result	 feed_wait(struct feed *, int timeout);

#endif
