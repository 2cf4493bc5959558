/*
 * What the kernel says of who is at the other end of a socket.
 *
 * Layer: daemon.  Threads: any.
 */
#ifndef DAEMON_PEER_H
#define DAEMON_PEER_H

#include <sys/types.h>

#include <stdbool.h>

struct sender;

/* Its user, group and process; all ones if that is not said. */
void	 peer_identify(int fd, struct sender *);

/* Does nobody have the other end any more, or will it send nothing?  For who
   does not read, and so does not hear of it. */
bool	 peer_is_gone(int fd);

#endif
