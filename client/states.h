/*
 * Colors of states.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_STATES_H
#define CLIENT_STATES_H

#include "proto/span.h"

/* NULL: none. */
const char	*states_color(struct span state);

/* A set of them from "FAILED,RUNNING"; false: it is none. */
bool		 states_parse(const char *text, unsigned *states);

#endif
