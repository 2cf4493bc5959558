/*
 * The writer thread: commits a batch, looks where the file is, brings summaries up
 * to date, makes a step of a sweep, or tidies up.
 *
 * Layer: daemon.  Threads: the loop's; jobs are done in the writer's own.
 */
#ifndef DAEMON_WRITER_H
#define DAEMON_WRITER_H

#include <stdbool.h>

#include "sql/result.h"
#include "sql/store.h"

struct batch;
struct event_base;
struct sweep_step;
struct writer;

enum writer_task {
	WRITER_COMMIT,
	WRITER_LOOK,
	WRITER_FOLD,
	WRITER_SWEEP,
	WRITER_TIDY,
};

/* A job that is done. */
struct writer_job {
	enum writer_task	 task;
	struct batch		*batch;		/* of a commit */
	struct store_commit	 commit;	/* of the batch */
	struct position		 position;	/* of the look */
	const char		*uncounted;	/* as store_uncounted */
	struct store_hold	 hold;		/* of the fold */
	struct sweep_step	*step;		/* of a sweep */
	enum sql_result		 result;
	struct sql_error	 error;
};

/* The store is the caller's.  done is called in the loop.  NULL and errno. */
struct writer	*writer_start(struct event_base *, struct store *,
		    void (*done)(const struct writer_job *, void *arg),
		    void *arg);

/* Waits for the job under way, which is not told.  Takes NULL. */
void		 writer_stop(struct writer *);

bool		 writer_is_idle(const struct writer *);

/* The writer is idle; the batch is its own until it is done. */
void		 writer_commit(struct writer *, struct batch *);
void		 writer_look(struct writer *);

/* A step of the summaries. */
void		 writer_fold(struct writer *);

/* The step is the writer's until it is done. */
void		 writer_sweep(struct writer *, struct sweep_step *);

/* Give memory back that a next commit will want again. */
void		 writer_tidy(struct writer *);

#endif
