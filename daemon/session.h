/*
 * The role "read": one request at a time, answered page by page; for a follow,
 * then row by row until its end.
 *
 * Layer: daemon.  Threads: the loop's; pages are made in the reader's.
 */
#ifndef DAEMON_SESSION_H
#define DAEMON_SESSION_H

#include "daemon/conn.h"

/* Its context is a struct roles_context (context.h). */
extern const struct conn_role read_role;

#endif
