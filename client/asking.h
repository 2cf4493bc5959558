/*
 * One request and all of its answer, for commands that show facts.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_ASKING_H
#define CLIENT_ASKING_H

#include "client/options.h"
#include "proto/request.h"

struct frame;

#define ASKING_AWAY	(-2)

/*
 * Ask, and give each frame but the last to fn.  -1 when all has come; else the
 * exit code, after a line of complaint.  With options->tries_again ASKING_AWAY,
 * and no complaint, when the daemon is away, or full.
 */
int	 asking_run(const struct options *, const struct request *,
	    void (*fn)(const struct frame *, void *arg), void *arg);

#endif
