/*
 * Numbers as people read them.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_NUMBERS_H
#define CLIENT_NUMBERS_H

#include <stdint.h>

#define NUMBERS_TEXT	32	/* bytes that hold any number with spaces */

/* 12345 is "12 345". */
void	 numbers_group(uint64_t, char out[NUMBERS_TEXT]);

#endif
