#include "client/inspection.h"

#include <stdlib.h>

#include "proto/row.h"

#define SLOTS	32768	/* over twice as many as tasks; a power of two */

/* A text that is kept until the inspection is freed. */
struct inspection_keep {
	struct inspection_keep	*next;
	char			 text[];
};

static const char *const value_name[VALUE_COUNT] = { "inputs", "outputs",
    "error", "needs" };

/* Below a limit. */
static bool
fits(struct inspection *in, size_t n, size_t limit)
{
	if (in->bytes > limit || n > limit - in->bytes) {
		in->truncated = true;
		return (false);
	}
	in->bytes += n;
	return (true);
}

bool
inspection_room(struct inspection *in, size_t n)
{
	in->full = in->full || !fits(in, n, in->most);
	return (!in->full);
}

struct span
inspection_text(struct inspection *in, struct span s)
{
	struct inspection_keep *k;

	if (s.p == NULL || !fits(in, sizeof *k + s.n + 1, 2 * in->most))
		return (SPAN_NONE);
	if ((k = malloc(sizeof *k + s.n + 1)) == NULL) {
		in->failed = true;
		return (SPAN_NONE);
	}
	if (s.n > 0)
		memcpy(k->text, s.p, s.n);
	k->text[s.n] = '\0';
	k->next = in->keep;
	in->keep = k;
	return ((struct span){ k->text, s.n });
}

/* The slot of an id: its task's, or the empty one where it belongs. */
static size_t *
slot_of(const struct inspection *in, struct span id)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < id.n; i++)
		hash = (hash ^ (unsigned char)id.p[i]) * 16777619u;
	for (i = hash % SLOTS; in->slot[i] != 0; i = (i + 1) % SLOTS)
		if (span_eq(in->task[in->slot[i] - 1].id, id))
			break;
	return (&in->slot[i]);
}

struct inspected_task *
inspection_task(struct inspection *in, struct span id)
{
	struct inspected_task *t;
	size_t *slot;

	if (in->slot == NULL) {
		in->slot = calloc(SLOTS, sizeof *in->slot);
		in->task = calloc(INSPECTION_TASKS_MAX, sizeof *in->task);
	}
	if (in->slot == NULL || in->task == NULL || id.p == NULL) {
		in->failed = in->failed || id.p != NULL;
		return (NULL);
	}
	slot = slot_of(in, id);
	if (*slot != 0)
		return (&in->task[*slot - 1]);
	if (in->ntasks == INSPECTION_TASKS_MAX) {
		in->truncated = true;
		return (NULL);
	}
	t = &in->task[in->ntasks];
	*t = (struct inspected_task){
		.id = inspection_text(in, id),
		.created = FACTS_NO_TIME,
		.started = FACTS_NO_TIME,
		.ended = FACTS_NO_TIME,
		.duration = -1,
		.first_line = FACTS_NO_TIME,
		.last_line = FACTS_NO_TIME,
		.order = in->ntasks,
	};
	if (t->id.p == NULL)
		return (NULL);
	*slot = ++in->ntasks;
	return (t);
}

struct inspected_attempt *
inspection_attempt(struct inspection *in, struct inspected_task *t,
    int64_t number)
{
	struct inspected_attempt *grown;
	size_t i;

	for (i = 0; i < t->nattempts; i++)
		if (t->attempt[i].number == number)
			return (&t->attempt[i]);
	if (t->nattempts == INSPECTION_ATTEMPTS_MAX ||
	    !fits(in, sizeof *grown, 2 * in->most)) {
		in->truncated = true;
		return (NULL);
	}
	grown = realloc(t->attempt, (t->nattempts + 1) * sizeof *grown);
	if (grown == NULL) {
		in->failed = true;
		return (NULL);
	}
	t->attempt = grown;
	/* In order of their numbers. */
	for (i = t->nattempts; i > 0 && grown[i - 1].number > number; i--)
		grown[i] = grown[i - 1];
	t->nattempts++;
	grown[i] = (struct inspected_attempt){
		.number = number,
		.started = FACTS_NO_TIME,
		.ended = FACTS_NO_TIME,
		.duration = -1,
	};
	return (&grown[i]);
}

