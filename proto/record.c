#include "proto/record.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"

#define RECORD_FIXED		36	/* bytes before the texts */
#define RECORD_HAS_TIMESTAMP	0x01
#define RECORD_HAS_ATTEMPT	0x02
#define BAD_VALUE		0xff	/* a level that is none */

const char *
stream_name(enum stream stream)
{
	static const char *const name[STREAM_COUNT] = {
		NULL, "stdout", "stderr",
	};

	return (name[stream]);
}

bool
stream_parse(struct span s, enum stream *stream)
{
	enum stream i;

	for (i = STREAM_STDOUT; i < STREAM_COUNT; i++) {
		if (span_is(s, stream_name(i))) {
			*stream = i;
			return (true);
		}
	}
	return (false);
}

const char *
partial_name(enum partial partial)
{
	static const char *const name[PARTIAL_COUNT] = {
		NULL, "first", "middle", "last",
	};

	return (name[partial]);
}

enum partial
partial_torn(enum partial partial)
{
	return (partial == PARTIAL_WHOLE || partial == PARTIAL_FIRST ?
	    PARTIAL_FIRST : PARTIAL_MIDDLE);
}

bool
record_put(struct buf *b, const struct record *r)
{
	size_t mark;

	if (r->execution.n > TEXT_ID_MAX || r->task.n > TEXT_ID_MAX ||
	    r->source.n > TEXT_ID_MAX || r->message.n > RECORD_MESSAGE_MAX ||
	    r->metadata.n > RECORD_METADATA_MAX)
		return (false);
	mark = frame_begin(b, FRAME_LOG);
	buf_u64(b, r->number);
	buf_u64(b, r->has_timestamp ? (uint64_t)r->timestamp : 0);
	buf_u32(b, r->has_attempt ? r->attempt : 0);
	buf_u8(b, (uint8_t)((r->has_timestamp ? RECORD_HAS_TIMESTAMP : 0) |
	    (r->has_attempt ? RECORD_HAS_ATTEMPT : 0)));
	buf_u8(b, r->level);
	buf_u8(b, r->stream);
	buf_u8(b, r->partial);
	buf_u8(b, (uint8_t)r->execution.n);
	buf_u8(b, (uint8_t)r->task.n);
	buf_u8(b, (uint8_t)r->source.n);
	buf_u8(b, 0);
	buf_u32(b, (uint32_t)r->message.n);
	buf_u32(b, (uint32_t)r->metadata.n);
	buf_span(b, r->execution);
	buf_span(b, r->task);
	buf_span(b, r->source);
	buf_span(b, r->message);
	buf_span(b, r->metadata);
	return (frame_end(b, mark));
}

/* Take n bytes off the front of *rest. */
static struct span
take(struct span *rest, size_t n)
{
	struct span s = { rest->p, n };

	rest->p += n;
	rest->n -= n;
	return (s);
}

bool
record_decode(struct span body, struct record *r)
{
	const uint8_t *p = (const uint8_t *)body.p;
	struct span rest;
	size_t message, metadata;

	if (body.n < RECORD_FIXED)
		return (false);
	message = be_u32(p + 28);
	metadata = be_u32(p + 32);
	/* A body has at most FRAME_MAX bytes, so no part may have more, and
	   the sum below cannot overflow. */
	if (message > FRAME_MAX || metadata > FRAME_MAX ||
	    body.n - RECORD_FIXED !=
	    (size_t)p[24] + p[25] + p[26] + message + metadata)
		return (false);
	if ((p[20] & ~(RECORD_HAS_TIMESTAMP | RECORD_HAS_ATTEMPT)) != 0 ||
	    p[27] != 0)
		return (false);
	*r = (struct record){
		.number = be_u64(p),
		.timestamp = (int64_t)be_u64(p + 8),
		.has_timestamp = (p[20] & RECORD_HAS_TIMESTAMP) != 0,
		.attempt = be_u32(p + 16),
		.has_attempt = (p[20] & RECORD_HAS_ATTEMPT) != 0,
		.level = p[21],
		.stream = p[22],
		.partial = p[23],
	};
	if ((!r->has_timestamp && r->timestamp != 0) ||
	    (!r->has_attempt && r->attempt != 0))
		return (false);
	rest = (struct span){ body.p + RECORD_FIXED, body.n - RECORD_FIXED };
	r->execution = take(&rest, p[24]);
	r->task = p[25] > 0 ? take(&rest, p[25]) : SPAN_NONE;
	r->source = take(&rest, p[26]);
	r->message = take(&rest, message);
	r->metadata = metadata > 0 ? take(&rest, metadata) : SPAN_NONE;
	return (true);
}

static const char *
stream_at(uint8_t i)
{
	return (stream_name((enum stream)i));
}

static const char *
partial_at(uint8_t i)
{
	return (partial_name((enum partial)i));
}

