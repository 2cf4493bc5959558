/*
 * How wide a text is on a terminal.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_COLUMNS_H
#define CLIENT_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

/* Columns of a character: 2 of an ideograph or emoji, 0 of what is set upon the
   one before, else 1. */
int	 columns_of(uint32_t c);

/* Columns of a text.  What is not UTF-8 has one for each byte. */
int	 columns_width(struct span);

/* Bytes of its beginning that have at most so many columns. */
size_t	 columns_fit(struct span, int columns);

#endif
