/*
 * What audit events tell of an execution's tasks, and what follows from all
 * facts together.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client/inspection.h"
#include "proto/row.h"
#include "proto/state.h"
#include "proto/unescape.h"

#define EVENT_SLACK_MS	1000	/* an event may be so much older than the
				   engine's time of what it tells of */

/* The text of a member that is a string, put into b; else as it is written. */
static struct span
text_of(struct buf *b, struct span metadata, const char *key)
{
	struct span s = jtext_member(metadata, key);

	if (s.p == NULL || span_is(s, "null"))
		return (SPAN_NONE);
	if (s.n < 2 || s.p[0] != '"')
		return (s);
	buf_reset(b);
	unescape_string(b, s);
	return (b->n > 0 ? buf_text(b) : span_of(""));
}

/* The same, kept. */
static struct span
member(struct inspection *in, struct span metadata, const char *key)
{
	struct buf b = { 0 };
	struct span s = inspection_text(in, text_of(&b, metadata, key));

	buf_free(&b);
	return (s);
}

static bool
number_of(struct span metadata, const char *key, int64_t *n)
{
	struct span s = jtext_member(metadata, key);

	if (s.p == NULL || s.n > 18 || (s.p[0] != '-' &&
	    (s.p[0] < '0' || s.p[0] > '9')))
		return (false);
	*n = strtoll(s.p, NULL, 10);
	return (true);
}

/* Why an attempt has ended as it has: its words, or its exit code. */
static struct span
reason_of(struct inspection *in, struct span metadata)
{
	struct span reason = member(in, metadata, "reason");
	char text[64];
	int64_t n;

	if (reason.p == NULL)
		reason = member(in, metadata, "error");
	if (reason.p != NULL)
		return (reason);
	if (number_of(metadata, "signal", &n))
		(void)snprintf(text, sizeof text, "signal %lld",
		    (long long)n);
	else if (number_of(metadata, "exit_code", &n) && n != 0)
		(void)snprintf(text, sizeof text, "exit code %lld",
		    (long long)n);
	else
		return (SPAN_NONE);
	return (inspection_text(in, span_of(text)));
}

static bool
is_over(const struct inspected_attempt *a)
{
	return (facts_has_ended(a->state));
}

/* Had it begun by then?  Two clocks tell of one that is in the engine's table. */
static bool
had_begun(const struct inspected_task *t, const struct inspected_attempt *a,
    int64_t at)
{
	if (t->engine)
		return (a->started <= at + EVENT_SLACK_MS);
	return (!a->streams_only || a->started <= at);
}

/* Which attempt does an event without a number tell of?  The engine's table and
   the streams have all of them, later ones too. */
static int64_t
attempt_of(const struct inspected_task *t, const struct audit_row *r,
    bool begins)
{
	const struct inspected_attempt *last;
	size_t i = t->nattempts;
	int64_t n;

	if (number_of(r->metadata, "attempt", &n))
		return (n);
	if (t->nattempts == 0)
		return (1);
	while (i > 1 && !had_begun(t, &t->attempt[i - 1], r->timestamp))
		i--;
	last = &t->attempt[i - 1];
	return (begins && is_over(last) && !t->engine ? last->number + 1 :
	    last->number);
}

static void
take_value(struct inspection *in, struct inspected_task *t,
    enum inspected_value which, struct span metadata, const char *key)
{
	struct span s = jtext_member(metadata, key);

	/* The engine's own is whole. */
	if (s.p == NULL || (which == VALUE_NEEDS && span_is(s, "null")) ||
	    (t->engine && t->value[which].n > 0))
		return;
	if (!inspection_room(in, s.n))
		return;
	in->bytes -= t->value[which].n;
	buf_reset(&t->value[which]);
	buf_span(&t->value[which], s);
}

static void
take_attempt(struct inspection *in, struct inspected_task *t,
    const struct audit_row *r, enum state to)
{
	bool begins = to == STATE_RUNNING;
	struct inspected_attempt *a = inspection_attempt(in, t,
	    attempt_of(t, r, begins));

	if (a == NULL)
		return;
	/* Streams know only when there was output. */
	if (a->streams_only)
		*a = (struct inspected_attempt){ .number = a->number,
		    .started = FACTS_NO_TIME, .ended = FACTS_NO_TIME,
		    .duration = -1 };
	if (begins && a->started == FACTS_NO_TIME)
		a->started = r->timestamp;
	if (state_is_end(to) && a->ended == FACTS_NO_TIME) {
		a->ended = r->timestamp;
		(void)number_of(r->metadata, "duration_ms", &a->duration);
	}
	if (!t->engine || a->state.p == NULL)
		a->state = span_of(state_name(to));
	if (a->reason.p == NULL && to != STATE_SUCCESS)
		a->reason = reason_of(in, r->metadata);
}

