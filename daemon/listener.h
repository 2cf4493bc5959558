/*
 * The listening socket: a lock beside it, a stale one put away, its mode and
 * group before anybody can connect; or one that systemd has made.
 *
 * Layer: daemon.  Threads: the loop's, at start and stop.
 */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "proto/paths.h"

#define LISTENER_SENTENCE	512	/* bytes that hold any error below */

struct listener {
	int	fd;
	int	lock;			/* -1: the socket is not ours */
	dev_t	dev;			/* of what we have bound */
	ino_t	ino;
	char	path[PATHS_MAX];	/* for people, and to unlink */
};

/*
 * Take the path: lock it, put a stale socket away, bind.  Nobody can connect
 * yet.  gid -1: leave the group.  False: *error is a sentence.
 */
bool	 listener_claim(struct listener *, const char *path, mode_t mode,
	    gid_t gid, const char *note, char error[LISTENER_SENTENCE]);

/* Use a descriptor that is listening already. */
void	 listener_inherit(struct listener *, int fd);

/* From here on clients can connect. */
bool	 listener_listen(struct listener *, char error[LISTENER_SENTENCE]);

/* Close it; remove it from the file system if we have bound it. */
void	 listener_close(struct listener *);

#endif
