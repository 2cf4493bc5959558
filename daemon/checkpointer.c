#include "daemon/checkpointer.h"

#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/worker.h"
#include "sql/checkpoint.h"

#define BEGIN_FRAMES	8000	/* 32 MB of log: begin to copy */
#define QUIET_FRAMES	1000	/* so little left: the rest in one quiet pass */

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
	int			 frames;	/* of the pass that was made */
	int			 left;
	int			 copied;	/* by the pass before */
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
on_pass(void *job, void *arg)
{
	struct checkpointer *c = job;
	bool held = c->state == QUIET;
	bool progress = c->frames - c->left > c->copied;

	(void)arg;
	c->copied = c->frames - c->left;
	c->state = RESTING;
	if (c->result != SQL_DONE && c->result != SQL_BUSY)
		log_line(LOG_WARNING, "checkpoint: %s", c->error.text);
	else if (c->result == SQL_DONE && !held && c->left <= QUIET_FRAMES)
		c->state = QUIET_WANTED;
	else if (c->result == SQL_DONE && !held && progress) {
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
	c->worker = worker_start("checkpoint", base, run_pass, on_pass, NULL);
	if (c->worker == NULL) {
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
	free(c);
}

void
checkpointer_frames(struct checkpointer *c, int frames)
{
	if (c->state != RESTING || frames < BEGIN_FRAMES)
		return;
	c->copied = 0;
	c->state = BESIDE;
	worker_assign(c->worker, c);
}

bool
checkpointer_holds(struct checkpointer *c)
{
	if (c->state == QUIET_WANTED) {
		c->state = QUIET;
		worker_assign(c->worker, c);
	}
	return (c->state == QUIET);
}
