/*
 * The newest executions: by their summaries, and by the engine's table where
 * there is one, whose state goes before that of events.
 *
 * Layer: sql.  Threads: those of the pages.
 */
#ifndef SQL_LISTING_H
#define SQL_LISTING_H

#include "proto/request.h"
#include "sql/pages.h"
#include "sql/result.h"

struct buf;

/* Executions looked at, of one source, for those of the states wanted. */
#define LISTING_LOOKS_MAX	100000

/* Append FACT frames, newest first; *rows is how many. */
enum sql_result	 listing_put(struct pages *, const struct request *,
		    struct buf *, int64_t *rows, struct sql_error *);

/*
 * The FACT of one execution, appended to out (or NULL), and the id of its
 * workflow.
 */
enum sql_result	 listing_put_one(struct pages *, struct span execution,
		    struct buf *out, struct buf *workflow, struct sql_error *);

#endif
