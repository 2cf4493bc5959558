/*
 * The thread of a handle: sends what is queued, reads acknowledgements,
 * connects again.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/handle.h"
#include "proto/frame.h"
#include "proto/hello.h"
#include "proto/json.h"

#define DELAY_FIRST	20	/* ms between tries to connect: doubled */
#define DELAY_MAX	2000	/* up to this */
#define LINGER_NS	200000	/* look again so long after the last work,
				   before callers have to wake us */

void
sender_deadline(struct deadline *d, int timeout)
{
	d->never = timeout < 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &d->at);
	if (d->never)
		return;
	d->at.tv_sec += timeout / 1000;
	d->at.tv_nsec += timeout % 1000 * 1000000L;
	if (d->at.tv_nsec >= 1000000000L) {
		d->at.tv_sec++;
		d->at.tv_nsec -= 1000000000L;
	}
}

void
sender_lock(struct execlog *h)
{
	(void)pthread_mutex_lock(&h->lock);
}

void
sender_unlock(struct execlog *h)
{
	(void)pthread_mutex_unlock(&h->lock);
}

bool
sender_wait(struct execlog *h, const struct deadline *d)
{
	if (d == NULL || d->never)
		return (pthread_cond_wait(&h->changed, &h->lock) == 0);
	return (pthread_cond_timedwait(&h->changed, &h->lock, &d->at) == 0);
}

static void
ring_bell(struct execlog *h)
{
	const uint64_t one = 1;

	/* It can only fail when it has been rung already. */
	if (write(h->wake, &one, sizeof one) == -1)
		return;
}

void
sender_wake(struct execlog *h)
{
	if (!h->asleep)
		return;
	h->asleep = false;
	ring_bell(h);
}

void
sender_flush(struct execlog *h)
{
	struct buf b = { 0 };
	size_t mark;

	if (h->flushed == h->number || h->ring.acked == h->number)
		return;
	h->flushed = h->number;
	mark = frame_begin(&b, FRAME_FLUSH);
	buf_u64(&b, h->number);
	(void)frame_end(&b, mark);
	if (!b.failed)
		ring_put(&h->ring, b.p, b.n);
	buf_free(&b);
	sender_wake(h);
}

/* Is there no use in trying again? */
static bool
is_final(enum fault fault)
{
	switch (fault) {
	case FAULT_NONE:
	case FAULT_FRAME_CUT:
	case FAULT_HELLO_TIMEOUT:
	case FAULT_TOO_MANY:
	case FAULT_STORAGE:
	case FAULT_SHUTTING_DOWN:
		return (false);
	default:
		return (true);
	}
}

static void
lost(struct execlog *h)
{
	sender_lock(h);
	h->connected = false;
	h->failed = is_final(h->link.fault);
	(void)snprintf(h->reason, sizeof h->reason, "%s", h->link.reason);
	(void)pthread_cond_broadcast(&h->changed);
	sender_unlock(h);
	link_close(&h->link);
}

/* The daemon has everything up to number; false: that cannot be. */
static bool
resume(struct execlog *h, const struct welcome *w)
{
	uint64_t number = (uint64_t)w->number;

	if (h->epoch == 0 && h->number == 0) {
		/* A stable name goes on where it was. */
		h->number = h->flushed = h->ring.acked = number;
		return (w->number >= 0);
	}
	if (w->number < 0 || number < h->ring.acked || number > h->number)
		return (false);
	ring_resume(&h->ring, number);
	return (true);
}

bool
sender_connect(struct execlog *h, int cancel)
{
	struct hello hello = {
		.role = ROLE_PRODUCE,
		.producer = span_of(h->name),
		.resumes = h->epoch > 0,
		.epoch = h->epoch,
	};
	struct welcome w = { 0 };
	bool ok;

	sender_lock(h);
	hello.acked = (int64_t)h->ring.acked;
	sender_unlock(h);
	if (!link_open(&h->link, h->path, cancel, h->patience, &hello,
	    h->who, &w)) {
		lost(h);
		return (false);
	}
	sender_lock(h);
	if ((ok = resume(h, &w))) {
		h->epoch = w.epoch;
		h->connected = true;
		h->delay = 0;
		/* Before what is sent again. */
		if (h->masks.n > 0)
			buf_add(&h->link.out, h->masks.p, h->masks.n);
		/* This daemon may be another one; what was let go of does not
		   come back. */
		h->mask_known = 0;
		h->mask_goal = masks_newest(&h->masks);
	}
	(void)pthread_cond_broadcast(&h->changed);
	sender_unlock(h);
	if (ok)
		return (true);
	h->link.fault = FAULT_BAD_NUMBER;
	(void)snprintf(h->link.reason, sizeof h->link.reason,
	    "the daemon counts records that were never sent");
	lost(h);
	return (false);
}

static void
on_refused(struct execlog *h, struct span body)
{
	char code[64], sentence[EXECLOG_REASON];
	struct complaint c;
	struct json_t *doc;

	if (h->on_refused == NULL ||
	    (doc = complaint_decode(body, &c)) == NULL)
		return;
	(void)snprintf(code, sizeof code, "%.*s", (int)c.code.n, c.code.p);
	(void)snprintf(sentence, sizeof sentence, "%.*s", (int)c.message.n,
	    c.message.p);
	jdoc_free(doc);
	h->on_refused((uint64_t)c.number, code, sentence, h->arg);
}

