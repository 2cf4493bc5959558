#include "sql/store_inner.h"

bool
store_is_unread(const struct store *s)
{
	return (s->summary.unread);
}

/* Inside a transaction: note what others have written, and read some of it. */
static enum sql_result
fold(struct store *s, struct store_commit *c, int64_t now, bool *more,
    struct sql_error *error)
{
	enum sql_result result;
	struct position at;

	if ((result = store_position_now(s, &at, error)) != SQL_DONE ||
	    (result = summary_note(&s->summary, &at, &at, error)) != SQL_DONE)
		return (result);
	result = fold_step(&s->fold, &s->summary, now, more, error);
	return (result == SQL_DONE ? store_finish(s, c, error) : result);
}

enum sql_result
store_fold(struct store *s, int64_t now, struct store_hold *hold,
    struct sql_error *error)
{
	struct store_commit c = { 0 };
	enum sql_result result;
	bool more = true;

	if ((result = store_begin(s, &c, error)) != SQL_DONE)
		return (result);
	result = store_end(s, fold(s, &c, now, &more, error), &c);
	/* The newest range may be gone. */
	summary_undone(&s->summary);
	s->summary.unread = result != SQL_DONE || more;
	hold->released_us = c.begun_us + c.hold_us;
	hold->hold_us = c.hold_us;
	return (store_ended(s, result, error));
}
