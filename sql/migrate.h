/*
 * The schema: numbered migrations, each applied in one transaction and
 * recorded in execlog_schema, with the names of what it made: what was there
 * before it was adopted, and is not ours to drop (undo.h).
 *
 * Layer: sql.  Threads: the connection's.
 */
#ifndef SQL_MIGRATE_H
#define SQL_MIGRATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "sql/result.h"
#include "sql/schema.h"

struct sql_migration;

/* Of the newest migration that we know. */
int		 migrate_newest(void);

/* Is the migration recorded? */
enum sql_result	 migrate_has(sqlite3 *, int version, bool *,
		    struct sql_error *);

/* What the migration has recorded that it made, into names: NULL if it was
   recorded before that was done, else to be freed. */
enum sql_result	 migrate_made(sqlite3 *, int version, char **names,
		    struct sql_error *);

/* Each migration that is recorded or that we know, by number. */
enum sql_result	 migrate_list(sqlite3 *, schema_step_fn *, void *arg,
		    struct sql_error *);

/* Has the record been lost, or part of it? */
enum sql_result	 migrate_is_damaged(sqlite3 *, bool *, struct sql_error *);
#define MIGRATE_DAMAGED	"the table execlog_schema, which records the version of " \
	"the file, is lost or damaged"
/* With the path. */
#define MIGRATE_MEND	"drop it, if it is there, and bring it back from a " \
	"backup: sqlite3 BACKUP '.dump execlog_schema' | sqlite3 %s"

/* Is that so, or is the schema newer than we know?  Then SQL_FAILED, and what it
   is. */
enum sql_result	 migrate_refuse(sqlite3 *, struct sql_error *);

/*
 * Bring the schema up to version "to" (all that we know: SCHEMA_NEWEST), and
 * check that the public tables are what the contract says (the engine may have
 * made them).  Refuses a newer or damaged one.  now_ms is recorded.  fn, if there is
 * one, is told of each that was applied.
 */
enum sql_result	 migrate_up(sqlite3 *, int to, int64_t now_ms,
		    schema_step_fn *fn, void *arg, struct sql_error *);

/* Change nothing; SQL_FAILED, and what to do, if migrate_up would. */
enum sql_result	 migrate_check(sqlite3 *, struct sql_error *);

#endif
