/*
 * A thread that does one job at a time for the event loop, and a mailbox with
 * one slot.  The job belongs to the thread between worker_assign and the call
 * of "done"; before and after, to the loop.  So jobs need no locks.
 *
 * Layer: daemon.  Threads: "run" is called in the worker's own thread, all
 * else belongs to the loop.  This is the only place with threads.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdbool.h>

struct event_base;
struct worker;

typedef void	 worker_run_fn(void *job, void *arg);
typedef void	 worker_done_fn(void *job, void *arg);

/* Start a thread; name is at most 15 bytes.  NULL and errno on failure. */
struct worker	*worker_start(const char *name, struct event_base *,
		    worker_run_fn *run, worker_done_fn *done, void *arg);

/* Waits for the job under way, whose "done" is not called.  Takes NULL. */
void		 worker_stop(struct worker *);

bool		 worker_is_idle(const struct worker *);

/* The worker must be idle. */
void		 worker_assign(struct worker *, void *job);

#endif
