#include "proto/request.h"

#include "proto/audit.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/record.h"
#include "proto/state.h"
#include "proto/text.h"

static const char *const kind_name[REQUEST_KIND_COUNT] = {
	"logs", "follow", "wait", "audit", "status", "list", "inspect",
};

static const char *const notice_name[NOTICE_COUNT] = {
	"waiting", "stored", "live", "position", "execution", "removed",
};

static const char *const end_name[END_REASON_COUNT] = {
	"done", "complete", "lost", "open", "not-found", "ambiguous",
	"beyond",
};

/* The index of s among n names; n if it is none of them. */
static size_t
name_index(const char *const *name, size_t n, struct span s)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (span_is(s, name[i]))
			break;
	return (i);
}

static void
put_texts(struct buf *b, const char *key, const struct span *text, size_t n)
{
	size_t i;

	if (n == 0)
		return;
	jput_key(b, key);
	buf_char(b, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_char(b, ',');
		jput_string(b, text[i]);
	}
	buf_char(b, ']');
}

static void
put_filter(struct buf *b, const struct filter *f)
{
	struct span level[LEVEL_COUNT], type[AUDIT_TYPE_COUNT];
	size_t i, n = 0;

	put_texts(b, "tasks", f->task, f->ntasks);
	for (i = 0; i < LEVEL_COUNT; i++)
		if ((f->levels & 1u << i) != 0)
			level[n++] = span_of(level_name((enum level)i));
	put_texts(b, "levels", level, n);
	for (i = n = 0; i < AUDIT_TYPE_COUNT; i++)
		if ((f->types & 1u << i) != 0)
			type[n++] = span_of(audit_type_name(
			    (enum audit_type)i));
	put_texts(b, "types", type, n);
	if (f->source.p != NULL)
		jput_text(b, "source", f->source);
	if (f->has_since)
		jput_i64(b, "since", f->since);
	if (f->has_until)
		jput_i64(b, "until", f->until);
	if (f->has_attempt)
		jput_i64(b, "attempt", f->attempt);
	if (f->stream != STREAM_NONE)
		jput_text(b, "stream", span_of(stream_name(f->stream)));
}

static void
put_states(struct buf *b, unsigned states)
{
	struct span state[STATE_COUNT];
	size_t i, n = 0;

	for (i = 0; i < STATE_COUNT; i++)
		if ((states & 1u << i) != 0)
			state[n++] = span_of(state_name((enum state)i));
	put_texts(b, "states", state, n);
}

bool
request_put(struct buf *b, const struct request *r)
{
	size_t mark = frame_begin(b, FRAME_REQUEST);
	char cursor[CURSOR_TEXT];

	buf_char(b, '{');
	jput_text(b, "kind", span_of(kind_name[r->kind]));
	if (r->execution.p != NULL)
		jput_text(b, "execution_id", r->execution);
	put_filter(b, &r->filter);
	put_states(b, r->states);
	if (r->values)
		jput_bool(b, "values", true);
	if (r->looks > 0)
		jput_i64(b, "looks", r->looks);
	if (r->lines >= 0 && r->kind != REQUEST_STATUS)
		jput_i64(b, "lines", r->lines);
	if (r->has_after) {
		cursor_format(&r->after, r->execution, cursor);
		jput_text(b, "after", span_of(cursor));
	}
	if (r->wait)
		jput_bool(b, "wait", true);
	if (r->has_drain)
		jput_i64(b, "drain", r->drain);
	if (r->no_exit)
		jput_bool(b, "no_exit", true);
	if (r->reverse)
		jput_bool(b, "reverse", true);
	if (r->prefix)
		jput_bool(b, "prefix", true);
	if (r->all)
		jput_bool(b, "all", true);
	buf_char(b, '}');
	return (frame_end(b, mark));
}

static const char *
decode_levels(struct filter *f, const struct json_t *doc)
{
	struct span name[LEVEL_COUNT];
	enum level level;
	size_t i, n = 0;

	if (jget_texts(doc, "levels", name, LEVEL_COUNT, &n) == JGET_WRONG)
		return (LEVEL_SENTENCE);
	for (i = 0; i < n; i++) {
		if (!level_parse(name[i], &level))
			return (LEVEL_SENTENCE);
		f->levels |= 1u << level;
	}
	return (NULL);
}

static const char *
decode_types(struct filter *f, const struct json_t *doc)
{
	struct span name[AUDIT_TYPE_COUNT];
	enum audit_type type;
	size_t i, n = 0;

	if (jget_texts(doc, "types", name, AUDIT_TYPE_COUNT, &n) == JGET_WRONG)
		return (refusal_sentence(REFUSAL_EVENT_TYPE));
	for (i = 0; i < n; i++) {
		if (!audit_type_parse(name[i], &type))
			return (refusal_sentence(REFUSAL_EVENT_TYPE));
		f->types |= 1u << type;
	}
	return (NULL);
}

