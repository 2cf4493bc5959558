/*
 * Which tasks of an inspection are shown, where there are many: those that
 * failed, those that run, those that took longest.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_INSPECT_CHOICE_H
#define CLIENT_INSPECT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "client/inspect_show.h"

/* One flag for each task, to be freed; NULL: all of them, also without memory. */
bool	*choice_make(const struct show *);

/* Is the i-th task shown? */
bool	 choice_has(const struct show *, size_t i);

/* Append how many are not, and how to see them. */
void	 choice_put_rest(const struct show *);

#endif
