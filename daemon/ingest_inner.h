/*
 * The inside of ingest, for the two files that are its code: ingest.c moves
 * batches, taking.c takes in what goes into them.
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

struct ingest {
	struct ingest_config	 config;
	struct ingest_hooks	 hooks;
	struct follow		*follow;
	struct checkpointer	*checkpointer;
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
	int64_t			 tidy_at;	/* 0: memory is tidy */
	bool			 look;		/* somebody wants to know how
						   the file is */
	bool			 refused;	/* somebody was, a read */
	uint64_t		 held_back;	/* times that somebody was */
	bool			 settling;	/* telling what a commit has done */
	bool			 draining;
	bool			 dead;		/* the file is corrupt */

	struct health		 health;
	const char		*uncounted;	/* as store_uncounted */
	struct meter		 meter;
};

/* Bytes that are taken in and not committed. */
size_t		 ingest_pending_bytes(const struct ingest *);

/* Where what captures leave goes, now. */
struct intake	 ingest_intake(const struct ingest *);

#endif
