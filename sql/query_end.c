/*
 * What comes behind the pages of a query: which execution a prefix stands for,
 * and how it has ended.
 */
#include <string.h>

#include "sql/query.h"

void
query_adopt(struct query *q)
{
	struct notice notice = { .kind = NOTICE_EXECUTION };

	if (q->nnames != 1) {
		q->phase = QUERY_OVER;
		return;
	}
	buf_reset(&q->name);
	buf_span(&q->name, span_of(q->names.p));
	q->request.execution = notice.execution = buf_text(&q->name);
	q->request.prefix = false;
	notice_put(&q->out, &notice);
	q->phase = QUERY_START;
}

void
query_end(struct query *q)
{
	struct end end = {
		.reason = q->beyond ? END_BEYOND : q->found ? END_DONE :
		    q->nnames > 1 ? END_AMBIGUOUS : END_NOT_FOUND,
		.rows = q->rows,
		.found = q->found || q->rows > 0 || q->event[0] != '\0',
	};
	const char *name = q->names.p;

	if (q->phase == QUERY_LIVE) {
		end.reason = !q->judged || q->nnames == 0 ? END_COMPLETE :
		    q->open ? END_OPEN : END_LOST;
		end.event = span_of(q->event);
	}
	if (end.reason == END_AMBIGUOUS || end.reason == END_LOST ||
	    end.reason == END_OPEN)
		for (; end.nnames < q->nnames; name += strlen(name) + 1)
			end.name[end.nnames++] = span_of(name);
	end_put(&q->out, &end);
}
