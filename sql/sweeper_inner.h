/*
 * The inside of a sweep's steps, for the three files that are its code: sweeper.c
 * finds old rows, victims.c decides about them by execution, sweep_events.c is
 * for audit events.
 *
 * Layer: sql.  Threads: the store's.
 */
#ifndef SQL_SWEEPER_INNER_H
#define SQL_SWEEPER_INNER_H

#include "sql/sweeper.h"

/* Step a bound statement that returns no row. */
enum sql_result	 sweeper_run(struct sweeper *, enum sweeper_statement,
		    struct sql_error *);

bool		 sweeper_has_time(const struct sweeper *);

void		 victims_reset(struct sweeper *);

/* Its index; one that is there already is found. */
size_t		 victim_add(struct sweeper *, struct span execution);
struct span	 victim_name(const struct sweeper *, const struct victim *);

/* May its rows go? */
enum sql_result	 victim_judge(struct sweeper *, const struct sweep_step *,
		    struct victim *, struct sql_error *);

/* What it has of that time stays, as it was judged. */
bool		 victim_keeps(const struct sweep_step *, const struct victim *,
		    int64_t time);

/* It is not a spared one any more. */
enum sql_result	 victim_forget(struct sweeper *, const struct victim *,
		    struct sql_error *);

/* The same, if it has no rows any more; else it is one that has ended. */
enum sql_result	 victim_release(struct sweeper *, const struct victim *,
		    int64_t now_ms, struct sql_error *);

/* If nothing of it is left, what else we have of it goes, too. */
enum sql_result	 victim_leave(struct sweeper *, const struct victim *,
		    struct sql_error *);

/* The rows of a bound statement (id, time, execution), and those of victim 0
   (id, time): the prey. */
enum sql_result	 victims_gather(struct sweeper *, sqlite3_stmt *,
		    struct sql_error *);
enum sql_result	 victims_gather_of(struct sweeper *, sqlite3_stmt *,
		    struct sql_error *);

/* Remove the prey, but for what is spared, as far as there is time: *taken of
   it, at least one if there is one. */
enum sql_result	 victims_take(struct sweeper *, struct sweep_step *,
		    size_t *taken, struct sql_error *);

/* Old audit events, if any may go: in the order of their ids, up to the first
   that stays, through the watermark of the append-only trail. */
enum sql_result	 sweep_events(struct sweeper *, struct sweep_step *,
		    bool *done, struct sql_error *);

/* What was found, for the step's owner. */
void		 victims_tell(struct sweeper *, struct sweep_step *);

#endif
