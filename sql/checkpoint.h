/*
 * Copying the write-ahead log back into the database, beside the commits.
 *
 * SQLite before 3.51.3 may corrupt the file when the log is restarted while a
 * checkpoint looks at it.  So a checkpoint here is PASSIVE, on a connection of
 * its own, while a second connection holds a read transaction: the log cannot
 * be restarted under that, and the write lock is not needed.
 *
 * Layer: sql.  Threads: whoever calls, one at a time; in the daemon the
 * checkpoint thread.
 */
#ifndef SQL_CHECKPOINT_H
#define SQL_CHECKPOINT_H

#include "sql/result.h"

struct checkpoint;

/* The file exists and is in WAL mode.  NULL and *error on failure. */
struct checkpoint	*checkpoint_open(const char *path,
			    struct sql_error *error);

/* Takes NULL. */
void	 checkpoint_close(struct checkpoint *);

/* Bytes of a frame of the log. */
int	 checkpoint_frame(const struct checkpoint *);

/*
 * One pass.  *frames is what is in the log, *left what of it could not be
 * copied, because it was committed after the pass began or because a reader
 * still needs an older state.  SQL_UNKNOWN: an fsync has failed, and what was
 * copied may not be on the disk although the next one succeeds; the log has it.
 */
enum sql_result	 checkpoint_pass(struct checkpoint *, int *frames, int *left,
		    struct sql_error *error);

#endif
