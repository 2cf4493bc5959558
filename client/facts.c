#include "client/facts.h"

#include <string.h>

#include "client/times.h"
#include "proto/state.h"

int64_t
facts_number(const struct json_t *doc, const char *key)
{
	int64_t n = 0;

	(void)jget_i64(doc, key, &n);
	return (n);
}

int64_t
facts_time(const struct json_t *doc, const char *key)
{
	int64_t ms = FACTS_NO_TIME;

	(void)jget_i64(doc, key, &ms);
	return (ms);
}

struct span
facts_text(const struct json_t *doc, const char *key)
{
	struct span s = SPAN_NONE;

	(void)jget_text(doc, key, &s);
	return (s);
}

bool
facts_execution(const struct json_t *doc, struct fact_execution *e)
{
	if (!span_is(facts_text(doc, "fact"), "execution"))
		return (false);
	*e = (struct fact_execution){
		.execution = facts_text(doc, "execution_id"),
		.workflow = facts_text(doc, "workflow_id"),
		.state = facts_text(doc, "state"),
		.created = facts_time(doc, "created_at"),
		.started = facts_time(doc, "started_at"),
		.ended = facts_time(doc, "ended_at"),
		.first = facts_time(doc, "first_at"),
		.last = facts_time(doc, "last_at"),
		.lines = facts_number(doc, "lines"),
		.errors = facts_number(doc, "errors"),
		.warnings = facts_number(doc, "warnings"),
		.removed = facts_number(doc, "removed"),
	};
	return (e->execution.p != NULL);
}

bool
facts_has_ended(struct span text)
{
	enum state state;

	return (text.p != NULL && state_parse(text, &state) &&
	    state_is_end(state));
}

int64_t
facts_start(const struct fact_execution *e)
{
	if (e->started != FACTS_NO_TIME)
		return (e->started);
	return (e->state.p == NULL || facts_has_ended(e->state) ? e->first :
	    FACTS_NO_TIME);
}

int64_t
facts_duration(const struct fact_execution *e, int64_t now)
{
	int64_t start = facts_start(e), end = e->ended;

	if (end == FACTS_NO_TIME)
		end = e->state.p == NULL || facts_has_ended(e->state) ?
		    e->last : now;
	if (start == FACTS_NO_TIME || end == FACTS_NO_TIME)
		return (-1);
	return (end > start ? end - start : 0);
}

void
facts_put_time(struct buf *b, const char *key, int64_t ms)
{
	char text[TIMES_TEXT] = "";

	if (ms != FACTS_NO_TIME)
		times_format(ms, false, text);
	/* Of a year that has not four digits it is no date. */
	jput_text(b, key, strchr(text, 'T') != NULL ? span_of(text) :
	    SPAN_NONE);
}
