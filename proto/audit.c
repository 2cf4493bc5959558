#include "proto/audit.h"

#include <strings.h>

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/record.h"
#include "proto/text.h"

const char *
audit_type_name(enum audit_type type)
{
	static const char *const name[AUDIT_TYPE_COUNT] = {
		"CREATED", "STARTED", "STATE_CHANGE", "COMPLETED", "FAILED",
		"CANCELLED", "TIMEOUT",
	};

	return (name[type]);
}

bool
audit_type_parse(struct span s, enum audit_type *type)
{
	const char *name;
	int i;

	for (i = 0; i < AUDIT_TYPE_COUNT; i++) {
		name = audit_type_name((enum audit_type)i);
		if (s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0) {
			*type = (enum audit_type)i;
			return (true);
		}
	}
	return (false);
}

bool
audit_is_terminal(enum audit_type type)
{
	return (type >= AUDIT_COMPLETED);
}

bool
audit_put(struct buf *b, const struct audit *a)
{
	size_t mark = frame_begin(b, FRAME_EVENT);

	buf_char(b, '{');
	jput_i64(b, "number", (int64_t)a->number);
	jput_text(b, "execution_id", a->execution);
	jput_text(b, "event_type", span_of(audit_type_name(a->type)));
	if (a->has_timestamp)
		jput_i64(b, "timestamp", a->timestamp);
	if (a->metadata.p != NULL) {
		jput_key(b, "metadata");
		buf_span(b, a->metadata);
	}
	buf_char(b, '}');
	return (frame_end(b, mark));
}

enum kind { TEXT, INTEGER, NUMBER };

static const struct {
	enum audit_type	 type;
	const char	*key;
	enum kind	 kind;
} keys[] = {
	{ AUDIT_CREATED, "workflow_id", TEXT },
	{ AUDIT_CREATED, "trigger_type", TEXT },
	{ AUDIT_STATE_CHANGE, "from", TEXT },
	{ AUDIT_STATE_CHANGE, "to", TEXT },
	{ AUDIT_STATE_CHANGE, "reason", TEXT },
	{ AUDIT_STATE_CHANGE, "task_id", TEXT },
	{ AUDIT_STATE_CHANGE, "attempt", INTEGER },
	{ AUDIT_COMPLETED, "duration", NUMBER },
	{ AUDIT_COMPLETED, "task_count", INTEGER },
	{ AUDIT_FAILED, "error_message", TEXT },
	{ AUDIT_FAILED, "failed_task_id", TEXT },
	{ AUDIT_FAILED, "stack_trace", TEXT },
	{ AUDIT_CANCELLED, "cancelled_by", TEXT },
	{ AUDIT_CANCELLED, "reason", TEXT },
	{ AUDIT_CANCELLED, "pending_task_count", INTEGER },
	{ AUDIT_TIMEOUT, "timeout_duration", NUMBER },
	{ AUDIT_TIMEOUT, "elapsed_time", NUMBER },
};

/* Has every known key that is there a value of its kind? */
static bool
metadata_fits(const struct json_t *doc, enum audit_type type)
{
	struct span s;
	int64_t v;
	size_t i;
	enum jget got;

	for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (keys[i].type != type)
			continue;
		switch (keys[i].kind) {
		case TEXT:
			got = jget_text(doc, keys[i].key, &s);
			break;
		case INTEGER:
			got = jget_i64(doc, keys[i].key, &v);
			break;
		default:
			got = jget_number(doc, keys[i].key);
			break;
		}
		if (got == JGET_WRONG)
			return (false);
	}
	return (true);
}

static enum refusal
metadata_from_json(struct audit *a, const struct json_t *doc, struct span body)
{
	struct json_t *metadata;

	switch (jget_object(doc, "metadata", &metadata)) {
	case JGET_NONE:
		return (REFUSAL_NONE);
	case JGET_OK:
		a->metadata = jtext_member(body, "metadata");
		if (a->metadata.p != NULL && metadata_fits(metadata, a->type))
			return (REFUSAL_NONE);
		break;
	case JGET_WRONG:
		break;
	}
	return (REFUSAL_METADATA);
}

struct json_t *
audit_from_json(struct span body, struct audit *a)
{
	struct json_t *doc;
	struct span type = SPAN_NONE;
	int64_t number = 0;

	*a = (struct audit){ 0 };
	if ((doc = jdoc_parse(body)) == NULL)
		return (NULL);
	if (jget_i64(doc, "number", &number) == JGET_WRONG)
		number = -1;	/* follows nothing: bad-number */
	a->number = (uint64_t)number;
	if (jget_text(doc, "execution_id", &a->execution) != JGET_OK) {
		a->refusal = REFUSAL_EXECUTION_ID;
		return (doc);
	}
	if (jget_text(doc, "event_type", &type) != JGET_OK ||
	    !audit_type_parse(type, &a->type)) {
		a->refusal = REFUSAL_EVENT_TYPE;
		return (doc);
	}
	switch (jget_i64(doc, "timestamp", &a->timestamp)) {
	case JGET_OK:
		a->has_timestamp = true;
		break;
	case JGET_WRONG:
		a->refusal = REFUSAL_TIMESTAMP;
		return (doc);
	case JGET_NONE:
		break;
	}
	a->refusal = metadata_from_json(a, doc, body);
	return (doc);
}

enum refusal
audit_check(const struct audit *a)
{
	if (!text_is_id(a->execution))
		return (REFUSAL_EXECUTION_ID);
	if (a->refusal != REFUSAL_NONE)
		return (a->refusal);
	if (a->has_timestamp && (a->timestamp > RECORD_TIME_MAX ||
	    a->timestamp < -RECORD_TIME_MAX))
		return (REFUSAL_TIMESTAMP);
	return (REFUSAL_NONE);
}
