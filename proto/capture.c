#include "proto/capture.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/text.h"
#include "proto/version.h"

#define LINE_FIXED		36	/* bytes before the texts */
#define LINE_HAS_TIMESTAMP	0x01

void
origin_put(struct buf *b, const struct origin *o)
{
	jput_text(b, "execution_id", o->execution);
	if (o->task.p != NULL)
		jput_text(b, "task_id", o->task);
	jput_text(b, "source", o->source);
	if (o->has_attempt)
		jput_i64(b, "attempt", o->attempt);
}

enum refusal
origin_from_json(const struct json_t *doc, struct origin *o)
{
	int64_t attempt;

	*o = (struct origin){ 0 };
	if (jget_text(doc, "execution_id", &o->execution) != JGET_OK ||
	    !text_is_id(o->execution))
		return (REFUSAL_EXECUTION_ID);
	if (jget_text(doc, "task_id", &o->task) == JGET_WRONG ||
	    (o->task.p != NULL && !text_is_id(o->task)))
		return (REFUSAL_TASK_ID);
	if (jget_text(doc, "source", &o->source) != JGET_OK ||
	    !text_is_id(o->source) || span_is(o->source, RECORD_SOURCE_OWN))
		return (REFUSAL_SOURCE);
	switch (jget_i64(doc, "attempt", &attempt)) {
	case JGET_NONE:
		return (REFUSAL_NONE);
	case JGET_OK:
		if (attempt >= 0 && attempt <= UINT32_MAX)
			break;
		/* FALLTHROUGH */
	case JGET_WRONG:
		return (REFUSAL_ATTEMPT);
	}
	o->has_attempt = true;
	o->attempt = (uint32_t)attempt;
	return (REFUSAL_NONE);
}

static void
put_streams(struct buf *b, unsigned streams)
{
	const char *comma = "";
	enum stream s;

	if (streams == STREAM_BIT(STREAM_NONE))
		return;
	jput_key(b, "streams");
	buf_char(b, '[');
	for (s = STREAM_STDOUT; s < STREAM_COUNT; s++) {
		if ((streams & STREAM_BIT(s)) == 0)
			continue;
		buf_str(b, comma);
		jput_string(b, span_of(stream_name(s)));
		comma = ",";
	}
	buf_char(b, ']');
}

bool
capture_open_put(struct buf *b, const struct capture_open *o)
{
	size_t mark = frame_begin(b, FRAME_OPEN);

	buf_char(b, '{');
	jput_i64(b, "number", (int64_t)o->number);
	jput_i64(b, "capture", o->capture);
	origin_put(b, &o->origin);
	put_streams(b, o->streams);
	buf_char(b, '}');
	return (frame_end(b, mark));
}

/* 0: not a number from 1 to 2^32 - 1. */
static uint32_t
get_capture(const struct json_t *doc)
{
	int64_t v = 0;

	if (jget_i64(doc, "capture", &v) != JGET_OK || v < 0 ||
	    v > UINT32_MAX)
		return (0);
	return ((uint32_t)v);
}

static uint64_t
get_number(const struct json_t *doc)
{
	int64_t v = 0;

	if (jget_i64(doc, "number", &v) == JGET_WRONG)
		v = -1;		/* follows nothing: bad-number */
	return ((uint64_t)v);
}

/* The set, 0 if it is none. */
static unsigned
get_streams(const struct json_t *doc)
{
	struct span name[STREAM_COUNT];
	unsigned set = 0;
	enum stream s;
	size_t n = 0, i;

	switch (jget_texts(doc, "streams", name, STREAM_COUNT - 1, &n)) {
	case JGET_NONE:
		return (STREAM_BIT(STREAM_NONE));
	case JGET_WRONG:
		return (0);
	case JGET_OK:
		break;
	}
	for (i = 0; i < n; i++) {
		if (!stream_parse(name[i], &s) || (set & STREAM_BIT(s)) != 0)
			return (0);
		set |= STREAM_BIT(s);
	}
	return (set);
}

