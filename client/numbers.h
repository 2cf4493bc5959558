/*
 * Numbers as people read them.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_NUMBERS_H
#define CLIENT_NUMBERS_H

#include <stdint.h>

struct buf;

#define NUMBERS_TEXT	32	/* bytes that hold any number with spaces */

/* 12345 is "12 345". */
void	 numbers_group(uint64_t, char out[NUMBERS_TEXT]);

/* Append "1 204 rows", "1 row". */
void	 numbers_put(struct buf *, int64_t n, const char *noun);

#endif