void
inspection_keep_event(struct inspection *in, const struct audit_row *r)
{
	size_t cap = in->event_cap == 0 ? 64 : 2 * in->event_cap;
	struct audit_row *grown, *kept;

	in->truncated = in->truncated || in->nevents == INSPECTION_EVENTS_MAX;
	if (in->nevents == INSPECTION_EVENTS_MAX || !inspection_room(in,
	    sizeof *r + r->metadata.n + r->sender.metadata.n))
		return;
	/* They are counted as they are copied. */
	in->bytes -= r->metadata.n + r->sender.metadata.n;
	if (in->nevents == in->event_cap) {
		grown = realloc(in->event, cap * sizeof *grown);
		if (grown == NULL) {
			in->failed = true;
			return;
		}
		in->event = grown;
		in->event_cap = cap;
	}
	kept = &in->event[in->nevents++];
	*kept = *r;
	kept->execution = inspection_text(in, r->execution);
	kept->type = inspection_text(in, r->type);
	kept->metadata = inspection_text(in, r->metadata);
	kept->sender.metadata = inspection_text(in, r->sender.metadata);
}

/* ------------------------------------------------------------------ facts */

static void
on_execution(struct inspection *in, const struct json_t *doc)
{
	struct fact_execution *e = &in->execution;

	in->known = facts_execution(doc, e);
	e->execution = inspection_text(in, e->execution);
	e->workflow = inspection_text(in, e->workflow);
	e->state = inspection_text(in, e->state);
	in->reason_code = inspection_text(in, facts_text(doc, "reason_code"));
	in->message = inspection_text(in, facts_text(doc, "message"));
	(void)jget_bool(doc, "engine", &in->engine);
}

static void
on_run(struct inspection *in, struct inspected_task *t,
    const struct json_t *doc)
{
	t->engine = true;
	t->state = inspection_text(in, facts_text(doc, "state"));
	t->reason_code = inspection_text(in, facts_text(doc, "reason_code"));
	t->message = inspection_text(in, facts_text(doc, "message"));
	t->reason = t->message.p != NULL ? t->message : t->reason_code;
	t->created = facts_time(doc, "created_at");
	t->started = facts_time(doc, "started_at");
	t->ended = facts_time(doc, "ended_at");
	(void)jget_i64(doc, "duration_ms", &t->duration);
}

static void
on_value(struct inspection *in, struct inspected_task *t,
    const struct json_t *doc)
{
	struct span key = facts_text(doc, "key");
	struct span text = facts_text(doc, "text");
	int i;

	for (i = 0; i < VALUE_COUNT; i++)
		if (span_is(key, value_name[i]) && inspection_room(in, text.n))
			buf_span(&t->value[i], text);
}

static void
on_attempt(struct inspection *in, struct inspected_task *t,
    const struct json_t *doc)
{
	int64_t number = (int64_t)t->nattempts + 1;
	struct inspected_attempt *a;

	(void)jget_i64(doc, "attempt", &number);
	if ((a = inspection_attempt(in, t, number)) == NULL)
		return;
	a->state = inspection_text(in, facts_text(doc, "state"));
	a->started = facts_time(doc, "started_at");
	a->ended = facts_time(doc, "ended_at");
	a->reason = inspection_text(in, facts_text(doc, "reason"));
}

