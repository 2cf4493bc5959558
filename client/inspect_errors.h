/*
 * The last lines of what has failed, for inspect: ERROR lines; if there are none,
 * those on stderr; else any.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_INSPECT_ERRORS_H
#define CLIENT_INSPECT_ERRORS_H

struct show;
struct buf;

#define ERRORS_LOOKS		10000	/* rows looked at for ERROR lines, from
					   the task's last one back, */
#define ERRORS_LOOKS_MORE	3000	/* and for each of the others */

/* Ask for them and append them.  -1, or the exit code. */
int	 inspect_errors(const struct show *, struct buf *out);

#endif
