/*
 * Captures and raw streams of libexeclog.
 */
#include <stdlib.h>
#include <string.h>

#include "client/execlog.h"
#include "client/handle.h"
#include "client/stamp.h"
#include "proto/capture.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/mask.h"
#include "proto/output.h"

/* What the bytes that are made into lines at once may come to in the queue, if
   they are lines of nothing; the smallest queue has more. */
#define PIECE_COST	(128 * 1024)
#define CUT_MAX		4096	/* bytes of a reason as it is sent */
#define MASK_GROWTH	96	/* bytes that a line grows by, beside doubling:
				   see masks.h */
#define LINE_BYTES	(FRAME_HEADER + 36)	/* of a LINE, but for its texts */

struct execlog_capture {
	struct execlog	*handle;
	uint32_t	 number;
	unsigned	 streams;	/* a set */
	char		*metadata;	/* what each line has; NULL: nothing */
	struct json_t	*members;	/* the same, parsed */
	struct buf	 merged;	/* scratch */
	char		*execution;
	struct output	 output[STREAM_COUNT];
	int64_t		 read_at[STREAM_COUNT];	/* ms: the last bytes of it */
	int64_t		 newest;	/* of the times that are ours */
};

static unsigned
streams_of(const struct execlog_capture_options *o)
{
	if (!o->has_stdout && !o->has_stderr)
		return (STREAM_BIT(STREAM_NONE));
	return ((o->has_stdout ? STREAM_BIT(STREAM_STDOUT) : 0) |
	    (o->has_stderr ? STREAM_BIT(STREAM_STDERR) : 0));
}

void
execlog_capture_abandon(struct execlog_capture *c)
{
	enum stream s;

	if (c == NULL)
		return;
	for (s = STREAM_NONE; s < STREAM_COUNT; s++)
		output_free(&c->output[s]);
	if (c->members != NULL)
		jdoc_free(c->members);
	buf_free(&c->merged);
	free(c->execution);
	free(c->metadata);
	free(c);
}

/* ---------------------------------------------------------------- opening */

/* What each line is to have.  False: not an object, too long for a line, or no
   memory. */
static bool
take_metadata(struct execlog_capture *c, const char *metadata)
{
	if (metadata == NULL)
		return (true);
	return (strlen(metadata) <= RECORD_METADATA_MAX &&
	    (c->metadata = strdup(metadata)) != NULL &&
	    (c->members = jdoc_parse(span_of(c->metadata))) != NULL);
}

/* With the lock.  What may be the beginning of a secret waits for what comes
   behind it. */
static size_t
on_keep(struct span held, void *v)
{
	const struct execlog_capture *c = v;
	struct mask *mask = masks_find(&c->handle->masks,
	    span_of(c->execution));

	return (mask == NULL ? 0 : mask_tail(mask, held));
}

static struct execlog_capture *
capture_new(struct execlog *h, const struct execlog_capture_options *o)
{
	struct execlog_capture *c = calloc(1, sizeof *c);
	enum level level = o->has_level ? (enum level)o->level : LEVEL_INFO;
	enum stream s;

	if (c == NULL)
		return (NULL);
	c->handle = h;
	c->streams = streams_of(o);
	c->execution = strdup(o->execution);
	sender_lock(h);
	c->number = ++h->captures;
	sender_unlock(h);
	for (s = STREAM_NONE; s < STREAM_COUNT; s++) {
		c->output[s].capture = c->number;
		c->output[s].stream = s;
		c->output[s].lines.keep = on_keep;
		c->output[s].lines.arg = c;
		c->output[s].fallback = s == STREAM_STDERR &&
		    o->has_stderr_level ? (enum level)o->stderr_level : level;
	}
	if (c->execution != NULL && take_metadata(c, o->metadata))
		return (c);
	execlog_capture_abandon(c);
	return (NULL);
}

static bool
encode_open(struct execlog *h, const void *what)
{
	struct capture_open open = *(const struct capture_open *)what;

	open.number = h->number + 1;
	return (capture_open_put(&h->scratch, &open));
}

