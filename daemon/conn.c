#include "daemon/conn.h"

#include <sys/socket.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/timer.h"
#include "proto/buf.h"
#include "proto/frame.h"

/*
 * HELLO: nothing but HELLO may come.  OPEN: the role's.  FINISHING: flushing
 * what is queued.  LINGERING: all is sent and we have said that we are done;
 * the peer may still be writing.  GONE: waiting to be freed.
 */
enum conn_state {
	CONN_HELLO,
	CONN_OPEN,
	CONN_FINISHING,
	CONN_LINGERING,
	CONN_GONE,
};

struct conn {
	struct bufferevent	*bev;
	struct conn_world	*world;
	struct timer		*timer;	/* of HELLO, a frame, or lingering */
	enum conn_state		 state;
	const struct conn_role	*role;
	void			*self;	/* the role's, from OPEN on */
	bool			 eof;	/* the peer sends no more */
	bool			 deaf;	/* ... and reads no more */
	bool			 partial;	/* a frame has begun */
	void			*link;
};

static void
gone(struct conn *c)
{
	if (c->state == CONN_GONE)
		return;
	c->state = CONN_GONE;
	timer_clear(c->timer);
	(void)bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	if (c->self != NULL)
		c->role->close(c->self);
	c->self = NULL;
	c->world->on_gone(c, c->world->arg);
}

/*
 * All is sent.  Closing now, with bytes of the peer unread, would make the
 * kernel reset the connection: read them away until it goes, for a while.
 */
static void
linger(struct conn *c)
{
	c->state = CONN_LINGERING;
	if (c->eof) {
		gone(c);
		return;
	}
	(void)shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	bufferevent_setwatermark(c->bev, EV_READ, 0, LIMIT_READ_BYTES);
	(void)bufferevent_enable(c->bev, EV_READ);
	timer_set(c->timer, LIMIT_LINGER_MS);
}

void
conn_finish(struct conn *c)
{
	if (c->state >= CONN_FINISHING)
		return;
	c->state = CONN_FINISHING;
	(void)bufferevent_disable(c->bev, EV_READ);
	/* A peer that does not read does not keep us; but for this call, for
	   the role may be at work. */
	timer_set(c->timer, c->deaf ? 0 : LIMIT_LINGER_MS);
	if (conn_queued(c) == 0 && !c->deaf)
		linger(c);
}

void
conn_drop(struct conn *c)
{
	gone(c);
}

void
conn_welcome(struct conn *c, const struct welcome *w)
{
	struct buf b = { 0 };

	welcome_put(&b, w);
	conn_send(c, &b);
	buf_free(&b);
}

int
conn_fd(const struct conn *c)
{
	return (bufferevent_getfd(c->bev));
}

void
conn_complain(struct conn *c, enum fault fault, const char *sentence)
{
	struct buf b = { 0 };

	c->world->faults[fault]++;
	fault_put(&b, fault, sentence);
	conn_send(c, &b);
	buf_free(&b);
}

void
conn_fault(struct conn *c, enum fault fault, const char *sentence)
{
	if (c->state >= CONN_FINISHING)
		return;
	conn_complain(c, fault, sentence);
	conn_finish(c);
}

void
conn_send(struct conn *c, struct buf *b)
{
	if (b->failed)
		log_no_memory();
	if (c->state < CONN_FINISHING && !c->deaf && b->n > 0 &&
	    bufferevent_write(c->bev, b->p, b->n) == -1)
		log_no_memory();
	buf_reset(b);
}

size_t
conn_queued(const struct conn *c)
{
	return (c->deaf ? 0 :
	    evbuffer_get_length(bufferevent_get_output(c->bev)));
}

static bool
is_raw(const struct conn *c)
{
	return (c->state == CONN_OPEN && c->role->bytes != NULL);
}

