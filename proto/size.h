/*
 * Numbers of bytes as people read them: K, M, G and T are powers of 1024, as in
 * the settings.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_SIZE_H
#define PROTO_SIZE_H

#include <stdint.h>

#define SIZE_TEXT	32	/* bytes that hold any size */

/* 10485760 is "10 MB", one byte more "10.0 MB", 28 is "28 bytes".  Returns
   out. */
const char	*size_format(int64_t bytes, char out[SIZE_TEXT]);

#endif