/* The state of a task has changed. */
static void
on_task(struct inspection *in, const struct audit_row *r, struct span to)
{
	struct buf id = { 0 };
	struct inspected_task *t = inspection_task(in, text_of(&id,
	    r->metadata, "task_id"));
	enum state state;

	buf_free(&id);
	if (t == NULL)
		return;
	t->events = true;
	if (t->type.p == NULL)
		t->type = member(in, r->metadata, "type");
	if (t->value[VALUE_NEEDS].n == 0)
		take_value(in, t, VALUE_NEEDS, r->metadata, "needs");
	take_value(in, t, VALUE_INPUTS, r->metadata, "inputs");
	take_value(in, t, VALUE_OUTPUTS, r->metadata, "outputs");
	take_value(in, t, VALUE_ERROR, r->metadata, "error");
	if (!state_parse(to, &state))
		return;
	if (!t->engine)
		t->state = span_of(state_name(state));
	/* Waiting for the next one is why there will be one. */
	if (state == STATE_RUNNING || state_is_end(state))
		take_attempt(in, t, r, state);
	else if (t->nattempts > 0 &&
	    t->attempt[t->nattempts - 1].reason.p == NULL)
		t->attempt[t->nattempts - 1].reason =
		    reason_of(in, r->metadata);
}

/* A member of what was sent for an event that the engine had written, or of the
   event itself. */
static struct span
told(struct inspection *in, const struct audit_row *r, const char *key)
{
	struct span s = r->sender.metadata.p != NULL ? member(in,
	    r->sender.metadata, key) : SPAN_NONE;

	return (s.p == NULL ? member(in, r->metadata, key) : s);
}

/* The first one: later ones change nothing. */
static void
on_cancelled(struct inspection *in, const struct audit_row *r)
{
	if (in->cancel.told)
		return;
	in->cancel = (struct inspected_cancel){
		.told = true,
		.by = told(in, r, "cancelled_by"),
		.reason = told(in, r, "reason"),
		.message = told(in, r, "message"),
		.has_sender = r->sender.known,
		.uid = r->sender.uid,
		.pid = r->sender.pid,
	};
}

static void
on_failed(struct inspection *in, const struct audit_row *r)
{
	static const char *const keys[] = { "error_message", "message",
	    "reason" };
	size_t i;

	if (in->failed_task.p == NULL)
		in->failed_task = told(in, r, "failed_task_id");
	for (i = 0; i < 3 && in->message.p == NULL; i++)
		in->message = told(in, r, keys[i]);
}

/* The engine's words go first.  What unit its numbers are in only it knows. */
static void
on_timeout(struct inspection *in, const struct audit_row *r)
{
	static const char *const keys[] = { "elapsed_time",
	    "timeout_duration" };
	struct buf text = { 0 };
	struct span number;
	size_t i;

	if (in->reason_code.p == NULL)
		in->reason_code = span_of("TIMEOUT");
	if (in->message.p != NULL)
		return;
	buf_str(&text, "timed out");
	for (i = 0; i < 2; i++) {
		number = told(in, r, keys[i]);
		if (number.p != NULL)
			buf_printf(&text, "%s%s %.*s", i == 0 ? ": " : ", ",
			    keys[i], (int)number.n, number.p);
	}
	in->message = inspection_text(in, buf_text(&text));
	buf_free(&text);
}

/* A file from before there were summaries: events say the state themselves. */
static void
on_state(struct inspection *in, const struct audit_row *r)
{
	struct fact_execution *e = &in->execution;
	enum state state;

	if (facts_has_ended(e->state) ||
	    !state_of_event(r->type, r->metadata, &state))
		return;
	e->state = span_of(state_name(state));
	if (span_is(r->type, "STARTED") && e->started == FACTS_NO_TIME)
		e->started = r->timestamp;
	if (state_is_end(state))
		e->ended = r->timestamp;
}

