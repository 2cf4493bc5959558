/*
 * The inside of retention, for the two files that are its code: retention.c
 * decides what is made, retention_told.c tells how it is.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_RETENTION_INNER_H
#define DAEMON_RETENTION_INNER_H

#include "daemon/retention.h"

LIST_HEAD(watcher_list, retention_watcher);

enum work {
	WORK_NONE,
	WORK_SWEEP,
	WORK_COUNT,	/* for the first watcher who wants that */
	WORK_LOOK,	/* at what the rows take */
};

struct retention {
	struct retention_config	 config;
	struct watcher_list	 watchers;
	struct clock_mark	 mark;		/* believed */
	struct sweep_step	 step;		/* of a sweep */
	struct sweep_step	 count;		/* of somebody's counting */
	struct sweep		 last;		/* the sweep, as of its last step */
	struct retention_watcher *counts_for;
	enum work		 made;		/* by the writer, now */
	bool			 active;	/* there is a sweep */
	const char		*cause;		/* of the next one; NULL: none */
	int64_t			 next_at;	/* wall ms: the daily one; 0: not
						   known yet, as is */
	int64_t			 look_at;	/* boot ms, as are the next three */
	int64_t			 bytes_at;
	bool			 blind;		/* at the newest sweep */
	int64_t			 ceiling_at;
	int64_t			 retry_at;
	int64_t			 bytes;		/* of log rows, at the last look */
	int64_t			 beyond;	/* see struct sweep_step */
	bool			 over;		/* no sweep brings them down */
	double			 row_us;
	double			 commit_us;	/* of a hold, about */
	bool			 doubted;
	char			 doubt[160];
	struct sql_error	 error;		/* the last failure, said once; empty:
						   it went well */
};

/* Is everything kept? */
bool	 retention_is_off(const struct retention *);

/* Those who watch sweeps; the one for whom it is counted. */
void	 retention_tell_sweep(struct retention *, enum retention_state,
	    const char *reason);
void	 retention_tell_count(struct retention *, enum retention_state,
	    const char *reason);

/* Failed executions are never kept shorter than others; 0: for ever. */
int64_t	 retention_failed_days(const struct retention *);

#endif
