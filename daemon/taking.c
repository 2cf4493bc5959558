/*
 * What goes into the open batch: claims, records, events, captures.
 */
#include "daemon/admit.h"
#include "daemon/batch.h"
#include "daemon/capture.h"
#include "daemon/clock.h"
#include "daemon/follow.h"
#include "daemon/ingest_inner.h"
#include "daemon/lost.h"
#include "daemon/streams.h"
#include "daemon/timer.h"
#include "proto/audit.h"
#include "proto/capture.h"
#include "proto/record.h"

void
ingest_add_producer(struct ingest *in, struct ledger_entry *p)
{
	ledger_add(&in->ledger, p);
}

/* Who has no name does not come back. */
static void
release(struct ingest *in, struct ledger_entry *p, bool comes_back)
{
	if (p->holder == NULL)
		return;
	streams_release(in->streams, p->holder, p, clock_mono_ms() +
	    (comes_back && p->name.p != NULL ? LOST_GRACE_MS : 0));
	p->holder = NULL;
	/* Not now: this may be in the middle of a commit's news. */
	timer_set(in->timer, 0);
}

void
ingest_remove_producer(struct ingest *in, struct ledger_entry *p)
{
	ledger_remove(&in->ledger, p);
	release(in, p, true);
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

static void
on_opened(void *owner)
{
	struct ledger_entry *p = owner;

	p->on_opened(p->arg);
}

void
ingest_resume(struct ingest *in, struct ledger_entry *p, bool resumes)
{
	const struct intake intake = ingest_intake(in);

	if (streams_holder(in->streams, p->name) == NULL)
		return;
	p->holder = streams_hold(in->streams, p->name, p->sender.uid, p,
	    on_opened);
	if (resumes)
		lost_found(&intake, p->holder);
	else
		lost_for_good(&intake, p->holder);
	ingest_hurry(in);
}

void
ingest_forget(struct ingest *in, struct ledger_entry *p)
{
	batch_add_forget(in->open, p->name, clock_mono_ms());
	release(in, p, false);
	ingest_poke(in);
}

bool
ingest_has_room(struct ingest *in, const struct ledger_entry *p)
{
	size_t mine = ledger_pending(p);
	bool room = !in->draining &&
	    ingest_pending_bytes(in) < in->config.max_pending &&
	    (mine == 0 || (!batch_is_full(in->open, &in->pace.limit) &&
	    mine < 2 * in->pace.limit_bytes / in->ledger.active));
	/* Then what is pending is due. */
	if (!room && !in->refused) {
		timer_set(in->timer, 0);
		in->held_back++;
	}
	in->refused = in->refused || !room;
	return (room);
}

/* A record came in, behind so many bytes: is somebody waiting for it? */
static void
admitted(struct ingest *in, struct ledger_entry *p, size_t before,
    struct span execution, bool urgent)
{
	ledger_admit(&in->ledger, p, in->open, in->open->bytes - before,
	    clock_mono_ms());
	if (urgent || follow_wants(in->follow, execution))
		in->open->urgent = in->open->watched = true;
}

enum refusal
ingest_log(struct ingest *in, struct ledger_entry *p,
    const struct record *r)
{
	size_t before = in->open->bytes;
	enum refusal refusal = admit_log(in->admit, in->open, r,
	    clock_wall_ms(), clock_mono_ms());

	admitted(in, p, before, r->execution, false);
	return (refusal);
}

enum refusal
ingest_audit(struct ingest *in, struct ledger_entry *p,
    const struct audit *a)
{
	size_t before = in->open->bytes;
	enum refusal refusal = admit_audit(in->admit, in->open, a,
	    &p->sender, clock_wall_ms(), clock_mono_ms());

	admitted(in, p, before, a->execution, true);
	return (refusal);
}

enum refusal
ingest_open(struct ingest *in, struct ledger_entry *p,
    const struct capture_open *o)
{
	const struct intake intake = ingest_intake(in);
	size_t before = in->open->bytes;
	enum refusal refusal;

	if (p->holder == NULL)
		p->holder = streams_hold(in->streams, p->name, p->sender.uid, p,
		    on_opened);
	refusal = capture_open(&intake, p->holder, o);
	admitted(in, p, before, o->origin.execution, true);
	return (refusal);
}

bool
ingest_is_opening(const struct ledger_entry *p)
{
	return (p->holder != NULL && p->holder->nopening > 0);
}

enum refusal
ingest_line(struct ingest *in, struct ledger_entry *p, const struct line *l)
{
	const struct intake intake = ingest_intake(in);
	size_t before = in->open->bytes;
	enum refusal refusal = capture_line(&intake, p->holder, l);

	admitted(in, p, before, capture_execution(p->holder, l->capture),
	    false);
	return (refusal);
}

enum refusal
ingest_close(struct ingest *in, struct ledger_entry *p,
    const struct capture_close *c)
{
	const struct intake intake = ingest_intake(in);
	struct span execution = capture_execution(p->holder, c->capture);
	size_t before = in->open->bytes;
	enum refusal refusal = capture_close(&intake, p->holder, c);

	admitted(in, p, before, execution, false);
	return (refusal);
}
