#include "proto/fault.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/text.h"

const char *
fault_code(enum fault fault)
{
	static const char *const code[FAULT_COUNT] = {
		[FAULT_NONE] = "none",
		[FAULT_FRAME_TOO_LONG] = "frame-too-long",
		[FAULT_FRAME_CUT] = "frame-cut",
		[FAULT_FRAME_RESERVED] = "frame-reserved",
		[FAULT_UNKNOWN_TYPE] = "unknown-type",
		[FAULT_UNEXPECTED_TYPE] = "unexpected-type",
		[FAULT_BAD_VERSION] = "bad-version",
		[FAULT_BAD_HELLO] = "bad-hello",
		[FAULT_HELLO_TIMEOUT] = "hello-timeout",
		[FAULT_BAD_JSON] = "bad-json",
		[FAULT_BAD_RECORD] = "bad-record",
		[FAULT_BAD_NUMBER] = "bad-number",
		[FAULT_BAD_REQUEST] = "bad-request",
		[FAULT_TOO_MANY] = "too-many",
		[FAULT_FENCED] = "fenced",
		[FAULT_UNKNOWN_PRODUCER] = "unknown-producer",
		[FAULT_NOT_YOURS] = "not-yours",
		[FAULT_STORAGE] = "storage",
		[FAULT_SHUTTING_DOWN] = "shutting-down",
	};

	return (code[fault]);
}

static const struct {
	const char	*code;
	const char	*sentence;
} refusals[REFUSAL_COUNT] = {
	[REFUSAL_NONE] = { "none", "" },
	[REFUSAL_EXECUTION_ID] = { "bad-execution-id", "Invalid execution id. "
	    "It must be 1 to 255 bytes of UTF-8 without control characters" },
	[REFUSAL_TASK_ID] = { "bad-task-id", "Invalid task id. "
	    "It must be 1 to 255 bytes of UTF-8 without control characters" },
	[REFUSAL_SOURCE] = { "bad-source", "Invalid source. It must be 1 to "
	    "255 bytes of UTF-8 without control characters, not execlogd" },
	[REFUSAL_LEVEL] = { "bad-level", LEVEL_SENTENCE },
	[REFUSAL_STREAM] = { "bad-stream",
	    "Invalid stream. Must be one of: stdout, stderr" },
	[REFUSAL_PARTIAL] = { "bad-partial",
	    "Invalid partial. Must be one of: first, middle, last" },
	[REFUSAL_ATTEMPT] = { "bad-attempt",
	    "Invalid attempt. It must be a number from 0 to 4294967295" },
	[REFUSAL_TIMESTAMP] = { "bad-timestamp",
	    "Invalid timestamp. It must be Unix milliseconds" },
	[REFUSAL_MESSAGE] = { "bad-message",
	    "Invalid message. It must be text of at most 64 KiB" },
	[REFUSAL_METADATA] = { "bad-metadata", "Invalid metadata. It must be "
	    "a JSON object of at most 64 KiB with values of the right kind" },
	[REFUSAL_EVENT_TYPE] = { "bad-event-type",
	    "Invalid event type. Must be one of: CREATED, STARTED, "
	    "STATE_CHANGE, COMPLETED, FAILED, CANCELLED, TIMEOUT" },
	[REFUSAL_CAPTURE] = { "bad-capture", "Invalid capture. It must be "
	    "open; a new one has a higher number than all before" },
	[REFUSAL_STREAMS] = { "too-many-streams",
	    "there are as many captures or streams as the daemon keeps" },
	[REFUSAL_MASK] = { "bad-mask", "a value is not masked: it must have 6 "
	    "to 8192 bytes, and there must not be too many" },
};

const char *
refusal_code(enum refusal refusal)
{
	return (refusals[refusal].code);
}

const char *
refusal_sentence(enum refusal refusal)
{
	return (refusals[refusal].sentence);
}

void
fault_put(struct buf *b, enum fault fault, const char *sentence)
{
	size_t mark = frame_begin(b, FRAME_ERROR);

	buf_char(b, '{');
	jput_text(b, "code", span_of(fault_code(fault)));
	jput_text(b, "message", span_of(sentence));
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

void
refusal_put(struct buf *b, uint64_t number, enum refusal refusal)
{
	size_t mark = frame_begin(b, FRAME_REFUSED);

	buf_char(b, '{');
	jput_i64(b, "number", (int64_t)number);
	jput_text(b, "code", span_of(refusal_code(refusal)));
	jput_text(b, "message", span_of(refusal_sentence(refusal)));
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

struct json_t *
complaint_decode(struct span body, struct complaint *c)
{
	struct json_t *doc;

	*c = (struct complaint){ 0 };
	if ((doc = jdoc_parse(body)) == NULL)
		return (NULL);
	if (jget_text(doc, "code", &c->code) != JGET_OK ||
	    jget_text(doc, "message", &c->message) != JGET_OK ||
	    jget_i64(doc, "number", &c->number) == JGET_WRONG) {
		jdoc_free(doc);
		return (NULL);
	}
	return (doc);
}
