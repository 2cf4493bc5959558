#include "daemon/capture.h"

#include <stdio.h>

#include "daemon/admit.h"
#include "daemon/batch.h"
#include "daemon/intake.h"
#include "daemon/log.h"
#include "daemon/streams.h"
#include "proto/buf.h"
#include "proto/capture.h"
#include "proto/escape.h"
#include "proto/json.h"
#include "proto/size.h"
#include "proto/text.h"

#define TEXT_MAX	128	/* bytes of a sentence with numbers */

static void
tell_truncated(const struct intake *in, const struct capture *c)
{
	struct buf metadata = { 0 };
	char share[SIZE_TEXT], message[TEXT_MAX];

	(void)snprintf(message, sizeof message,
	    "Plugin log output exceeded %s; further output dropped",
	    size_format((int64_t)in->streams->share, share));
	intake_event(&metadata, "truncated", &c->origin);
	jput_i64(&metadata, "limit", (int64_t)in->streams->share);
	intake_row(in, &c->origin, LEVEL_WARN, span_of(message), &metadata);
}

void
capture_tell_dropped(const struct intake *in, const struct capture *c)
{
	const struct attempt *a = c->attempt;
	struct buf metadata = { 0 };
	char message[TEXT_MAX];

	if (a == NULL || a->running > 0 || a->use.dropped_bytes == 0)
		return;
	(void)snprintf(message, sizeof message,
	    "%llu line%s (%llu bytes) of plugin output dropped, of this "
	    "attempt so far",
	    (unsigned long long)a->use.dropped_lines,
	    a->use.dropped_lines == 1 ? "" : "s",
	    (unsigned long long)a->use.dropped_bytes);
	intake_event(&metadata, "dropped", &c->origin);
	jput_i64(&metadata, "lines", (int64_t)a->use.dropped_lines);
	jput_i64(&metadata, "bytes", (int64_t)a->use.dropped_bytes);
	intake_row(in, &c->origin, LEVEL_WARN, span_of(message), &metadata);
}

static void
tell_cut(const struct intake *in, const struct capture *c, struct span cut)
{
	struct buf metadata = { 0 }, message = { 0 };

	buf_str(&message, "not all output was captured: ");
	buf_span(&message, cut);
	intake_event(&metadata, "cut", &c->origin);
	jput_text(&metadata, "reason", cut);
	intake_row(in, &c->origin, LEVEL_WARN, buf_text(&message), &metadata);
	buf_free(&message);
}

/* ------------------------------------------------------- open, line, close */

/*
 * What this capture would have had is stored nowhere: its streams are lost, and
 * nobody resumes them.  Only who has asked for a raw stream has not begun yet.
 */
static void
refuse_open(const struct intake *in, const struct holder *h,
    const struct capture_open *o, enum refusal refusal)
{
	struct stream_opening opening = {
		.origin = o->origin,
		.streams = o->streams != 0 ? o->streams :
		    STREAM_BIT(STREAM_NONE),
		.capture = o->capture,
	};
	struct origin *origin = &opening.origin;
	char reason[2 * TEXT_MAX];

	admit_refused_row(in->admit, in->batch, origin, refusal, in->wall,
	    in->mono);
	if (!text_is_id(origin->execution) ||
	    (h->name.p == NULL && refusal == REFUSAL_STREAMS))
		return;
	if (origin->task.p != NULL && !text_is_id(origin->task))
		origin->task = SPAN_NONE;
	if (origin->source.p == NULL || !text_is_id(origin->source))
		origin->source = span_of(RECORD_SOURCE_OWN);
	(void)snprintf(reason, sizeof reason, "refused: %s",
	    refusal_sentence(refusal));
	opening.refused = span_of(reason);
	(void)batch_add_opening(in->batch, &opening, in->mono);
	in->streams->lost += (size_t)__builtin_popcount(opening.streams);
}

enum refusal
capture_open(const struct intake *in, struct holder *h,
    const struct capture_open *o)
{
	const struct stream_opening opening = {
		.origin = o->origin,
		.streams = o->streams,
		.producer = h->name,
		.capture = o->capture,
	};
	enum refusal refusal = o->refusal;
	struct capture *c;

	if (refusal == REFUSAL_NONE && o->capture <= h->newest)
		refusal = REFUSAL_CAPTURE;
	if (refusal == REFUSAL_NONE && !streams_has_room(in->streams, h))
		refusal = REFUSAL_STREAMS;
	if (refusal != REFUSAL_NONE) {
		refuse_open(in, h, o, refusal);
		return (refusal);
	}
	c = streams_add(in->streams, h, o, in->batch->serial);
	c->opening = batch_add_opening(in->batch, &opening, in->mono);
	in->batch->urgent = true;
	return (REFUSAL_NONE);
}

static bool
begins_line(const struct line *l)
{
	return (l->partial == PARTIAL_WHOLE || l->partial == PARTIAL_FIRST);
}

/* Bytes that count; a line is not smaller than what is stored of it. */
static uint64_t
size_of(const struct line *l)
{
	return (l->size > l->message.n ? l->size : l->message.n);
}