static void
note_missing(struct inspection *in, const struct json_t *doc)
{
	struct span task = facts_text(doc, "task_id");
	struct span stream = facts_text(doc, "stream");
	int64_t attempt;

	if (in->nmissing++ >= INSPECTION_MISSING_MAX)
		return;
	buf_str(&in->missing, in->missing.n > 0 ? ", " : "");
	if (task.p != NULL)
		buf_printf(&in->missing, "%.*s ", (int)task.n, task.p);
	if (jget_i64(doc, "attempt", &attempt) == JGET_OK)
		buf_printf(&in->missing, "attempt %lld ", (long long)attempt);
	buf_span(&in->missing, stream.p != NULL ? stream : span_of("output"));
}

static void
on_stream(struct inspection *in, struct inspected_task *t,
    const struct json_t *doc)
{
	struct span state = facts_text(doc, "state");
	bool open = span_is(state, "open"), lost = span_is(state, "lost");
	int64_t at = facts_time(doc, "opened_at");
	int64_t ended = facts_time(doc, "ended_at"), number = 1;
	struct inspected_attempt *a;

	in->nstreams++;
	in->nopen += open;
	in->nlost += lost;
	in->ncut += facts_text(doc, "cut").p != NULL;
	in->stream_lines += facts_number(doc, "lines");
	in->dropped_lines += facts_number(doc, "dropped_lines");
	if (open || lost)
		note_missing(in, doc);
	if (t == NULL)
		return;
	t->open = t->open || open;
	(void)jget_i64(doc, "attempt", &number);
	if ((a = inspection_attempt(in, t, number)) == NULL)
		return;
	a->streams_only = a->streams_only || (a->state.p == NULL &&
	    a->started == FACTS_NO_TIME);
	if (!a->streams_only)
		return;
	if (a->started == FACTS_NO_TIME || at < a->started)
		a->started = at;
	if (open)
		a->state = span_of("RUNNING");
	else if (ended != FACTS_NO_TIME && ended > a->ended)
		a->ended = ended;
}

static void
on_fact(struct inspection *in, const struct json_t *doc)
{
	struct span fact = facts_text(doc, "fact");
	struct inspected_task *t;

	if (span_is(fact, "execution")) {
		on_execution(in, doc);
		return;
	}
	in->truncated = in->truncated || span_is(fact, "truncated");
	t = inspection_task(in, facts_text(doc, "task_id"));
	if (span_is(fact, "stream"))
		on_stream(in, t, doc);
	if (t == NULL)
		return;
	if (span_is(fact, "defined"))
		t->type = inspection_text(in, facts_text(doc, "type"));
	else if (span_is(fact, "run"))
		on_run(in, t, doc);
	else if (span_is(fact, "value"))
		on_value(in, t, doc);
	else if (span_is(fact, "attempt"))
		on_attempt(in, t, doc);
	else if (span_is(fact, "lines")) {
		t->first_line = facts_time(doc, "first_at");
		t->last_line = facts_time(doc, "last_at");
	}
}

void
inspection_frame(struct inspection *in, const struct frame *f)
{
	struct audit_row row;
	struct json_t *doc;

	if (f->type == FRAME_AUDIT_ROW && audit_row_decode(f->body, &row))
		inspection_event(in, &row);
	if (f->type != FRAME_FACT || (doc = jdoc_parse(f->body)) == NULL)
		return;
	on_fact(in, doc);
	jdoc_free(doc);
}

void
inspection_free(struct inspection *in)
{
	struct inspection_keep *k;
	size_t i, v;

	for (i = 0; i < in->ntasks; i++) {
		free(in->task[i].attempt);
		for (v = 0; v < VALUE_COUNT; v++)
			buf_free(&in->task[i].value[v]);
	}
	while ((k = in->keep) != NULL) {
		in->keep = k->next;
		free(k);
	}
	free(in->task);
	free(in->slot);
	free(in->event);
	buf_free(&in->missing);
	*in = (struct inspection){ 0 };
}

bool
inspection_is_complete(const struct inspection *in, bool *has)
{
	*has = in->nstreams > 0;
	return (in->nopen == 0 && in->nlost == 0 && in->ncut == 0 &&
	    in->dropped_lines == 0);
}
