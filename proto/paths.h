/*
 * Where the two programs meet when nobody says otherwise.
 *
 * Layer: proto.  Looks at the environment and the uid, touches no file.
 * Threads: not beside setenv.
 */
#ifndef PROTO_PATHS_H
#define PROTO_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define PATHS_MAX	4096	/* bytes, with the zero */

/*
 * The default socket and database of the contract.  False: the path does not
 * fit, or (database) there is no home directory to speak of.
 */
bool	 paths_socket(char *out, size_t size);
bool	 paths_database(char *out, size_t size);

#endif
