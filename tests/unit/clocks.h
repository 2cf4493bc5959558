/*
 * What the tests of retention share: clocks of our own, and a writer that makes
 * the steps that are due, or does not.
 */
#ifndef TESTS_CLOCKS_H
#define TESTS_CLOCKS_H

#include "daemon/retention.h"
#include "daemon/schedule.h"
#include "tests/unit/support.h"

#define NOW	(20000 * DAY_MS)
#define MINUTE	60000

struct clocks {
	struct retention	*r;
	struct clock_mark	 now;
	int			 told[5];
	struct retention_watcher watcher;
	bool			 watches;
};

/* 30 days, at 03:30. */
extern const struct retention_config thirty;

/* It is NOW.  The last sweep and the mark may be NULL.  c->r is the caller's to
   free. */
void	 set_up_with(struct clocks *c, const struct retention_config *,
	    const struct sweep *last, const struct clock_mark *);

/* Both clocks go on. */
void	 pass(struct clocks *, int64_t ms);

/* What is due. */
struct sweep_step	*step(struct clocks *);

/* The writer makes it; over: it was the last one. */
void	 make(struct clocks *, struct sweep_step *, bool over);
void	 not_made(struct clocks *, enum sql_result);

/* Somebody asks for a sweep; told[] counts what he hears. */
void	 ask(struct clocks *, bool dry, bool yes);

/* The sweep at start, in one step. */
void	 begin(struct clocks *);

#endif
