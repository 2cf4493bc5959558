/*
 * The role "admin": asks for a sweep and is told how it goes.  For root and the
 * daemon's own user.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_ADMIN_H
#define DAEMON_ADMIN_H

#include "daemon/conn.h"

/* Its context is a struct roles_context (context.h). */
extern const struct conn_role admin_role;

#endif
