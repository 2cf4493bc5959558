/*
 * The first exchange: HELLO and WELCOME (docs/protocol.md, section 2).
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_HELLO_H
#define PROTO_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/span.h"

struct buf;

enum role {
	ROLE_PRODUCE,
	ROLE_READ,
};
#define ROLE_COUNT	2

const char	*role_name(enum role);

/* Append a frame.  "who" is the program and its version. */
void	 hello_put(struct buf *, enum role, const char *who);
void	 welcome_put(struct buf *);

/*
 * A HELLO body: FAULT_NONE and *role, or what is wrong with it and a sentence
 * that says so.
 */
enum fault	 hello_decode(struct span body, enum role *role,
		    const char **sentence);

/* Is it a WELCOME of our version? */
bool	 welcome_decode(struct span body);

#endif
