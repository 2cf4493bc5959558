/*
 * What users are told when the daemon does not answer: where, why, and what to
 * do about it.
 *
 * Layer: client.  Threads: any.
 */
#ifndef CLIENT_UNREACHABLE_H
#define CLIENT_UNREACHABLE_H

#include <stdbool.h>

#include "client/link.h"

#define UNREACHABLE_TEXT	1024	/* bytes that hold any such sentence */

/* The reason is that of a link, or of a handle; it may be in text.  reads: what
   was wanted can be had of a file, without a daemon. */
void	 unreachable_explain(const char *socket, const char *reason,
	    bool reads, char text[UNREACHABLE_TEXT]);

#endif
