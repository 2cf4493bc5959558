/*
 * A STATUS object for people: one screen, the most important line first.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_SCREEN_H
#define CLIENT_SCREEN_H

#include "proto/span.h"

struct buf;
struct options;

void	 screen_put(struct buf *, const struct options *, struct span status);

#endif
