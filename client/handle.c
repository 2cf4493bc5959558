/*
 * libexeclog: the calls of execlog.h.  The thread that sends is in sender.c.
 */
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/execlog.h"
#include "client/handle.h"
#include "proto/audit.h"
#include "proto/frame.h"
#include "proto/hello.h"
#include "proto/paths.h"
#include "proto/record.h"

#define QUEUE_DEFAULT	(4 * 1024 * 1024)
#define QUEUE_MIN	(1024 * 1024)	/* the end of a capture with the longest
					   lines and metadata, masked */
#define FLUSH_BYTES	(FRAME_HEADER + 8)
#define MOMENT_MS	200		/* without an acknowledgement */
#define SEED_BYTES	16		/* of a random name */

static void
explain(char *reason, const char *text)
{
	if (reason != NULL)
		(void)snprintf(reason, EXECLOG_REASON, "%s", text);
}

/*
 * A page that a child of fork finds zeroed: so a call knows whose process this
 * is, without asking the kernel.
 */
static bool
make_canary(struct execlog *h)
{
	h->canary = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (h->canary == MAP_FAILED) {
		h->canary = NULL;
		return (false);
	}
	if (madvise(h->canary, (size_t)sysconf(_SC_PAGESIZE),
	    MADV_WIPEONFORK) == -1)
		return (false);
	*h->canary = 1;
	return (true);
}

enum execlog_result
handle_usable(const struct execlog *h)
{
	return (h == NULL ? EXECLOG_FAILED :
	    *h->canary == 0 ? EXECLOG_FORKED : EXECLOG_OK);
}

static bool
make_name(struct execlog *h, const char *given)
{
	unsigned char seed[SEED_BYTES];
	size_t i;

	if (given != NULL) {
		(void)snprintf(h->name, sizeof h->name, "%s", given);
		h->keeps_name = true;
		return (text_is_id(span_of(given)));
	}
	if (getentropy(seed, sizeof seed) == -1)
		return (false);
	for (i = 0; i < sizeof seed; i++)
		(void)snprintf(h->name + 2 * i, 3, "%02x", seed[i]);
	return (true);
}

static void
destroy(struct execlog *h)
{
	sender_fini(h);
	if (h->wake != -1)
		(void)close(h->wake);
	if (h->canary != NULL)
		(void)munmap(h->canary, (size_t)sysconf(_SC_PAGESIZE));
	link_close(&h->link);
	if (h->masked)
		explicit_bzero(h->ring.p, h->ring.size);
	masks_free(&h->masks);
	ring_free(&h->ring);
	buf_free(&h->scratch);
	free(h);
}

static bool
prepare(struct execlog *h, const struct execlog_options *o, char *reason)
{
	size_t queue = o->queue == 0 ? QUEUE_DEFAULT : o->queue;

	h->nonblocking = o->nonblocking;
	h->patience = o->patience;
	h->on_refused = o->on_refused;
	h->arg = o->arg;
	(void)snprintf(h->who, sizeof h->who, "%s", o->client != NULL ?
	    o->client : "libexeclog");
	if (!link_path(h->path, o->socket))
		explain(reason, "the path of the socket is too long");
	else if (!make_name(h, o->producer))
		explain(reason, "a producer's name is 1 to 255 bytes of UTF-8 "
		    "without control characters");
	else if (o->lazy && h->keeps_name)
		explain(reason, "a stable name must know its number first: it "
		    "cannot be lazy");
	else if (!make_canary(h) ||
	    (h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1 ||
	    !ring_init(&h->ring, queue < QUEUE_MIN ? QUEUE_MIN : queue, 0))
		explain(reason, strerror(errno));
	else
		return (true);
	return (false);
}

struct execlog *
execlog_open(const struct execlog_options *given, char reason[EXECLOG_REASON])
{
	const struct execlog_options o = given != NULL ? *given :
	    (struct execlog_options){ 0 };
	struct execlog *h = calloc(1, sizeof *h);

	if (h == NULL) {
		explain(reason, strerror(ENOMEM));
		return (NULL);
	}
	h->wake = -1;
	h->link.fd = -1;
	sender_init(h);
	if (!prepare(h, &o, reason)) {
		destroy(h);
		return (NULL);
	}
	/* The first time here, so that the caller hears of it. */
	if (!o.lazy &&
	    !sender_connect(h, o.cancel != NULL ? *o.cancel : -1)) {
		explain(reason, h->reason);
		destroy(h);
		return (NULL);
	}
	h->patience = 0;
	h->stored = h->ring.acked;
	h->captures = (uint32_t)h->stored;
	if (!sender_start(h)) {
		explain(reason, strerror(errno));
		destroy(h);
		return (NULL);
	}
	return (h);
}

/* ------------------------------------------------------------- queueing */

static bool
has_passed(const struct deadline *d)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec > d->at.tv_sec || (now.tv_sec == d->at.tv_sec &&
	    now.tv_nsec >= d->at.tv_nsec));
}