static void
on_hello(struct conn *c, const struct frame *f)
{
	const char *sentence = NULL;
	struct hello hello;
	enum fault fault;

	if (f->type != FRAME_HELLO) {
		conn_fault(c, FAULT_UNEXPECTED_TYPE,
		    "the first frame must be HELLO");
		return;
	}
	if ((fault = hello_decode(f->body, &hello, &sentence)) != FAULT_NONE) {
		conn_fault(c, fault, sentence);
		return;
	}
	timer_clear(c->timer);
	c->state = CONN_OPEN;
	c->role = c->world->role[hello.role];
	c->self = c->role->open(c, &hello, c->world->context);
	hello_free(&hello);
	if (is_raw(c))
		bufferevent_setwatermark(c->bev, EV_READ, 0,
		    LIMIT_RAW_QUEUE);
}

/* Take one frame from the input; false when there is none. */
static bool
take_frame(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	char sentence[96];
	struct frame f;
	size_t n = evbuffer_get_length(in);
	const void *p;

	p = evbuffer_pullup(in, n < FRAME_HEADER ? (ssize_t)n : FRAME_HEADER);
	switch (frame_decode(p, n < FRAME_HEADER ? n : FRAME_HEADER, &f)) {
	case FRAME_BAD_TYPE:
		(void)snprintf(sentence, sizeof sentence,
		    "there is no frame of type 0x%02x",
		    ((const unsigned char *)p)[4]);
		conn_fault(c, FAULT_UNKNOWN_TYPE, sentence);
		return (false);
	case FRAME_BAD_RESERVED:
		conn_fault(c, FAULT_FRAME_RESERVED,
		    "a reserved bit of the header is set");
		return (false);
	case FRAME_BAD_LENGTH:
		(void)snprintf(sentence, sizeof sentence,
		    "a body of %zu bytes is over the limit of %zu", f.size,
		    frame_limit(((const unsigned char *)p)[4]));
		conn_fault(c, FAULT_FRAME_TOO_LONG, sentence);
		return (false);
	case FRAME_SHORT:
		if (n < f.size)
			return (false);
		p = evbuffer_pullup(in, (ssize_t)f.size);
		if (p == NULL)
			log_no_memory();
		(void)frame_decode(p, f.size, &f);
		break;
	case FRAME_OK:
		break;
	}
	if (c->state == CONN_HELLO)
		on_hello(c, &f);
	else
		c->role->frame(c->self, &f);
	(void)evbuffer_drain(in, f.size);
	return (true);
}

/* The same for plain bytes, a piece at a time. */
static bool
take_bytes(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t n = evbuffer_get_length(in);
	const char *p;

	if (n == 0)
		return (false);
	if (n > LIMIT_RAW_BYTES)
		n = LIMIT_RAW_BYTES;
	if ((p = (const char *)evbuffer_pullup(in, (ssize_t)n)) == NULL)
		log_no_memory();
	c->role->bytes(c->self, (struct span){ p, n });
	(void)evbuffer_drain(in, n);
	return (true);
}

static bool
wants(const struct conn *c)
{
	/* Nothing while its role is still being opened. */
	if (c->state == CONN_OPEN && c->self == NULL)
		return (false);
	if (c->state == CONN_OPEN && c->role->wants != NULL)
		return (c->role->wants(c->self));
	return (c->state <= CONN_OPEN);
}

/* A frame that has begun must be whole in time. */
static void
watch_partial(struct conn *c)
{
	bool partial;

	partial = evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;
	if (c->state == CONN_OPEN && partial && !c->partial)
		timer_set(c->timer, LIMIT_FRAME_MS);
	else if (c->state == CONN_OPEN && !partial)
		timer_clear(c->timer);
	c->partial = partial;
}

