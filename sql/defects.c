/*
 * What is known to be wrong with the SQLite library in use.
 */
#include <sqlite3.h>
#include <stdbool.h>

#include "sql/store.h"

/* Each is worked around; DESIGN.md says how. */
static const struct {
	const char	*name;
	int		 fixed;		/* in this version */
	int		 also[4];	/* [from, to), [from, to) */
} defects[] = {
	{ "wal-reset-race", 3051003, { 3044006, 3045000, 3050007, 3051000 } },
	{ "unchecked-frames-after-rollback", 3050002, { 0 } },
	{ "close-drops-locks", 3051000, { 0 } },
};

static bool
is_fixed(size_t i, int version)
{
	const int *also = defects[i].also;

	/* 3.52.0 was withdrawn; it has the race again. */
	if (i == 0 && version == 3052000)
		return (false);
	return (version >= defects[i].fixed ||
	    (version >= also[0] && version < also[1]) ||
	    (version >= also[2] && version < also[3]));
}

const char *
store_sqlite_defect(size_t n)
{
	size_t i;

	for (i = 0; i < sizeof defects / sizeof defects[0]; i++)
		if (!is_fixed(i, sqlite3_libversion_number()) && n-- == 0)
			return (defects[i].name);
	return (NULL);
}
