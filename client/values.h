/*
 * What the value of each option means.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_VALUES_H
#define CLIENT_VALUES_H

#include <stdbool.h>

struct options;

/*
 * One option by its letter in options.c; "arg" is NULL where it has none.
 * False: it was no good, and the user was told why.
 */
bool	 values_apply(struct options *, int letter, const char *arg);

#endif
