#include "sql/room.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/paths.h"
#include "proto/size.h"
#include "sql/db.h"
#include "sql/text.h"

/* Bytes that we may use of the disk that has the file. */
static bool
disk(const struct room *r, int64_t *size, int64_t *avail)
{
	struct statvfs s;

	if (statvfs(r->path, &s) == -1)
		return (false);
	*size = (int64_t)(s.f_blocks * s.f_frsize);
	*avail = (int64_t)(s.f_bavail * s.f_frsize);
	return (true);
}

/* It has no name, so it is gone when we are, whatever happens.  Not every file
   system can do that; then there is none. */
static void
take_reserve(struct room *r)
{
	char folder[PATHS_MAX];

	(void)snprintf(folder, sizeof folder, "%s", r->path);
	r->reserve = open(dirname(folder), O_TMPFILE | O_RDWR | O_CLOEXEC,
	    0600);
	if (r->reserve != -1 &&
	    fallocate(r->reserve, 0, 0, ROOM_RESERVE(r->kept)) == 0)
		return;
	r->impossible = errno == EOPNOTSUPP || errno == EISDIR ||
	    errno == EFBIG;
	if (r->reserve != -1)
		(void)close(r->reserve);
	r->reserve = -1;
}

bool
room_open(struct room *r, sqlite3 *db, struct sql_error *error)
{
	sqlite3_stmt *stmt = db_prepare(db, sql_page_size, error);
	sqlite3_int64 page = 0;
	int64_t size, avail;
	bool ok;

	*r = (struct room){
		.db = db,
		.path = sqlite3_db_filename(db, "main"),
		.kept = ROOM_KEPT,
		.reserve = -1,
	};
	if (disk(r, &size, &avail) && size / ROOM_SHARE < r->kept)
		r->kept = size / ROOM_SHARE;
	ok = stmt != NULL && db_integer(stmt, &page, error) == SQL_DONE;
	(void)sqlite3_finalize(stmt);
	r->page = page;
	return (ok && (r->spare = db_prepare(db, sql_free_pages, error)) !=
	    NULL);
}

void
room_close(struct room *r)
{
	if (r->path != NULL && r->reserve != -1)
		(void)close(r->reserve);
}

/* Of a log that is copied, what the next commit gives back. */
static int64_t
log_back(const struct room *r)
{
	struct stat st;

	return (stat(sqlite3_filename_wal(r->path), &st) == 0 &&
	    st.st_size > DB_LOG_KEPT ? st.st_size - DB_LOG_KEPT : 0);
}

enum sql_result
room_look(struct room *r, int frames, struct sql_error *error)
{
	int64_t need = r->kept + frames * r->page, size, avail, back;
	char left[SIZE_TEXT], kept[SIZE_TEXT];
	sqlite3_int64 spare;
	enum sql_result result;

	if (!disk(r, &size, &avail))
		return (SQL_DONE);
	if (r->reserve == -1 && !r->impossible && avail >= 2 * r->kept)
		take_reserve(r);
	back = frames == 0 ? log_back(r) : 0;
	if (avail + back >= need)
		return (SQL_DONE);
	if ((result = db_integer(r->spare, &spare, error)) != SQL_DONE ||
	    spare * r->page >= ROOM_SPARE(r->kept))
		return (result);
	(void)snprintf(error->text, sizeof error->text, "the disk is nearly "
	    "full: %s are left, %s are kept for sweeps and for other programs",
	    size_format(avail, left), size_format(need, kept));
	if (avail < ROOM_SPARE(r->kept))
		room_lacks(r, error);
	return (error->result = SQL_FULL);
}

void
room_lacks(struct room *r, struct sql_error *error)
{
	size_t n = strlen(error->text);
	char reserve[SIZE_TEXT];
	int64_t size, avail;

	/* Nor where it is ids that are spent. */
	if (r->reserve == -1 || (disk(r, &size, &avail) && avail >= r->kept))
		return;
	(void)close(r->reserve);
	r->reserve = -1;
	(void)snprintf(error->text + n, sizeof error->text - n,
	    "; a reserve of %s was given back for sweeps",
	    size_format(ROOM_RESERVE(r->kept), reserve));
}
