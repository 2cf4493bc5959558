#include "sql/retention.h"

#include "sql/db.h"
#include "sql/store_inner.h"
#include "sql/text.h"

/* What is counted or planned needs no lock. */
static enum sql_result
sweep_dry(struct store *s, struct sweep_step *step, struct sql_error *error)
{
	enum sql_result result;

	if (step->sweep.id == 0 && step->sweep.steps == 0 &&
	    (result = sweeps_plan(&s->sweeps, step, error)) != SQL_DONE)
		return (result);
	if ((result = db_exec(s->db, sql_begin_read, error)) != SQL_DONE)
		return (result);
	result = sweeper_step(&s->sweeper, step, error);
	(void)db_exec(s->db, sql_rollback, NULL);
	return (result);
}

/* What an event says outlives it in the summary: all are read before any goes. */
static enum sql_result
read_events(struct store *s, const struct sweep_step *step, bool *all,
    struct sql_error *error)
{
	const struct position *at = &step->commit.before;
	enum sql_result result;
	bool more = false;

	*all = true;
	if (step->sweep.audit_cutoff == SWEEP_NOTHING)
		return (SQL_DONE);
	result = summary_note(&s->summary, at, at, error);
	if (result == SQL_DONE)
		result = fold_step(&s->fold, &s->summary, true,
		    db_monotonic_us(), step->now_ms, &more, error);
	*all = !more;
	return (result);
}

static enum sql_result
sweep(struct store *s, struct sweep_step *step, struct sql_error *error)
{
	struct store_commit *c = &step->commit;
	enum sql_result result;
	bool all;

	step->looked = step->nfound = 0;
	if ((result = store_look_back(s, c, error)) != SQL_DONE ||
	    (result = ranges_note(&s->ranges, c->before.log, error)) !=
	    SQL_DONE || (step->sweep.id == 0 &&
	    (result = sweeps_begin(&s->sweeps, step, error)) != SQL_DONE) ||
	    (result = read_events(s, step, &all, error)) != SQL_DONE || (all &&
	    (result = sweeper_step(&s->sweeper, step, error)) != SQL_DONE) ||
	    (result = sweeps_note(&s->sweeps, &step->sweep, error)) !=
	    SQL_DONE)
		return (result);
	return (store_finish(s, c, error));
}

enum sql_result
store_sweep(struct store *s, struct sweep_step *step, struct sql_error *error)
{
	const struct sweep was = step->sweep;
	struct store_commit *c = &step->commit;
	enum sql_result result;

	step->commit = (struct store_commit){ 0 };
	if (step->peek)
		return (sweeps_bytes(&s->sweeps, &step->bytes, error));
	if (step->dry)
		return (sweep_dry(s, step, error));
	if (was.id == 0 && (result = sweeps_plan(&s->sweeps, step, error)) !=
	    SQL_DONE)
		return (store_ended(s, result, error));
	sweeper_warm(&s->sweeper, step);
	if ((result = store_begin(s, c, error)) == SQL_DONE)
		result = store_end(s, sweep(s, step, error), c);
	if (result == SQL_DONE) {
		ranges_committed(&s->ranges);
		counts_committed(&s->summary.counts, NULL);
	} else {
		counts_undone(&s->summary.counts);
		step->sweep = was;
	}
	return (store_ended(s, result, error));
}

enum sql_result
store_last_sweep(struct store *s, struct sweep *sweep, struct clock_mark *mark,
    struct sql_error *error)
{
	return (sweeps_last(&s->sweeps, sweep, mark, error));
}
