#include "daemon/checkpointer.h"

#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/timer.h"
#include "daemon/worker.h"
#include "sql/checkpoint.h"

#define BEGIN_FRAMES	8000	/* 32 MB of log: begin to copy */
#define QUIET_FRAMES	1000	/* so little left: the rest in one quiet pass */
#define AGAIN_MS	5000	/* between looks whether still blocked */
#define FAILED_MS	500	/* before a pass that failed is made again:
				   it copies all from where it began, */
#define FAILED_MAX_MS	8000	/* ... and twice as long each time */
#define OUTRUN_TIMES	4	/* passes: it is not to be caught up with */
#define BUSY_MS		500	/* ... when another process was making one */
#define BUSY_TIMES	6	/* one after the other: it does not end */
#define HOLD_FRAMES	12000	/* 48 MB: no more until all is copied */

enum state {
	RESTING,
	BESIDE,		/* passes run beside the commits */
	QUIET_WANTED,	/* waiting for the writer to be idle */
	QUIET,		/* the writer is held */
	WAITING,	/* the last pass failed: until it is made again */
};

struct checkpointer {
	struct worker		*worker;
	struct checkpoint	*checkpoint;
	enum state		 state;
	struct timer		*again;		/* while blocked or waiting */
	int64_t			 wait;		/* ms, after the last failure */
	int			 busy;		/* times, one after the other */
	int			 seen;		/* frames, at the last commit */
	int			 frames;	/* of the pass that was made */
	int			 left;
	int			 copied;	/* of the frames seen, so many */
	int			 before;	/* left by the pass before */
	int			 outrun;	/* passes that left more, though they
						   copied some */
	bool			 blocked;	/* somebody is in the way */
	uint64_t		 passes;
	uint64_t		 failures;
	enum sql_result		 result;
	struct sql_error	 error;
	void			(*on_quiet)(void *);
	void			*arg;
};

static void
run_pass(void *job, void *arg)
{
	struct checkpointer *c = job;

	(void)arg;
	c->result = checkpoint_pass(c->checkpoint, &c->frames, &c->left,
	    &c->error);
}

static void
begin(struct checkpointer *c)
{
	c->state = BESIDE;
	worker_assign(c->worker, c);
}

static void
set_blocked(struct checkpointer *c, bool blocked)
{
	if (blocked && !c->blocked)
		log_line(LOG_WARNING, "checkpoint: another process reads an "
		    "old state of the file, or does not end a checkpoint: the "
		    "log grows until that is done");
	if (!blocked && c->blocked)
		log_line(LOG_NOTICE, "checkpoint: all is copied again");
	c->blocked = blocked;
}

/* A quiet pass is made: is somebody in the way? */
static void
judge(struct checkpointer *c)
{
	set_blocked(c, c->left > QUIET_FRAMES);
	if (c->blocked)
		timer_set(c->again, AGAIN_MS);
}

/* Somebody else is at it, which is everyday life until it does not end. */
static void
wait_for_other(struct checkpointer *c)
{
	if (++c->busy >= BUSY_TIMES && c->seen >= HOLD_FRAMES)
		set_blocked(c, true);
	timer_set(c->again, BUSY_MS);
}

static void
fail(struct checkpointer *c)
{
	c->failures++;
	c->state = WAITING;
	if (c->result == SQL_BUSY) {
		wait_for_other(c);
		return;
	}
	/* Said once, however often it is tried again. */
	if (c->wait == 0)
		log_line(LOG_WARNING, "checkpoint: %s", c->error.text);
	c->wait = c->wait == 0 ? FAILED_MS : c->wait * 2;
	if (c->wait > FAILED_MAX_MS)
		c->wait = FAILED_MAX_MS;
	timer_set(c->again, c->wait);
}

static void
on_again(void *v)
{
	struct checkpointer *c = v;

	if (c->state == RESTING || c->state == WAITING)
		begin(c);
}

/*
 * May the rest be copied while the writer waits?  Not a log that is long because
 * somebody was in the way, before it has been copied beside the commits; but if
 * these are faster than we are, that is never.
 */
static bool
is_for_quiet(const struct checkpointer *c)
{
	return (c->left <= QUIET_FRAMES || (c->blocked ?
	    c->outrun >= OUTRUN_TIMES : c->seen >= HOLD_FRAMES));
}

static void
go_on(struct checkpointer *c, bool progress)
{
	if (is_for_quiet(c))
		c->state = QUIET_WANTED;
	else if (progress)
		begin(c);
	else if (c->blocked)
		timer_set(c->again, AGAIN_MS);
}

static void
succeed(struct checkpointer *c, bool held)
{
	int copied = c->frames - c->left;
	bool progress = copied > c->copied;

	/* Others have made frames, too, or the log has begun anew since. */
	c->copied = copied < c->seen ? copied : c->seen;
	/* Commits beside the pass have left more. */
	if (checkpointer_uncopied(c) > c->left)
		c->left = checkpointer_uncopied(c);
	c->outrun = c->left < c->before ? 0 : c->outrun + progress;
	c->before = c->left;
	c->wait = 0;
	c->busy = 0;
	if (held)
		judge(c);
	else
		go_on(c, progress);
}

static void
on_pass(void *job, void *arg)
{
	struct checkpointer *c = job;
	bool held = c->state == QUIET;

	(void)arg;
	c->state = RESTING;
	c->passes++;
	if (c->result == SQL_DONE)
		succeed(c, held);
	else
		fail(c);
	/* The writer may be waiting, or be idle and not ask by itself. */
	if (c->state != BESIDE)
		c->on_quiet(c->arg);
}

struct checkpointer *
checkpointer_start(struct event_base *base, struct checkpoint *checkpoint,
    void (*on_quiet)(void *), void *arg)
{
	struct checkpointer *c = log_calloc(1, sizeof *c);

	c->checkpoint = checkpoint;
	c->on_quiet = on_quiet;
	c->arg = arg;
	c->again = timer_new(base, on_again, c);
	c->worker = worker_start("checkpoint", base, run_pass, on_pass, NULL);
	if (c->worker == NULL) {
		timer_free(c->again);
		free(c);
		return (NULL);
	}
	return (c);
}

void
checkpointer_stop(struct checkpointer *c)
{
	if (c == NULL)
		return;
	worker_stop(c->worker);
	timer_free(c->again);
	free(c);
}

void
checkpointer_frames(struct checkpointer *c, int frames)
{
	if (frames < c->seen)
		c->copied = 0;
	c->seen = frames;
	if (c->state == RESTING && frames >= BEGIN_FRAMES)
		begin(c);
}

void
checkpointer_hurry(struct checkpointer *c)
{
	if (c != NULL && c->state == RESTING)
		begin(c);
}

int
checkpointer_uncopied(const struct checkpointer *c)
{
	return (c == NULL || c->seen < c->copied ? 0 : c->seen - c->copied);
}

void
checkpointer_figures(const struct checkpointer *c,
    struct checkpointer_figures *f)
{
	*f = (struct checkpointer_figures){
		.blocked = c->blocked,
		.frames = c->seen,
		.passes = c->passes,
		.failures = c->failures,
	};
}

bool
checkpointer_holds(struct checkpointer *c)
{
	if (c->state == QUIET_WANTED) {
		c->state = QUIET;
		worker_assign(c->worker, c);
	}
	return (c->state == QUIET ||
	    (c->state == BESIDE && c->seen >= HOLD_FRAMES && !c->blocked));
}
