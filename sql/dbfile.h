/*
 * The database as a file: where it really is, that it is ours to open, that
 * nobody else serves it.  SQLite opens it after that and nobody else ever
 * does (an open and close of ours would drop SQLite's locks).
 *
 * Layer: sql.  Threads: any, one at a time.
 */
#ifndef SQL_DBFILE_H
#define SQL_DBFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/paths.h"
#include "sql/result.h"

struct dbfile {
	char	path[PATHS_MAX];	/* without symbolic links */
	int	lock;			/* held while the struct lives */
};

/*
 * Resolve path, create the file (mode 0660) if it is missing, take its lock,
 * leaving "note" in it.  The directory must exist.  False: error->text is a
 * sentence for people.
 */
bool	 dbfile_claim(struct dbfile *, const char *path, const char *note,
	    struct sql_error *error);
void	 dbfile_release(struct dbfile *);

/*
 * Resolve the path of a file that is to be read without a daemon.  False, as
 * above: one holds it, or there is no such place.
 */
bool	 dbfile_visit(char real[PATHS_MAX], const char *path,
	    struct sql_error *error);

/*
 * The same for who may also look while a daemon has it: then that one's note
 * is in holder, size bytes, else it is empty.
 */
bool	 dbfile_look(char real[PATHS_MAX], const char *path, char *holder,
	    size_t size, struct sql_error *error);

/* Sizes in bytes of the database and of its -wal; 0 if missing. */
void	 dbfile_sizes(const struct dbfile *, int64_t *db, int64_t *wal);

#endif
