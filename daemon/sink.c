#include "daemon/sink.h"

#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/context.h"
#include "daemon/ingest.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/secrets.h"
#include "daemon/peer.h"
#include "daemon/streams.h"
#include "daemon/timer.h"
#include "proto/buf.h"
#include "proto/capture.h"
#include "proto/mask.h"
#include "proto/output.h"

#define WATCH_MS	1000	/* between two looks for who has gone */
#define CAPTURE		1	/* the number of the only capture */

struct sink {
	struct conn		*conn;
	struct roles_context	*world;
	struct ingest		*ingest;
	struct secrets		*secrets;
	struct ledger_entry	 in;
	struct timer		*silence;
	struct timer		*watch;		/* while values are awaited */
	struct output		 output;
	size_t			 held;		/* its part of world->raw_held */
	bool			 opened;
	bool			 masked;	/* not read without a mask */
};

static struct mask *
mask_of(const struct sink *s)
{
	const struct capture *c = streams_find(s->in.holder, CAPTURE);

	return (c == NULL ? NULL : secrets_find(s->secrets,
	    c->origin.execution, clock_mono_ms()));
}

/* What may be the beginning of a secret waits for what comes behind it. */
static size_t
on_keep(struct span held, void *v)
{
	struct mask *m = mask_of(v);

	return (m == NULL ? 0 : mask_tail(m, held));
}

static void
on_line(const struct line *line, void *v)
{
	struct sink *s = v;

	(void)ingest_line(s->ingest, &s->in, line);
}

/* What is held of its line has changed. */
static void
count_held(struct sink *s)
{
	s->world->raw_held += output_held(&s->output) - s->held;
	s->held = output_held(&s->output);
}

static void
flush(struct sink *s)
{
	output_flush(&s->output, on_line, s);
	count_held(s);
}

static void
on_silence(void *v)
{
	struct sink *s = v;

	flush(s);
	ingest_poke(s->ingest);
}

static void
sink_bytes(void *self, struct span bytes)
{
	struct sink *s = self;

	if (!output_feed(&s->output, bytes, on_line, s))
		log_no_memory();
	count_held(s);
	if (s->world->raw_held > LIMIT_RAW_HELD &&
	    s->held > LIMIT_RAW_HELD_EACH)
		flush(s);
	if (output_holds(&s->output))
		timer_set(s->silence, OUTPUT_SILENCE_MS);
	else
		timer_clear(s->silence);
	ingest_poke(s->ingest);
}

/* The row of the stream is committed. */
static void
on_opened(void *v)
{
	struct sink *s = v;
	struct capture *c = streams_find(s->in.holder, CAPTURE);
	struct buf b = { 0 };

	s->opened = true;
	opened_put(&b, c->tally[s->output.stream].row);
	conn_send(s->conn, &b);
	buf_free(&b);
	conn_resume(s->conn);
}

/* Nobody counts on an acknowledgement. */
static void
on_committed(void *v)
{
	(void)v;
}

static void
open_stream(struct sink *s, const struct hello *hello)
{
	const struct capture_open o = {
		.capture = CAPTURE,
		.origin = hello->origin,
		.streams = STREAM_BIT(hello->stream),
	};

	switch (ingest_open(s->ingest, &s->in, &o)) {
	case REFUSAL_NONE:
		break;
	case REFUSAL_STREAMS:
		conn_fault(s->conn, FAULT_TOO_MANY,
		    refusal_sentence(REFUSAL_STREAMS));
		break;
	default:
		conn_fault(s->conn, FAULT_BAD_HELLO, "a stream of this origin "
		    "cannot be opened");
		break;
	}
	ingest_poke(s->ingest);
}

/*
 * Values may never come, and while it is not read a stream's end is not seen: so
 * it is looked for.  What such a stream had said is lost with it, and a row says
 * so.
 */
static void
on_watch(void *v)
{
	struct sink *s = v;

	if (mask_of(s) != NULL)
		return;
	if (peer_is_gone(conn_fd(s->conn)))
		conn_drop(s->conn);
	else
		timer_set(s->watch, WATCH_MS);
}

static void *
sink_open(struct conn *conn, const struct hello *hello, void *context)
{
	struct roles_context *world = context;
	struct sink *s = log_calloc(1, sizeof *s);

	s->conn = conn;
	s->world = world;
	s->ingest = world->ingest;
	s->secrets = world->secrets;
	s->masked = hello->masked;
	s->output.capture = CAPTURE;
	s->output.stream = hello->stream;
	s->output.fallback = hello->level;
	s->output.lines.keep = on_keep;
	s->output.lines.arg = s;
	peer_identify(conn_fd(conn), &s->in.sender);
	s->in.on_committed = on_committed;
	s->in.on_opened = on_opened;
	s->in.arg = s;
	s->silence = timer_new(world->base, on_silence, s);
	s->watch = timer_new(world->base, on_watch, s);
	if (s->masked)
		timer_set(s->watch, WATCH_MS);
	ingest_add_producer(s->ingest, &s->in);
	open_stream(s, hello);
	return (s);
}

static bool
sink_wants(void *self)
{
	struct sink *s = self;

	return (s->opened && (!s->masked || mask_of(s) != NULL) &&
	    ingest_has_room(s->ingest, &s->in));
}

static void
sink_drained(void *self)
{
	(void)self;
}

/* Every process that had the descriptor has closed it. */
static bool
sink_eof(void *self)
{
	struct sink *s = self;
	const struct capture_close close = { .capture = CAPTURE };

	output_finish(&s->output, on_line, s);
	(void)ingest_close(s->ingest, &s->in, &close);
	ingest_poke(s->ingest);
	return (true);
}

static void
sink_close(void *self)
{
	struct sink *s = self;

	ingest_remove_producer(s->ingest, &s->in);
	timer_free(s->silence);
	timer_free(s->watch);
	output_free(&s->output);
	count_held(s);
	free(s);
}

const struct conn_role sink_role = {
	.open = sink_open,
	.bytes = sink_bytes,
	.wants = sink_wants,
	.drained = sink_drained,
	.eof = sink_eof,
	.close = sink_close,
};
