/*
 * The one connection that writes.
 *
 * Layer: sql.  Threads: whoever calls, one at a time; in the daemon the writer
 * thread, after start-up.
 */
#ifndef SQL_STORE_H
#define SQL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/row.h"
#include "sql/result.h"

struct store;

/* The version of the SQLite library, as text. */
const char	*store_sqlite_version(void);

/*
 * A place in the history of the file: the newest id in each of the two tables,
 * read in one transaction.
 */
struct position {
	int64_t	log;
	int64_t	audit;
};

/*
 * Open the file for writing, in WAL mode, and bring its schema up to date.
 * now_ms is the wall clock.  NULL and *error on failure.
 */
struct store	*store_open(const char *path, bool sync_full, int64_t now_ms,
		    struct sql_error *error);

/* Takes NULL. */
void		 store_close(struct store *);

/* The rows of a transaction; fixed before it begins. */
struct store_batch {
	struct log_row		*log;
	size_t			 nlog;
	struct audit_row	*audit;
	size_t			 naudit;
};

struct store_commit {
	struct position	 before;	/* what others had written by then */
	struct position	 after;		/* with our rows */
	int64_t		 hold_us;	/* how long we had the write lock */
	int		 wal_frames;	/* in the log after the commit */
};

/*
 * Insert the rows in one transaction, in the order given, and set their ids.
 * SQL_DONE: they are committed, durable as sync says, and in the file that is
 * at the path.  Anything else but SQL_UNKNOWN and SQL_MOVED: nothing of it is
 * in the file and the ids are void.
 */
enum sql_result	 store_commit(struct store *, const struct store_batch *,
		    struct store_commit *, struct sql_error *);

/* Where the file is now. */
enum sql_result	 store_position(struct store *, struct position *,
		    struct sql_error *);

#endif
