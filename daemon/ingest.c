#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/admit.h"
#include "daemon/batch.h"
#include "daemon/checkpointer.h"
#include "daemon/clock.h"
#include "daemon/follow.h"
#include "daemon/ingest_inner.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/lost.h"
#include "daemon/streams.h"
#include "daemon/timer.h"
#include "daemon/writer.h"
#include "sql/store.h"

#define POLL_MS		50	/* between two looks for others' rows, while
				   the writer is idle and somebody follows */

#define SWEEP_MS	3600000	/* between two looks for idle producers */

/* Sealed: the set of records is fixed, for every producer a prefix. */
static void
seal(struct ingest *in, int64_t now)
{
	struct batch *sealed = in->open;

	assert(!in->in_flight);
	if (now - in->swept_at >= SWEEP_MS) {
		ledger_present(&in->ledger, sealed);
		sealed->sweep = true;
		in->swept_at = now;
	}
	in->open = in->flight;
	batch_reset(in->open, sealed->serial + 1);
	in->flight = sealed;
	in->in_flight = true;
	in->retry_at = 0;
	ledger_seal(&in->ledger);
}

size_t
ingest_pending_bytes(const struct ingest *in)
{
	return (in->open->bytes + (in->in_flight ? in->flight->bytes : 0));
}

/* A batch was sealed or committed: who was refused may ask again. */
static void
tell_room(struct ingest *in)
{
	if (!in->refused || in->draining)
		return;
	in->refused = false;
	in->hooks.on_room(in->hooks.arg);
}

/* Has more come than one transaction takes? */
static bool
has_more(const struct ingest *in)
{
	return (in->refused || batch_is_full(in->open, &in->pace.limit));
}

/* A batch that somebody was refused for, or a drain, waits for nobody. */
static bool
is_due(const struct ingest *in, int64_t now)
{
	return (!batch_is_empty(in->open) && (in->draining || has_more(in) ||
	    batch_is_due(in->open, now, in->config.flush_rows,
	    in->config.flush_ms)));
}

/* Commit what is due, or try again what was not committed. */
static bool
commit_due(struct ingest *in, int64_t now)
{
	if (in->in_flight ? now < in->retry_at : !is_due(in, now) ||
	    (clock_mono_us() < in->pace.ready_us && !in->draining))
		return (false);
	if (!in->in_flight)
		seal(in, now);
	store_keep_room(in->store, checkpointer_uncopied(in->checkpointer));
	writer_commit(in->writer, in->flight);
	tell_room(in);
	return (true);
}

static bool
is_look_wanted(const struct ingest *in)
{
	return (follow_count(in->follow) > 0 || in->look);
}

/* Look for others' rows, if anybody wants them. */
static bool
look_due(struct ingest *in, int64_t now)
{
	if (!is_look_wanted(in) || now < in->poll_at)
		return (false);
	in->look = false;
	in->poll_at = now + POLL_MS;
	writer_look(in->writer);
	return (true);
}

/* Nothing has come for a while. */
static bool
tidy_due(struct ingest *in, int64_t now)
{
	if (in->tidy_at == 0 || now < in->tidy_at || in->in_flight ||
	    !batch_is_empty(in->open))
		return (false);
	in->tidy_at = 0;
	batch_tidy(in->open);
	batch_tidy(in->flight);
	writer_tidy(in->writer);
	return (true);
}

/* Wait for whichever comes first. */
static void
rest(struct ingest *in, int64_t now)
{
	int64_t next = INT64_MAX;

	if (!in->in_flight && is_due(in, now)) {
		timer_set_us(in->timer, in->pace.ready_us - clock_mono_us());
		return;
	}
	if (in->in_flight)
		next = in->retry_at;
	else if (!batch_is_empty(in->open))
		next = in->open->begun_ms + in->config.flush_ms;
	else if (in->tidy_at != 0)
		next = in->tidy_at;
	if (is_look_wanted(in) && in->poll_at < next)
		next = in->poll_at;
	if (folding_at(in) < next && !in->draining && !in->in_flight)
		next = folding_at(in);
	if (streams_deadline(in->streams) < next)
		next = streams_deadline(in->streams);
	next = sweeping_rest(in, now, next);
	if (next != INT64_MAX)
		timer_set(in->timer, next - now);
}

