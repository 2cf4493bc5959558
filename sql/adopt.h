/*
 * The two public tables may have been made by the engine, before us: are they
 * what the contract says?
 *
 * Layer: sql.  Threads: the connection's.
 */
#ifndef SQL_ADOPT_H
#define SQL_ADOPT_H

#include <sqlite3.h>

#include "sql/result.h"

/* SQL_FAILED, and which column or table is not as it should be. */
enum sql_result	 adopt_check(sqlite3 *, struct sql_error *);

#endif
