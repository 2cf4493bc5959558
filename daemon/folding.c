/*
 * When summaries of executions are brought up to date: at once for who asks,
 * else when it has been quiet for a moment, and under load now and then.
 */
#include "daemon/clock.h"
#include "daemon/ingest_inner.h"
#include "daemon/writer.h"
#include "sql/store.h"

#define FOLD_MS		1000	/* after a commit that leaves something unread,
				   or a failure */
#define FOLD_BUSY_MS	500	/* between two steps while commits are due */
#define FOLD_GAP_MS	5	/* else */
#define FOLD_GAP_MIN_US	2000	/* in a shared file the lock is left alone for
				   two holds, and at least so long */

static void
serve(struct ingest *in)
{
	struct fold_waiter *w, *next;

	for (w = TAILQ_FIRST(&in->folds); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (!w->served)
			continue;
		TAILQ_REMOVE(&in->folds, w, entry);
		w->done(w->arg);
	}
}

void
ingest_await_fold(struct ingest *in, struct fold_waiter *w)
{
	w->served = false;
	TAILQ_INSERT_TAIL(&in->folds, w, entry);
	if (in->health.degraded || in->dead || in->draining)
		folding_give_up(in);
	else
		ingest_poke(in);
}

/* Nothing can be written for now: readers get what there is. */
void
folding_give_up(struct ingest *in)
{
	struct fold_waiter *w;

	TAILQ_FOREACH(w, &in->folds, entry)
		w->served = true;
	serve(in);
}

void
ingest_forget_fold(struct ingest *in, struct fold_waiter *w)
{
	TAILQ_REMOVE(&in->folds, w, entry);
}

/* The writer is idle: monotonic ms of the next step; INT64_MAX: none. */
int64_t
folding_at(const struct ingest *in)
{
	if (!TAILQ_EMPTY(&in->folds))
		return (in->pace.ready_us / 1000);
	return (in->fold_at != 0 ? in->fold_at : INT64_MAX);
}

bool
folding_due(struct ingest *in, int64_t now)
{
	struct fold_waiter *w;

	if (in->draining || in->in_flight || now < folding_at(in) ||
	    clock_mono_us() < in->pace.ready_us)
		return (false);
	TAILQ_FOREACH(w, &in->folds, entry)
		w->served = true;
	writer_fold(in->writer);
	return (true);
}

void
folding_committed(struct ingest *in, int64_t now)
{
	if (in->fold_at == 0 && store_is_unread(in->store))
		in->fold_at = now + FOLD_MS;
}

/* Whatever came of it: who waits is told. */
void
folding_done(struct ingest *in, const struct writer_job *job, bool busy)
{
	const struct store_hold *h = &job->hold;
	int64_t now = clock_mono_ms(), gap = 2 * h->hold_us, ready;

	if (job->result != SQL_DONE)
		in->fold_at = now + FOLD_MS;
	else if (store_is_unread(in->store))
		in->fold_at = now + (busy ? FOLD_BUSY_MS : FOLD_GAP_MS);
	else
		in->fold_at = 0;
	ready = h->released_us + (gap > FOLD_GAP_MIN_US ? gap :
	    FOLD_GAP_MIN_US);
	if (job->result == SQL_DONE && ready > in->pace.ready_us &&
	    pace_is_shared(&in->pace, clock_mono_us()))
		in->pace.ready_us = ready;
	serve(in);
}