static void
on_ack(struct execlog *h, struct span body)
{
	if (body.n != sizeof(uint64_t))
		return;
	sender_lock(h);
	ring_ack(&h->ring, be_u64(body.p));
	(void)pthread_cond_broadcast(&h->changed);
	sender_unlock(h);
}

static void
on_masked(struct execlog *h, struct span body)
{
	if (body.n != sizeof(uint64_t))
		return;
	sender_lock(h);
	h->mask_known = (int64_t)be_u64(body.p);
	(void)pthread_cond_broadcast(&h->changed);
	sender_unlock(h);
}

/* Send what is queued; true if something went out. */
static bool
push(struct execlog *h, struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };
	ssize_t sent;

	if (n == 0)
		return (false);
	/* What is wrong with the connection, reading will tell. */
	sent = sendmsg(h->link.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent <= 0)
		return (false);
	sender_lock(h);
	ring_sent(&h->ring, (size_t)sent);
	sender_unlock(h);
	return (true);
}

/* Read what has come; true if something has. */
static bool
pull(struct execlog *h)
{
	enum link_result result;
	struct frame f;
	bool any = false;

	while ((result = link_next(&h->link, &f, 0)) == LINK_OK) {
		any = true;
		if (f.type == FRAME_ACK)
			on_ack(h, f.body);
		else if (f.type == FRAME_MASKED)
			on_masked(h, f.body);
		else if (f.type == FRAME_REFUSED)
			on_refused(h, f.body);
	}
	if (result == LINK_LOST)
		lost(h);
	return (any);
}

static void
drain_bell(struct execlog *h)
{
	uint64_t count;

	if (read(h->wake, &count, sizeof count) == -1)
		return;
}

/*
 * Nothing could be sent or read.  First for a moment only, in which callers
 * need not wake us: under load they never have to.
 */
static void
rest(struct execlog *h, bool blocked)
{
	const struct timespec moment = { 0, LINGER_NS };
	struct pollfd p[2] = {
		{ h->link.fd, (short)(POLLIN | (blocked ? POLLOUT : 0)), 0 },
		{ h->wake, POLLIN, 0 },
	};

	if (blocked) {
		(void)poll(p, 2, -1);
		return;
	}
	if (!h->lingered) {
		(void)ppoll(p, 2, &moment, NULL);
		h->lingered = true;
		return;
	}
	sender_lock(h);
	h->asleep = !h->stop && h->ring.sent == h->ring.head;
	if (h->asleep) {
		sender_unlock(h);
		(void)poll(p, 2, -1);
		sender_lock(h);
		h->asleep = false;
		drain_bell(h);
	}
	sender_unlock(h);
}

/* Before another try to connect; the bell ends it. */
static void
back_off(struct execlog *h)
{
	struct pollfd p = { h->wake, POLLIN, 0 };
	struct timespec now;

	h->delay = h->delay == 0 ? DELAY_FIRST : h->delay * 2;
	if (h->delay > DELAY_MAX)
		h->delay = DELAY_MAX;
	/* Many that were cut off at once do not come back at once. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)poll(&p, 1, h->delay / 2 +
	    (int)(now.tv_nsec / 1000 % (h->delay / 2 + 1)));
}

static void
serve(struct execlog *h)
{
	struct iovec iov[2];
	bool ready, pushed, pulled;
	int n = 0;

	ready = link_push(&h->link) == LINK_OK;
	if (ready) {
		sender_lock(h);
		n = ring_unsent(&h->ring, iov);
		sender_unlock(h);
	}
	pushed = push(h, iov, n);
	pulled = pull(h);
	if (pushed || pulled)
		h->lingered = false;
	else if (h->link.fd != -1)
		rest(h, n > 0 || !ready);
}

/* All is acknowledged and the name will not be used again. */
static void
say_bye(struct execlog *h)
{
	struct buf b = { 0 };
	size_t mark = frame_begin(&b, FRAME_BYE);

	(void)frame_end(&b, mark);
	if (!b.failed)
		(void)send(h->link.fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_free(&b);
}

static void *
thread_main(void *v)
{
	struct execlog *h = v;
	bool bye;

	sender_lock(h);
	while (!h->stop && !h->failed) {
		sender_unlock(h);
		if (h->link.fd != -1)
			serve(h);
		else if (!sender_connect(h, h->wake))
			back_off(h);
		sender_lock(h);
	}
	bye = h->connected && !h->keeps_name && h->ring.acked == h->number &&
	    h->ring.sent == h->ring.head;
	sender_unlock(h);
	if (bye)
		say_bye(h);
	return (NULL);
}

void
sender_init(struct execlog *h)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&h->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&h->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
}

void
sender_fini(struct execlog *h)
{
	/* In a forked child somebody may seem to hold them for ever. */
	if (h->canary == NULL || *h->canary == 0)
		return;
	(void)pthread_cond_destroy(&h->changed);
	(void)pthread_mutex_destroy(&h->lock);
}

bool
sender_start(struct execlog *h)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&h->thread, NULL, thread_main, h);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return (errno == 0);
}

void
sender_stop(struct execlog *h)
{
	sender_lock(h);
	h->stop = true;
	sender_unlock(h);
	ring_bell(h);
	(void)pthread_join(h->thread, NULL);
}