/*
 * The member "key" as an index from 1 to n - 1 of the names, 0 if it is absent,
 * BAD_VALUE if it is none of them.
 */
static uint8_t
named(const struct json_t *doc, const char *key, const char *(*name)(uint8_t),
    uint8_t n)
{
	struct span s = SPAN_NONE;
	uint8_t i;

	if (jget_text(doc, key, &s) == JGET_NONE)
		return (0);
	for (i = 1; i < n; i++)
		if (s.p != NULL && span_is(s, name(i)))
			return (i);
	return (BAD_VALUE);
}

/* Remember the first thing that is wrong. */
static void
refuse(struct record *r, enum refusal refusal)
{
	if (r->refusal == REFUSAL_NONE)
		r->refusal = refusal;
}

static void
text_from_json(struct record *r, const struct json_t *doc, const char *key,
    struct span *value, enum refusal refusal)
{
	if (jget_text(doc, key, value) == JGET_WRONG)
		refuse(r, refusal);
}

static void
numbers_from_json(struct record *r, const struct json_t *doc)
{
	int64_t v;

	switch (jget_i64(doc, "timestamp", &v)) {
	case JGET_OK:
		r->has_timestamp = true;
		r->timestamp = v;
		break;
	case JGET_WRONG:
		refuse(r, REFUSAL_TIMESTAMP);
		break;
	case JGET_NONE:
		break;
	}
	switch (jget_i64(doc, "attempt", &v)) {
	case JGET_OK:
		if (v < 0 || v > UINT32_MAX)
			refuse(r, REFUSAL_ATTEMPT);
		r->has_attempt = true;
		r->attempt = (uint32_t)v;
		break;
	case JGET_WRONG:
		refuse(r, REFUSAL_ATTEMPT);
		break;
	case JGET_NONE:
		break;
	}
}

static uint8_t
level_from_json(const struct json_t *doc)
{
	struct span s = SPAN_NONE;
	enum level level;

	if (jget_text(doc, "level", &s) == JGET_OK && level_parse(s, &level))
		return ((uint8_t)level);
	return (BAD_VALUE);
}

struct json_t *
record_from_json(struct span body, struct record *r)
{
	struct json_t *doc, *metadata;
	int64_t number = 0;

	*r = (struct record){ 0 };
	if ((doc = jdoc_parse(body)) == NULL)
		return (NULL);
	if (jget_i64(doc, "number", &number) == JGET_WRONG)
		number = -1;	/* follows nothing: bad-number */
	r->number = (uint64_t)number;
	text_from_json(r, doc, "execution_id", &r->execution,
	    REFUSAL_EXECUTION_ID);
	text_from_json(r, doc, "task_id", &r->task, REFUSAL_TASK_ID);
	text_from_json(r, doc, "source", &r->source, REFUSAL_SOURCE);
	r->level = level_from_json(doc);
	r->stream = named(doc, "stream", stream_at, STREAM_COUNT);
	r->partial = named(doc, "partial", partial_at, PARTIAL_COUNT);
	numbers_from_json(r, doc);
	text_from_json(r, doc, "message", &r->message, REFUSAL_MESSAGE);
	if (r->message.p == NULL)
		refuse(r, REFUSAL_MESSAGE);
	switch (jget_object(doc, "metadata", &metadata)) {
	case JGET_OK:
		/* As it was written: 0.1 stays 0.1. */
		r->metadata = jtext_member(body, "metadata");
		if (r->metadata.p == NULL)
			refuse(r, REFUSAL_METADATA);
		break;
	case JGET_WRONG:
		refuse(r, REFUSAL_METADATA);
		break;
	case JGET_NONE:
		break;
	}
	return (doc);
}

enum refusal
record_check(const struct record *r)
{
	if (!text_is_id(r->execution))
		return (REFUSAL_EXECUTION_ID);
	if (r->refusal != REFUSAL_NONE)
		return (r->refusal);
	if (r->task.p != NULL && !text_is_id(r->task))
		return (REFUSAL_TASK_ID);
	if (!text_is_id(r->source) || span_is(r->source, RECORD_SOURCE_OWN))
		return (REFUSAL_SOURCE);
	if (r->level >= LEVEL_COUNT)
		return (REFUSAL_LEVEL);
	if (r->stream >= STREAM_COUNT)
		return (REFUSAL_STREAM);
	if (r->partial >= PARTIAL_COUNT)
		return (REFUSAL_PARTIAL);
	if (r->has_timestamp && (r->timestamp > RECORD_TIME_MAX ||
	    r->timestamp < -RECORD_TIME_MAX))
		return (REFUSAL_TIMESTAMP);
	if (r->message.n > RECORD_MESSAGE_MAX)
		return (REFUSAL_MESSAGE);
	if (r->metadata.n > RECORD_METADATA_MAX)
		return (REFUSAL_METADATA);
	return (REFUSAL_NONE);
}
