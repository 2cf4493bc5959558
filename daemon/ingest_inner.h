/*
 * The inside of ingest, for the three files that are its code: ingest.c moves
 * batches, taking.c takes in what goes into them, sweeping.c makes steps of
 * retention between them.
 *
 * Layer: daemon.  Threads: those of ingest.h.
 */
#ifndef DAEMON_INGEST_INNER_H
#define DAEMON_INGEST_INNER_H

#include "daemon/health.h"
#include "daemon/ingest.h"
#include "daemon/intake.h"
#include "daemon/ledger.h"
#include "daemon/meter.h"
#include "daemon/pace.h"

struct writer_job;
TAILQ_HEAD(fold_waiters, fold_waiter);

struct ingest {
	struct ingest_config	 config;
	struct ingest_hooks	 hooks;
	struct follow		*follow;
	struct checkpointer	*checkpointer;
	struct store		*store;		/* the writer's; ours while it
						   is idle */
	struct retention	*retention;	/* the caller's, or NULL */
	struct writer		*writer;
	struct timer		*timer;
	struct admit		*admit;

	struct ledger		 ledger;
	struct streams		*streams;	/* the caller's */

	struct batch		*open;
	struct batch		*flight;	/* sealed, not committed; or empty */
	bool			 in_flight;
	uint64_t		 serial;	/* newest committed batch */
	struct pace		 pace;
	int64_t			 retry_at;	/* monotonic ms */
	int64_t			 poll_at;
	int64_t			 swept_at;	/* idle producers */
	int64_t			 stepped_at;	/* by a sweep, the last time */
	int64_t			 tidy_at;	/* 0: memory is tidy */
	bool			 look;		/* somebody wants to know how
						   the file is */
	struct fold_waiters	 folds;		/* who wants the summaries */
	int64_t			 held_at;	/* ms, no step since; 0: it can be */
	int64_t			 fold_at;	/* their next step, monotonic
						   ms; 0: they are complete */
	struct sql_error	 fold_error;	/* of the last step; SQL_DONE:
						   it has not failed */
	bool			 refused;	/* somebody was, a read */
	uint64_t		 held_back;	/* times that somebody was */
	bool			 settling;	/* telling what a commit has done */
	bool			 draining;
	bool			 dead;		/* the file is corrupt */

	struct health		 health;
	const char		*uncounted;	/* as store_uncounted */
	struct meter		 meter;
};

/* Nobody knows what is in the file: the daemon has to end. */
void		 ingest_die(struct ingest *, const struct writer_job *);

/* Bytes that are taken in and not committed. */
size_t		 ingest_pending_bytes(const struct ingest *);

/* folding.c: the summaries of executions; is a step due, and begun? */
int64_t		 folding_at(const struct ingest *);
bool		 folding_due(struct ingest *, int64_t now);
/* The writer holds still: who waits too long for summaries gets what there is.
   The same bool. */
bool		 folding_held(struct ingest *, bool held, int64_t now);
void		 folding_committed(struct ingest *, int64_t now);
void		 folding_give_up(struct ingest *);
void		 folding_done(struct ingest *, const struct writer_job *,
		    bool busy);

/* The writer is idle.  Retention has something to do, and the lock may be taken:
   a step is begun.  Where nobody can copy the log back it is not made longer by
   this. */
bool		 sweeping_due(struct ingest *);

/* The same, where one has waited for long: commits go first, but not for
   ever. */
bool		 sweeping_is_starved(struct ingest *, int64_t now);

/* What the writer has done; is there more than a transaction's worth to commit? */
void		 sweeping_done(struct ingest *, const struct writer_job *,
		    bool more);

/* When to look again, monotonic ms, at "next" at the latest. */
int64_t		 sweeping_rest(const struct ingest *, int64_t now,
		    int64_t next);

/* Where what captures leave goes, now. */
struct intake	 ingest_intake(const struct ingest *);

#endif
