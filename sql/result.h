/*
 * What can come of an operation on the database, sorted by what can be done
 * about it.
 *
 * Layer: sql, lowest.  Threads: plain values.
 */
#ifndef SQL_RESULT_H
#define SQL_RESULT_H

enum sql_result {
	SQL_DONE,
	SQL_BUSY,	/* somebody else has the lock: try again */
	SQL_FULL,	/* no space: try again later */
	SQL_SPENT,	/* no ids are left: likewise */
	SQL_FOREIGN,	/* a schema or trigger of somebody else's is in the
			   way: try again later */
	SQL_IO,		/* an I/O error, nothing was committed: try again */
	SQL_UNKNOWN,	/* an I/O error at COMMIT: nobody knows; leave */
	SQL_MOVED,	/* the file at the path is another one: leave */
	SQL_CORRUPT,	/* not a database, or a broken one: stop serving */
	SQL_FAILED,	/* anything else: try again later */
};

/* Behind the words of a SQL_FULL, for who has to start something again. */
#define SQL_MAKE_ROOM	": make room on the disk, then try again"

/* The sort of a result and one line for people. */
struct sql_error {
	enum sql_result	result;
	char		text[256];
};

#endif
