/*
 * A STATUS object as metrics, in Prometheus' text format 0.0.4; docs/status.md
 * has their names.
 *
 * Layer: client.  Threads: any.
 */
#ifndef CLIENT_EXPOSITION_H
#define CLIENT_EXPOSITION_H

#include "proto/span.h"

struct buf;

/* What the daemon does not know (null) has no metric. */
void	 exposition_put(struct buf *, struct span status);

#endif
