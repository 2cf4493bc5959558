#include "sql/checkpoint.h"

#include <stdlib.h>

#include "sql/db.h"
#include "sql/text.h"

#define LONG_FRAMES	16000	/* a log as long as that is behind somebody */

struct checkpoint {
	sqlite3		*copier;
	int		 synced;	/* frames copied when the file was, last */
	sqlite3		*guard;
	sqlite3_stmt	*begin;
	sqlite3_stmt	*look;
	sqlite3_stmt	*commit;
};

struct checkpoint *
checkpoint_open(const char *path, struct sql_error *error)
{
	struct checkpoint *c;

	if ((c = calloc(1, sizeof *c)) == NULL) {
		(void)db_result(NULL, SQLITE_NOMEM, error);
		return (NULL);
	}
	/* As a writer, the copier has read once: a connection that has not
	   checkpoints nothing and says OK. */
	if ((c->copier = db_open(path, DB_WRITER, error)) == NULL ||
	    (c->guard = db_open(path, DB_READER, error)) == NULL ||
	    (c->begin = db_prepare(c->guard, sql_begin_read, error)) == NULL ||
	    (c->look = db_prepare(c->guard, sql_reload_schema, error)) ==
	    NULL ||
	    (c->commit = db_prepare(c->guard, sql_commit, error)) == NULL) {
		checkpoint_close(c);
		return (NULL);
	}
	return (c);
}

void
checkpoint_close(struct checkpoint *c)
{
	if (c == NULL)
		return;
	db_close(c->copier);
	db_close(c->guard);
	free(c);
}

static enum sql_result
run(sqlite3_stmt *stmt, struct sql_error *error)
{
	int rc = sqlite3_step(stmt);
	enum sql_result result;

	result = db_result(sqlite3_db_handle(stmt), rc, error);
	(void)sqlite3_reset(stmt);
	return (result);
}

/*
 * What was copied of a long log, onto the disk.  SQLite does it at the end of a
 * pass that has copied all, while the writer waits: then little is to be left.
 */
static enum sql_result
sync_copied(struct checkpoint *c, int copied, struct sql_error *error)
{
	sqlite3_file *file;
	int rc;

	if (copied == c->synced)
		return (SQL_DONE);
	rc = sqlite3_file_control(c->copier, "main",
	    SQLITE_FCNTL_FILE_POINTER, &file);
	if (rc == SQLITE_OK)
		rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
	if (rc != SQLITE_OK)
		return (db_result(NULL, rc, error));
	c->synced = copied;
	return (SQL_DONE);
}

enum sql_result
checkpoint_pass(struct checkpoint *c, int *frames, int *left,
    struct sql_error *error)
{
	enum sql_result result;
	int log = 0, copied = 0;

	*frames = *left = 0;
	if ((result = run(c->begin, error)) != SQL_DONE)
		return (result);
	/* BEGIN alone holds nothing: a transaction reads from its first
	   query on. */
	if ((result = run(c->look, error)) == SQL_DONE) {
		result = db_result(c->copier,
		    sqlite3_wal_checkpoint_v2(c->copier, "main",
		    SQLITE_CHECKPOINT_PASSIVE, &log, &copied), error);
		*frames = log > 0 ? log : 0;
		*left = log > copied ? log - copied : 0;
	}
	(void)run(c->commit, NULL);
	if (result == SQL_DONE && log > LONG_FRAMES)
		result = sync_copied(c, copied, error);
	return (result);
}
