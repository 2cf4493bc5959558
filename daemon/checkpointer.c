#include "daemon/checkpointer.h"

#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/timer.h"
#include "daemon/worker.h"
#include "sql/checkpoint.h"

#define BEGIN_BYTES	(32 << 20)	/* of log: begin to copy */
#define QUIET_BYTES	(4 << 20)	/* so little left: the rest in one quiet
					   pass */
#define HOLD_BYTES	(48 << 20)	/* no more until all is copied */
#define REST_BYTES	(16 << 20)	/* ... for which so little is left */
#define AGAIN_MS	5000	/* between looks whether still blocked */
#define FAILED_MS	500	/* before a pass that failed is made again:
				   it copies all from where it began, */
#define FAILED_MAX_MS	8000	/* ... and twice as long each time */
#define BUSY_MS		500	/* ... when another process was making one */
#define BUSY_TIMES	6	/* one after the other: it does not end */

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
	int			 seen;		/* frames, as far as is known */
	int			 begun;		/* seen when the pass began */
	int			 limit;		/* frames: no more beside it */
	int			 copied;	/* of the frames seen, so many */
	bool			 blocked;	/* somebody is in the way */
	uint64_t		 passes;
	uint64_t		 failures;
	struct sql_error	 failed;	/* the last pass; or no text */
	/* of the pass that was made, by the thread */
	int			 frames;
	int			 left;
	enum sql_result		 result;
	struct sql_error	 error;
	void			(*on_quiet)(void *);
	void			(*on_fatal)(enum sql_result, void *);
	void			*arg;
};

static int
frames_of(const struct checkpointer *c, int bytes)
{
	return (bytes / checkpoint_frame(c->checkpoint));
}

static void
run_pass(void *job, void *arg)
{
	struct checkpointer *c = job;

	(void)arg;
	c->result = checkpoint_pass(c->checkpoint, &c->frames, &c->left,
	    &c->error);
}

/*
 * How long the log may grow beside a pass.  One that is long, because somebody
 * was in the way, by half of what is to be copied: so each pass has less to do
 * than the one before, and commits wait only if they are much faster than we
 * are.
 */
static int
limit_of(const struct checkpointer *c)
{
	int hold = frames_of(c, HOLD_BYTES), quiet = frames_of(c, QUIET_BYTES);
	int half = checkpointer_uncopied(c) / 2;

	return (c->seen < hold ? hold : c->seen + (half > quiet ? half :
	    quiet));
}

static void
begin(struct checkpointer *c, enum state state)
{
	c->state = state;
	c->begun = c->seen;
	c->limit = limit_of(c);
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

/* Somebody else is at it, which is everyday life until it does not end. */
static void
wait_for_other(struct checkpointer *c)
{
	if (++c->busy >= BUSY_TIMES && c->seen >= frames_of(c, HOLD_BYTES))
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
	c->failed = c->error;
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
		begin(c, BESIDE);
}

/* What is in the log now, and how much of it is copied. */
static void
take_stock(struct checkpointer *c)
{
	int copied = c->frames - c->left;

	/* Without a commit of ours the log is what the pass has found: others
	   may have made it longer, or have begun it anew. */
	if (c->seen == c->begun)
		c->seen = c->frames;
	else if (c->seen < c->begun)
		copied = 0;		/* of the log before this one */
	c->copied = copied < c->seen ? copied : c->seen;
}

/* May the rest be copied while the writer waits? */
static bool
is_for_quiet(const struct checkpointer *c)
{
	int left = checkpointer_uncopied(c);

	return (left <= frames_of(c, QUIET_BYTES) ||
	    (c->seen >= frames_of(c, HOLD_BYTES) &&
	    left <= frames_of(c, REST_BYTES)));
}

static void
succeed(struct checkpointer *c, bool held)
{
	take_stock(c);
	c->wait = 0;
	c->busy = 0;
	c->failed.text[0] = '\0';
	if (c->left > frames_of(c, QUIET_BYTES)) {
		/* A reader: briefly, or the log becomes too long. */
		if (c->seen >= frames_of(c, HOLD_BYTES))
			set_blocked(c, true);
		timer_set(c->again, AGAIN_MS);
	} else if (held || checkpointer_uncopied(c) == 0)
		set_blocked(c, false);
	else if (is_for_quiet(c))
		c->state = QUIET_WANTED;
	else
		begin(c, BESIDE);
}

static void
on_pass(void *job, void *arg)
{
	struct checkpointer *c = job;
	bool held = c->state == QUIET;

	(void)arg;
	c->state = RESTING;
	c->passes++;
	if (c->result == SQL_UNKNOWN) {
		log_line(LOG_ERR, "checkpoint: %s", c->error.text);
		c->on_fatal(c->result, c->arg);
		return;
	}
	if (c->result == SQL_DONE)
		succeed(c, held);
	else
		fail(c);
	/* The writer may be waiting, or be idle and not ask by itself; beside the
	   next pass the log may grow again. */
	c->on_quiet(c->arg);
}

struct checkpointer *
checkpointer_start(struct event_base *base, struct checkpoint *checkpoint,
    void (*on_quiet)(void *), void (*on_fatal)(enum sql_result, void *),
    void *arg)
{
	struct checkpointer *c = log_calloc(1, sizeof *c);

	c->checkpoint = checkpoint;
	c->on_quiet = on_quiet;
	c->on_fatal = on_fatal;
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
	if (c->state == RESTING && frames >= frames_of(c, BEGIN_BYTES))
		begin(c, BESIDE);
}

void
checkpointer_hurry(struct checkpointer *c)
{
	if (c != NULL && c->state == RESTING)
		begin(c, BESIDE);
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
		.failed = c->failed.text[0] != '\0' ? &c->failed : NULL,
		.frames = c->seen,
		.passes = c->passes,
		.failures = c->failures,
	};
}

bool
checkpointer_holds(struct checkpointer *c)
{
	if (c == NULL)
		return (false);
	if (c->state == QUIET_WANTED)
		begin(c, QUIET);
	return (c->state == QUIET ||
	    (c->state == BESIDE && c->seen >= c->limit));
}
