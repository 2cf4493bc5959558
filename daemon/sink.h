/*
 * The role "stream": a connection whose bytes are the output of a process that
 * knows nothing of us.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_SINK_H
#define DAEMON_SINK_H

#include "daemon/conn.h"

/* Its context is a struct roles_context (context.h). */
extern const struct conn_role sink_role;

#endif
