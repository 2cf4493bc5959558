/*
 * A lock beside a thing that only one process may serve: the file PATH.lock,
 * held with flock(2), so that it goes with its holder, however that ends.  The
 * file stays; its text says who holds it.
 *
 * It is never the database file itself: closing a second descriptor of that
 * would drop SQLite's locks.
 *
 * Layer: sql.  Threads: any, one at a time per lock.
 */
#ifndef SQL_LOCKFILE_H
#define SQL_LOCKFILE_H

#include <stdbool.h>
#include <stddef.h>

enum lockfile_result {
	LOCKFILE_TAKEN,
	LOCKFILE_HELD,		/* by another process */
	LOCKFILE_ERROR,		/* errno says why */
};

/*
 * Take the lock of path and write "note" (one line) into it.  On LOCKFILE_TAKEN
 * *fd is the lock: close it to let go.  On LOCKFILE_HELD the holder's note is
 * in holder, size bytes, cut and without control characters.
 */
enum lockfile_result	 lockfile_take(const char *path, const char *note,
			    int *fd, char *holder, size_t size);

/* Does another process hold it?  Then its note is in holder, as above.  Makes
   no file. */
bool			 lockfile_is_held(const char *path, char *holder,
			    size_t size);

#endif
