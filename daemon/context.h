/*
 * What the roles of connections work with; filled by main.c.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_CONTEXT_H
#define DAEMON_CONTEXT_H

#include <stddef.h>

struct buf;
struct counts;
struct event_base;
struct follow;
struct ingest;
struct reader;
struct retention;
struct secrets;

struct roles_context {
	struct event_base *base;
	struct ingest	*ingest;
	struct follow	*follow;
	struct reader	*reader;
	struct retention *retention;
	struct secrets	*secrets;
	size_t		 raw_held;	/* bytes of unfinished lines of all
					   raw streams; the sinks' */
	/* Append a STATUS frame; unreadable (else NULL) says why the counts
	   are not known. */
	void		(*put_status)(struct buf *, const struct counts *,
			    const char *unreadable, void *arg);
	void		*arg;
};

#endif
