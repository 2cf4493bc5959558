#include "proto/output.h"

#include "proto/structured.h"

#define KEEP_BYTES	4096	/* of scratch memory between two lines */

/* Whoever waits for the lines, while they are made. */
struct taker {
	struct output	*output;
	bool		 ending;	/* no more will come */
	output_fn	*fn;
	void		*arg;
};

/* What a part says about itself: only the first one can, by a prefix. */
static void
read_part(struct output *o, struct structured *s, struct span text,
    enum partial partial)
{
	if (partial == PARTIAL_FIRST) {
		o->level = o->fallback;
		(void)structured_prefix(&text, &o->level);
	}
	*s = (struct structured){ .level = o->level, .message = text };
}

static void
on_text(struct span text, enum partial partial, void *v)
{
	struct taker *t = v;
	struct output *o = t->output;
	bool ends = partial == PARTIAL_WHOLE || partial == PARTIAL_LAST;
	struct structured s;

	if (partial == PARTIAL_WHOLE)
		structured_parse(&s, text, o->fallback, &o->scratch);
	else
		read_part(o, &s, text, partial);
	t->fn(&(struct line){
		.capture = o->capture,
		.size = (uint32_t)(text.n + ends),
		.timestamp = s.timestamp,
		.has_timestamp = s.has_timestamp,
		.level = (uint8_t)s.level,
		.stream = (uint8_t)o->stream,
		.partial = (uint8_t)partial,
		/* Not one that was read as an object: that is whole. */
		.torn = t->ending && ends &&
		    s.message.p + s.message.n == text.p + text.n,
		.message = s.message,
		.metadata = s.metadata,
	}, t->arg);
	if (o->scratch.cap > KEEP_BYTES)
		buf_free(&o->scratch);
}

bool
output_feed(struct output *o, struct span bytes, output_fn *fn, void *arg)
{
	struct taker t = { o, false, fn, arg };

	return (lines_feed(&o->lines, bytes.p, bytes.n, on_text, &t));
}

void
output_flush(struct output *o, output_fn *fn, void *arg)
{
	struct taker t = { o, false, fn, arg };

	(void)lines_flush(&o->lines, on_text, &t);
}

bool
output_holds(const struct output *o)
{
	return (lines_holds(&o->lines));
}

size_t
output_held(const struct output *o)
{
	return (o->lines.held.n);
}

void
output_finish(struct output *o, output_fn *fn, void *arg)
{
	struct taker t = { o, true, fn, arg };

	lines_finish(&o->lines, on_text, &t);
}

void
output_free(struct output *o)
{
	lines_free(&o->lines);
	buf_free(&o->scratch);
}
