#include "sql/guard.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sql/triggers.h"

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

/* audit.c mends it. */
static bool
is_sequence(const char *table)
{
	return (strcmp(table, "sqlite_sequence") == 0);
}

static bool
is_one_of(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return (true);
	return (false);
}

/* A pragma that only tells. */
static bool
may_ask(const char *pragma, const char *value)
{
	static const char *const number[] = { "data_version",
	    "schema_version", "page_size", "freelist_count", NULL };
	static const char *const table[] = { "table_info", "index_list",
	    "index_info", NULL };

	if (value == NULL)
		return (is_one_of(number, pragma));
	return (is_one_of(table, pragma));
}

/* The one thing of the engine's that we write, and in no trigger. */
static bool
is_count(const char *table, const char *column, const char *trigger)
{
	return (strcasecmp(table, "executions") == 0 && column != NULL &&
	    strcasecmp(column, "log_entry_count") == 0 && trigger == NULL);
}

/* Somebody has chosen the name. */
static void
accuse(struct guard *g, const char *name)
{
	size_t i;

	for (i = 0; i < GUARD_NAME - 1 && name[i] != '\0'; i++)
		g->culprit[i] = name[i] < ' ' || name[i] > '~' ? '?' : name[i];
	g->culprit[i] = '\0';
}

static int
judge(void *arg, int action, const char *what, const char *column,
    const char *database, const char *trigger)
{
	struct guard *guard = arg;

	(void)database;
	/* Also the name of a view; we have none. */
	if (trigger != NULL && !triggers_is_ours(guard->triggers, trigger)) {
		accuse(guard, trigger);
		return (SQLITE_DENY);
	}
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_FUNCTION:
	case SQLITE_TRANSACTION:
		return (SQLITE_OK);
	case SQLITE_PRAGMA:
		return (may_ask(what, column) ? SQLITE_OK : SQLITE_DENY);
	case SQLITE_INSERT:
		return (is_ours(what) || is_sequence(what) ? SQLITE_OK :
		    SQLITE_DENY);
	case SQLITE_UPDATE:
		return (is_private(what) || is_sequence(what) ||
		    is_count(what, column, trigger) ? SQLITE_OK : SQLITE_DENY);
	case SQLITE_DELETE:
		return (is_private(what) || (guard->sweeps &&
		    strcmp(what, "execution_logs") == 0) ||
		    (guard->sweeps_events &&
		    strcmp(what, "execution_audit_events") == 0) ?
		    SQLITE_OK : SQLITE_DENY);
	default:
		return (SQLITE_DENY);
	}
}

void
guard_install(sqlite3 *db, struct guard *guard)
{
	(void)sqlite3_set_authorizer(db, judge, guard);
}

void
guard_explain(struct guard *g, struct sql_error *error)
{
	/* It may also have been met where that was no error. */
	if (g->culprit[0] == '\0' || error->result != SQL_FOREIGN ||
	    strstr(error->text, "not authorized") == NULL)
		return;
	(void)snprintf(error->text, sizeof error->text, "the trigger %s on a "
	    "table of execlog's is not execlog's, and is not run: drop it",
	    g->culprit);
	g->culprit[0] = '\0';
}
