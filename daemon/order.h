/*
 * The order of a batch's rows: by execution, within one as they came.  The
 * index pages of an execution are then touched once for a batch and not once
 * for a row; with a thousand executions at work that is most of the cost.
 *
 * Layer: daemon.  Threads: the writer's.
 */
#ifndef DAEMON_ORDER_H
#define DAEMON_ORDER_H

#include <stddef.h>

#include "daemon/names.h"

struct group;
struct log_row;

/* Memory for the next batch of the same size; a zeroed struct has none. */
struct order {
	struct names	 names;
	struct log_row	*rows;
	struct group	*groups;
	struct group	**sorted;
	size_t		*group_of;
	size_t		 cap;
};

/* Put the n rows in order. */
void	 order_rows(struct order *, struct log_row *, size_t n);
void	 order_free(struct order *);

#endif
