#include "daemon/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sql/lockfile.h"

#define BACKLOG	512	/* connections that wait for accept */

static bool fail(char *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

static bool
fail(char *error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(error, LISTENER_SENTENCE, fmt, ap);
	va_end(ap);
	return (false);
}

static bool
address(struct sockaddr_un *un, const char *path, char *error)
{
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof un->sun_path)
		return (fail(error, "the path is longer than %zu bytes",
		    sizeof un->sun_path - 1));
	(void)strcpy(un->sun_path, path);
	return (true);
}

static bool
take_lock(struct listener *l, const char *note, char *error)
{
	char holder[128];

	switch (lockfile_take(l->path, note, &l->lock, holder,
	    sizeof holder)) {
	case LOCKFILE_TAKEN:
		return (true);
	case LOCKFILE_HELD:
		return (fail(error, "already served by %s", holder));
	default:
		return (fail(error, "cannot lock %.200s.lock: %s", l->path,
		    strerror(errno)));
	}
}

/* Does somebody answer at the path? */
static bool
is_alive(const struct sockaddr_un *un)
{
	bool alive;
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (true);
	/* A full backlog (EAGAIN) is alive, too. */
	alive = connect(fd, (const struct sockaddr *)un, sizeof *un) == 0 ||
	    errno != ECONNREFUSED;
	(void)close(fd);
	return (alive);
}

/* What a dead daemon has left goes; for anything else we do not start. */
static bool
put_stale_away(const struct sockaddr_un *un, char *error)
{
	struct stat st;

	if (lstat(un->sun_path, &st) == -1)
		return (errno == ENOENT || fail(error, "%s", strerror(errno)));
	if (!S_ISSOCK(st.st_mode))
		return (fail(error, "exists and is not a socket"));
	if (is_alive(un))
		return (fail(error, "another program is listening there"));
	if (st.st_uid != geteuid() && geteuid() != 0)
		return (fail(error, "a stale socket of another user is there"));
	if (unlink(un->sun_path) == -1)
		return (fail(error, "cannot remove a stale socket: %s",
		    strerror(errno)));
	return (true);
}

static bool
bind_it(struct listener *l, const struct sockaddr_un *un, mode_t mode,
    gid_t gid, char *error)
{
	struct stat st;
	mode_t mask;
	int rc;

	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd == -1)
		return (fail(error, "%s", strerror(errno)));
	mask = umask(0177);
	rc = bind(l->fd, (const struct sockaddr *)un, sizeof *un);
	(void)umask(mask);
	if (rc == -1)
		return (fail(error, "%s", strerror(errno)));
	if (lstat(l->path, &st) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	if (gid != (gid_t)-1 && lchown(l->path, (uid_t)-1, gid) == -1)
		return (fail(error, "cannot set its group: %s",
		    strerror(errno)));
	if (chmod(l->path, mode) == -1)
		return (fail(error, "cannot set its mode: %s",
		    strerror(errno)));
	return (true);
}

bool
listener_claim(struct listener *l, const char *path, mode_t mode, gid_t gid,
    const char *note, char error[LISTENER_SENTENCE])
{
	struct sockaddr_un un;

	*l = (struct listener){ .fd = -1, .lock = -1 };
	if (!address(&un, path, error))
		return (false);
	(void)snprintf(l->path, sizeof l->path, "%s", path);
	if (take_lock(l, note, error) && put_stale_away(&un, error) &&
	    bind_it(l, &un, mode, gid, error))
		return (true);
	listener_close(l);
	return (false);
}

void
listener_inherit(struct listener *l, int fd)
{
	struct sockaddr_un un = { 0 };
	socklen_t n = sizeof un;

	*l = (struct listener){ .fd = fd, .lock = -1 };
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (getsockname(fd, (struct sockaddr *)&un, &n) == 0)
		(void)snprintf(l->path, sizeof l->path, "%.*s",
		    (int)sizeof un.sun_path, un.sun_path);
}

bool
listener_listen(struct listener *l, char error[LISTENER_SENTENCE])
{
	if (l->lock != -1 && listen(l->fd, BACKLOG) == -1)
		return (fail(error, "%s", strerror(errno)));
	return (true);
}

void
listener_close(struct listener *l)
{
	struct stat st;

	if (l->ino != 0 && lstat(l->path, &st) == 0 &&
	    st.st_dev == l->dev && st.st_ino == l->ino)
		(void)unlink(l->path);
	if (l->fd != -1)
		(void)close(l->fd);
	if (l->lock != -1)
		(void)close(l->lock);
	l->fd = l->lock = -1;
	l->ino = 0;
}
