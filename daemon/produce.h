/*
 * The role "produce": numbered records and events in, acknowledgements and
 * refusals out.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_PRODUCE_H
#define DAEMON_PRODUCE_H

#include "daemon/conn.h"

/* Its context is a struct roles_context (context.h). */
extern const struct conn_role produce_role;

#endif
