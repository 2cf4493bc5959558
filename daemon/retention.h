/*
 * Retention: at start, once a day and when somebody asks, old rows are removed
 * in steps.  This decides whether there is a step to make and how large it is;
 * ingest makes it when there is nothing better to do.
 *
 * Layer: daemon.  Threads: the loop's; a step is the writer's while it is made.
 * No I/O, no clock: what the clocks say comes in.
 */
#ifndef DAEMON_RETENTION_H
#define DAEMON_RETENTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "sql/retention.h"

struct retention;
struct settings;

struct retention_config {
	int64_t	days;		/* log rows; 0: for ever, as is */
	int64_t	audit_days;	/* events */
	int64_t	failed_days;	/* of failed executions; 0: as others */
	int64_t	at;		/* minutes of the local day */
	int64_t	max_bytes;	/* of log rows; 0: any */
};

/* What is told to who watches. */
enum retention_state {
	RETENTION_RUNNING,
	RETENTION_DONE,
	RETENTION_WAITING,	/* the clock has moved: say --yes */
	RETENTION_OFF,		/* everything is kept */
	RETENTION_FAILED,	/* reason says why; it will be tried again */
};
struct retention_news {
	enum retention_state	 state;
	const struct sweep	*sweep;		/* so far */
	const struct sweep_found *found;	/* by a step that only counts */
	size_t			 nfound;
	const char		*reason;	/* NULL: none */
};

/* Somebody who has asked for a sweep; embedded in its owner. */
struct retention_watcher {
	LIST_ENTRY(retention_watcher) entry;
	bool	dry;			/* counts only; one for himself */
	/* May call retention_leave for itself; must after any state but
	   RUNNING. */
	void	(*tell)(void *arg, const struct retention_news *);
	void	*arg;
};

/* last and mark are what the file says. */
struct retention	*retention_new(const struct retention_config *,
			    const struct sweep *last,
			    const struct clock_mark *mark);

/* The same by the settings and the file; NULL and *error. */
struct retention	*retention_open(const struct settings *, struct store *,
			    struct sql_error *);
void	 retention_free(struct retention *);

/* Sweep, or count; yes: the clock is right.  Then ingest is to be poked. */
void	 retention_ask(struct retention *, struct retention_watcher *,
	    bool yes, const struct clock_mark *now);
void	 retention_leave(struct retention *, struct retention_watcher *);

/* The step to make, or NULL.  It may hold the lock for so long, about. */
struct sweep_step	*retention_step(struct retention *,
			    const struct clock_mark *now, int64_t hold_us);

/* It is made, or has failed.  True: a sweep is over that has removed
   something. */
bool	 retention_stepped(struct retention *, enum sql_result,
	    const struct sql_error *, const struct clock_mark *now);

/* No step can be made, this is why: who waits for one need not. */
void	 retention_hinder(struct retention *, const char *why);

/* When to ask for a step again, boot ms; INT64_MAX: when somebody asks. */
int64_t	 retention_deadline(const struct retention *);

/* Why nothing is removed although it should be; NULL: all is well. */
const char	*retention_doubt(const struct retention *);

/* How retention is, for people. */
enum retention_now {
	RETENTION_NOW_OFF,	/* everything is kept */
	RETENTION_NOW_IDLE,
	RETENTION_NOW_DUE,	/* a sweep has not had its turn yet */
	RETENTION_NOW_RUNNING,
	RETENTION_NOW_WAITING,	/* the clock has moved: see doubt */
	RETENTION_NOW_FAILING,	/* it is tried again: see error */
};
struct retention_figures {
	enum retention_now	 now;
	struct retention_config	 config;	/* failed_days as in force */
	int64_t			 next_at;	/* the daily sweep, wall ms; 0:
						   not known */
	struct sweep		 last;		/* under way, or the newest; id
						   0: none yet */
	const char		*doubt;		/* NULL: none, as is */
	const struct sql_error	*error;
	int64_t			 over;		/* bytes of log rows, where no
						   sweep brings them below the
						   ceiling; else 0 */
	bool			 blind;		/* the newest sweep has spared what
						   is old: it is not known who
						   runs */
};
void	 retention_figures(const struct retention *,
	    struct retention_figures *);

#endif
