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
	int64_t			 wait;		/* ms, after the next failure */
	int			 seen;		/* frames, at the last commit */
	int			 frames;	/* of the pass that was made */
	int			 left;
	int			 copied;	/* of the frames seen, so many */
	bool			 blocked;	/* a quiet pass left much */
	bool			 complained;	/* of what failed last */
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

/* A quiet pass is made: is somebody in the way? */
static void
judge(struct checkpointer *c)
{
	bool before = c->blocked;

	c->blocked = c->left > QUIET_FRAMES;
	if (c->blocked)
		timer_set(c->again, AGAIN_MS);
	if (c->blocked && !before)
		log_line(LOG_WARNING, "checkpoint: another process reads an "
		    "old state of the file, its log grows until that is done");
	if (!c->blocked && before)
		log_line(LOG_NOTICE, "checkpoint: all is copied again");
}

/* Said once, however often it is tried again. */
static void
fail(struct checkpointer *c)
{
	c->failures++;
	/* Somebody else is at it. */
	if (c->result == SQL_BUSY)
		return;
	if (c->wait == 0)
		log_line(LOG_WARNING, "checkpoint: %s", c->error.text);
	c->wait = c->wait == 0 ? FAILED_MS : c->wait * 2;
	if (c->wait > FAILED_MAX_MS)
		c->wait = FAILED_MAX_MS;
	c->state = WAITING;
	timer_set(c->again, c->wait);
}

static void
on_again(void *v)
{
	struct checkpointer *c = v;

	if (c->state == RESTING || c->state == WAITING)
		begin(c);
}

/* More was copied: is all done, or is the rest for a quiet pass? */
static void
go_on(struct checkpointer *c, bool progress)
{
	if (c->left <= QUIET_FRAMES || c->seen >= HOLD_FRAMES)
		c->state = QUIET_WANTED;
	else if (progress)
		begin(c);
}

static void
on_pass(void *job, void *arg)
{
	struct checkpointer *c = job;
	bool held = c->state == QUIET, progress;

	(void)arg;
	c->state = RESTING;
	c->passes++;
	if (c->result != SQL_DONE)
		fail(c);
	else {
		/* Of a log that has begun anew since then, nothing. */
		progress = c->frames - c->left > c->copied;
		c->copied = c->frames <= c->seen ? c->frames - c->left : 0;
		c->wait = 0;
		if (held)
			judge(c);
		else
			go_on(c, progress);
	}
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
	    (c->state == BESIDE && c->seen >= HOLD_FRAMES));
}
