/*
 * What the roles of connections work with; filled by main.c.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_CONTEXT_H
#define DAEMON_CONTEXT_H

#include <stdint.h>

struct buf;
struct follow;
struct ingest;
struct reader;

struct roles_context {
	struct ingest	*ingest;
	struct follow	*follow;
	struct reader	*reader;
	/* Append a STATUS frame; the rows are what the database has, or
	   unreadable (else NULL) says why that is not known. */
	void		(*put_status)(struct buf *, int64_t log_rows,
			    int64_t audit_rows, const char *unreadable,
			    void *arg);
	void		*arg;
};

#endif
