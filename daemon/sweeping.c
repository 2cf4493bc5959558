#include "daemon/checkpointer.h"
#include "daemon/clock.h"
#include "daemon/ingest_inner.h"
#include "daemon/limits.h"
#include "daemon/retention.h"
#include "daemon/writer.h"

#define STARVED_MS	100	/* a sweep that has waited so long goes before a
				   commit, once */

static bool
is_blocked(const struct ingest *in)
{
	struct checkpointer_figures f = { 0 };

	if (in->checkpointer != NULL)
		checkpointer_figures(in->checkpointer, &f);
	return (f.blocked);
}

/* The writer has a batch; but where that waits for room on the disk, a sweep
   makes some. */
static bool
is_taken(const struct ingest *in)
{
	return (in->in_flight && (!in->health.degraded ||
	    in->health.error.result != SQL_FULL));
}

bool
sweeping_due(struct ingest *in)
{
	int64_t us = clock_mono_us();
	struct clock_mark now;
	struct sweep_step *step;

	if (in->retention == NULL || in->draining || is_taken(in) ||
	    us < in->pace.ready_us)
		return (false);
	if (is_blocked(in)) {
		retention_hinder(in->retention, "another process reads an old "
		    "state of the file (fuser shows who has it): the sweep "
		    "goes on when that is done");
		return (false);
	}
	clock_mark(&now);
	step = retention_step(in->retention, &now,
	    pace_sweep_us(&in->pace, us));
	if (step == NULL)
		return (false);
	writer_sweep(in->writer, step);
	return (true);
}

bool
sweeping_is_starved(struct ingest *in, int64_t now)
{
	struct clock_mark mark;

	if (in->retention == NULL || now - in->stepped_at < STARVED_MS)
		return (false);
	clock_mark(&mark);
	return (retention_deadline(in->retention) <= mark.boot_ms &&
	    sweeping_due(in));
}

int64_t
sweeping_rest(const struct ingest *in, int64_t now, int64_t next)
{
	struct clock_mark mark;
	int64_t us = clock_mono_us(), at;

	if (in->retention == NULL || is_taken(in) || in->draining ||
	    (at = retention_deadline(in->retention)) == INT64_MAX)
		return (next);
	clock_mark(&mark);
	at += now - mark.boot_ms;
	if (is_blocked(in) && at < now + STARVED_MS)
		at = now + STARVED_MS;
	if (in->pace.ready_us > us &&
	    at < now + (in->pace.ready_us - us) / 1000 + 1)
		at = now + (in->pace.ready_us - us) / 1000 + 1;
	return (at < next ? at : next);
}

/* What it has cost counts as that of a commit does. */
void
sweeping_done(struct ingest *in, const struct writer_job *job, bool more)
{
	const struct store_commit *c = &job->step->commit;
	struct clock_mark now;

	in->stepped_at = clock_mono_ms();
	in->tidy_at = in->stepped_at + LIMIT_TIDY_MS;
	if (job->result == SQL_DONE && c->hold_us > 0) {
		meter_hold(&in->meter, c);
		pace_done(&in->pace, &(struct pace_hold){
			.hold_us = c->hold_us,
			.released_us = c->begun_us + c->hold_us,
			.foreign = c->foreign,
			.more = more,
		});
		if (in->checkpointer != NULL)
			checkpointer_frames(in->checkpointer, c->wal_frames);
	}
	if (job->result == SQL_FULL)
		checkpointer_hurry(in->checkpointer);
	folding_committed(in, in->stepped_at);
	clock_mark(&now);
	if (retention_stepped(in->retention, job->result, &job->error, &now))
		in->hooks.on_swept(in->hooks.arg);
	if (job->result == SQL_UNKNOWN)
		ingest_die(in, job);
}

void
ingest_set_retention(struct ingest *in, struct retention *r)
{
	in->retention = r;
}
