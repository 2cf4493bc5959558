#include "sql/checkpoint.h"

#include <stdlib.h>

#include "sql/db.h"
#include "sql/text.h"

#define LONG_BYTES	(64 << 20)	/* a log as long as that was behind
					   somebody */
#define FRAME_HEAD	24		/* bytes, before each page */

struct checkpoint {
	sqlite3		*copier;
	int		 synced;	/* frames copied when the file was, last */
	sqlite3		*guard;
	sqlite3_stmt	*begin;
	sqlite3_stmt	*look;
	sqlite3_stmt	*commit;
	int		 frame;		/* bytes */
};

static bool
measure(struct checkpoint *c, struct sql_error *error)
{
	sqlite3_stmt *stmt = db_prepare(c->guard, sql_page_size, error);
	sqlite3_int64 page = 0;
	bool ok;

	ok = stmt != NULL && db_integer(stmt, &page, error) == SQL_DONE;
	c->frame = (int)page + FRAME_HEAD;
	(void)sqlite3_finalize(stmt);
	return (ok);
}

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
	    (c->commit = db_prepare(c->guard, sql_commit, error)) == NULL ||
	    !measure(c, error)) {
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

int
checkpoint_frame(const struct checkpoint *c)
{
	return (c->frame);
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

static enum sql_result
judge(sqlite3 *db, int rc, struct sql_error *error)
{
	enum sql_result result = db_result(db, rc, error);

	if (rc != SQLITE_IOERR_FSYNC)
		return (result);
	if (error != NULL)
		error->result = SQL_UNKNOWN;
	return (SQL_UNKNOWN);
}

/*
 * What was copied of a long log, onto the disk.  SQLite does it at the end of a
 * pass that has copied all, while the writer waits: then little is to be left.
 * By the descriptor of the guard: a failure is told once to each, and is not to
 * be kept from SQLite.
 */
static enum sql_result
sync_copied(struct checkpoint *c, int copied, struct sql_error *error)
{
	sqlite3_file *file;
	int rc;

	if (copied == c->synced)
		return (SQL_DONE);
	rc = sqlite3_file_control(c->guard, "main",
	    SQLITE_FCNTL_FILE_POINTER, &file);
	if (rc == SQLITE_OK)
		rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
	if (rc != SQLITE_OK)
		return (judge(NULL, rc, error));
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
		result = judge(c->copier,
		    sqlite3_wal_checkpoint_v2(c->copier, "main",
		    SQLITE_CHECKPOINT_PASSIVE, &log, &copied), error);
		*frames = log > 0 ? log : 0;
		*left = log > copied ? log - copied : 0;
	}
	(void)run(c->commit, NULL);
	if (result == SQL_DONE && log > LONG_BYTES / c->frame)
		result = sync_copied(c, copied, error);
	return (result);
}
