/*
 * The schema: numbered migrations, each applied in one transaction and
 * recorded in execlog_schema.
 *
 * Layer: sql.  Threads: the connection's.
 */
#ifndef SQL_MIGRATE_H
#define SQL_MIGRATE_H

#include <sqlite3.h>
#include <stdint.h>

#include "sql/result.h"

/*
 * Bring the schema to the newest version we know, and check that the public
 * tables are what the contract says (the engine may have made them).  Refuses
 * a newer schema.  now_ms is recorded.
 */
enum sql_result	 migrate_up(sqlite3 *, int64_t now_ms, struct sql_error *);

#endif
