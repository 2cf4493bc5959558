/*
 * A batch: what one transaction does.  While it is open the loop adds to it;
 * sealed, it belongs to the writer thread; committed, its rows have their ids
 * and the loop pushes them to followers.
 *
 * Layer: daemon.  Threads: its owner's.  No I/O, no clock.
 */
#ifndef DAEMON_BATCH_H
#define DAEMON_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/arena.h"
#include "daemon/names.h"
#include "proto/row.h"
#include "sql/store.h"

/* How much a batch may hold; LIMIT_BATCH_BYTES goes beside it. */
struct batch_limit {
	size_t	rows;
	size_t	pages;		/* predicted to be dirty */
};

struct batch {
	struct log_row		*log;
	size_t			 nlog;
	size_t			 log_cap;
	struct audit_row	*audit;
	size_t			 naudit;
	size_t			 audit_cap;
	struct producer_mark	*mark;		/* of named producers */
	size_t			 nmark;
	size_t			 mark_cap;
	struct producer_claim	*claim;
	size_t			 nclaim;
	size_t			 claim_cap;
	struct span		*forget;
	size_t			 nforget;
	size_t			 forget_cap;
	struct span		*present;	/* producers, in a sweep */
	size_t			 npresent;
	size_t			 present_cap;
	struct stream_opening	*opening;	/* captures that begin */
	size_t			 nopening;
	size_t			 opening_cap;
	struct stream_mark	*stream;	/* of streams with lines in it */
	size_t			 nstream;
	size_t			 stream_cap;
	struct arena		 texts;
	struct names		 executions;	/* that are in it */
	struct names		 tasks;
	size_t			 bytes;		/* memory in use, about */
	int64_t			 begun_ms;	/* monotonic, of the first item */
	uint64_t		 serial;	/* batches are numbered from 1 */
	bool			 urgent;	/* somebody waits for it */
	bool			 watched;	/* by a follower or for an event:
						   not only a FLUSH waits */
	bool			 ordered;	/* by the writer */
	bool			 sweep;		/* idle producers are forgotten */
};

/* An empty batch. */
struct batch	*batch_new(void);
void		 batch_free(struct batch *);

/* Empty it for another use under a new serial. */
void		 batch_reset(struct batch *, uint64_t serial);

/* It is empty: give its memory back. */
void		 batch_tidy(struct batch *);

/* Add a row; its texts are copied.  now is the monotonic time in ms. */
void		 batch_add_log(struct batch *, const struct log_row *,
		    int64_t now);
void		 batch_add_audit(struct batch *, const struct audit_row *,
		    int64_t now);

/*
 * Add a mark, a claim, a producer to forget or (to a batch that is not empty)
 * not to forget, a capture that begins, a stream's mark.  Where an index is
 * returned, a mark can be moved on and an answer be found.
 */
size_t		 batch_add_mark(struct batch *, const struct producer_mark *,
		    int64_t now);
size_t		 batch_add_claim(struct batch *, const struct producer_claim *,
		    int64_t now);
void		 batch_add_forget(struct batch *, struct span producer,
		    int64_t now);
void		 batch_add_present(struct batch *, struct span producer);
size_t		 batch_add_opening(struct batch *,
		    const struct stream_opening *, int64_t now);
size_t		 batch_add_stream(struct batch *, const struct stream_mark *,
		    int64_t now);

size_t		 batch_rows(const struct batch *);
bool		 batch_is_empty(const struct batch *);

/* Has it all that it may? */
bool		 batch_is_full(const struct batch *,
		    const struct batch_limit *);

/* Does it hold a row or an event of this execution? */
bool		 batch_has(const struct batch *, struct span execution);

/*
 * Is it to be committed at now?  Yes if it is urgent, has rows_trigger rows,
 * or is age_trigger ms old; never if it is empty.
 */
bool		 batch_is_due(const struct batch *, int64_t now,
		    size_t rows_trigger, int64_t age_trigger);

#endif
