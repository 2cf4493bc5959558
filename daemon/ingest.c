#include "daemon/ingest.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/admit.h"
#include "daemon/batch.h"
#include "daemon/checkpointer.h"
#include "daemon/clock.h"
#include "daemon/follow.h"
#include "daemon/health.h"
#include "daemon/log.h"
#include "daemon/pace.h"
#include "daemon/timer.h"
#include "daemon/writer.h"
#include "proto/audit.h"
#include "proto/record.h"
#include "sql/store.h"

#define POLL_MS		50	/* between two looks for others' rows, while
				   the writer is idle and somebody follows */

struct ingest {
	struct ingest_config	 config;
	struct ingest_hooks	 hooks;
	struct store		*store;
	struct follow		*follow;
	struct checkpointer	*checkpointer;
	struct writer		*writer;
	struct timer		*timer;
	struct admit		*admit;

	struct ledger		 ledger;

	struct batch		*open;
	struct batch		*flight;	/* sealed, not committed; or empty */
	bool			 in_flight;
	uint64_t		 serial;	/* newest committed batch */
	struct pace		 pace;
	size_t			 rows_max;	/* of the open batch */
	int64_t			 retry_at;	/* monotonic ms */
	int64_t			 poll_at;
	bool			 was_full;
	bool			 draining;
	bool			 dead;		/* the file is corrupt */

	struct health		 health;
	uint64_t		 committed_rows;
	uint64_t		 commits;
	struct hist		 hold;
};

/* Sealed: the set of records is fixed, for every producer a prefix. */
static void
seal(struct ingest *in)
{
	struct batch *sealed = in->open;

	assert(!in->in_flight);
	in->open = in->flight;
	batch_reset(in->open, sealed->serial + 1);
	in->flight = sealed;
	in->in_flight = true;
	in->retry_at = 0;
	ledger_seal(&in->ledger);
}

static bool
has_room(const struct ingest *in)
{
	size_t pending = in->open->bytes +
	    (in->in_flight ? in->flight->bytes : 0);

	return (!in->draining && pending < in->config.max_pending &&
	    !batch_is_full(in->open, in->rows_max));
}

/* Let producers be read again, if they were not. */
static void
tell_room(struct ingest *in)
{
	if (!in->was_full || !has_room(in))
		return;
	in->was_full = false;
	in->hooks.on_room(in->hooks.arg);
}

/* A batch that takes no more, or a drain, waits for nobody. */
static bool
is_due(const struct ingest *in, int64_t now)
{
	return (!batch_is_empty(in->open) && (!has_room(in) ||
	    batch_is_due(in->open, now, in->config.flush_rows,
	    in->config.flush_ms)));
}

/* Commit what is due, or try again what was not committed. */
static bool
commit_due(struct ingest *in, int64_t now)
{
	if (in->in_flight ? now < in->retry_at : !is_due(in, now) ||
	    (now < in->pace.ready_at && !in->draining))
		return (false);
	if (!in->in_flight)
		seal(in);
	writer_commit(in->writer, in->flight);
	tell_room(in);
	return (true);
}

/* Look for others' rows, if anybody wants them. */
static bool
look_due(struct ingest *in, int64_t now)
{
	if (follow_count(in->follow) == 0 || now < in->poll_at)
		return (false);
	in->poll_at = now + POLL_MS;
	writer_look(in->writer);
	return (true);
}

/* Wait for whichever of the two comes first. */
static void
rest(struct ingest *in, int64_t now)
{
	int64_t next = INT64_MAX;

	if (in->in_flight)
		next = in->retry_at;
	else if (is_due(in, now))
		next = in->pace.ready_at;
	else if (!batch_is_empty(in->open))
		next = in->open->begun_ms + in->config.flush_ms;
	if (follow_count(in->follow) > 0 && in->poll_at < next)
		next = in->poll_at;
	if (next != INT64_MAX)
		timer_set(in->timer, next - now);
}

void
ingest_poke(struct ingest *in)
{
	int64_t now = clock_mono_ms();

	if (!writer_is_idle(in->writer) || in->dead)
		return;
	timer_clear(in->timer);
	if (in->checkpointer != NULL && checkpointer_holds(in->checkpointer))
		return;
	if (commit_due(in, now))
		return;
	if (!in->in_flight && batch_is_empty(in->open)) {
		/* What was refused and has left no row is done with. */
		ledger_settle(&in->ledger);
		if (in->draining) {
			in->hooks.on_drained(in->hooks.arg);
			return;
		}
	}
	if (!look_due(in, now))
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
	delay = health_failed(&in->health, &error, now,
	    batch_rows(in->flight));
	in->retry_at = now + delay;
	in->dead = delay < 0;
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
	int64_t now = clock_mono_ms();

	hist_add(&in->hold, c->hold_us);
	pace_done(&in->pace, batch_rows(b), c->hold_us,
	    c->foreign, !has_room(in), now);
	in->rows_max = pace_rows(&in->pace, b->watched ||
	    in->open->watched, now);
}