/* A number that may be missing; false if it is something else. */
static bool
decode_number(const struct json_t *doc, const char *key, bool *has,
    int64_t *value)
{
	enum jget got = jget_i64(doc, key, value);

	*has = got == JGET_OK;
	return (got != JGET_WRONG);
}

static const char *
decode_states(struct request *r)
{
	struct span name[STATE_COUNT];
	enum state state;
	size_t i, n = 0;

	if (jget_texts(r->doc, "states", name, STATE_COUNT, &n) == JGET_WRONG)
		return (STATE_SENTENCE);
	for (i = 0; i < n; i++) {
		if (!state_parse(name[i], &state))
			return (STATE_SENTENCE);
		r->states |= 1u << state;
	}
	return (NULL);
}

/* What is asked of all executions, and of no row. */
static const char *
decode_list(struct request *r)
{
	bool has;

	if (!decode_number(r->doc, "lines", &has, &r->lines) ||
	    (has && (r->lines < 1 || r->lines > LIST_LINES_MAX)))
		return ("lines is a number from 1 to 10000");
	if (!has)
		r->lines = LIST_LINES;
	if (!decode_number(r->doc, "since", &r->filter.has_since,
	    &r->filter.since) || !decode_number(r->doc, "until",
	    &r->filter.has_until, &r->filter.until))
		return ("since and until are in Unix milliseconds");
	return (decode_states(r));
}

static const char *
decode_filter(struct filter *f, const struct json_t *doc)
{
	struct span stream = SPAN_NONE;
	const char *sentence;
	enum jget got;
	size_t i;

	if (jget_texts(doc, "tasks", f->task, FILTER_TASKS_MAX, &f->ntasks) ==
	    JGET_WRONG)
		return ("tasks is an array of at most 64 task ids");
	for (i = 0; i < f->ntasks; i++)
		if (!text_is_id(f->task[i]))
			return (refusal_sentence(REFUSAL_TASK_ID));
	if (jget_text(doc, "source", &f->source) == JGET_WRONG ||
	    (f->source.p != NULL && !text_is_id(f->source)))
		return ("source is 1 to 255 bytes of UTF-8");
	if (!decode_number(doc, "since", &f->has_since, &f->since) ||
	    !decode_number(doc, "until", &f->has_until, &f->until))
		return ("since and until are in Unix milliseconds");
	if (!decode_number(doc, "attempt", &f->has_attempt, &f->attempt))
		return ("attempt is a number");
	if ((got = jget_text(doc, "stream", &stream)) == JGET_WRONG ||
	    (got == JGET_OK && !stream_parse(stream, &f->stream)))
		return ("stream is stdout or stderr");
	if ((sentence = decode_types(f, doc)) != NULL)
		return (sentence);
	return (decode_levels(f, doc));
}

/* Flags, and where to go on. */
static const char *
decode_rest(struct request *r)
{
	struct span after = SPAN_NONE;

	if (jget_bool(r->doc, "values", &r->values) == JGET_WRONG)
		return ("values is true or false");
	if (jget_i64(r->doc, "looks", &r->looks) == JGET_WRONG || r->looks < 0)
		return ("looks is a number of rows");
	if (jget_bool(r->doc, "wait", &r->wait) == JGET_WRONG ||
	    jget_bool(r->doc, "no_exit", &r->no_exit) == JGET_WRONG ||
	    jget_bool(r->doc, "reverse", &r->reverse) == JGET_WRONG ||
	    jget_bool(r->doc, "prefix", &r->prefix) == JGET_WRONG)
		return ("wait, no_exit, reverse and prefix are true or false");
	if (!decode_number(r->doc, "drain", &r->has_drain, &r->drain) ||
	    r->drain < 0)
		return ("drain is a number of milliseconds");
	if (jget_text(r->doc, "after", &after) == JGET_WRONG ||
	    (after.p != NULL && !cursor_parse(after, r->execution, &r->after)))
		return ("after is not a cursor of this execution");
	r->has_after = after.p != NULL;
	if (r->reverse && (r->has_after || r->kind != REQUEST_LOGS))
		return ("reverse is for logs, and goes without after");
	if (r->has_after && (r->lines >= 0 || r->prefix ||
	    r->kind == REQUEST_AUDIT))
		return ("after goes without lines and prefix, and not with "
		    "audit");
	if (r->kind == REQUEST_AUDIT ? filter_is_for_rows(&r->filter) :
	    r->filter.types != 0)
		return ("tasks, levels, source, attempt and stream are not for "
		    "audit, and types for nothing else");
	return (NULL);
}

