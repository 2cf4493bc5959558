/*
 * What users are told on stderr, made safe for a terminal.
 *
 * Layer: client.  Threads: any; each call is one write.
 */
#ifndef CLIENT_ESCAPE_H
#define CLIENT_ESCAPE_H

#include "proto/escape.h"

/*
 * Print a line to stderr: what users are told, and what went wrong (then
 * "execlog: " stands before it).
 */
void	 say(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 complain(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