static void
on_commit(struct ingest *in, const struct store_commit *c)
{
	struct batch *b = in->flight;

	health_recovered(&in->health);
	in->in_flight = false;
	in->serial = b->serial;
	in->commits++;
	in->committed_rows += batch_rows(b);
	set_pace(in, c);
	if (in->checkpointer != NULL)
		checkpointer_frames(in->checkpointer,
		    c->wal_frames);
	ledger_commit(&in->ledger);
	ledger_answer(&in->ledger, b);
	follow_committed(in->follow, b, c);
	/* Its memory is for the next one; its rows are gone. */
	batch_reset(b, 0);
}

static void
on_job(const struct writer_job *job, void *arg)
{
	struct ingest *in = arg;

	if (job->batch == NULL) {
		if (job->result == SQL_DONE)
			follow_advanced(in->follow, &job->position);
	} else if (job->result == SQL_DONE)
		on_commit(in, &job->commit);
	else
		on_failure(in, job);
	tell_room(in);
	ingest_poke(in);
}

struct ingest *
ingest_start(struct event_base *base, struct store *store,
    struct follow *follow, const struct ingest_config *config,
    const struct ingest_hooks *hooks)
{
	struct ingest *in = log_calloc(1, sizeof *in);
	int saved;

	in->config = *config;
	in->hooks = *hooks;
	in->store = store;
	in->follow = follow;
	pace_init(&in->pace, config->lock_ms * 1000,
	    store_has_foreign_tables(store));
	in->rows_max = pace_rows(&in->pace, false, clock_mono_ms());
	in->open = batch_new();
	in->flight = batch_new();
	batch_reset(in->open, 1);
	in->admit = admit_new();
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
ingest_add_producer(struct ingest *in, struct ledger_entry *p)
{
	ledger_add(&in->ledger, p);
}

void
ingest_remove_producer(struct ingest *in, struct ledger_entry *p)
{
	ledger_remove(&in->ledger, p);
}

void
ingest_claim(struct ingest *in, struct ledger_entry *p,
    const struct producer_claim *claim)
{
	ledger_fence(&in->ledger, p, claim->resumes);
	p->claim = batch_add_claim(in->open, claim, clock_mono_ms());
	p->claimed = in->open->serial;
	ingest_hurry(in);
}

void
ingest_forget(struct ingest *in, const struct ledger_entry *p)
{
	batch_add_forget(in->open, p->name, clock_mono_ms());
	ingest_poke(in);
}

bool
ingest_has_room(struct ingest *in)
{
	bool room = has_room(in);

	/* Who is refused is told when there is room again. */
	in->was_full = in->was_full || !room;
	return (room);
}

/* A record came in: is somebody waiting for it? */
static void
admitted(struct ingest *in, struct ledger_entry *p, struct span execution,
    bool urgent)
{
	ledger_admit(p, in->open, clock_mono_ms());
	if (urgent || follow_wants(in->follow, execution))
		in->open->urgent = in->open->watched = true;
}

enum refusal
ingest_log(struct ingest *in, struct ledger_entry *p,
    const struct record *r)
{
	enum refusal refusal;

	refusal = admit_log(in->admit, in->open, r, clock_wall_ms(),
	    clock_mono_ms());
	admitted(in, p, r->execution, false);
	return (refusal);
}

enum refusal
ingest_audit(struct ingest *in, struct ledger_entry *p,
    const struct audit *a)
{
	enum refusal refusal;

	refusal = admit_audit(in->admit, in->open, a, clock_wall_ms(),
	    clock_mono_ms());
	admitted(in, p, a->execution, true);
	return (refusal);
}

void
ingest_hurry(struct ingest *in)
{
	if (!batch_is_empty(in->open))
		in->open->urgent = true;
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

void
ingest_figures(const struct ingest *in, struct ingest_figures *f)
{
	*f = (struct ingest_figures){
		.degraded = in->health.degraded,
		.reason = in->health.degraded ? in->health.error.text : NULL,
		.committed_rows = in->committed_rows,
		.pending_rows = batch_rows(in->open),
		.pending_bytes = in->open->bytes,
		.commits = in->commits,
		.refused = admit_refused(in->admit),
		.retries = in->health.retries,
		.producers = in->ledger.count,
		.shared = pace_is_shared(&in->pace, clock_mono_ms()),
		.hold = &in->hold,
	};
	if (in->in_flight) {
		f->pending_rows += batch_rows(in->flight);
		f->pending_bytes += in->flight->bytes;
	}
}
