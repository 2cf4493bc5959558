#include "sql/visit.h"

#include <sys/sendfile.h>
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/paths.h"
#include "sql/db.h"
#include "sql/text.h"

#define COPY_STEP	(16 * 1024 * 1024)	/* bytes in one system call */
#define WAL_HEADER	32			/* bytes of a log without frames */

/* Those that a copy is made of, and what comes beside them. */
static const char *const parts[] = { "", "-journal", "-wal", "-shm" };

#define COPIED	3

/* The size of what is at path with this behind it; 0: it is not there. */
static off_t
size_beside(const char *path, const char *suffix)
{
	char name[PATHS_MAX + 8];
	struct stat st;

	(void)snprintf(name, sizeof name, "%s%s", path, suffix);
	return (stat(name, &st) == 0 ? st.st_size : 0);
}

/* "file:", the path with everything escaped that a URI may not have. */
static enum sql_result
open_uri(const char *path, const char *parameter, sqlite3 **db,
    struct sql_error *error)
{
	char uri[3 * PATHS_MAX + 32];
	size_t n = (size_t)snprintf(uri, sizeof uri, "file:");

	for (; *path != '\0' && n + 32 < sizeof uri; path++)
		n += (size_t)snprintf(uri + n, sizeof uri - n,
		    isalnum((unsigned char)*path) || strchr("/._-", *path) !=
		    NULL ? "%c" : "%%%02x", (unsigned char)*path);
	(void)snprintf(uri + n, sizeof uri - n, "?%s=1", parameter);
	return (db_open_as(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, db,
	    error));
}

/* 0, or an errno. */
static int
copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n = -1;
	int code;

	if (in != -1 && out != -1)
		while ((n = sendfile(out, in, NULL, COPY_STEP)) > 0)
			;
	code = n == 0 ? 0 : errno;
	if (in != -1)
		(void)close(in);
	if (out != -1)
		(void)close(out);
	return (code);
}

/* The copy is open, or has failed: its names go. */
static void
forget(const char *folder, const char *file)
{
	char name[PATHS_MAX + 32];
	size_t i;

	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		(void)snprintf(name, sizeof name, "%s%s", file, parts[i]);
		(void)unlink(name);
	}
	(void)rmdir(folder);
}

static enum sql_result
no_copy(const char *where, int code, struct sql_error *error)
{
	(void)snprintf(error->text, sizeof error->text, "it is read through a "
	    "copy, and there can be none in %s: %s", where, strerror(code));
	return (error->result = SQL_FAILED);
}

static enum sql_result
make_copy(const char *path, const char *file, const char *where,
    struct sql_error *error)
{
	char from[PATHS_MAX + 8], to[PATHS_MAX + 24];
	bool there[COPIED];
	int code = 0;
	size_t i;

	/* What is gone when its turn comes is a failure. */
	for (i = 0; i < COPIED; i++)
		there[i] = i == 0 || size_beside(path, parts[i]) > 0;
	for (i = 0; i < COPIED && code == 0; i++) {
		if (!there[i])
			continue;
		(void)snprintf(from, sizeof from, "%s%s", path, parts[i]);
		(void)snprintf(to, sizeof to, "%s%s", file, parts[i]);
		code = copy(from, to);
	}
	return (code == 0 ? SQL_DONE : no_copy(where, code, error));
}

static enum sql_result
open_copy(const char *path, sqlite3 **db, struct sql_error *error)
{
	const char *tmp = getenv("TMPDIR");
	char folder[PATHS_MAX], file[PATHS_MAX + 16];
	enum sql_result result;

	if (tmp == NULL || *tmp == '\0')
		tmp = "/tmp";
	if ((size_t)snprintf(folder, sizeof folder, "%s/execlog.XXXXXX",
	    tmp) >= sizeof folder)
		return (no_copy(tmp, ENAMETOOLONG, error));
	if (mkdtemp(folder) == NULL)
		return (no_copy(tmp, errno, error));
	(void)snprintf(file, sizeof file, "%s/copy.db", folder);
	result = make_copy(path, file, tmp, error);
	if (result == SQL_DONE)
		result = db_open_as(file, SQLITE_OPEN_READWRITE, db, error);
	/* With the first page read, all of its files are open. */
	if (result == SQL_DONE)
		result = db_exec(*db, sql_reload_schema, error);
	forget(folder, file);
	return (result);
}

enum sql_result
visit_open(const char *path, bool live, sqlite3 **db, struct sql_error *error)
{
	if (live)
		return (open_uri(path, "readonly_shm", db, error));
	/* What was cut short is undone in the copy. */
	if (size_beside(path, "-journal") > 0)
		return (open_copy(path, db, error));
	/* One whose writer was killed behind its header is never found to be
	   consistent through a -shm that is only read. */
	if (size_beside(path, "-wal") <= WAL_HEADER)
		return (open_uri(path, "immutable", db, error));
	if (size_beside(path, "-shm") > 0)
		return (open_uri(path, "readonly_shm", db, error));
	return (open_copy(path, db, error));
}