struct intake
ingest_intake(const struct ingest *in)
{
	return ((struct intake){
		.streams = in->streams,
		.admit = in->admit,
		.batch = in->open,
		.wall = clock_wall_ms(),
		.mono = clock_mono_ms(),
	});
}

/* Producers that have not come back in time: their streams are lost. */
static void
lose_due(struct ingest *in, int64_t now)
{
	struct intake intake;
	struct holder *h;

	while (!in->draining &&
	    (h = streams_due(in->streams, now)) != NULL) {
		intake = ingest_intake(in);
		lost_holder(&intake, h);
		in->open->urgent = true;
	}
}

void
ingest_poke(struct ingest *in)
{
	int64_t now = clock_mono_ms();

	/* Who is told of a commit may poke; the batch is still in use then,
	   and there is a poke when all know. */
	if (!writer_is_idle(in->writer) || in->settling)
		return;
	/* Nothing will ever be committed: a stop need not wait. */
	if (in->dead && in->draining)
		in->hooks.on_drained(in->hooks.arg);
	if (in->dead)
		return;
	timer_clear(in->timer);
	if (folding_held(in, checkpointer_holds(in->checkpointer), now))
		return;
	lose_due(in, now);
	if (sweeping_is_starved(in, now) || folding_due(in, now) ||
	    commit_due(in, now))
		return;
	if (!in->in_flight && batch_is_empty(in->open)) {
		/* What was refused and has left no row is done with. */
		ledger_settle(&in->ledger);
		if (in->draining) {
			in->hooks.on_drained(in->hooks.arg);
			return;
		}
	}
	if (!look_due(in, now) &&
	    ((!in->in_flight && is_due(in, now)) || !sweeping_due(in)) &&
	    !tidy_due(in, now))
		rest(in, now);
}

static void
on_timer(void *v)
{
	ingest_poke(v);
}

static void
on_failure(struct ingest *in, const struct writer_job *job)
{
	struct sql_error error = job->error;
	int64_t now = clock_mono_ms(), delay;

	error.result = job->result;
	meter_failed(&in->meter, &job->commit, job->result == SQL_BUSY);
	delay = health_failed(&in->health, &error, now,
	    batch_rows(in->flight));
	in->retry_at = now + delay;
	in->dead = delay < 0;
	folding_give_up(in);
	if (job->result == SQL_FULL)
		checkpointer_hurry(in->checkpointer);
	if (job->result == SQL_UNKNOWN || job->result == SQL_MOVED)
		in->hooks.on_fatal(job->result, in->hooks.arg);
}

/*
 * The writer has come back: when may it go on, and with how much?  A producer
 * that flushes because its queue is full is best served by large transactions.
 */
static void
set_pace(struct ingest *in, const struct store_commit *c)
{
	const struct batch *b = in->flight;

	pace_done(&in->pace, &(struct pace_hold){
		.rows = batch_rows(b),
		.bytes = b->bytes,
		.hold_us = c->hold_us,
		.released_us = c->begun_us + c->hold_us,
		.foreign = c->foreign,
		.more = has_more(in),
	});
	pace_predict(&in->pace, b->watched || in->open->watched,
	    clock_mono_us());
}

static void
on_commit(struct ingest *in, const struct store_commit *c)
{
	struct batch *b = in->flight;
	int64_t now = clock_mono_ms();

	health_recovered(&in->health);
	in->in_flight = false;
	in->serial = b->serial;
	in->tidy_at = now + LIMIT_TIDY_MS;
	meter_commit(&in->meter, c, batch_rows(b), (now - b->begun_ms) * 1000);
	set_pace(in, c);
	folding_committed(in, now);
	if (in->checkpointer != NULL)
		checkpointer_frames(in->checkpointer,
		    c->wal_frames);
	in->settling = true;
	ledger_commit(&in->ledger);
	/* Before claims are answered: what an older connection has left is
	   judged as it is in the file. */
	streams_committed(in->streams, b);
	ledger_answer(&in->ledger, b);
	admit_committed(in->admit, b, now);
	follow_committed(in->follow, b, c);
	if (in->hooks.on_commit != NULL)
		in->hooks.on_commit(c, in->hooks.arg);
	in->settling = false;
	/* Its memory is for the next one; its rows are gone. */
	batch_reset(b, 0);
}

void
ingest_die(struct ingest *in, const struct writer_job *job)
{
	log_line(LOG_ERR, "%s", job->error.text);
	in->dead = true;
	in->hooks.on_fatal(job->result, in->hooks.arg);
}

