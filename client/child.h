/*
 * A command that is run with its stdout and stderr in pipes of ours.
 *
 * Layer: client.  Threads: one per child.
 */
#ifndef CLIENT_CHILD_H
#define CLIENT_CHILD_H

#include <sys/types.h>

#include <stdbool.h>

#define CHILD_NOT_EXECUTABLE	126
#define CHILD_NOT_FOUND		127

struct child {
	pid_t	pid;
	int	pidfd;		/* readable when it has ended */
	int	out;		/* what it says; -1 when that has ended */
	int	err;
};

/*
 * Start argv[0] with stdin as it is.  0, or errno: *executed is false when it
 * could not be started at all, true when exec failed.
 */
int	 child_start(struct child *, char **argv, bool *executed);

/* Its exit code, or 128 plus the signal; it has ended. */
int	 child_reap(struct child *);

void	 child_close(struct child *);

#endif
