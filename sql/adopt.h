/*
 * The two public tables and their indexes may have been made by the engine, before
 * us: are they what the contract says?
 *
 * Layer: sql.  Threads: the connection's.
 */
#ifndef SQL_ADOPT_H
#define SQL_ADOPT_H

#include <sqlite3.h>

#include "sql/result.h"

/* SQL_FAILED, and which column, table or index is not as it should
   be; of an index, how it is made so. */
enum sql_result	 adopt_check(sqlite3 *, struct sql_error *);

#endif
