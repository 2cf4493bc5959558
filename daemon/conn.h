/*
 * One connection: frames in, frames out, the first exchange, and a role for
 * life.  What a role does with its frames is in produce.c and session.c.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_CONN_H
#define DAEMON_CONN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/hello.h"
#include "proto/span.h"

struct buf;
struct conn;
struct event_base;
struct frame;

/* What a role brings.  "self" is what open returned. */
struct conn_role {
	/* Answers HELLO with WELCOME, now or later, or with a fault. */
	void	*(*open)(struct conn *, const struct hello *, void *context);
	void	 (*frame)(void *self, const struct frame *);
	/* Instead of frames: after HELLO the peer sends plain bytes. */
	void	 (*bytes)(void *self, struct span);
	/* May another frame be taken?  NULL: always. */
	bool	 (*wants)(void *self);
	/* What was queued has been sent. */
	void	 (*drained)(void *self);
	/* The peer will send no more.  True: the connection is done with. */
	bool	 (*eof)(void *self);
	/* The connection is gone; the last call. */
	void	 (*close)(void *self);
};

/* What all connections share; the server's, outlives them. */
struct conn_world {
	const struct conn_role	*role[ROLE_COUNT];
	void			*context;	/* for open */
	/* The connection is gone: unlink it and free with conn_free, but
	   not in this call. */
	void			(*on_gone)(struct conn *, void *arg);
	void			*arg;
	uint64_t		 faults[FAULT_COUNT];	/* counted */
};

/*
 * Take over a connected, non-blocking descriptor.  NULL if the kernel has no
 * memory for it; the descriptor is closed then.
 */
struct conn	*conn_new(struct event_base *, int fd, struct conn_world *);
void		 conn_free(struct conn *);

/* Append the frames in b to the output, unless it is closing; b is emptied. */
void		 conn_send(struct conn *, struct buf *b);

/* Bytes that the peer has not yet taken from us. */
size_t		 conn_queued(const struct conn *);

void		 conn_welcome(struct conn *, const struct welcome *);

/* For asking the kernel about the peer (peer.h), nothing else. */
int		 conn_fd(const struct conn *);

/* Say what is wrong and count it. */
void		 conn_complain(struct conn *, enum fault, const char *sentence);

/* The same, and close when the peer has read it. */
void		 conn_fault(struct conn *, enum fault, const char *sentence);

/* Close when what is queued has been sent. */
void		 conn_finish(struct conn *);

/* Close at once. */
void		 conn_drop(struct conn *);

/* "wants" may have become true: look at what has come in. */
void		 conn_resume(struct conn *);

/* Has it this role?  None has one before HELLO. */
bool		 conn_is(const struct conn *, const struct conn_role *);

/* For the server's list of connections. */
void		 conn_set_link(struct conn *, void *);
void		*conn_link(const struct conn *);

#endif
