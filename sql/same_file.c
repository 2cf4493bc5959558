#include "sql/same_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "proto/paths.h"

/* Has the file at path gone, or become another one? */
static bool
is_other(const char *path, ino_t *inode)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return (errno == ENOENT);
	if (*inode == 0)
		*inode = st.st_ino;
	return (*inode != st.st_ino);
}

enum sql_result
same_file_check(struct same_file *f, sqlite3 *db, struct sql_error *error)
{
	const char *name = sqlite3_db_filename(db, "main");
	char shm[PATHS_MAX + 8];
	int moved = 0;

	(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED,
	    &moved);
	(void)snprintf(shm, sizeof shm, "%s-shm", name);
	if (!moved && !is_other(sqlite3_filename_wal(name), &f->wal) &&
	    !is_other(shm, &f->shm))
		return (SQL_DONE);
	error->result = SQL_MOVED;
	(void)snprintf(error->text, sizeof error->text,
	    "the database was moved, removed or replaced while it was open");
	return (SQL_MOVED);
}
