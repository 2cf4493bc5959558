/*
 * Lines that are wider than the terminal.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_WRAP_H
#define CLIENT_WRAP_H

#include "proto/span.h"

struct buf;

/* Append whole lines.  What is wider (0: nothing is) goes on in the next line, so
   far indented; it is broken between words, and not behind a number. */
void	 wrap_put(struct buf *, struct span lines, int indent, int width);

#endif
