/*
 * How many rows the two tables have, and how many bytes.
 *
 * What is in the file at the start is counted by the reader thread, a page at a
 * time, with pauses, between other people's pages; until that is done it is
 * estimated from the ids and the size of the file.  What we commit is added when
 * it is committed; what others commit is a range of ids between, counted like the
 * beginning.  Rows that go are noticed when fewer ids are left than rows were
 * counted, or by counting all again, every six hours and after a sweep.
 *
 * Layer: daemon.  Threads: the loop's; pages are counted in the reader's.
 */
#ifndef DAEMON_CENSUS_H
#define DAEMON_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "sql/pages.h"
#include "sql/tally.h"

struct census;
struct event_base;
struct reader;
struct store_commit;

/* The file was there when we came.  A warning is logged when the log table has
   more bytes than warn (0: never), with an advice that depends on how many days
   rows are kept (0: for ever). */
struct census	*census_start(struct event_base *, struct reader *,
		    const struct position *there, int64_t warn, int64_t days);

/* Before the reader stops.  Takes NULL. */
void		 census_stop(struct census *);

/* A transaction of ours is committed. */
void		 census_committed(struct census *, const struct store_commit *);

/* How large the file is: estimates are not larger. */
void		 census_room(struct census *, int64_t bytes);

/* Somebody has seen how the file is. */
void		 census_seen(struct census *, const struct counts *);

/* Rows have gone: count all again. */
void		 census_again(struct census *);

struct census_figures {
	struct volume	table[TALLY_TABLES];
	bool		counting;	/* they are estimates */
	bool		is_large;	/* more than the limit for a warning */
};
void		 census_figures(const struct census *,
		    struct census_figures *);

#endif
