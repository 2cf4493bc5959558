/*
 * Telling readers of rows that retention has removed before they got them.
 *
 * Layer: sql.  Threads: those of query.h.
 */
#ifndef SQL_REMOVED_H
#define SQL_REMOVED_H

#include "sql/query.h"

/*
 * A notice, where there is something to tell: of rows removed since the page
 * before, or before the first one of a reader that has a cursor or wants all,
 * or more of the last ones than there are.  Inside a page, before its rows; newest
 * first: behind the last one.
 */
enum sql_result	 removed_tell(struct query *, struct pages *);

#endif
