/*
 * When to checkpoint: the thread that copies the log back, and the decision
 * when it does.
 *
 * From 32 MB of log on passes run beside the commits until little is left; then
 * the last pass runs while the writer holds still, so that all of it is copied
 * and the next commit begins the log anew.  At 48 MB the writer holds still in
 * any case.  Where somebody else reads an old state of the file, or does not
 * end a checkpoint, nothing of this helps: the log grows until they are done,
 * commits go on, and status says so.  What has come together then is copied
 * beside the commits, as long as these do not make more than half of it anew
 * meanwhile, in as many passes as that takes.  A pass that fails is made again,
 * later each time, whatever else happens; but one whose fsync has failed is
 * not: nobody knows what is on the disk, and the log has all of it.
 *
 * Layer: daemon.  Threads: the loop's; passes run in the thread of its own.
 */
#ifndef DAEMON_CHECKPOINTER_H
#define DAEMON_CHECKPOINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "sql/result.h"

struct checkpoint;
struct checkpointer;
struct event_base;

/*
 * The checkpoint is the caller's.  on_quiet(arg) is called when the writer may
 * go on after a pass, on_fatal(SQL_UNKNOWN, arg) when the daemon is to leave.
 * NULL and errno.
 */
struct checkpointer	*checkpointer_start(struct event_base *,
			    struct checkpoint *, void (*on_quiet)(void *arg),
			    void (*on_fatal)(enum sql_result, void *arg),
			    void *arg);

/* Waits for the pass under way. */
void	 checkpointer_stop(struct checkpointer *);

/* The log has so many frames now. */
void	 checkpointer_frames(struct checkpointer *, int frames);

/* The disk is full: copy what there is, so that the log begins anew.  Takes
   NULL, as does the next. */
void	 checkpointer_hurry(struct checkpointer *);

/* Frames of the log that are not copied back, as far as is known: those need
   room. */
int	 checkpointer_uncopied(const struct checkpointer *);

/*
 * Is the writer to hold still?  NULL: no.  Asked while the writer is idle; if so, a pass
 * is under way or begins, and on_quiet will be called.
 */
bool	 checkpointer_holds(struct checkpointer *);

struct checkpointer_figures {
	bool		blocked;	/* somebody's old read or checkpoint is
					   in the way, and the log large
					   because of it */
	const struct sql_error *failed;	/* the last pass; NULL: it did not, or
					   somebody was in the way */
	int		frames;		/* in the log, as far as is known */
	uint64_t	passes;		/* since the start, as is: */
	uint64_t	failures;	/* of them */
};
void	 checkpointer_figures(const struct checkpointer *,
	    struct checkpointer_figures *);

#endif
