#include "sql/lockfile.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/paths.h"

#define LOOKS_MAX	10	/* so often a lock that is held is tried again */

static void
read_note(int fd, char *out, size_t size)
{
	ssize_t n = pread(fd, out, size - 1, 0);
	size_t i;

	out[n > 0 ? n : 0] = '\0';
	for (i = 0; out[i] != '\0'; i++) {
		if (out[i] == '\n')
			out[i] = '\0';
		else if (out[i] < ' ' || out[i] == 0x7f)
			out[i] = '?';
	}
}

static bool
write_note(int fd, const char *note)
{
	size_t n = strlen(note);

	return (ftruncate(fd, 0) == 0 &&
	    pwrite(fd, note, n, 0) == (ssize_t)n);
}

/* Somebody who only looks (below) has it for a moment. */
static bool
lock(int fd)
{
	const struct timespec moment = { .tv_nsec = 2 * 1000 * 1000 };
	int tries;

	for (tries = 0; flock(fd, LOCK_EX | LOCK_NB) == -1; tries++) {
		if (errno != EWOULDBLOCK || tries == LOOKS_MAX)
			return (false);
		(void)nanosleep(&moment, NULL);
	}
	return (true);
}

enum lockfile_result
lockfile_take(const char *path, const char *note, int *ret, char *holder,
    size_t size)
{
	char name[PATHS_MAX];
	struct stat st;
	int fd, saved;

	if ((size_t)snprintf(name, sizeof name, "%s.lock", path) >=
	    sizeof name) {
		errno = ENAMETOOLONG;
		return (LOCKFILE_ERROR);
	}
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	    0660);
	if (fd == -1)
		return (LOCKFILE_ERROR);
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto error;
	}
	if (!lock(fd)) {
		if (errno != EWOULDBLOCK)
			goto error;
		read_note(fd, holder, size);
		(void)close(fd);
		return (LOCKFILE_HELD);
	}
	if (!write_note(fd, note))
		goto error;
	*ret = fd;
	return (LOCKFILE_TAKEN);

error:
	saved = errno;
	(void)close(fd);
	errno = saved;
	return (LOCKFILE_ERROR);
}

bool
lockfile_is_held(const char *path, char *holder, size_t size)
{
	char name[PATHS_MAX + 8];
	bool held;
	int fd;

	(void)snprintf(name, sizeof name, "%s.lock", path);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return (false);
	held = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	if (held)
		read_note(fd, holder, size);
	(void)close(fd);
	return (held);
}
