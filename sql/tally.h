/*
 * Counting rows and their bytes, page by page.
 *
 * Layer: sql.  Threads: those of pages.h.
 */
#ifndef SQL_TALLY_H
#define SQL_TALLY_H

#include "sql/pages.h"

enum tally_table {
	TALLY_LOG,
	TALLY_AUDIT,
};
#define TALLY_TABLES	2

/*
 * A page of it: add rows with *id < id <= max_id, move *id to the last of them,
 * or to max_id when there are no more.
 */
enum sql_result	 tally_page(struct pages *, enum tally_table, int64_t *id,
		    int64_t max_id, struct volume *, struct sql_error *);

#endif
