/*
 * The whole daemon, put together: files, threads, connections, in the order in
 * which they begin and end.
 *
 * Layer: daemon, highest.  Threads: the loop's.
 */
#ifndef DAEMON_COLLECTOR_H
#define DAEMON_COLLECTOR_H

struct settings;

/* Exit codes of the contract. */
#define EXIT_STOPPED	0
#define EXIT_UNCLEAN	1	/* a stop that left records uncommitted */
#define EXIT_SETTING	2
#define EXIT_UNUSABLE	5
#define EXIT_IO		74
#define EXIT_MOVED	75

/*
 * Serve until told to stop.  Returns an exit code; what went wrong was said on
 * stderr.
 */
int	 collector_run(const struct settings *);

#endif