enum execlog_result
execlog_capture_open(struct execlog *h,
    const struct execlog_capture_options *o, struct execlog_capture **capture)
{
	struct capture_open open;
	struct execlog_capture *c;
	enum execlog_result result;

	*capture = NULL;
	if (handle_usable(h) != EXECLOG_OK)
		return (handle_usable(h));
	if (o->execution == NULL || o->source == NULL ||
	    (c = capture_new(h, o)) == NULL)
		return (EXECLOG_INVALID);
	open = (struct capture_open){
		.capture = c->number,
		.origin = {
			.execution = span_of(o->execution),
			.task = span_of(o->task),
			.source = span_of(o->source),
			.has_attempt = o->has_attempt,
			.attempt = o->attempt,
		},
		.streams = c->streams,
	};
	result = handle_submit(h, encode_open, &open);
	if (result == EXECLOG_OK)
		*capture = c;
	else
		execlog_capture_abandon(c);
	return (result);
}

/* ------------------------------------------------------------------- lines */

static bool
encode_line(struct execlog *h, const void *what)
{
	struct line line = *(const struct line *)what;

	line.number = h->number + 1;
	return (line_put(&h->scratch, &line));
}

/* The line's metadata with that of the capture, as far as it fits. */
static struct span
merge(struct execlog_capture *c, struct span own)
{
	struct json_t *over;

	if (own.p == NULL)
		return (span_of(c->metadata));
	if ((over = jdoc_parse(own)) == NULL)
		return (own);
	buf_reset(&c->merged);
	buf_char(&c->merged, '{');
	jput_members(&c->merged, span_of(c->metadata), c->members, NULL, 0,
	    over);
	jput_members(&c->merged, own, over, NULL, 0, NULL);
	buf_char(&c->merged, '}');
	jdoc_free(over);
	return (c->merged.failed || c->merged.n > RECORD_METADATA_MAX ? own :
	    buf_text(&c->merged));
}

/*
 * With the handle's lock, and room.  A line that says no time has that of its
 * last byte: it may be sent much later.
 */
static void
on_line(const struct line *given, void *v)
{
	struct execlog_capture *c = v;
	struct masks *masks = &c->handle->masks;
	struct span execution = span_of(c->execution);
	struct line line = *given;

	if (!line.has_timestamp) {
		line.has_timestamp = true;
		line.timestamp = c->read_at[line.stream];
	}
	if (c->members != NULL)
		line.metadata = merge(c, line.metadata);
	line.message = masks_text(masks, execution, line.message, line.torn ?
	    partial_torn((enum partial)line.partial) :
	    (enum partial)line.partial);
	line.metadata = masks_metadata(masks, execution, line.metadata);
	(void)handle_put(c->handle, encode_line, &line);
}

static bool
is_stream(const struct execlog_capture *c, enum execlog_stream stream)
{
	return (stream < STREAM_COUNT &&
	    (c->streams & STREAM_BIT(stream)) != 0);
}

/* What a line of nothing comes to, at most. */
static size_t
line_cost(const struct execlog_capture *c)
{
	size_t n = c->metadata != NULL ? 2 * strlen(c->metadata) : 0;

	return (LINE_BYTES + MASK_GROWTH +
	    (n < RECORD_METADATA_MAX ? n : RECORD_METADATA_MAX));
}

/* What n lines of so many bytes come to in the queue, at most. */
static size_t
cost(const struct execlog_capture *c, size_t n, size_t bytes)
{
	return (n * line_cost(c) + 3 * bytes);
}

static size_t
count_lines(const char *p, size_t n)
{
	size_t lines = 0;

	for (; n > 0; p++, n--)
		lines += *p == '\n';
	return (lines);
}

/* Take one piece that was read then. */
static enum execlog_result
feed(struct execlog_capture *c, struct output *o, int64_t read_at,
    struct span piece)
{
	struct execlog *h = c->handle;
	size_t held = o->lines.held.n;
	/* Of a held line come two parts at most, when more is behind it. */
	size_t n = cost(c, count_lines(piece.p, piece.n) + 2, piece.n + held);
	enum execlog_result result;

