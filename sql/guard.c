#include "sql/guard.h"

#include <stdbool.h>
#include <string.h>

static bool
is_private(const char *table)
{
	return (strncmp(table, "execlog_", 8) == 0);
}

static bool
is_ours(const char *table)
{
	return (strcmp(table, "execution_logs") == 0 ||
	    strcmp(table, "execution_audit_events") == 0 ||
	    is_private(table));
}

static int
judge(void *arg, int action, const char *what, const char *column,
    const char *database, const char *trigger)
{
	(void)arg;
	(void)database;
	/* We have no triggers and no views. */
	if (trigger != NULL)
		return (SQLITE_DENY);
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_FUNCTION:
	case SQLITE_TRANSACTION:
		return (SQLITE_OK);
	case SQLITE_PRAGMA:
		return (strcmp(what, "data_version") == 0 && column == NULL ?
		    SQLITE_OK : SQLITE_DENY);
	case SQLITE_INSERT:
		return (is_ours(what) ? SQLITE_OK : SQLITE_DENY);
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return (is_private(what) ? SQLITE_OK : SQLITE_DENY);
	default:
		return (SQLITE_DENY);
	}
}

void
guard_install(sqlite3 *db)
{
	(void)sqlite3_set_authorizer(db, judge, NULL);
}
