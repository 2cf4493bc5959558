/*
 * A command that is run with its output in pipes, or a pseudo-terminal, of
 * ours.
 *
 * Layer: client.  Threads: one per child.
 */
#ifndef CLIENT_CHILD_H
#define CLIENT_CHILD_H

#include <sys/types.h>

#include <stdbool.h>

#define CHILD_NOT_EXECUTABLE	126
#define CHILD_NOT_FOUND		127

struct child_options {
	char	**argv;
	bool	 keeps_out;	/* its stdout is ours, not a pipe */
	bool	 keeps_err;
	bool	 pty;		/* stdout and stderr are one terminal */
	bool	 own_group;	/* it leads a process group */
};

struct child {
	pid_t	pid;
	pid_t	group;		/* where signals go: the pid, or minus the pid */
	int	pidfd;		/* readable when it has ended */
	int	out;		/* what it says; -1: nothing to read */
	int	err;
};

/* How it has ended. */
struct child_end {
	int	code;		/* its own, or 128 plus the signal */
	int	signal;		/* 0: none */
	long	max_rss_kb;
};

/*
 * Start it with stdin as it is.  0, or errno: *executed is false when it could
 * not be started at all, true when exec failed.
 */
int	 child_start(struct child *, const struct child_options *,
	    bool *executed);

/* Pass a signal on. */
void	 child_signal(const struct child *, int sig);

/* It has ended. */
void	 child_reap(struct child *, struct child_end *);

void	 child_close(struct child *);

#endif
