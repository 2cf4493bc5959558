/*
 * The last ERROR lines of what has failed, for inspect.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_INSPECT_ERRORS_H
#define CLIENT_INSPECT_ERRORS_H

struct show;
struct buf;

#define ERRORS_LOOKS	10000	/* rows looked at for them, from the newest */

/* Ask for them and append them.  -1, or the exit code. */
int	 inspect_errors(const struct show *, struct buf *out);

#endif
