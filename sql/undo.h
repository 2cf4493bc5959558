/*
 * Migrations undone: what their down parts drop, but for what was in the file
 * before them.  Those are not in the names that the migration has recorded; of
 * a file from before there were such records, what is word for word what the
 * migration makes is ours, and all else is somebody's.  What is called
 * execlog_* is ours in any case.
 *
 * Layer: sql.  Threads: the connection's.
 */
#ifndef SQL_UNDO_H
#define SQL_UNDO_H

#include <sqlite3.h>

#include "sql/result.h"
#include "sql/schema.h"

/* As schema_losses and schema_down. */
enum sql_result	 undo_losses(sqlite3 *, int to, schema_loss_fn *, void *arg,
		    struct sql_error *);
enum sql_result	 undo_down(sqlite3 *, int to, schema_step_fn *,
		    schema_kept_fn *, void *arg, struct sql_error *);

#endif
