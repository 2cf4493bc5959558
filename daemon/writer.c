#include "daemon/writer.h"

#include <malloc.h>
#include <stdlib.h>

#include "daemon/batch.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/order.h"
#include "daemon/worker.h"
#include "sql/retention.h"

struct writer {
	struct worker		*worker;
	struct store		*store;
	struct order		 order;
	struct writer_job	 job;
	void			(*done)(const struct writer_job *, void *);
	void			*arg;
};

static void
commit(struct writer *w, struct writer_job *job)
{
	struct batch *b = job->batch;
	struct store_batch rows;

	/* Once: a batch that is tried again stays as it is. */
	if (!b->ordered)
		order_rows(&w->order, b->log, b->nlog);
	b->ordered = true;
	rows = (struct store_batch){
		.log = b->log,
		.nlog = b->nlog,
		.audit = b->audit,
		.naudit = b->naudit,
		.mark = b->mark,
		.nmark = b->nmark,
		.claim = b->claim,
		.nclaim = b->nclaim,
		.forget = b->forget,
		.nforget = b->nforget,
		.sweep = b->sweep,
		.present = b->present,
		.npresent = b->npresent,
		.opening = b->opening,
		.nopening = b->nopening,
		.stream = b->stream,
		.nstream = b->nstream,
		.now_ms = clock_wall_ms(),
		.mono_ms = clock_mono_ms(),
	};
	job->result = store_commit(w->store, &rows, &job->commit, &job->error);
}

/* Freed memory does not leave the process by itself. */
static void
tidy(struct writer *w)
{
	order_free(&w->order);
	store_tidy(w->store);
	(void)malloc_trim(0);
}

static void
run_job(void *v, void *arg)
{
	struct writer_job *job = v;
	struct writer *w = arg;

	switch (job->task) {
	case WRITER_COMMIT:
		commit(w, job);
		break;
	case WRITER_LOOK:
		job->result = store_look(w->store, &job->position,
		    &job->error);
		break;
	case WRITER_FOLD:
		job->result = store_fold(w->store, clock_wall_ms(),
		    &job->hold, &job->error);
		break;
	case WRITER_SWEEP:
		job->result = store_sweep(w->store, job->step, &job->error);
		break;
	case WRITER_TIDY:
		tidy(w);
		break;
	}
	job->uncounted = store_uncounted(w->store);
}

static void
on_done(void *v, void *arg)
{
	struct writer *w = arg;

	w->done(v, w->arg);
}

struct writer *
writer_start(struct event_base *base, struct store *store,
    void (*done)(const struct writer_job *, void *arg), void *arg)
{
	struct writer *w = log_calloc(1, sizeof *w);

	w->store = store;
	w->done = done;
	w->arg = arg;
	w->worker = worker_start("writer", base, run_job, on_done, w);
	if (w->worker == NULL) {
		free(w);
		return (NULL);
	}
	return (w);
}

void
writer_stop(struct writer *w)
{
	if (w == NULL)
		return;
	worker_stop(w->worker);
	order_free(&w->order);
	free(w);
}

bool
writer_is_idle(const struct writer *w)
{
	return (worker_is_idle(w->worker));
}

void
writer_commit(struct writer *w, struct batch *batch)
{
	w->job.task = WRITER_COMMIT;
	w->job.batch = batch;
	worker_assign(w->worker, &w->job);
}

void
writer_look(struct writer *w)
{
	w->job.task = WRITER_LOOK;
	worker_assign(w->worker, &w->job);
}

void
writer_fold(struct writer *w)
{
	w->job.task = WRITER_FOLD;
	worker_assign(w->worker, &w->job);
}

void
writer_sweep(struct writer *w, struct sweep_step *step)
{
	w->job.task = WRITER_SWEEP;
	w->job.step = step;
	worker_assign(w->worker, &w->job);
}

void
writer_tidy(struct writer *w)
{
	w->job.task = WRITER_TIDY;
	worker_assign(w->worker, &w->job);
}
