/*
 * What systemd gives and wants to know; without it all of this is nothing.
 *
 * Layer: daemon.  Threads: main's.
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

/*
 * The socket that was passed in: its descriptor, SERVICE_NO_SOCKET, or
 * SERVICE_BAD_SOCKET when what was passed is not one listening Unix stream
 * socket.
 */
#define SERVICE_NO_SOCKET	(-1)
#define SERVICE_BAD_SOCKET	(-2)
int	 service_socket(void);

/* Clients are served. */
void	 service_ready(void);

/* A clean stop has begun. */
void	 service_stopping(void);

#endif