static const char *
decode(struct request *r)
{
	struct span kind = SPAN_NONE;
	const char *sentence;
	enum jget got;
	size_t i;

	if (jget_text(r->doc, "kind", &kind) != JGET_OK ||
	    (i = name_index(kind_name, REQUEST_KIND_COUNT, kind)) ==
	    REQUEST_KIND_COUNT)
		return ("kind is one of: logs, follow, wait, audit, status, "
		    "list, inspect");
	r->kind = (enum request_kind)i;
	if (r->kind == REQUEST_STATUS)
		return (NULL);
	if (r->kind == REQUEST_LIST)
		return (decode_list(r));
	if (jget_bool(r->doc, "all", &r->all) == JGET_WRONG)
		return ("all is true or false");
	got = jget_text(r->doc, "execution_id", &r->execution);
	if (r->all && (r->kind != REQUEST_AUDIT || got != JGET_NONE))
		return ("all is for audit, and goes without execution_id");
	if (!r->all && (got != JGET_OK || !text_is_id(r->execution)))
		return (refusal_sentence(REFUSAL_EXECUTION_ID));
	if (jget_i64(r->doc, "lines", &r->lines) == JGET_WRONG ||
	    r->lines < -1)
		return ("lines is a number; -1: all");
	if ((sentence = decode_filter(&r->filter, r->doc)) != NULL)
		return (sentence);
	return (decode_rest(r));
}

enum fault
request_decode(struct span body, struct request *r, const char **sentence)
{
	*r = (struct request){ .lines = -1, .doc = jdoc_parse(body) };
	if (r->doc == NULL) {
		*sentence = "REQUEST is not a JSON object, or has a key twice";
		return (FAULT_BAD_JSON);
	}
	if ((*sentence = decode(r)) == NULL)
		return (FAULT_NONE);
	request_free(r);
	return (FAULT_BAD_REQUEST);
}

void
request_free(struct request *r)
{
	if (r->doc != NULL)
		jdoc_free(r->doc);
	r->doc = NULL;
}

void
notice_put(struct buf *b, const struct notice *n)
{
	size_t mark = frame_begin(b, FRAME_NOTICE);

	buf_char(b, '{');
	jput_text(b, "notice", span_of(notice_name[n->kind]));
	if (n->kind == NOTICE_EXECUTION)
		jput_text(b, "execution_id", n->execution);
	else if (n->kind == NOTICE_REMOVED) {
		jput_i64(b, "rows", n->rows);
		jput_bool(b, "at_most", n->at_most);
	} else if (n->kind != NOTICE_WAITING)
		jput_i64(b, "log", n->log);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

bool
notice_decode(struct span body, struct notice *n)
{
	struct span name = SPAN_NONE;
	size_t i = NOTICE_COUNT;

	*n = (struct notice){ .doc = jdoc_parse(body) };
	if (n->doc == NULL)
		return (false);
	if (jget_text(n->doc, "notice", &name) == JGET_OK &&
	    jget_i64(n->doc, "log", &n->log) != JGET_WRONG &&
	    jget_i64(n->doc, "rows", &n->rows) != JGET_WRONG &&
	    jget_bool(n->doc, "at_most", &n->at_most) != JGET_WRONG &&
	    jget_text(n->doc, "execution_id", &n->execution) != JGET_WRONG)
		i = name_index(notice_name, NOTICE_COUNT, name);
	n->kind = (enum notice_kind)i;
	if (i < NOTICE_COUNT)
		return (true);
	notice_free(n);
	return (false);
}

void
notice_free(struct notice *n)
{
	if (n->doc != NULL)
		jdoc_free(n->doc);
	n->doc = NULL;
}

/* The key of the names in an END. */
static const char *
end_names(enum end_reason reason)
{
	return (reason == END_LOST || reason == END_OPEN ? "streams" :
	    "executions");
}

void
end_put(struct buf *b, const struct end *e)
{
	size_t mark = frame_begin(b, FRAME_END);

	buf_char(b, '{');
	jput_text(b, "reason", span_of(end_name[e->reason]));
	jput_i64(b, "rows", e->rows);
	jput_bool(b, "found", e->found);
	if (e->event.p != NULL)
		jput_text(b, "event", e->event);
	put_texts(b, end_names(e->reason), e->name, e->nnames);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

bool
end_decode(struct span body, struct end *e)
{
	struct span reason = SPAN_NONE;
	size_t i;

	*e = (struct end){ .doc = jdoc_parse(body) };
	if (e->doc == NULL)
		return (false);
	if (jget_text(e->doc, "reason", &reason) == JGET_OK &&
	    (i = name_index(end_name, END_REASON_COUNT, reason)) <
	    END_REASON_COUNT &&
	    jget_i64(e->doc, "rows", &e->rows) == JGET_OK &&
	    jget_bool(e->doc, "found", &e->found) == JGET_OK &&
	    jget_text(e->doc, "event", &e->event) != JGET_WRONG &&
	    jget_texts(e->doc, end_names((enum end_reason)i), e->name,
	    END_NAMES_MAX, &e->nnames) != JGET_WRONG) {
		e->reason = (enum end_reason)i;
		return (true);
	}
	end_free(e);
	return (false);
}

void
end_free(struct end *e)
{
	if (e->doc != NULL)
		jdoc_free(e->doc);
	e->doc = NULL;
}
