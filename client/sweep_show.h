/*
 * What a sweep has removed, or would: as text, and as one object.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_SWEEP_SHOW_H
#define CLIENT_SWEEP_SHOW_H

#include <stdbool.h>

#include "proto/sweep.h"

struct buf;

/* What would become of executions; a zeroed struct is empty. */
struct sweep_shares {
	void	*tree;
	int64_t	 executions[2];	/* that go, that stay */
	int64_t	 rows[2];
};

/* News of an execution; one comes again where its rows are far apart.  False:
   out of memory. */
bool	 sweep_shares_add(struct sweep_shares *, const struct sweep_news *);
void	 sweep_shares_free(struct sweep_shares *);

/* The end, as one object; shares is NULL where nothing was counted. */
void	 sweep_show_json(struct buf *, const struct sweep_news *,
	    const struct sweep_shares *, bool safe);

/* ... for people, of a sweep that has counted, and of one that has removed. */
void	 sweep_show_counted(struct buf *, const struct sweep_news *,
	    const struct sweep_shares *, bool safe);
void	 sweep_show_swept(struct buf *, const struct sweep_news *);

#endif
