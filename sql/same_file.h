/*
 * Is the file still the one that was opened?
 *
 * Layer: sql.  Threads: the connection's.  Used by store.c only.
 */
#ifndef SQL_SAME_FILE_H
#define SQL_SAME_FILE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "sql/result.h"

/* Zeroed: nothing was seen yet. */
struct same_file {
	ino_t	wal;
	ino_t	shm;
};

/*
 * Is the file that SQLite has open still the one at the path, and its -wal and
 * -shm those that we have been using?  SQL_MOVED if not: then SQLite commits
 * into files that nobody will find, or beside somebody who does not see our
 * locks.
 */
enum sql_result	 same_file_check(struct same_file *, sqlite3 *,
		    struct sql_error *);

#endif
