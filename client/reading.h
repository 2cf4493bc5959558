/*
 * A request, its rows on stdout, its end: what logs, follow, audit and wait
 * have in common.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_READING_H
#define CLIENT_READING_H

#include "client/options.h"
#include "proto/request.h"

/* Returns the exit code. */
int	 reading_run(const struct options *, enum request_kind);

#endif
