/*
 * --mask-env and --mask-file: which values are secret.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_SECRET_H
#define CLIENT_SECRET_H

#include <stdbool.h>

struct execlog;
struct options;

/*
 * Register what the options say for the execution, before anything is written.
 * Values that cannot be masked are told on stderr by the name of their variable
 * or file, never by themselves.  False: not all could be read or registered, and
 * the user was told why.
 */
bool	 secret_register(const struct options *, struct execlog *);

#endif
