#include "sql/db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sql/visit.h"

/* Words in somebody's schema that this SQLite does not know are told as
   corruption; they can be taken back, so they are waited for. */
static bool
is_schema_too_new(sqlite3 *db)
{
	static const char text[] = "malformed database schema";

	return (db != NULL &&
	    strncmp(sqlite3_errmsg(db), text, sizeof text - 1) == 0);
}

/* No room by other names: none for the -shm file to grow, a quota, a limit of the
   process.  SQLite does not tell these from a broken disk, but errno is still
   that of the write. */
static bool
is_full(int rc, int code)
{
	return (rc == SQLITE_IOERR_SHMSIZE || (rc == SQLITE_IOERR_WRITE &&
	    (code == EDQUOT || code == EFBIG || code == ENOSPC)));
}

/* Not of a symbolic link that is not followed: it has no errno. */
static const char *
not_opened(sqlite3 *db)
{
	int code = sqlite3_system_errno(db);

	return (code == 0 || sqlite3_extended_errcode(db) != SQLITE_CANTOPEN ?
	    sqlite3_errmsg(db) : strerror(code));
}

static const char *
words(sqlite3 *db, int rc, enum sql_result result, int code)
{
	if (rc == SQLITE_CANTOPEN && db != NULL)
		return (not_opened(db));
	if (rc == SQLITE_INTERRUPT)
		return ("it takes too long");
	if (result == SQL_FULL)
		return (rc == SQLITE_IOERR_WRITE ? strerror(code) :
		    "the disk is full");
	if (rc == SQLITE_READONLY_DIRECTORY)
		return ("its directory may not be written");
	return (db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

enum sql_result
db_result(sqlite3 *db, int rc, struct sql_error *error)
{
	enum sql_result result;
	int code = errno;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return (SQL_DONE);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		result = SQL_BUSY;
		break;
	case SQLITE_FULL:
		result = SQL_FULL;
		break;
	case SQLITE_AUTH:
	case SQLITE_ERROR:
	case SQLITE_SCHEMA:
		result = SQL_FOREIGN;
		break;
	case SQLITE_IOERR:
		result = is_full(rc, code) ? SQL_FULL : SQL_IO;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		result = is_schema_too_new(db) ? SQL_FOREIGN : SQL_CORRUPT;
		break;
	default:
		result = SQL_FAILED;
		break;
	}
	if (error != NULL) {
		error->result = result;
		(void)snprintf(error->text, sizeof error->text, "%s (%d)",
		    words(db, rc, result, code), rc);
	}
	return (result);
}

enum sql_result
db_exec(sqlite3 *db, const char *sql, struct sql_error *error)
{
	return (db_result(db, sqlite3_exec(db, sql, NULL, NULL, NULL), error));
}

int64_t
db_monotonic_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000);
}

enum sql_result
db_exec_patiently(sqlite3 *db, const char *sql, struct sql_error *error)
{
	int64_t until = db_monotonic_us() + DB_START_MS * INT64_C(1000);
	enum sql_result result;

	do
		result = db_exec(db, sql, error);
	while (result == SQL_BUSY && db_monotonic_us() < until);
	return (result);
}

#define TEXT(n)		#n
#define NUMBER(n)	TEXT(n)

/* What every connection of ours is told first; DESIGN.md says why. */
static const char common[] =
    "PRAGMA wal_autocheckpoint=0;"
    "PRAGMA cache_spill=OFF;"
    "PRAGMA mmap_size=0;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA foreign_keys=OFF;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA journal_size_limit=" NUMBER(DB_LOG_KEPT) ";";

static const char reader[] = "PRAGMA query_only=ON; PRAGMA cache_size=-8192;";

/* Overwriting would make every page of a table that is dropped dirty, and they
   all stay in memory (cache_spill). */
static const char keeper[] = "PRAGMA secure_delete=FAST;";

/* The mode is in the file's header; the first query after it must be able to
   read the schema. */