static void
on_job(const struct writer_job *job, void *arg)
{
	struct ingest *in = arg;

	in->uncounted = job->uncounted;
	if (job->task == WRITER_LOOK && job->result == SQL_DONE)
		follow_advanced(in->follow, &job->position);
	else if (job->task == WRITER_LOOK && job->result == SQL_MOVED)
		ingest_die(in, job);
	else if (job->task == WRITER_COMMIT && job->result == SQL_DONE) {
		on_commit(in, &job->commit);
		tell_room(in);
	} else if (job->task == WRITER_FOLD)
		folding_done(in, job, !batch_is_empty(in->open));
	else if (job->task == WRITER_COMMIT)
		on_failure(in, job);
	else if (job->task == WRITER_SWEEP)
		sweeping_done(in, job, has_more(in));
	ingest_poke(in);
}

struct ingest *
ingest_start(struct event_base *base, struct store *store,
    struct follow *follow, struct streams *streams,
    const struct ingest_config *config, const struct ingest_hooks *hooks)
{
	struct ingest *in = log_calloc(1, sizeof *in);
	int saved;

	in->config = *config;
	in->hooks = *hooks;
	in->follow = follow;
	in->streams = streams;
	in->store = store;
	TAILQ_INIT(&in->folds);
	in->fold_at = clock_mono_ms();
	pace_init(&in->pace, config->lock_ms * 1000,
	    store_has_foreign_tables(store));
	pace_predict(&in->pace, false, clock_mono_us());
	in->open = batch_new();
	in->flight = batch_new();
	batch_reset(in->open, 1);
	in->swept_at = clock_mono_ms();
	in->uncounted = store_uncounted(store);
	in->admit = admit_new(config->secrets);
	in->timer = timer_new(base, on_timer, in);
	in->writer = writer_start(base, store, on_job, in);
	if (in->writer == NULL) {
		saved = errno;
		ingest_stop(in);
		errno = saved;
		return (NULL);
	}
	return (in);
}

void
ingest_stop(struct ingest *in)
{
	if (in == NULL)
		return;
	writer_stop(in->writer);
	timer_free(in->timer);
	admit_free(in->admit);
	batch_free(in->open);
	batch_free(in->flight);
	free(in);
}

void
ingest_set_checkpointer(struct ingest *in, struct checkpointer *c)
{
	in->checkpointer = c;
}

void
ingest_hurry(struct ingest *in)
{
	if (!batch_is_empty(in->open))
		in->open->urgent = true;
	ingest_poke(in);
}

void
ingest_look(struct ingest *in)
{
	in->look = true;
	ingest_poke(in);
}

uint64_t
ingest_pending(const struct ingest *in, struct span execution)
{
	if (batch_has(in->open, execution))
		return (in->open->serial);
	if (in->in_flight && batch_has(in->flight, execution))
		return (in->flight->serial);
	return (0);
}

uint64_t
ingest_serial(const struct ingest *in)
{
	return (in->serial);
}

void
ingest_drain(struct ingest *in)
{
	in->draining = true;
	ingest_poke(in);
}

bool
ingest_is_draining(const struct ingest *in)
{
	return (in->draining);
}

size_t
ingest_captures_of(const struct ingest *in, struct span execution)
{
	return (streams_of(in->streams, execution));
}

void
ingest_figures(const struct ingest *in, struct ingest_figures *f)
{
	*f = (struct ingest_figures){
		.degraded = in->health.degraded,
		.reason = in->health.degraded ? in->health.error.text : NULL,
		.result = in->health.error.result,
		.pending_rows = batch_rows(in->open) +
		    (in->in_flight ? batch_rows(in->flight) : 0),
		.pending_bytes = ingest_pending_bytes(in),
		.uncounted = in->uncounted,
		.unfolded = in->fold_error.result != SQL_DONE ?
		    &in->fold_error : NULL,
		.refused = admit_refused(in->admit),
		.retries = in->health.retries,
		.held_back = in->held_back,
		.rows_per_s = meter_rate(&in->meter, clock_mono_us()),
		.producers = in->ledger.count,
		.streams = in->streams->open,
		.lost_streams = in->streams->lost,
		.dropped_lines = in->streams->dropped_lines,
		.shared = pace_is_shared(&in->pace, clock_mono_us()),
		.meter = &in->meter,
	};
}
