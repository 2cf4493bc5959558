/*
 * The triggers of ours: whether they are in the file as they should be, word for
 * word.  How they should be is what the migrations make of an empty file.
 *
 * Anybody who can write the file can change them.  One that is not as it should
 * be is nobody's to run on our connection (guard.h), and status tells of it.
 *
 * Layer: sql.  Threads: the connection's.
 */
#ifndef SQL_TRIGGERS_H
#define SQL_TRIGGERS_H

#include <sqlite3.h>
#include <stdbool.h>

#include "sql/result.h"

#define TRIGGERS_MAX	32

struct triggers;

/* Of the file that is open; no look has been taken yet.  NULL and *error. */
struct triggers	*triggers_open(sqlite3 *, struct sql_error *);

/* Before the connection is closed.  Takes NULL. */
void		 triggers_close(struct triggers *);

/*
 * Take a look, if the schema has changed since the last one; *changed says
 * whether it has.  Holds as long as the transaction that it is in.
 */
enum sql_result	 triggers_look(struct triggers *, bool *changed,
		    struct sql_error *);

/* As of the last look: is the trigger of this name in the file, and ours? */
bool		 triggers_is_ours(const struct triggers *, const char *name);

/* The name of one that is missing or another; NULL if none is. */
const char	*triggers_missing(const struct triggers *);

/* Make those that are missing, instead of others of their names, in a
   transaction of its own. */
enum sql_result	 triggers_mend(struct triggers *, struct sql_error *);

#endif