	sender_lock(h);
	if ((result = handle_await_room(h, n)) == EXECLOG_OK) {
		c->read_at[o->stream] = read_at;
		if (!output_feed(o, piece, on_line, c))
			result = EXECLOG_FAILED;
	}
	sender_unlock(h);
	return (result);
}

enum execlog_result
execlog_capture_feed(struct execlog_capture *c, enum execlog_stream stream,
    const void *bytes, size_t n, size_t *taken)
{
	return (execlog_capture_feed_at(c, stream, stamp_now(&c->newest),
	    bytes, n, taken));
}

enum execlog_result
execlog_capture_feed_at(struct execlog_capture *c, enum execlog_stream stream,
    int64_t read_at, const void *bytes, size_t n, size_t *taken)
{
	enum execlog_result result = handle_usable(c->handle);
	size_t most = PIECE_COST / line_cost(c) + 1;
	struct span piece = { bytes, 0 };

	*taken = 0;
	if (result == EXECLOG_OK && !is_stream(c, stream))
		result = EXECLOG_INVALID;
	while (result == EXECLOG_OK && *taken < n) {
		piece.p += piece.n;
		piece.n = n - *taken < most ? n - *taken : most;
		result = feed(c, &c->output[stream], read_at, piece);
		if (result == EXECLOG_OK)
			*taken += piece.n;
	}
	return (result);
}

bool
execlog_capture_holds(const struct execlog_capture *c,
    enum execlog_stream stream)
{
	return (is_stream(c, stream) && output_holds(&c->output[stream]));
}

/* Give out something of what is held. */
static enum execlog_result
give(struct execlog_capture *c, enum execlog_stream stream,
    void (*what)(struct output *, output_fn *, void *))
{
	enum execlog_result result = handle_usable(c->handle);
	struct output *o;

	if (result != EXECLOG_OK || !is_stream(c, stream))
		return (result == EXECLOG_OK ? EXECLOG_INVALID : result);
	o = &c->output[stream];
	sender_lock(c->handle);
	result = handle_await_room(c->handle, cost(c, 2, o->lines.held.n));
	if (result == EXECLOG_OK)
		what(o, on_line, c);
	sender_unlock(c->handle);
	return (result);
}

enum execlog_result
execlog_capture_flush(struct execlog_capture *c, enum execlog_stream stream)
{
	return (give(c, stream, output_flush));
}

enum execlog_result
execlog_capture_tear(struct execlog_capture *c, enum execlog_stream stream)
{
	return (give(c, stream, output_finish));
}

/* ----------------------------------------------------------------- the end */

static bool
encode_close(struct execlog *h, const void *what)
{
	struct capture_close close = *(const struct capture_close *)what;

	close.number = h->number + 1;
	return (capture_close_put(&h->scratch, &close));
}

/* The rest of all streams, and CLOSE: all of it or nothing. */
static enum execlog_result
finish(struct execlog_capture *c, const struct capture_close *close)
{
	struct execlog *h = c->handle;
	enum execlog_result result;
	size_t held = 0;
	enum stream s;

	for (s = STREAM_NONE; s < STREAM_COUNT; s++)
		held += c->output[s].lines.held.n;
	sender_lock(h);
	result = handle_await_room(h, cost(c, 2 * STREAM_COUNT, held) +
	    FRAME_HEADER + 128 + 6 * close->cut.n);
	for (s = STREAM_NONE; s < STREAM_COUNT && result == EXECLOG_OK; s++)
		output_finish(&c->output[s], on_line, c);
	if (result == EXECLOG_OK && !handle_put(h, encode_close, close))
		result = EXECLOG_FAILED;
	sender_unlock(h);
	return (result);
}

enum execlog_result
execlog_capture_close(struct execlog_capture *c, const char *cut)
{
	struct capture_close close = {
		.capture = c->number,
		.cut = span_of(cut),
	};
	enum execlog_result result = handle_usable(c->handle);

	/* The daemon cuts it, when it has masked it. */
	if (close.cut.n > CUT_MAX)
		close.cut = span_of("a reason that is too long");
	if (result == EXECLOG_OK)
		result = finish(c, &close);
	if (result != EXECLOG_WOULD_BLOCK)
		execlog_capture_abandon(c);
	return (result);
}
