/*
 * Retention: old rows are deleted in steps, each a short transaction that takes
 * the place where the next one goes on with it.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_RETENTION_H
#define SQL_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"
#include "sql/result.h"
#include "sql/store.h"

#define SWEEP_ROWS_MIN	100	/* looked at in a step */
#define SWEEP_ROWS_MAX	1000
#define SWEEPS_KEPT	30	/* results of sweeps that are kept */
#define SWEEP_CAUSE_MAX	12	/* bytes of a cause, with 0 */

/* What a ceiling is brought down to. */
#define SWEEP_BELOW(bytes)	((bytes) / 10 * 9)

/* Nothing is older than this. */
#define SWEEP_NOTHING	INT64_MIN

/* In this order. */
enum sweep_phase {
	SWEEP_SPARED,	/* executions that were spared before */
	SWEEP_ROWS,	/* log rows, by id */
	SWEEP_STREAMS,	/* streams that have never had a row */
	SWEEP_EVENTS,	/* audit events, by id */
	SWEEP_REMOVED,	/* what is known of rows that are long gone */
	SWEEP_OVER,
};

/* A sweep, as execlog_sweeps has it.  Times are ms of the wall clock. */
struct sweep {
	int64_t			id;		/* 0: not begun yet */
	char			cause[SWEEP_CAUSE_MAX];
	int64_t			started_at;
	int64_t			ended_at;	/* 0: it has not */
	int64_t			cutoff;		/* rows older than this go, */
	int64_t			failed_cutoff;	/* of failed executions this */
	int64_t			audit_cutoff;	/* events */
	enum sweep_phase	phase;
	int64_t			cursor;		/* in it */
	int64_t			rows;		/* removed so far */
	int64_t			events;
	int64_t			spared;		/* executions */
	int64_t			expected;	/* rows, about */
	int64_t			steps;
	/* Not in the file; where the map says nothing of what is expected: */
	bool			guessed;
	int64_t			first_id;	/* this is where it has begun, or
						   gone on, */
	int64_t			first_rows;	/* ... when so many were removed */
	/* A dry one is within an execution that was spared: */
	bool			counting;
	int64_t			counted_to;	/* its rows up to this time */
};

/* What the clocks said when they were believed; boot is empty: never yet. */
struct clock_mark {
	char	boot[40];
	int64_t	wall_ms;
	int64_t	boot_ms;	/* since the boot, time asleep included */
};

/* Why rows that are old enough stay. */
enum sweep_reason {
	SWEEP_GOES,
	SWEEP_RUNNING,
	SWEEP_FAILED,
};
const char	*sweep_reason_name(enum sweep_reason);

/* What a step has found of one execution. */
struct sweep_found {
	struct span		execution;	/* until the next step */
	enum sweep_reason	reason;
	int64_t			rows;		/* removed, or kept */
};

struct sweep_step {
	struct sweep		 sweep;		/* moved on by the step */
	bool			 dry;		/* nothing is removed or noted */
	bool			 peek;		/* only "bytes" is set: what log
						   rows take, about, as far as
						   the map of them goes */
	int64_t			 bytes;
	size_t			 limit;		/* rows looked at */
	int64_t			 hold_us;	/* about as long */
	int64_t			 now_ms;
	int64_t			 max_bytes;	/* a sweep that begins: what the
						   rows may take; 0: any */
	int64_t			 beyond;	/* ... over that: so many bytes of
						   old rows stay, as was seen */
	bool			 all;		/* set by it: any row may go that
						   is not spared, and has to */
	bool			 above;		/* ... some have to */
	int64_t			 young;		/* who runs by its events only has
						   a row not older than this */
	struct clock_mark	 mark;		/* ... is believed from now on */
	struct store_commit	 commit;	/* before and after are not set */
	size_t			 looked;	/* rows */
	bool			 blind;		/* who runs is not known: all are
						   spared */
	const struct sweep_found *found;
	size_t			 nfound;
};

/*
 * Make a step of the sweep; one whose id is 0 is begun.  SQL_DONE: it is
 * committed.  Else nothing of it is in the file, and it can be tried again.
 */
enum sql_result	 store_sweep(struct store *, struct sweep_step *,
		    struct sql_error *);

/* The newest sweep, id 0 if there is none, and what the clocks said. */
enum sql_result	 store_last_sweep(struct store *, struct sweep *,
		    struct clock_mark *, struct sql_error *);

#endif
