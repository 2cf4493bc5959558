#include "daemon/checkpointer.h"

#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/timer.h"
#include "daemon/worker.h"
#include "sql/checkpoint.h"

#define BEGIN_FRAMES	8000	/* 32 MB of log: begin to copy */
#define QUIET_FRAMES	1000	/* so little left: the rest in one quiet pass */
#define AGAIN_MS	5000	/* between looks whether still blocked */
#define FULL_MS		500	/* between passes on a full disk */
#define HOLD_FRAMES	12000	/* 48 MB: no more until all is copied */

enum state {
	RESTING,
	BESIDE,		/* passes run beside the commits */
	QUIET_WANTED,	/* waiting for the writer to be idle */
	QUIET,		/* the writer is held */
};

struct checkpointer {
	struct worker		*worker;
	struct checkpoint	*checkpoint;
	enum state		 state;
	struct timer		*again;		/* while blocked */
	int			 seen;		/* frames, at the last commit */
	int			 frames;	/* of the pass that was made */
	int			 left;
	int			 copied;	/* by the pass before */
	bool			 blocked;	/* a quiet pass left much */
	bool			 complained;	/* of what failed last */
	int64_t			 hurried_at;	/* ms; 0: never */
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
	c->copied = 0;
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

/* Once, however often it is tried again. */
static void
complain(struct checkpointer *c)
{
	if (!c->complained)
		log_line(LOG_WARNING, "checkpoint: %s", c->error.text);
	c->complained = true;
}

static void
on_again(void *v)
{
	struct checkpointer *c = v;

	if (c->state == RESTING)
		begin(c);
}

static void
on_pass(void *job, void *arg)
{
	struct checkpointer *c = job;
	bool held = c->state == QUIET;
	bool progress = c->frames - c->left > c->copied;

	(void)arg;
	c->copied = c->frames - c->left;
	c->state = RESTING;
	c->passes++;
	if (c->result != SQL_DONE)
		c->failures++;
	if (c->result == SQL_DONE)
		c->complained = false;
	if (c->result != SQL_DONE && c->result != SQL_BUSY)
		complain(c);
	else if (c->result == SQL_DONE && held)
		judge(c);
	else if (c->result == SQL_DONE && (c->left <= QUIET_FRAMES ||
	    c->seen >= HOLD_FRAMES))
		c->state = QUIET_WANTED;
	else if (c->result == SQL_DONE && progress) {
		c->state = BESIDE;
		worker_assign(c->worker, c);
		return;
	}
	/* The writer may be waiting, or be idle and not ask by itself. */
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
	c->seen = frames;
	if (c->state == RESTING && frames >= BEGIN_FRAMES)
		begin(c);
}

void
checkpointer_hurry(struct checkpointer *c, int64_t now)
{
	if (c == NULL || c->state != RESTING ||
	    (c->hurried_at != 0 && now - c->hurried_at < FULL_MS))
		return;
	c->hurried_at = now;
	begin(c);
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
