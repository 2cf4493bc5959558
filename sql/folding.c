#include "sql/db.h"
#include "sql/store_inner.h"

bool
store_is_unread(const struct store *s)
{
	return (s->summary.unread);
}

/* Inside a transaction: write what is counted, note what others have written,
   and read some of it if there is time left. */
static enum sql_result
fold(struct store *s, struct store_commit *c, int64_t now, bool *more,
    struct sql_error *error)
{
	int64_t begun = db_monotonic_us();
	enum sql_result result;
	struct position at;

	if ((result = store_position_now(s, &at, error)) != SQL_DONE ||
	    (result = summary_note(&s->summary, &at, &at, error)) !=
	    SQL_DONE ||
	    (result = counts_flush(&s->summary.counts, error)) != SQL_DONE)
		return (result);
	result = fold_step(&s->fold, &s->summary, false, begun, now, more,
	    error);
	return (result == SQL_DONE ? store_finish(s, c, error) : result);
}

static void
settle_counts(struct store *s, enum sql_result result)
{
	if (result == SQL_DONE)
		counts_committed(&s->summary.counts, NULL);
	else
		counts_undone(&s->summary.counts);
}

enum sql_result
store_fold(struct store *s, int64_t now, struct store_hold *hold,
    struct sql_error *error)
{
	struct store_commit c = { 0 };
	enum sql_result result;
	bool more = true;

	if ((result = room_look(&s->room, s->uncopied, error)) != SQL_DONE)
		return (result);
	if ((result = store_begin(s, &c, error)) != SQL_DONE)
		return (store_ended(s, result, error));
	result = store_end(s, fold(s, &c, now, &more, error), &c);
	settle_counts(s, result);
	s->summary.unread = result != SQL_DONE || more;
	hold->released_us = c.begun_us + c.hold_us;
	hold->hold_us = c.hold_us;
	hold->wal_frames = c.wal_frames;
	return (store_ended(s, result, error));
}

void
store_settle(struct store *s)
{
	struct store_commit c = { 0 };
	struct sql_error error;
	enum sql_result result;

	if (s == NULL || s->summary.counts.levels.counted == 0 ||
	    store_begin(s, &c, &error) != SQL_DONE)
		return;
	result = counts_flush(&s->summary.counts, &error);
	if (result == SQL_DONE)
		result = store_finish(s, &c, &error);
	settle_counts(s, store_end(s, result, &c));
}
