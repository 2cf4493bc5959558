#include "daemon/intake.h"

#include "daemon/admit.h"
#include "daemon/batch.h"
#include "daemon/log.h"
#include "daemon/streams.h"
#include "proto/buf.h"
#include "proto/json.h"

static void
mark(const struct intake *in, struct capture *c, enum stream s,
    enum stream_state state, struct span cut)
{
	struct tally *t = &c->tally[s];
	struct batch *b = in->batch;
	const struct stream_mark m = {
		.row = t->row,
		.state = state,
		.use = t->use,
		.cut = cut,
	};

	/* A second mark wins over the first: they are written in order. */
	if (t->marked != b->serial || cut.p != NULL) {
		t->mark = batch_add_stream(b, &m, in->mono);
		t->marked = b->serial;
		return;
	}
	b->stream[t->mark].state = state;
	b->stream[t->mark].use = t->use;
}

void
intake_mark(const struct intake *in, struct capture *c, enum stream s,
    enum stream_state state)
{
	mark(in, c, s, state, SPAN_NONE);
}

void
intake_mark_all(const struct intake *in, struct capture *c,
    enum stream_state state, struct span cut)
{
	enum stream s;

	for (s = STREAM_NONE; s < STREAM_COUNT; s++)
		if ((c->streams & STREAM_BIT(s)) != 0)
			mark(in, c, s, state, cut);
}

void
intake_event(struct buf *metadata, const char *event, const struct origin *o)
{
	buf_char(metadata, '{');
	jput_text(metadata, "event", span_of(event));
	if (o->has_attempt)
		jput_i64(metadata, "attempt", o->attempt);
}

void
intake_row(const struct intake *in, const struct origin *o, enum level level,
    struct span message, struct buf *metadata)
{
	buf_char(metadata, '}');
	if (metadata->failed)
		log_no_memory();
	admit_own(in->admit, in->batch, o, level, message, buf_text(metadata),
	    in->wall, in->mono);
	buf_free(metadata);
}