/*
 * With the lock: wait for a change, with a deadline or NULL; false when that
 * has passed.  Under load acknowledgements come by themselves.  When none comes
 * for a moment, ask for one: the daemon may be waiting for more.
 */
static bool
await_progress(struct execlog *h, const struct deadline *until)
{
	struct deadline moment;

	sender_deadline(&moment, MOMENT_MS);
	if (until != NULL && !until->never &&
	    (until->at.tv_sec < moment.at.tv_sec ||
	    (until->at.tv_sec == moment.at.tv_sec &&
	    until->at.tv_nsec < moment.at.tv_nsec)))
		moment = *until;
	if (sender_wait(h, &moment))
		return (true);
	sender_flush(h);
	return (until == NULL || until->never || !has_passed(until));
}

enum execlog_result
handle_await_room(struct execlog *h, size_t n)
{
	while (!h->failed && ring_room(&h->ring) < n + FLUSH_BYTES) {
		if (h->nonblocking)
			return (EXECLOG_WOULD_BLOCK);
		await_progress(h, NULL);
	}
	return (h->failed ? EXECLOG_FAILED : EXECLOG_OK);
}

static bool
make_frame(struct execlog *h, encode_fn *encode, const void *what)
{
	buf_reset(&h->scratch);
	return (encode(h, what) && !h->scratch.failed);
}

static void
put_frame(struct execlog *h)
{
	h->number++;
	ring_put(&h->ring, h->scratch.p, h->scratch.n);
	sender_wake(h);
}

bool
handle_put(struct execlog *h, encode_fn *encode, const void *what)
{
	if (!make_frame(h, encode, what))
		return (false);
	put_frame(h);
	return (true);
}

/*
 * Put one into the queue, when there is room for it and for a FLUSH behind it.
 * The frame is made anew after the wait: meanwhile others have used the
 * scratch, and the number.
 */
enum execlog_result
handle_submit(struct execlog *h, encode_fn *encode, const void *what)
{
	enum execlog_result result;

	sender_lock(h);
	for (;;) {
		if (h->failed)
			result = EXECLOG_FAILED;
		else if (!make_frame(h, encode, what))
			result = EXECLOG_INVALID;
		else if (ring_room(&h->ring) < h->scratch.n + FLUSH_BYTES) {
			result = handle_await_room(h, h->scratch.n);
			if (result == EXECLOG_OK)
				continue;
		} else {
			put_frame(h);
			result = EXECLOG_OK;
		}
		break;
	}
	sender_unlock(h);
	return (result);
}

static bool
encode_log(struct execlog *h, const void *what)
{
	const struct execlog_record *r = what;
	const struct span execution = span_of(r->execution);
	const struct record record = {
		.number = h->number + 1,
		.execution = execution,
		.task = span_of(r->task),
		.source = span_of(r->source),
		.level = (uint8_t)r->level,
		.stream = (uint8_t)r->stream,
		.partial = (uint8_t)r->partial,
		.timestamp = r->timestamp,
		.has_timestamp = r->timestamp != 0,
		.attempt = r->has_attempt ? r->attempt : 0,
		.has_attempt = r->has_attempt,
		.message = masks_text(&h->masks, execution, (struct span){
		    r->message, r->message_len }, (enum partial)r->partial),
		.metadata = masks_metadata(&h->masks, execution,
		    span_of(r->metadata)),
	};

	return (record_put(&h->scratch, &record));
}

