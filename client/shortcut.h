/*
 * @last, @last-failed and @running instead of an execution's id.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_SHORTCUT_H
#define CLIENT_SHORTCUT_H

#include <stdbool.h>

#include "client/options.h"

#define SHORTCUT_NAMES	"@last, @last-failed, @running"

/* Is it one, or @all? */
bool	 shortcut_is(struct span name);

/*
 * Put the id that it stands for in its place, which "name" then holds.  -1, or
 * the exit code: nothing is running, several are, no daemon.
 */
int	 shortcut_resolve(struct options *, char name[TEXT_ID_MAX + 1]);

#endif
