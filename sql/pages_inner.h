/*
 * The inside of a reading connection, for the two files that are its code:
 * pages.c opens it and walks along rows, lookup.c answers small questions.
 *
 * Layer: sql.  Threads: those of pages.h.
 */
#ifndef SQL_PAGES_INNER_H
#define SQL_PAGES_INNER_H

#include <sqlite3.h>
#include <stdint.h>

enum pages_statement {
	BEGIN,
	COMMIT,
	HISTORY_SAME,
	HISTORY_NEXT,
	BACK_SAME,
	BACK_NEXT,
	RANGE,
	NEXT_ID,
	AUDIT_SAME,
	AUDIT_NEXT,
	AUDIT_BACK_SAME,
	AUDIT_BACK_NEXT,
	EVENTS_NEXT,
	EVENTS_BACK,
	TERMINAL,
	KNOWN,
	AUDITED,
	NEXT_IN_LOGS,
	NEXT_IN_AUDIT,
	NEWEST_LOG,
	NEWEST_AUDIT,
	LOG_ROWS,
	AUDIT_ROWS,
	INCIDENTS,
	FREE_PAGES,
	PAGE_SIZE,
	COUNT_LOG,
	COUNT_AUDIT,
	STATEMENT_COUNT,
};

struct pages {
	sqlite3		*db;
	sqlite3_stmt	*stmt[STATEMENT_COUNT];
	sqlite3_stmt	*origin;	/* NULL: an older file is without, */
	sqlite3_stmt	*swept_end;	/* as here */
	int		 rows;		/* looked at in this page */
	int64_t		 until;		/* end of this page, monotonic us */
	int64_t		 limit;		/* then it is given up; 0: no page */
};

#endif
