#include "daemon/lost.h"

#include "daemon/batch.h"
#include "daemon/capture.h"
#include "daemon/intake.h"
#include "daemon/streams.h"
#include "proto/buf.h"
#include "proto/json.h"

#define NAMED_MAX	16	/* streams that one row names */

/* "t1 attempt 2 stdout after 12 lines", and the same as an object. */
static void
name_stream(const struct capture *c, enum stream s, struct buf *message,
    struct buf *metadata)
{
	const struct stream_use *use = &c->tally[s].use;
	const char *name = stream_name(s);

	if (c->origin.task.p != NULL)
		buf_printf(message, "%.*s ", (int)c->origin.task.n,
		    c->origin.task.p);
	if (c->origin.has_attempt)
		buf_printf(message, "attempt %lu ",
		    (unsigned long)c->origin.attempt);
	buf_printf(message, "%s after %llu line%s",
	    name != NULL ? name : "output", (unsigned long long)use->lines,
	    use->lines == 1 ? "" : "s");
	buf_char(metadata, '{');
	if (c->origin.task.p != NULL)
		jput_text(metadata, "task_id", c->origin.task);
	if (c->origin.has_attempt)
		jput_i64(metadata, "attempt", c->origin.attempt);
	if (name != NULL)
		jput_text(metadata, "stream", span_of(name));
	jput_i64(metadata, "lines", (int64_t)use->lines);
	jput_i64(metadata, "bytes", (int64_t)use->bytes);
	buf_char(metadata, '}');
}

struct story {
	const char	*event;
	const char	*sentence;
	enum level	 level;
	/* Is it of this capture? */
	bool		(*is_of)(const struct capture *);
	/* What is to be done with it, when the row is there. */
	void		(*then)(const struct intake *, struct capture *);
};

/*
 * One row for all captures of the holder in this execution that the story is
 * of; "first" is the first one of them.
 */
static void
tell_story(const struct intake *in, const struct story *story,
    const struct capture *first)
{
	struct origin o = { .execution = first->origin.execution,
	    .task = first->origin.task };
	struct buf message = { 0 }, metadata = { 0 }, names = { 0 };
	const struct capture *c;
	unsigned long n = 0;
	enum stream s;

	LIST_FOREACH(c, &first->holder->captures, entry) {
		if (!story->is_of(c) ||
		    !span_eq(c->origin.execution, o.execution))
			continue;
		if (!span_eq(c->origin.task, o.task))
			o.task = SPAN_NONE;
		for (s = STREAM_NONE; s < STREAM_COUNT; s++) {
			if ((c->streams & STREAM_BIT(s)) == 0 ||
			    n++ >= NAMED_MAX)
				continue;
			buf_str(&message, n > 1 ? ", " : "");
			buf_str(&names, n > 1 ? "," : "");
			name_stream(c, s, &message, &names);
		}
	}
	if (n > NAMED_MAX)
		buf_printf(&message, ", and %lu more", n - NAMED_MAX);
	intake_event(&metadata, story->event, &o);
	jput_i64(&metadata, "count", (int64_t)n);
	jput_key(&metadata, "streams");
	buf_printf(&metadata, "[%.*s]", (int)names.n, names.p);
	buf_reset(&names);
	buf_printf(&names, "%s: %.*s", story->sentence, (int)message.n,
	    message.p);
	intake_row(in, &o, story->level, buf_text(&names), &metadata);
	buf_free(&names);
	buf_free(&message);
}

/* Each execution of the holder's has a row of its own. */
static void
tell(const struct intake *in, struct holder *h, const struct story *story)
{
	struct capture *c, *first;

	for (first = LIST_FIRST(&h->captures); first != NULL;
	    first = LIST_NEXT(first, entry)) {
		if (!story->is_of(first))
			continue;
		tell_story(in, story, first);
		for (c = first; c != NULL; c = LIST_NEXT(c, entry))
			if (story->is_of(c) && span_eq(c->origin.execution,
			    first->origin.execution))
				story->then(in, c);
	}
}

static bool
is_open(const struct capture *c)
{
	return (c->state == CAPTURE_OPEN);
}

static void
lose(const struct intake *in, struct capture *c)
{
	intake_mark_all(in, c, STREAM_LOST, SPAN_NONE);
	streams_end(in->streams, c, STREAM_LOST, in->batch->serial);
	capture_tell_dropped(in, c);
}

static bool
is_lost(const struct capture *c)
{
	return (c->state == CAPTURE_LOST ||
	    (c->state == CAPTURE_ENDING && c->end == STREAM_LOST));
}

static void
reopen(const struct intake *in, struct capture *c)
{
	streams_reopen(in->streams, c);
	intake_mark_all(in, c, STREAM_OPEN, SPAN_NONE);
}

void
lost_holder(const struct intake *in, struct holder *h)
{
	static const struct story story = {
		.event = "lost",
		.sentence = "a producer has vanished, its streams are lost",
		.level = LEVEL_WARN,
		.is_of = is_open,
		.then = lose,
	};

	tell(in, h, &story);
}

/* One that the name's new epoch has nothing to do with. */
static void
leave(const struct intake *in, struct capture *c)
{
	intake_mark_all(in, c, STREAM_GONE, SPAN_NONE);
	if (c->state == CAPTURE_LOST)
		streams_forget(in->streams, c);
	else if (c->state == CAPTURE_ENDING)
		c->end = STREAM_GONE;
	else {
		streams_end(in->streams, c, STREAM_GONE, in->batch->serial);
		capture_tell_dropped(in, c);
	}
}

void
lost_for_good(const struct intake *in, struct holder *h)
{
	static const struct story story = {
		.event = "lost",
		.sentence = "a producer has begun anew, its streams are lost",
		.level = LEVEL_WARN,
		.is_of = is_open,
		.then = leave,
	};
	struct capture *c, *next;

	tell(in, h, &story);
	for (c = LIST_FIRST(&h->captures); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		if (is_lost(c))
			leave(in, c);
	}
}

void
lost_found(const struct intake *in, struct holder *h)
{
	static const struct story story = {
		.event = "resumed",
		.sentence = "the producer is back, its streams are open again",
		.level = LEVEL_INFO,
		.is_of = is_lost,
		.then = reopen,
	};

	tell(in, h, &story);
}
