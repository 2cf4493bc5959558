#include "sql/dbfile.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sql/lockfile.h"

#define DBFILE_MODE	0660

static bool fail(struct sql_error *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

static bool
fail(struct sql_error *error, const char *fmt, ...)
{
	va_list ap;

	error->result = SQL_FAILED;
	va_start(ap, fmt);
	(void)vsnprintf(error->text, sizeof error->text, fmt, ap);
	va_end(ap);
	return (false);
}

/* The real path of what is, or is going to be, at path. */
static bool
resolve(char *out, const char *path, struct sql_error *error)
{
	char dir[PATHS_MAX], base[PATHS_MAX], real[PATH_MAX];

	if (strlen(path) >= sizeof dir)
		return (fail(error, "the path is too long"));
	if (realpath(path, real) == NULL) {
		if (errno != ENOENT)
			return (fail(error, "%s", strerror(errno)));
		(void)strcpy(dir, path);
		(void)strcpy(base, path);
		if (realpath(dirname(dir), real) == NULL)
			return (fail(error, "the directory: %s",
			    strerror(errno)));
		if (snprintf(out, PATHS_MAX, "%s/%s",
		    strcmp(real, "/") == 0 ? "" : real, basename(base)) >=
		    PATHS_MAX)
			return (fail(error, "the path is too long"));
		return (true);
	}
	if (snprintf(out, PATHS_MAX, "%s", real) >= PATHS_MAX)
		return (fail(error, "the path is too long"));
	return (true);
}

/* O_EXCL: a file that is there already is never opened here. */
static bool
create(const char *path, struct sql_error *error)
{
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    DBFILE_MODE);
	if (fd == -1)
		return (errno == EEXIST ||
		    fail(error, "%s", strerror(errno)));
	(void)fchmod(fd, DBFILE_MODE);
	(void)close(fd);
	return (true);
}

static bool
check(const char *path, struct sql_error *error)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return (fail(error, "%s", strerror(errno)));
	if (!S_ISREG(st.st_mode))
		return (fail(error, "not a regular file"));
	/* Its -wal would be found by one of its names only. */
	if (st.st_nlink > 1)
		return (fail(error, "the file has %ju hard links; "
		    "it may have one", (uintmax_t)st.st_nlink));
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == -1)
		return (fail(error, "it may not be written: %s",
		    strerror(errno)));
	return (true);
}

/* Who may write the file may lock it, also when root was the first to. */
static void
share_lock(const struct dbfile *f)
{
	struct stat st;

	if (geteuid() == 0 && stat(f->path, &st) == 0 &&
	    fchown(f->lock, st.st_uid, st.st_gid) == 0)
		(void)fchmod(f->lock, st.st_mode & 0777);
}

bool
dbfile_claim(struct dbfile *f, const char *path, const char *note,
    struct sql_error *error)
{
	char holder[128];

	f->lock = -1;
	if (!resolve(f->path, path, error))
		return (false);
	switch (lockfile_take(f->path, note, &f->lock, holder,
	    sizeof holder)) {
	case LOCKFILE_TAKEN:
		break;
	case LOCKFILE_HELD:
		return (fail(error, "already served by %s", holder));
	case LOCKFILE_ERROR:
		return (fail(error, "cannot lock %s.lock: %s", f->path,
		    strerror(errno)));
	}
	if (create(f->path, error) && check(f->path, error)) {
		share_lock(f);
		return (true);
	}
	dbfile_release(f);
	return (false);
}

void
dbfile_release(struct dbfile *f)
{
	if (f->lock != -1)
		(void)close(f->lock);
	f->lock = -1;
}

bool
dbfile_visit(char real[PATHS_MAX], const char *path, struct sql_error *error)
{
	char holder[192];

	if (!dbfile_look(real, path, holder, sizeof holder, error))
		return (false);
	return (*holder == '\0' || fail(error,
	    "held by %s: ask it, without --db", holder));
}

bool
dbfile_look(char real[PATHS_MAX], const char *path, char *holder, size_t size,
    struct sql_error *error)
{
	struct stat st;

	if (!resolve(real, path, error))
		return (false);
	if (!lockfile_is_held(real, holder, size))
		*holder = '\0';
	else if (*holder == '\0')
		(void)snprintf(holder, size, "somebody");
	if (stat(real, &st) == -1)
		return (fail(error, "%s", strerror(errno)));
	if (S_ISDIR(st.st_mode))
		return (fail(error, "is a directory"));
	return (S_ISREG(st.st_mode) || fail(error, "not a regular file"));
}

static int64_t
size_of(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0 ? (int64_t)st.st_size : 0);
}

void
dbfile_sizes(const struct dbfile *f, int64_t *db, int64_t *wal)
{
	char path[PATHS_MAX + 4];

	*db = size_of(f->path);
	(void)snprintf(path, sizeof path, "%s-wal", f->path);
	*wal = size_of(path);
}