struct json_t *
capture_open_from_json(struct span body, struct capture_open *o)
{
	struct json_t *doc;

	*o = (struct capture_open){ 0 };
	if ((doc = jdoc_parse(body)) == NULL)
		return (NULL);
	o->number = get_number(doc);
	o->capture = get_capture(doc);
	o->streams = get_streams(doc);
	o->refusal = origin_from_json(doc, &o->origin);
	if (o->refusal == REFUSAL_NONE && o->streams == 0)
		o->refusal = REFUSAL_STREAM;
	if (o->refusal == REFUSAL_NONE && o->capture == 0)
		o->refusal = REFUSAL_CAPTURE;
	return (doc);
}

bool
capture_close_put(struct buf *b, const struct capture_close *c)
{
	size_t mark = frame_begin(b, FRAME_CLOSE);

	buf_char(b, '{');
	jput_i64(b, "number", (int64_t)c->number);
	jput_i64(b, "capture", c->capture);
	if (c->cut.p != NULL)
		jput_text(b, "cut", c->cut);
	buf_char(b, '}');
	return (frame_end(b, mark));
}

struct json_t *
capture_close_from_json(struct span body, struct capture_close *c)
{
	struct json_t *doc;

	*c = (struct capture_close){ 0 };
	if ((doc = jdoc_parse(body)) == NULL)
		return (NULL);
	c->number = get_number(doc);
	c->capture = get_capture(doc);
	/* It is a sentence for people, not worth a refusal. */
	(void)jget_text(doc, "cut", &c->cut);
	return (doc);
}

bool
line_put(struct buf *b, const struct line *l)
{
	size_t mark;

	if (l->message.n > RECORD_MESSAGE_MAX ||
	    l->metadata.n > RECORD_METADATA_MAX)
		return (false);
	mark = frame_begin(b, FRAME_LINE);
	buf_u64(b, l->number);
	buf_u64(b, l->has_timestamp ? (uint64_t)l->timestamp : 0);
	buf_u32(b, l->capture);
	buf_u32(b, l->size);
	buf_u8(b, l->has_timestamp ? LINE_HAS_TIMESTAMP : 0);
	buf_u8(b, l->level);
	buf_u8(b, l->stream);
	buf_u8(b, l->partial);
	buf_u32(b, (uint32_t)l->message.n);
	buf_u32(b, (uint32_t)l->metadata.n);
	buf_span(b, l->message);
	buf_span(b, l->metadata);
	return (frame_end(b, mark));
}

bool
line_decode(struct span body, struct line *l)
{
	const uint8_t *p = (const uint8_t *)body.p;
	size_t message, metadata;

	if (body.n < LINE_FIXED)
		return (false);
	message = be_u32(p + 28);
	metadata = be_u32(p + 32);
	/* Neither is over FRAME_MAX, so the sum cannot overflow. */
	if (message > FRAME_MAX || metadata > FRAME_MAX ||
	    body.n - LINE_FIXED != message + metadata ||
	    (p[24] & ~LINE_HAS_TIMESTAMP) != 0)
		return (false);
	*l = (struct line){
		.number = be_u64(p),
		.timestamp = (int64_t)be_u64(p + 8),
		.capture = be_u32(p + 16),
		.size = be_u32(p + 20),
		.has_timestamp = (p[24] & LINE_HAS_TIMESTAMP) != 0,
		.level = p[25],
		.stream = p[26],
		.partial = p[27],
		.message = { body.p + LINE_FIXED, message },
	};
	if (metadata > 0)
		l->metadata = (struct span){ body.p + LINE_FIXED + message,
		    metadata };
	return (l->has_timestamp || l->timestamp == 0);
}

void
opened_put(struct buf *b, int64_t stream)
{
	size_t mark = frame_begin(b, FRAME_OPENED);

	buf_char(b, '{');
	jput_i64(b, "version", PROTO_VERSION);
	jput_i64(b, "stream", stream);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}
