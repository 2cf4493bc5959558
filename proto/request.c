#include "proto/request.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/record.h"
#include "proto/text.h"

static const char *const kind_name[REQUEST_KIND_COUNT] = {
	"logs", "follow", "audit", "status",
};

static const char *const notice_name[NOTICE_COUNT] = { "waiting", "live" };

static const char *const end_name[END_REASON_COUNT] = {
	"done", "complete", "not-found",
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
put_filter(struct buf *b, const struct filter *f)
{
	size_t i;
	bool first = true;

	if (f->ntasks > 0) {
		jput_key(b, "tasks");
		buf_char(b, '[');
		for (i = 0; i < f->ntasks; i++) {
			if (i > 0)
				buf_char(b, ',');
			jput_string(b, f->task[i]);
		}
		buf_char(b, ']');
	}
	if (f->levels != 0) {
		jput_key(b, "levels");
		buf_char(b, '[');
		for (i = 0; i < LEVEL_COUNT; i++) {
			if ((f->levels & 1u << i) == 0)
				continue;
			if (!first)
				buf_char(b, ',');
			first = false;
			jput_string(b, span_of(level_name((enum level)i)));
		}
		buf_char(b, ']');
	}
	if (f->source.p != NULL)
		jput_text(b, "source", f->source);
	if (f->has_since)
		jput_i64(b, "since", f->since);
}

bool
request_put(struct buf *b, const struct request *r)
{
	size_t mark = frame_begin(b, FRAME_REQUEST);

	buf_char(b, '{');
	jput_text(b, "kind", span_of(kind_name[r->kind]));
	if (r->execution.p != NULL)
		jput_text(b, "execution_id", r->execution);
	put_filter(b, &r->filter);
	if (r->lines > 0)
		jput_i64(b, "lines", r->lines);
	if (r->wait)
		jput_bool(b, "wait", true);
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
decode_filter(struct filter *f, const struct json_t *doc)
{
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
	switch (jget_i64(doc, "since", &f->since)) {
	case JGET_WRONG:
		return ("since is in Unix milliseconds");
	case JGET_OK:
		f->has_since = true;
		break;
	case JGET_NONE:
		break;
	}
	return (decode_levels(f, doc));
}

static const char *
decode(struct request *r)
{
	struct span kind = SPAN_NONE;
	size_t i;

	if (jget_text(r->doc, "kind", &kind) != JGET_OK ||
	    (i = name_index(kind_name, REQUEST_KIND_COUNT, kind)) ==
	    REQUEST_KIND_COUNT)
		return ("kind is one of: logs, follow, audit, status");
	r->kind = (enum request_kind)i;
	if (r->kind == REQUEST_STATUS)
		return (NULL);
	if (jget_text(r->doc, "execution_id", &r->execution) != JGET_OK ||
	    !text_is_id(r->execution))
		return (refusal_sentence(REFUSAL_EXECUTION_ID));
	if (jget_i64(r->doc, "lines", &r->lines) == JGET_WRONG || r->lines < 0)
		return ("lines is a number, not negative");
	if (jget_bool(r->doc, "wait", &r->wait) == JGET_WRONG)
		return ("wait is true or false");
	return (decode_filter(&r->filter, r->doc));
}

enum fault
request_decode(struct span body, struct request *r, const char **sentence)
{
	*r = (struct request){ .doc = jdoc_parse(body) };
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
notice_put(struct buf *b, enum notice notice)
{
	size_t mark = frame_begin(b, FRAME_NOTICE);

	buf_char(b, '{');
	jput_text(b, "notice", span_of(notice_name[notice]));
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

bool
notice_decode(struct span body, enum notice *notice)
{
	struct json_t *doc;
	struct span name = SPAN_NONE;
	size_t i = NOTICE_COUNT;

	if ((doc = jdoc_parse(body)) == NULL)
		return (false);
	if (jget_text(doc, "notice", &name) == JGET_OK)
		i = name_index(notice_name, NOTICE_COUNT, name);
	jdoc_free(doc);
	if (i == NOTICE_COUNT)
		return (false);
	*notice = (enum notice)i;
	return (true);
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
	    jget_text(e->doc, "event", &e->event) != JGET_WRONG) {
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
