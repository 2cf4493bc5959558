#include "daemon/peer.h"

#include <sys/socket.h>

#include <poll.h>

uid_t
peer_uid(int fd)
{
	struct ucred cred;
	socklen_t n = sizeof cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == -1)
		return ((uid_t)-1);
	return (cred.uid);
}

bool
peer_is_gone(int fd)
{
	struct pollfd p = { fd, POLLRDHUP, 0 };

	return (poll(&p, 1, 0) == 1);
}
