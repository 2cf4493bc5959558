#include "daemon/peer.h"

#include <sys/socket.h>

#include <poll.h>

#include "proto/row.h"

void
peer_identify(int fd, struct sender *s)
{
	struct ucred cred = { -1, (uid_t)-1, (gid_t)-1 };
	socklen_t n = sizeof cred;

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n);
	*s = (struct sender){
		.known = true,
		.uid = cred.uid,
		.gid = cred.gid,
		.pid = (uint32_t)cred.pid,
	};
}

bool
peer_is_gone(int fd)
{
	struct pollfd p = { fd, POLLRDHUP, 0 };

	return (poll(&p, 1, 0) == 1);
}
