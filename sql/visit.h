/*
 * Opening a file to read that others may own: nothing beside it is made,
 * changed or removed.
 *
 * Without a log, or with one that has no frames, the file is complete, and is
 * read as something that does not change.  With a -wal and its -shm it is read
 * through both.  Where the -shm is missing, SQLite would have to make one, and
 * where there is a -journal it would have to undo what was cut short: then a
 * private copy is read, in TMPDIR, whose names are removed as soon as it is
 * open.
 *
 * Layer: sql.  Threads: any.  Used by db.c only.
 */
#ifndef SQL_VISIT_H
#define SQL_VISIT_H

#include <sqlite3.h>
#include <stdbool.h>

#include "sql/result.h"

/* *db is the caller's to close, also after a failure; NULL where there is none.
   "live": somebody has it open for writing now, so both are there, if perhaps
   empty. */
enum sql_result	 visit_open(const char *path, bool live, sqlite3 **db,
		    struct sql_error *);

#endif