static const char writer[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA cache_size=-32768;"
    "SELECT count(*) FROM sqlite_schema;";

static enum sql_result
configure(sqlite3 *db, enum db_mode mode, struct sql_error *error)
{
	bool writes = mode == DB_WRITER || mode == DB_KEEPER;
	const int limits[][2] = {
		{ SQLITE_LIMIT_LENGTH, DB_LENGTH_MAX },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 3 },
	};
	const char *modules[] = { "json_each", NULL };
	enum sql_result result;
	size_t i;

	for (i = 0; i < sizeof limits / sizeof limits[0]; i++)
		(void)sqlite3_limit(db, limits[i][0], limits[i][1]);
	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_busy_timeout(db, DB_BUSY_MS);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Of the functions that an untrusted schema may not have this SQLite
	   has those for JSON, which engines use in theirs, and no other. */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
	/* No table of somebody's is made of code: fts5 and such. */
	(void)sqlite3_drop_modules(db, modules);
	/* Checkpoints are made in checkpoint.c or not at all; that of the last
	   one to close is made under a lock that keeps everybody out. */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
	    mode != DB_KEEPER, NULL);

	if ((result = db_exec_patiently(db, common, error)) != SQL_DONE ||
	    (result = db_exec_patiently(db, writes ? writer : reader,
	    error)) != SQL_DONE || mode != DB_KEEPER)
		return (result);
	return (db_exec_patiently(db, keeper, error));
}

enum sql_result
db_open_as(const char *name, int flags, sqlite3 **db, struct sql_error *error)
{
	int rc = sqlite3_open_v2(name, db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	return (db_result(*db, rc, error));
}

static enum sql_result
open_file(const char *path, enum db_mode mode, sqlite3 **db,
    struct sql_error *error)
{
	if (mode == DB_VISITOR || mode == DB_WITNESS)
		return (visit_open(path, mode == DB_WITNESS, db, error));
	return (db_open_as(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW,
	    db, error));
}

sqlite3 *
db_open(const char *path, enum db_mode mode, struct sql_error *error)
{
	sqlite3 *db = NULL;
	int persist = mode != DB_KEEPER;

	if (open_file(path, mode, &db, error) != SQL_DONE) {
		db_close(db);
		return (NULL);
	}
	/* Other users' -wal and -shm are not ours to remove. */
	(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL,
	    &persist);
	if (configure(db, mode, error) != SQL_DONE) {
		db_close(db);
		return (NULL);
	}
	return (db);
}

void
db_close(sqlite3 *db)
{
	sqlite3_stmt *stmt;

	while (db != NULL && (stmt = sqlite3_next_stmt(db, NULL)) != NULL)
		(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
}

sqlite3_stmt *
db_prepare(sqlite3 *db, const char *sql, struct sql_error *error)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
	    NULL);
	(void)db_result(db, rc, error);
	return (stmt);
}

enum sql_result
db_integer(sqlite3_stmt *stmt, sqlite3_int64 *value, struct sql_error *error)
{
	sqlite3 *db = sqlite3_db_handle(stmt);
	enum sql_result result;
	int rc;

	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*value = sqlite3_column_int64(stmt, 0);
	result = db_result(db, rc, error);
	(void)sqlite3_reset(stmt);
	return (result);
}

void
db_bind_text(sqlite3_stmt *stmt, int index, struct span s)
{
	if (s.p == NULL)
		(void)sqlite3_bind_null(stmt, index);
	else
		(void)sqlite3_bind_text64(stmt, index, s.p, s.n, SQLITE_STATIC,
		    SQLITE_UTF8);
}

struct span
db_column_text(sqlite3_stmt *stmt, int column)
{
	struct span s;

	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return (SPAN_NONE);
	s.p = (const char *)sqlite3_column_text(stmt, column);
	s.n = (size_t)sqlite3_column_bytes(stmt, column);
	if (s.p == NULL)
		s = (struct span){ "", 0 };
	return (s);
}