enum execlog_result
execlog_log(struct execlog *h, const struct execlog_record *r)
{
	if (handle_usable(h) != EXECLOG_OK)
		return (handle_usable(h));
	if (r->execution == NULL || r->source == NULL ||
	    (r->message == NULL && r->message_len > 0))
		return (EXECLOG_INVALID);
	return (handle_submit(h, encode_log, r));
}

static bool
encode_event(struct execlog *h, const void *what)
{
	const struct execlog_event *e = what;
	const struct span execution = span_of(e->execution);
	struct audit audit = {
		/* Without a number it is the next one. */
		.execution = execution,
		.timestamp = e->timestamp,
		.has_timestamp = e->timestamp != 0,
		.metadata = masks_metadata(&h->masks, execution,
		    span_of(e->metadata)),
	};

	return (audit_type_parse(span_of(e->type), &audit.type) &&
	    audit_put(&h->scratch, &audit));
}

enum execlog_result
execlog_event(struct execlog *h, const struct execlog_event *e)
{
	if (handle_usable(h) != EXECLOG_OK)
		return (handle_usable(h));
	if (e->execution == NULL || e->type == NULL)
		return (EXECLOG_INVALID);
	return (handle_submit(h, encode_event, e));
}

/* -------------------------------------------------------------- waiting */

enum execlog_result
execlog_flush(struct execlog *h, int timeout)
{
	enum execlog_result result = EXECLOG_OK;
	struct deadline until;
	uint64_t number;

	if (handle_usable(h) != EXECLOG_OK)
		return (handle_usable(h));
	sender_deadline(&until, timeout);
	sender_lock(h);
	number = h->number;
	sender_flush(h);
	while ((h->ring.acked < number || h->mask_known < h->mask_goal) &&
	    result == EXECLOG_OK) {
		if (h->failed)
			result = EXECLOG_FAILED;
		else if (!sender_wait(h, &until))
			result = EXECLOG_TIMEOUT;
	}
	sender_unlock(h);
	return (result);
}

enum execlog_result
execlog_wait_room(struct execlog *h, int timeout)
{
	enum execlog_result result = EXECLOG_OK;
	struct deadline until;

	if (handle_usable(h) != EXECLOG_OK)
		return (handle_usable(h));
	sender_deadline(&until, timeout);
	sender_lock(h);
	while (ring_room(&h->ring) < h->ring.size / 4 &&
	    result == EXECLOG_OK) {
		if (h->failed)
			result = EXECLOG_FAILED;
		else if (!await_progress(h, &until))
			result = EXECLOG_TIMEOUT;
	}
	sender_unlock(h);
	return (result);
}

enum execlog_result
execlog_close(struct execlog *h, int timeout)
{
	enum execlog_result result;

	if (h == NULL)
		return (EXECLOG_OK);
	result = execlog_flush(h, timeout);
	if (result != EXECLOG_FORKED)
		sender_stop(h);
	destroy(h);
	return (result);
}

/* -------------------------------------------------------------- looking */

uint64_t
execlog_unacked(struct execlog *h)
{
	uint64_t n;

	if (handle_usable(h) != EXECLOG_OK)
		return (0);
	sender_lock(h);
	n = h->number - h->ring.acked;
	sender_unlock(h);
	return (n);
}

uint64_t
execlog_acked(struct execlog *h)
{
	uint64_t n;

	if (handle_usable(h) != EXECLOG_OK)
		return (0);
	sender_lock(h);
	n = h->ring.acked;
	sender_unlock(h);
	return (n);
}

uint64_t
execlog_stored(const struct execlog *h)
{
	return (h == NULL ? 0 : h->stored);
}

bool
execlog_is_connected(struct execlog *h)
{
	bool connected;

	if (handle_usable(h) != EXECLOG_OK)
		return (false);
	sender_lock(h);
	connected = h->connected;
	sender_unlock(h);
	return (connected);
}

void
execlog_reason(struct execlog *h, char reason[EXECLOG_REASON])
{
	reason[0] = '\0';
	if (handle_usable(h) != EXECLOG_OK)
		return;
	sender_lock(h);
	if (!h->connected)
		explain(reason, h->reason);
	sender_unlock(h);
}
