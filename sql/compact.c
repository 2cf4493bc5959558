#include "sql/compact.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/size.h"
#include "sql/db.h"
#include "sql/dbfile.h"
#include "sql/text.h"

#define PROGRESS_OPS	20000	/* steps of SQLite between two calls, 5 ms */

/* Pages are written as they come, and the copy goes to a file: a writer of ours
   does all that in memory. */
static const char settings[] =
    "PRAGMA cache_spill=ON;"
    "PRAGMA cache_size=-8192;"
    "PRAGMA temp_store=FILE;";

struct compact {
	struct dbfile	 file;
	sqlite3		*db;
	int64_t		 pages;		/* that are not free */
	int64_t		 used;		/* bytes of them */
	compact_fn	*fn;
	void		*arg;
};

static int64_t
size_beside(const char *path, const char *suffix)
{
	char name[PATHS_MAX + 16];
	struct stat st;

	(void)snprintf(name, sizeof name, "%s%s", path, suffix);
	return (stat(name, &st) == 0 ? (int64_t)st.st_size : 0);
}

static enum sql_result
ask(sqlite3 *db, const char *sql, sqlite3_int64 *value,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = db_prepare(db, sql, error);
	enum sql_result result;

	if (stmt == NULL)
		return (error->result);
	result = db_integer(stmt, value, error);
	(void)sqlite3_finalize(stmt);
	return (result);
}

/* The copy and the rollback journal: each as large as what is in use. */
static enum sql_result
check_room(struct compact *c, struct sql_error *error)
{
	sqlite3_int64 pages, free_pages, size;
	char dir[PATHS_MAX], needed[SIZE_TEXT], there[SIZE_TEXT];
	enum sql_result result;
	struct statvfs st;
	int64_t room;

	if ((result = ask(c->db, sql_all_pages, &pages, error)) != SQL_DONE ||
	    (result = ask(c->db, sql_free_pages, &free_pages, error)) !=
	    SQL_DONE ||
	    (result = ask(c->db, sql_page_size, &size, error)) != SQL_DONE)
		return (result);
	c->used = (pages - free_pages) * size;
	c->pages = pages - free_pages > 0 ? pages - free_pages : 1;
	(void)strcpy(dir, c->file.path);
	if (statvfs(dirname(dir), &st) == -1)
		return (SQL_DONE);
	room = (int64_t)st.f_bavail * (int64_t)st.f_frsize;
	if (room >= 2 * c->used)
		return (SQL_DONE);
	(void)snprintf(error->text, sizeof error->text, "it needs %s of free "
	    "disk beside the file, there are %s",
	    size_format(2 * c->used, needed), size_format(room, there));
	return (error->result = SQL_FULL);
}

static enum sql_result
check_others(struct compact *c, bool shared, struct sql_error *error)
{
	sqlite3_int64 tables;
	enum sql_result result;

	result = ask(c->db, sql_foreign_tables, &tables, error);
	if (result != SQL_DONE || shared || tables == 0)
		return (result);
	(void)snprintf(error->text, sizeof error->text, "it has %lld %s not "
	    "execlog's, and all is written anew: confirm with --yes",
	    (long long)tables, tables == 1 ? "table that is" :
	    "tables that are");
	return (error->result = SQL_FOREIGN);
}

static int
on_progress(void *v)
{
	struct compact *c = v;
	int written = 0, most, percent;

	/* What the cache still has is not in it. */
	(void)sqlite3_db_status(c->db, SQLITE_DBSTATUS_CACHE_WRITE, &written,
	    &most, 0);
	percent = written >= c->pages ? 99 : (int)(written * 100LL / c->pages);
	return (!c->fn(percent, c->arg));
}

/* Out of WAL mode: only who is alone gets there. */
static enum sql_result
leave_wal(struct compact *c, struct sql_error *error)
{
	enum sql_result result;

	result = db_exec_patiently(c->db, sql_leave_wal, error);
	if (result == SQL_BUSY)
		(void)snprintf(error->text, sizeof error->text, "somebody has "
		    "it open: end that first (fuser shows who)");
	return (result);
}

static enum sql_result
write_anew(struct compact *c, struct sql_error *error)
{
	struct sql_error after;
	enum sql_result result, back;

	/* SQLite attaches the copy by itself. */
	(void)sqlite3_limit(c->db, SQLITE_LIMIT_ATTACHED, 1);
	if ((result = db_exec(c->db, settings, error)) != SQL_DONE ||
	    (result = leave_wal(c, error)) != SQL_DONE)
		return (result);
	sqlite3_progress_handler(c->db, PROGRESS_OPS, on_progress, c);
	result = db_exec(c->db, sql_vacuum, error);
	sqlite3_progress_handler(c->db, 0, NULL, NULL);
	back = db_exec_patiently(c->db, sql_enter_wal, &after);
	if (result == SQL_DONE && back != SQL_DONE) {
		*error = after;
		result = back;
	}
	return (result);
}

/* Beside the file, where room was found. */
static void
set_temporary(const char *path)
{
	char dir[PATHS_MAX];

	(void)strcpy(dir, path);
	(void)setenv("SQLITE_TMPDIR", dirname(dir), 1);
}

enum sql_result
compact_run(const char *path, const char *note, bool shared, compact_fn *fn,
    void *arg, struct compact_figures *figures, struct sql_error *error)
{
	struct compact c = { .file = { .lock = -1 }, .fn = fn, .arg = arg };
	enum sql_result result = SQL_FAILED;

	error->result = SQL_FAILED;
	if (access(path, F_OK) == -1) {
		(void)snprintf(error->text, sizeof error->text, "%s",
		    strerror(errno));
		return (SQL_FAILED);
	}
	if (!dbfile_claim(&c.file, path, note, error))
		return (SQL_FAILED);
	set_temporary(c.file.path);
	if ((c.db = db_open(c.file.path, DB_KEEPER, error)) == NULL)
		result = error->result;
	else if ((result = check_others(&c, shared, error)) == SQL_DONE &&
	    (result = check_room(&c, error)) == SQL_DONE) {
		figures->before = size_beside(c.file.path, "") +
		    size_beside(c.file.path, "-wal");
		result = write_anew(&c, error);
	}
	db_close(c.db);
	figures->after = size_beside(c.file.path, "");
	dbfile_release(&c.file);
	return (result);
}
