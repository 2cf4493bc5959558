/*
 * Ctrl-C and its like, for a program that waits in poll: the first signal is
 * remembered and makes a descriptor readable; what is being written is cut
 * short with EINTR.
 *
 * Layer: client, lowest.  Threads: one.  Holds the program's only global
 * state, because signal handlers have no argument.
 */
#ifndef CLIENT_INTERRUPT_H
#define CLIENT_INTERRUPT_H

#include <stdbool.h>

/* Catch SIGINT, SIGTERM and SIGHUP; ignore SIGPIPE and SIGXFSZ. */
void	 interrupt_init(void);

/* Readable once a signal has come. */
int	 interrupt_fd(void);

/* Wait for one, at most so long. */
void	 interrupt_wait(int ms);

/* Catch this one, too, unless it is ignored. */
void	 interrupt_catch(int sig);

/* The signal, or 0. */
int	 interrupt_signal(void);

/* Did it come from the terminal, to all of a process group? */
bool	 interrupt_is_terminals(void);

/* Forget the one that came, so that another can be seen. */
void	 interrupt_clear(void);

#endif