static struct record
record_of(const struct capture *c, const struct line *l)
{
	return ((struct record){
		.timestamp = l->timestamp,
		.has_timestamp = l->has_timestamp,
		.has_attempt = c->origin.has_attempt,
		.attempt = c->origin.attempt,
		.level = l->level,
		.stream = l->stream,
		.partial = l->partial,
		.torn = l->torn,
		.execution = c->origin.execution,
		.task = c->origin.task,
		.source = c->origin.source,
		.message = l->message,
		.metadata = l->metadata,
	});
}

/*
 * Is it the middle or the end of a line whose beginning is stored?  What is
 * dropped of a stream is dropped from there on.
 */
static bool
breaks_line(const struct capture *c, const struct line *l)
{
	const struct stream_use *use = &c->tally[l->stream].use;

	return (!begins_line(l) && use->lines > 0 &&
	    use->dropped_lines == 0 && use->dropped_bytes == 0);
}

/* The part of a line that is stored gets an end. */
static void
end_line(const struct intake *in, const struct capture *c, enum stream s)
{
	const struct line last = {
		.stream = (uint8_t)s,
		.level = LEVEL_INFO,
		.partial = PARTIAL_LAST,
		.message = { "", 0 },
		.metadata = span_of("{\"truncated\":true}"),
	};
	const struct record r = record_of(c, &last);

	(void)admit_log(in->admit, in->batch, &r, in->wall, in->mono);
}

/* Beyond the attempt's share: counted and not stored. */
static void
drop(const struct intake *in, struct capture *c, const struct line *l)
{
	struct stream_use *use = &c->tally[l->stream].use;
	bool first = c->attempt->use.dropped_bytes == 0;
	uint64_t lines = begins_line(l) ? 1 : 0, bytes = size_of(l);

	if (breaks_line(c, l))
		end_line(in, c, (enum stream)l->stream);
	if (first)
		tell_truncated(in, c);
	/* At least one, so that the attempt is known to be over its share. */
	bytes += first && bytes == 0;
	use->dropped_lines += lines;
	use->dropped_bytes += bytes;
	c->attempt->use.dropped_lines += lines;
	c->attempt->use.dropped_bytes += bytes;
	in->streams->dropped_lines += lines;
}

static void
count(struct capture *c, const struct line *l)
{
	struct tally *t = &c->tally[l->stream];
	uint64_t lines = begins_line(l) ? 1 : 0, bytes = size_of(l);

	t->use.lines += lines;
	t->use.bytes += bytes;
	if (c->attempt == NULL)
		return;
	c->attempt->use.lines += lines;
	c->attempt->use.bytes += bytes;
}

struct span
capture_execution(struct holder *h, uint32_t number)
{
	const struct capture *c = h != NULL ? streams_find(h, number) : NULL;

	return (c != NULL ? c->origin.execution : SPAN_NONE);
}

enum refusal
capture_line(const struct intake *in, struct holder *h, const struct line *l)
{
	static const struct origin nobody = { 0 };
	struct capture *c = h != NULL ? streams_find(h, l->capture) : NULL;
	enum refusal refusal;
	struct record r;

	if (c == NULL || c->state != CAPTURE_OPEN ||
	    l->stream >= STREAM_COUNT ||
	    (c->streams & STREAM_BIT(l->stream)) == 0) {
		admit_refused_row(in->admit, in->batch, c != NULL ?
		    &c->origin : &nobody, REFUSAL_CAPTURE, in->wall, in->mono);
		return (REFUSAL_CAPTURE);
	}
	r = record_of(c, l);
	if (!attempt_fits(c->attempt, size_of(l), in->streams->share))
		drop(in, c, l);
	else if ((refusal = admit_log(in->admit, in->batch, &r, in->wall,
	    in->mono)) != REFUSAL_NONE)
		return (refusal);
	else
		count(c, l);
	intake_mark(in, c, (enum stream)l->stream, STREAM_OPEN);
	return (REFUSAL_NONE);
}

enum refusal
capture_close(const struct intake *in, struct holder *h,
    const struct capture_close *close)
{
	static const struct origin nobody = { 0 };
	struct buf text = { 0 };
	struct capture *c;
	struct span cut;

	c = h != NULL ? streams_find(h, close->capture) : NULL;
	if (c == NULL || c->state != CAPTURE_OPEN) {
		admit_refused_row(in->admit, in->batch, &nobody,
		    REFUSAL_CAPTURE, in->wall, in->mono);
		return (REFUSAL_CAPTURE);
	}
	cut = admit_masked(in->admit, c->origin.execution, close->cut,
	    in->mono);
	if (cut.p != NULL) {
		/* Other programs show this column to people. */
		escape_put(&text, cut, true, false);
		if (text.failed)
			log_no_memory();
		cut = buf_text(&text);
		cut.n = text_cut(cut, CAPTURE_CUT_MAX);
		tell_cut(in, c, cut);
	}
	intake_mark_all(in, c, STREAM_CLOSED, cut);
	streams_end(in->streams, c, STREAM_CLOSED, in->batch->serial);
	capture_tell_dropped(in, c);
	buf_free(&text);
	return (REFUSAL_NONE);
}
