#include "proto/sweep.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"

static const char *const state_name[SWEEP_STATE_COUNT] = {
	"running", "done", "waiting", "off", "failed",
};

const char *
sweep_state_name(enum sweep_state state)
{
	return (state_name[state]);
}

void
sweep_request_put(struct buf *b, const struct sweep_request *r)
{
	size_t mark = frame_begin(b, FRAME_REQUEST);

	buf_char(b, '{');
	jput_text(b, "kind", span_of("sweep"));
	if (r->dry_run)
		jput_bool(b, "dry_run", true);
	if (r->yes)
		jput_bool(b, "yes", true);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

enum fault
sweep_request_decode(struct span body, struct sweep_request *r,
    const char **sentence)
{
	struct json_t *doc = jdoc_parse(body);
	struct span kind = SPAN_NONE;

	*r = (struct sweep_request){ 0 };
	*sentence = NULL;
	if (doc == NULL) {
		*sentence = "REQUEST is not a JSON object, or has a key twice";
		return (FAULT_BAD_JSON);
	}
	if (jget_text(doc, "kind", &kind) != JGET_OK ||
	    !span_is(kind, "sweep"))
		*sentence = "the kind of an admin's request is sweep";
	else if (jget_bool(doc, "dry_run", &r->dry_run) == JGET_WRONG ||
	    jget_bool(doc, "yes", &r->yes) == JGET_WRONG)
		*sentence = "dry_run and yes are true or false";
	jdoc_free(doc);
	return (*sentence == NULL ? FAULT_NONE : FAULT_BAD_REQUEST);
}

void
sweep_news_put(struct buf *b, const struct sweep_news *n)
{
	size_t mark = frame_begin(b, FRAME_SWEEP);

	buf_char(b, '{');
	jput_text(b, "state", span_of(state_name[n->state]));
	jput_i64(b, "rows", n->rows);
	if (n->execution.p != NULL) {
		jput_text(b, "execution_id", n->execution);
		if (n->kept.p != NULL)
			jput_text(b, "kept", n->kept);
	} else {
		jput_i64(b, "events", n->events);
		jput_i64(b, "expected", n->expected);
		jput_i64(b, "spared", n->spared);
	}
	if (n->reason.p != NULL)
		jput_text(b, "reason", n->reason);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

static bool
decode_state(struct sweep_news *n)
{
	struct span name = SPAN_NONE;
	int i;

	if (jget_text(n->doc, "state", &name) != JGET_OK)
		return (false);
	for (i = 0; i < SWEEP_STATE_COUNT; i++)
		if (span_is(name, state_name[i])) {
			n->state = (enum sweep_state)i;
			return (true);
		}
	return (false);
}

bool
sweep_news_decode(struct span body, struct sweep_news *n)
{
	*n = (struct sweep_news){ .doc = jdoc_parse(body) };
	if (n->doc == NULL)
		return (false);
	if (decode_state(n) && jget_i64(n->doc, "rows", &n->rows) == JGET_OK &&
	    jget_i64(n->doc, "events", &n->events) != JGET_WRONG &&
	    jget_i64(n->doc, "expected", &n->expected) != JGET_WRONG &&
	    jget_i64(n->doc, "spared", &n->spared) != JGET_WRONG &&
	    jget_text(n->doc, "reason", &n->reason) != JGET_WRONG &&
	    jget_text(n->doc, "execution_id", &n->execution) != JGET_WRONG &&
	    jget_text(n->doc, "kept", &n->kept) != JGET_WRONG)
		return (true);
	sweep_news_free(n);
	return (false);
}

void
sweep_news_free(struct sweep_news *n)
{
	if (n->doc != NULL)
		jdoc_free(n->doc);
	n->doc = NULL;
}
