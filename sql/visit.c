#include "sql/visit.h"

#include <sys/sendfile.h>
#include <sys/stat.h>

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/paths.h"
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
static int
open_uri(const char *path, const char *parameter, sqlite3 **db)
{
	char uri[3 * PATHS_MAX + 32];
	size_t n = (size_t)snprintf(uri, sizeof uri, "file:");

	for (; *path != '\0' && n + 32 < sizeof uri; path++)
		n += (size_t)snprintf(uri + n, sizeof uri - n,
		    isalnum((unsigned char)*path) || strchr("/._-", *path) !=
		    NULL ? "%c" : "%%%02x", (unsigned char)*path);
	(void)snprintf(uri + n, sizeof uri - n, "?%s=1", parameter);
	return (sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL));
}

static bool
copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n = -1;

	if (in != -1 && out != -1)
		while ((n = sendfile(out, in, NULL, COPY_STEP)) > 0)
			;
	if (in != -1)
		(void)close(in);
	if (out != -1)
		(void)close(out);
	return (n == 0);
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

static int
open_copy(const char *path, sqlite3 **db)
{
	const char *tmp = getenv("TMPDIR");
	char folder[PATHS_MAX], file[PATHS_MAX + 16];
	char from[PATHS_MAX + 8], to[PATHS_MAX + 24];
	bool there[COPIED];
	int rc = SQLITE_OK;
	size_t i;

	/* What is gone when its turn comes is a failure. */
	for (i = 0; i < COPIED; i++)
		there[i] = i == 0 || size_beside(path, parts[i]) > 0;
	if ((size_t)snprintf(folder, sizeof folder, "%s/execlog.XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp") >= sizeof folder ||
	    mkdtemp(folder) == NULL)
		return (SQLITE_CANTOPEN);
	(void)snprintf(file, sizeof file, "%s/copy.db", folder);
	for (i = 0; i < COPIED && rc == SQLITE_OK; i++) {
		if (!there[i])
			continue;
		(void)snprintf(from, sizeof from, "%s%s", path, parts[i]);
		(void)snprintf(to, sizeof to, "%s%s", file, parts[i]);
		if (!copy(from, to))
			rc = SQLITE_IOERR;
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(file, db, SQLITE_OPEN_READWRITE |
		    SQLITE_OPEN_NOMUTEX, NULL);
	/* With the first page read, all of its files are open. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db, sql_reload_schema, NULL, NULL, NULL);
	forget(folder, file);
	return (rc);
}

int
visit_open(const char *path, bool live, sqlite3 **db)
{
	if (live)
		return (open_uri(path, "readonly_shm", db));
	/* What was cut short is undone in the copy. */
	if (size_beside(path, "-journal") > 0)
		return (open_copy(path, db));
	/* One whose writer was killed behind its header is never found to be
	   consistent through a -shm that is only read. */
	if (size_beside(path, "-wal") <= WAL_HEADER)
		return (open_uri(path, "immutable", db));
	if (size_beside(path, "-shm") > 0)
		return (open_uri(path, "readonly_shm", db));
	return (open_copy(path, db));
}
