#include "sql/removed.h"

/* Are all rows that were removed behind the reader, or (ahead) before it?  Who
   reads the newest first has come to them. */
static bool
removed_is(const struct query *q, const struct removed *r, bool ahead)
{
	bool stored = q->phase == QUERY_STORED;
	int64_t id = stored ? q->limit.log : q->at.log;

	if (q->phase == QUERY_BACK)
		return (ahead && r->newest < q->place.time);
	if (ahead)
		return (stored ? r->oldest > q->place.time : r->first_id > id);
	return (r->last_id <= id && (!stored || r->newest < q->place.time ||
	    (r->newest == q->place.time && r->last_id <= q->place.id)));
}

/* At first: does it want rows from the oldest on?  Who wants the last N does if
   there are not so many. */
static bool
wants_the_oldest(const struct query *q)
{
	const struct request *r = &q->request;

	return (r->has_after || (!r->filter.has_since &&
	    (r->lines < 0 || q->wanted > 0)));
}

enum sql_result
removed_tell(struct query *q, struct pages *p)
{
	const struct request *r = &q->request;
	bool first = !q->removed_known;
	struct removed removed;
	enum sql_result result;
	int64_t rows;

	result = pages_removed(p, r->execution, &removed, &q->error);
	if (result != SQL_DONE)
		return (result);
	rows = removed.rows - q->removed;
	q->removed = removed.rows;
	q->removed_known = true;
	if (rows <= 0 || removed_is(q, &removed, false) ||
	    (first && !wants_the_oldest(q)))
		return (SQL_DONE);
	notice_put(&q->out, &(struct notice){
		.kind = NOTICE_REMOVED,
		.rows = rows,
		.at_most = !removed_is(q, &removed, true),
	});
	return (SQL_DONE);
}
