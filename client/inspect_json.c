/*
 * inspect --json: one object, as the contract has it.
 */
#include "client/inspect_show.h"
#include "client/rowjson.h"
#include "proto/row.h"

static void
put_duration(struct buf *b, int64_t ms)
{
	if (ms >= 0)
		jput_i64(b, "duration_ms", ms);
	else {
		jput_key(b, "duration_ms");
		buf_str(b, "null");
	}
}

static void
put_execution(const struct show *s)
{
	const struct fact_execution *e = &s->in->execution;
	bool has, complete = inspection_is_complete(s->in, &has);

	jput_key(s->out, "execution");
	buf_char(s->out, '{');
	jput_text(s->out, "execution_id", e->execution);
	jput_text(s->out, "workflow_id", e->workflow);
	jput_text(s->out, "state", e->state);
	facts_put_time(s->out, "created_at", e->created);
	facts_put_time(s->out, "started_at", facts_start(e));
	facts_put_time(s->out, "ended_at", e->ended);
	put_duration(s->out, facts_duration(e, s->now));
	jput_key(s->out, "complete");
	buf_str(s->out, !has ? "null" : complete ? "true" : "false");
	jput_text(s->out, "reason_code", s->in->reason_code);
	jput_text(s->out, "message", s->in->message);
	jput_i64(s->out, "lines", e->lines);
	jput_i64(s->out, "warnings", e->warnings);
	jput_i64(s->out, "errors", e->errors);
	jput_i64(s->out, "removed_lines", e->removed);
	jput_text(s->out, "source", span_of(s->in->engine ? "engine" :
	    "events"));
	buf_char(s->out, '}');
}

/* One value, and nothing behind it?  It may have been cut, or never have been
   JSON. */
static bool
is_value(struct span s)
{
	struct buf wrapped = { 0 };
	bool valid;

	buf_str(&wrapped, "{\"v\":");
	buf_span(&wrapped, s);
	buf_char(&wrapped, '}');
	valid = s.n > 0 && jtext_is_object(buf_text(&wrapped)) &&
	    span_eq(jtext_member(buf_text(&wrapped), "v"), s);
	buf_free(&wrapped);
	return (valid);
}

/* JSON as it is; other text as a string; nothing as null. */
static void
put_value(struct buf *b, const char *key, struct span s)
{
	jput_key(b, key);
	if (s.n == 0)
		buf_str(b, "null");
	else if (is_value(s))
		buf_span(b, s);
	else
		jput_string(b, s);
}

/* An array, also where the definition has one string. */
static void
put_needs(struct buf *b, struct span s)
{
	bool valid = is_value(s);

	jput_key(b, "needs");
	if (valid && s.p[0] == '[') {
		buf_span(b, s);
		return;
	}
	buf_char(b, '[');
	if (valid && s.p[0] == '"')
		buf_span(b, s);
	else if (s.n > 0)
		jput_string(b, s);
	buf_char(b, ']');
}

static void
put_attempts(struct buf *b, const struct inspected_task *t)
{
	const struct inspected_attempt *a;
	size_t i;

	jput_key(b, "attempts");
	buf_char(b, '[');
	for (i = 0; i < t->nattempts; i++) {
		a = &t->attempt[i];
		buf_str(b, i > 0 ? ",{" : "{");
		jput_i64(b, "attempt", a->number);
		jput_text(b, "state", a->state);
		facts_put_time(b, "started_at", a->started);
		facts_put_time(b, "ended_at", a->ended);
		put_duration(b, a->duration);
		jput_text(b, "reason", a->reason);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void
put_task(struct buf *b, const struct inspected_task *t)
{
	buf_char(b, '{');
	jput_text(b, "task_id", t->id);
	jput_text(b, "type", t->type);
	jput_text(b, "state", t->state);
	jput_text(b, "reason_code", t->reason_code);
	jput_text(b, "message", t->message);
	put_attempts(b, t);
	put_duration(b, t->duration);
	facts_put_time(b, "created_at", t->created);
	facts_put_time(b, "started_at", t->started);
	facts_put_time(b, "ended_at", t->ended);
	put_needs(b, buf_text(&t->value[VALUE_NEEDS]));
	put_value(b, "inputs", buf_text(&t->value[VALUE_INPUTS]));
	put_value(b, "outputs", buf_text(&t->value[VALUE_OUTPUTS]));
	put_value(b, "error", buf_text(&t->value[VALUE_ERROR]));
	buf_char(b, '}');
}

static void
put_events(const struct show *s)
{
	size_t i;

	jput_key(s->out, "audit_events");
	if (s->in->nevents == 0)
		buf_char(s->out, '[');
	for (i = 0; i < s->in->nevents; i++)
		rowjson_inspected(s->out, &s->in->event[i], i == 0);
	buf_char(s->out, ']');
}

void
show_json(const struct show *s)
{
	const char *comma = "";
	size_t i;

	buf_char(s->out, '{');
	put_execution(s);
	jput_key(s->out, "tasks");
	buf_char(s->out, '[');
	for (i = 0; i < s->in->ntasks; i++) {
		if (!show_wants(s, &s->in->task[i]))
			continue;
		buf_str(s->out, comma);
		put_task(s->out, &s->in->task[i]);
		comma = ",";
	}
	buf_char(s->out, ']');
	put_events(s);
	jput_bool(s->out, "truncated", s->in->truncated);
	buf_char(s->out, '}');
	/* A line break in valid JSON stands between its parts. */
	for (i = 0; s->options->format == FORMAT_NDJSON && i < s->out->n; i++)
		if (s->out->p[i] == '\n' || s->out->p[i] == '\r')
			s->out->p[i] = ' ';
	buf_char(s->out, '\n');
}
