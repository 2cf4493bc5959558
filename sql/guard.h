/*
 * What the writer connection may do, whatever is in the file: add to our
 * tables, change the private ones (execlog_*), add to the engine's count of log
 * rows, and nothing else; inside a trigger
 * only if it is ours, word for word, and nothing at all inside a trigger or view
 * that somebody planted (anyone who can write the file can plant one).
 *
 * Layer: sql.  Threads: the connection's.
 */
#ifndef SQL_GUARD_H
#define SQL_GUARD_H

#include <sqlite3.h>

struct triggers;

/* From here on every statement prepared on the connection is judged.  What the
   triggers are is as of their last look. */
void	 guard_install(sqlite3 *, struct triggers *);

#endif
