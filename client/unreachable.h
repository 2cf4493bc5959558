/*
 * What users are told when the daemon does not answer: where, why, and what to
 * do about it.
 *
 * Layer: client.  Threads: any.
 */
#ifndef CLIENT_UNREACHABLE_H
#define CLIENT_UNREACHABLE_H

#include "client/link.h"

#define UNREACHABLE_TEXT	1024	/* bytes that hold any such sentence */

enum unreachable_wish {
	UNREACHABLE_WRITE,
	UNREACHABLE_ASK,
	UNREACHABLE_READ,	/* what can be had of a file, too */
};

/* The reason is that of a link, or of a handle; it may be in text. */
void	 unreachable_explain(const char *socket, const char *reason,
	    enum unreachable_wish, char text[UNREACHABLE_TEXT]);

#endif
