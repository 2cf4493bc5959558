/*
 * When summaries of executions are brought up to date: at once for who asks,
 * else when it has been quiet for a moment, and under load now and then.
 */
#include <stdio.h>

#include "daemon/checkpointer.h"
#include "daemon/clock.h"
#include "daemon/ingest_inner.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/timer.h"
#include "daemon/writer.h"
#include "sql/store.h"

#define FOLD_MS		5000	/* after a commit that leaves something unread,
				   or a failure */
#define FOLD_BUSY_MS	500	/* between two steps while commits are due */
#define FOLD_GAP_MS	5	/* else, or when somebody waits */
#define FOLD_GAP_MIN_US	2000	/* in a shared file the lock is left alone for
				   two holds, and at least so long */

/* Those that a step was made for, and that have waited for `longest` ms. */
static void
serve(struct ingest *in, int64_t longest)
{
	int64_t now = clock_mono_ms();
	struct fold_waiter *w, *next;

	for (w = TAILQ_FIRST(&in->folds); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->since == 0 || now - w->since < longest)
			continue;
		TAILQ_REMOVE(&in->folds, w, entry);
		w->done(w->arg);
	}
}

static void
step_is_theirs(struct ingest *in, int64_t now)
{
	struct fold_waiter *w;

	TAILQ_FOREACH(w, &in->folds, entry)
		if (w->since == 0)
			w->since = now;
}

void
ingest_await_fold(struct ingest *in, struct fold_waiter *w)
{
	w->since = 0;
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
	step_is_theirs(in, clock_mono_ms());
	serve(in, 0);
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
	const struct fold_waiter *w = TAILQ_LAST(&in->folds, fold_waiters);

	if (w != NULL && w->since == 0)
		return (in->pace.ready_us / 1000);
	return (in->fold_at != 0 ? in->fold_at : INT64_MAX);
}

bool
folding_due(struct ingest *in, int64_t now)
{
	if (in->draining || in->in_flight || now < folding_at(in) ||
	    clock_mono_us() < in->pace.ready_us)
		return (false);
	step_is_theirs(in, now);
	store_keep_room(in->store, checkpointer_uncopied(in->checkpointer));
	writer_fold(in->writer);
	return (true);
}

bool
folding_held(struct ingest *in, bool held, int64_t now)
{
	if (!held)
		in->held_at = 0;
	else if (in->held_at == 0)
		in->held_at = now;
	if (!held || TAILQ_EMPTY(&in->folds))
		return (held);
	if (now - in->held_at >= LIMIT_FOLD_MS)
		folding_give_up(in);
	else
		timer_set(in->timer, in->held_at + LIMIT_FOLD_MS - now);
	return (held);
}

void
folding_committed(struct ingest *in, int64_t now)
{
	if (in->fold_at == 0 && store_is_unread(in->store))
		in->fold_at = now + FOLD_MS;
}

/* Another program has the lock, or one step was not enough. */
static bool
is_unfinished(const struct ingest *in, const struct writer_job *job)
{
	return (job->result == SQL_BUSY ||
	    (job->result == SQL_DONE && store_is_unread(in->store)));
}

/* Monotonic ms of the next step; 0: there is nothing for it. */
static int64_t
next_step(const struct ingest *in, enum sql_result result, bool busy,
    int64_t now)
{
	if (result == SQL_DONE && !store_is_unread(in->store))
		return (0);
	if (!TAILQ_EMPTY(&in->folds))
		return (now + FOLD_GAP_MS);	/* a commit may go before it */
	if (result != SQL_DONE)
		return (now + FOLD_MS);
	return (now + (busy ? FOLD_BUSY_MS : FOLD_GAP_MS));
}

/* Said once, however often it is tried again; a lock that somebody else has is
   everyday life. */
static void
note_error(struct ingest *in, const struct writer_job *job)
{
	struct sql_error *e = &in->fold_error;

	if (job->result == SQL_BUSY)
		return;
	if (job->result == SQL_DONE && e->result != SQL_DONE)
		log_line(LOG_NOTICE, "list and inspect are up to date again");
	else if (job->result != SQL_DONE) {
		(void)snprintf(e->text, sizeof e->text,
		    "list and inspect lag behind: %.200s", job->error.text);
		if (e->result == SQL_DONE)
			log_line(LOG_WARNING, "%s", e->text);
	}
	e->result = job->result;
}

/* What it has cost the log counts as that of a commit does. */
static void
tell_checkpointer(struct ingest *in, const struct writer_job *job)
{
	if (job->result == SQL_DONE && in->checkpointer != NULL)
		checkpointer_frames(in->checkpointer, job->hold.wal_frames);
	else if (job->result == SQL_FULL)
		checkpointer_hurry(in->checkpointer);
}

void
folding_done(struct ingest *in, const struct writer_job *job, bool busy)
{
	const struct store_hold *h = &job->hold;
	int64_t now = clock_mono_ms(), gap = 2 * h->hold_us, ready;

	if (job->result == SQL_UNKNOWN) {
		ingest_die(in, job);
		return;
	}
	/* It has read pages that nobody asks for again. */
	in->tidy_at = now + LIMIT_TIDY_MS;
	if (job->result == SQL_DONE)
		meter_fold(&in->meter, h);
	tell_checkpointer(in, job);
	note_error(in, job);
	serve(in, !is_unfinished(in, job) ? 0 :
	    busy ? LIMIT_FOLD_BUSY_MS : LIMIT_FOLD_MS);
	in->fold_at = next_step(in, job->result, busy, now);
	ready = h->released_us + (gap > FOLD_GAP_MIN_US ? gap :
	    FOLD_GAP_MIN_US);
	if (job->result == SQL_DONE && ready > in->pace.ready_us &&
	    pace_is_shared(&in->pace, clock_mono_us()))
		in->pace.ready_us = ready;
}