void
inspection_event(struct inspection *in, const struct audit_row *r)
{
	struct buf text = { 0 };
	struct span to;

	inspection_keep_event(in, r);
	if (!in->known)
		on_state(in, r);
	if (span_is(r->type, "CREATED") &&
	    in->execution.created == FACTS_NO_TIME)
		in->execution.created = r->timestamp;
	if (span_is(r->type, "FAILED"))
		on_failed(in, r);
	if (span_is(r->type, "TIMEOUT"))
		on_timeout(in, r);
	if (span_is(r->type, "CANCELLED"))
		on_cancelled(in, r);
	if (!span_is(r->type, "STATE_CHANGE") ||
	    jtext_member(r->metadata, "task_id").p == NULL)
		return;
	to = text_of(&text, r->metadata, "to");
	on_task(in, r, to.p != NULL ? to : text_of(&text, r->metadata,
	    "to_state"));
	buf_free(&text);
}

/* ---------------------------------------------------------- what follows */

static int64_t
between(int64_t from, int64_t to)
{
	if (from == FACTS_NO_TIME || to == FACTS_NO_TIME)
		return (-1);
	return (to > from ? to - from : 0);
}

static bool
is_running(struct span state)
{
	return (span_is(state, "RUNNING"));
}

static void
settle_attempts(struct inspected_task *t, int64_t now)
{
	struct inspected_attempt *a;
	size_t i;

	for (i = 0; i < t->nattempts; i++) {
		a = &t->attempt[i];
		if (a->duration < 0)
			a->duration = between(a->started,
			    is_running(a->state) ? now : a->ended);
	}
}

/* What the task's row does not say, its attempts, streams or lines may. */
static void
settle_task(struct inspected_task *t, int64_t now)
{
	const struct inspected_attempt *first = t->attempt, *last;
	bool bare = !t->engine && !t->events;

	settle_attempts(t, now);
	last = t->nattempts > 0 ? &t->attempt[t->nattempts - 1] : NULL;
	if (t->state.p == NULL && t->open)
		t->state = span_of("RUNNING");
	if (t->started == FACTS_NO_TIME && first != NULL)
		t->started = first->started;
	if (t->started == FACTS_NO_TIME && bare)
		t->started = t->first_line;
	if (t->ended == FACTS_NO_TIME && last != NULL &&
	    (facts_has_ended(t->state) || t->state.p == NULL))
		t->ended = last->ended;
	if (t->ended == FACTS_NO_TIME && bare && !t->open)
		t->ended = t->last_line;
	if (t->duration < 0)
		t->duration = between(t->started, is_running(t->state) ||
		    span_is(t->state, "WAITING") ? now : t->ended);
	if (t->reason.p == NULL && last != NULL)
		t->reason = last->reason;
}

/* By when they began; those that have not, as they were heard of. */
static int
compare(const void *va, const void *vb)
{
	const struct inspected_task *a = va, *b = vb;
	bool has_a = a->started != FACTS_NO_TIME;
	bool has_b = b->started != FACTS_NO_TIME;

	if (has_a != has_b)
		return (has_a ? -1 : 1);
	if (has_a && a->started != b->started)
		return (a->started < b->started ? -1 : 1);
	return ((a->order > b->order) - (a->order < b->order));
}

int64_t
inspection_now(const struct inspection *in, int64_t now)
{
	const struct fact_execution *e = &in->execution;

	return (facts_has_ended(e->state) && e->ended != FACTS_NO_TIME &&
	    e->ended < now ? e->ended : now);
}

void
inspection_settle(struct inspection *in, int64_t now)
{
	size_t i;

	now = inspection_now(in, now);
	for (i = 0; i < in->ntasks; i++)
		settle_task(&in->task[i], now);
	if (in->ntasks > 0)
		qsort(in->task, in->ntasks, sizeof *in->task, compare);
	/* The table by id is that of before. */
	free(in->slot);
	in->slot = NULL;
}

const struct inspected_task *
inspection_failing(const struct inspection *in, struct span asked,
    struct span *why)
{
	const struct inspected_task *t, *found = NULL;
	bool named = in->failed_task.p != NULL && (asked.p == NULL ||
	    span_eq(asked, in->failed_task));
	size_t i;

	for (i = 0; i < in->ntasks; i++) {
		t = &in->task[i];
		if (named ? span_eq(t->id, in->failed_task) :
		    span_is(t->state, "FAILED") && (asked.p == NULL ||
		    span_eq(t->id, asked)))
			found = t;
	}
	*why = found == NULL || asked.p == NULL || named ? in->message :
	    SPAN_NONE;
	if (why->p == NULL && found != NULL && found->value[VALUE_ERROR].n > 0)
		*why = buf_text(&found->value[VALUE_ERROR]);
	if (why->p == NULL && found != NULL)
		*why = found->reason;
	if (why->p == NULL)
		*why = in->reason_code;
	return (found);
}
