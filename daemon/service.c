#include "daemon/service.h"

#include <sys/socket.h>

#include <stddef.h>

#include <systemd/sd-daemon.h>

int
service_socket(void)
{
	int n = sd_listen_fds(1);

	if (n == 0)
		return (SERVICE_NO_SOCKET);
	if (n == 1 && sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1,
	    NULL, 0) > 0)
		return (SD_LISTEN_FDS_START);
	return (SERVICE_BAD_SOCKET);
}

void
service_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void
service_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}
