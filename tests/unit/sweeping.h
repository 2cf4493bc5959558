/*
 * What the tests of sweeps share: rows of some age, and sweeps as the daemon makes
 * them.
 */
#ifndef TESTS_SWEEPING_H
#define TESTS_SWEEPING_H

#include "sql/retention.h"
#include "tests/unit/support.h"

#define DAY	86400000LL
#define NOW	(1000 * DAY)
#define CUTOFF	(970 * DAY)
#define ENDED	"INSERT INTO execution_audit_events(execution_id, event_type," \
	" timestamp, metadata) VALUES "

/* Rows by execution: how many, from when to when. */
#define ROWS	"SELECT execution_id, count(*), min(timestamp), " \
	"max(timestamp) FROM execution_logs GROUP BY 1"

/* n rows of an execution in one batch, a second apart from "time" on. */
void	 store_rows(struct world *, const char *execution, int64_t time, size_t n);

/* A step of a sweep that somebody asked for, with CUTOFF. */
struct sweep_step	 step_of(void);

/* Steps to the end; how many. */
int	 sweep(struct world *, struct sweep_step *);
void	 sweep_all(struct world *);

#endif
