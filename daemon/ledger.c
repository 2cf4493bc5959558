#include "daemon/ledger.h"

#include "daemon/batch.h"

void
ledger_add(struct ledger *l, struct ledger_entry *e)
{
	LIST_INSERT_HEAD(&l->list, e, entry);
	l->count++;
}

void
ledger_remove(struct ledger *l, struct ledger_entry *e)
{
	LIST_REMOVE(e, entry);
	l->count--;
	l->active -= ledger_pending(e) > 0;
}

size_t
ledger_pending(const struct ledger_entry *e)
{
	return (e->open_bytes + e->sealed_bytes);
}

static bool
gives_way(const struct ledger_entry *e, const struct ledger_entry *claimant,
    bool resumes)
{
	return (e != claimant && e->name.p != NULL &&
	    span_eq(e->name, claimant->name) &&
	    (e->sender.uid == claimant->sender.uid ||
	    claimant->sender.uid == 0) &&
	    (!resumes || claimant->epoch >= e->epoch));
}

void
ledger_fence(struct ledger *l, const struct ledger_entry *claimant,
    bool resumes)
{
	struct ledger_entry *e, *next;

	for (e = LIST_FIRST(&l->list); e != NULL; e = next) {
		next = LIST_NEXT(e, entry);
		if (gives_way(e, claimant, resumes))
			e->on_fenced(e->arg);
	}
}

void
ledger_admit(struct ledger *l, struct ledger_entry *e, struct batch *b,
    size_t bytes, int64_t now)
{
	const struct producer_mark mark = {
		.producer = e->name,
		.uid = e->sender.uid,
		.epoch = e->epoch,
	};

	e->admitted++;
	l->active += ledger_pending(e) == 0 && bytes > 0;
	e->open_bytes += bytes;
	if (e->name.p == NULL)
		return;
	if (e->marked != b->serial) {
		e->mark = batch_add_mark(b, &mark, now);
		e->marked = b->serial;
	}
	b->mark[e->mark].number = e->admitted;
}

void
ledger_answer(struct ledger *l, const struct batch *b)
{
	struct ledger_entry *e, *next;

	if (b->nclaim == 0)
		return;
	for (e = LIST_FIRST(&l->list); e != NULL; e = next) {
		next = LIST_NEXT(e, entry);
		if (e->claimed != b->serial)
			continue;
		e->claimed = 0;
		e->on_claimed(&b->claim[e->claim], e->arg);
	}
}

void
ledger_present(const struct ledger *l, struct batch *b)
{
	const struct ledger_entry *e;

	LIST_FOREACH(e, &l->list, entry)
		if (e->name.p != NULL)
			batch_add_present(b, e->name);
}

void
ledger_seal(struct ledger *l)
{
	struct ledger_entry *e;

	LIST_FOREACH(e, &l->list, entry) {
		e->sealed = e->admitted;
		e->sealed_bytes += e->open_bytes;
		e->open_bytes = 0;
	}
}

void
ledger_commit(struct ledger *l)
{
	struct ledger_entry *e, *next;

	for (e = LIST_FIRST(&l->list); e != NULL; e = next) {
		next = LIST_NEXT(e, entry);
		l->active -= e->sealed_bytes > 0 && e->open_bytes == 0;
		e->sealed_bytes = 0;
		if (e->committed < e->sealed) {
			e->committed = e->sealed;
			e->on_committed(e->arg);
		}
	}
}

void
ledger_settle(struct ledger *l)
{
	ledger_seal(l);
	ledger_commit(l);
}