static void
at_eof(struct conn *c)
{
	if (evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		conn_fault(c, FAULT_FRAME_CUT,
		    "the connection ended in the middle of a frame");
	else if (c->state == CONN_HELLO || c->role->eof(c->self))
		conn_finish(c);
}

/* Look at what has come in, within this turn's share. */
static void
look(struct conn *c)
{
	int frames;

	for (frames = 0; wants(c); frames += is_raw(c) ? LIMIT_RAW_FRAMES : 1) {
		if (frames >= LIMIT_FRAMES_PER_TURN) {
			/* Others first; then go on. */
			bufferevent_trigger(c->bev, EV_READ,
			    BEV_TRIG_IGNORE_WATERMARKS |
			    BEV_TRIG_DEFER_CALLBACKS);
			return;
		}
		if (!(is_raw(c) ? take_bytes(c) : take_frame(c)))
			break;
		c->partial = false;
	}
	if (c->state > CONN_OPEN)
		return;
	if (!wants(c)) {
		/* The peer waits for us, not we for it. */
		if (c->state == CONN_OPEN)
			timer_clear(c->timer);
		c->partial = false;
		(void)bufferevent_disable(c->bev, EV_READ);
		return;
	}
	watch_partial(c);
	if (c->eof)
		at_eof(c);
	else
		(void)bufferevent_enable(c->bev, EV_READ);
}

void
conn_resume(struct conn *c)
{
	if (c->state == CONN_OPEN && wants(c))
		bufferevent_trigger(c->bev, EV_READ,
		    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

static void
on_read(struct bufferevent *bev, void *v)
{
	struct conn *c = v;
	struct evbuffer *in = bufferevent_get_input(bev);

	if (c->state == CONN_LINGERING)
		(void)evbuffer_drain(in, evbuffer_get_length(in));
	else if (c->state <= CONN_OPEN)
		look(c);
}

static void
on_write(struct bufferevent *bev, void *v)
{
	struct conn *c = v;

	(void)bev;
	/* libevent calls it once for nothing, when writing is enabled. */
	if (conn_queued(c) > 0)
		return;
	if (c->state == CONN_FINISHING)
		linger(c);
	else if (c->state == CONN_OPEN)
		c->role->drained(c->self);
}

/*
 * The peer sends no more, or is gone (both can come as one event).  What it had
 * sent is still taken in: after a failed write, what is not read yet, too.
 */
static void
on_event(struct bufferevent *bev, short what, void *v)
{
	struct conn *c = v;
	bool failed = (what & BEV_EVENT_ERROR) != 0;

	(void)bev;
	c->eof = c->eof || (what & (BEV_EVENT_EOF | BEV_EVENT_READING)) != 0;
	/* What is queued may still be read by a peer that has only closed its
	   own side. */
	if (c->state > CONN_OPEN) {
		if (failed || c->state != CONN_FINISHING)
			gone(c);
		return;
	}
	c->deaf = c->deaf || failed;
	if (failed && c->state == CONN_OPEN)
		c->role->drained(c->self);
	look(c);
}

static void
on_timer(void *v)
{
	struct conn *c = v;

	if (c->state == CONN_HELLO)
		conn_fault(c, FAULT_HELLO_TIMEOUT,
		    "no HELLO came within 5 seconds");
	else if (c->state == CONN_OPEN)
		conn_fault(c, FAULT_FRAME_CUT,
		    "a frame lay unfinished for 30 seconds");
	else
		gone(c);
}

struct conn *
conn_new(struct event_base *base, int fd, struct conn_world *world)
{
	struct conn *c = log_calloc(1, sizeof *c);

	c->world = world;
	c->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE |
	    BEV_OPT_DEFER_CALLBACKS);
	if (c->bev == NULL) {
		(void)close(fd);
		free(c);
		return (NULL);
	}
	c->timer = timer_new(base, on_timer, c);
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0,
	    FRAME_HEADER + FRAME_MAX);
	(void)bufferevent_set_max_single_read(c->bev, LIMIT_READ_BYTES);
	(void)bufferevent_set_max_single_write(c->bev, LIMIT_READ_BYTES);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	timer_set(c->timer, LIMIT_HELLO_MS);
	return (c);
}

void
conn_free(struct conn *c)
{
	assert(c->state == CONN_GONE);
	timer_free(c->timer);
	bufferevent_free(c->bev);
	free(c);
}

bool
conn_is(const struct conn *c, const struct conn_role *role)
{
	return (c->role == role);
}

void
conn_set_link(struct conn *c, void *link)
{
	c->link = link;
}

void *
conn_link(const struct conn *c)
{
	return (c->link);
}
