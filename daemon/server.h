/*
 * All connections: accepting them, their number, their end.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct roles_context;
struct server;

/*
 * Accept on fd, which is listening and stays the caller's.  on_empty(arg) is
 * called when, after server_finish, the last connection is gone.
 */
struct server	*server_new(struct event_base *, int fd,
		    struct roles_context *, void (*on_empty)(void *arg),
		    void *arg);

/* Closes what is left.  Takes NULL. */
void		 server_free(struct server *);

/* There is room for records again. */
void		 server_resume(struct server *);

/* Accept nobody more, and say so to all but the producers. */
void		 server_stop(struct server *);

/* All is acknowledged: part with the producers, too. */
void		 server_finish(struct server *);

size_t		 server_count(const struct server *);

/* FAULT_COUNT counters, by enum fault. */
const uint64_t	*server_faults(const struct server *);

#endif
