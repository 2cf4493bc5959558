/*
 * Giving free pages back: the whole file written anew, while nobody else has it
 * open.
 *
 * The file leaves WAL mode for that: SQLite allows it only when no other
 * connection is open, and what is cut short is rolled back by whoever opens the
 * file next.
 *
 * Layer: sql.  Threads: one.
 */
#ifndef SQL_COMPACT_H
#define SQL_COMPACT_H

#include <stdbool.h>
#include <stdint.h>

#include "sql/result.h"

/* Called while what is in use is copied: percent.  False: give up, and leave the
   file as it was.  While the copy is written back nobody is asked. */
typedef bool	 compact_fn(int percent, void *arg);

struct compact_figures {
	int64_t	before;		/* bytes of the file */
	int64_t	after;
};

/*
 * Claim the file as a daemon does ("note" says in the lock who we are) and
 * compact it.  SQL_FOREIGN: it has tables of others, and shared was not said.
 * SQL_BUSY: somebody has it open.  SQL_FULL: there is no room for it; nothing
 * was done.  In any case *error is a sentence.
 */
enum sql_result	 compact_run(const char *path, const char *note, bool shared,
		    compact_fn *, void *arg, struct compact_figures *,
		    struct sql_error *error);

#endif
