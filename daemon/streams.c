#include "daemon/streams.h"

#include <assert.h>
#include <stdlib.h>

#include "daemon/batch.h"
#include "daemon/limits.h"
#include "daemon/log.h"

struct streams *
streams_new(size_t raw_max, uint64_t share)
{
	struct streams *s = log_calloc(1, sizeof *s);

	TAILQ_INIT(&s->gone);
	s->raw_max = raw_max;
	s->share = share;
	return (s);
}

/* ------------------------------------------------------------- captures */

static size_t
streams_in(const struct capture *c)
{
	return ((size_t)__builtin_popcount(c->streams));
}

/* It counts as open, or does not any more. */
static void
count_open(struct streams *s, const struct capture *c, bool open)
{
	size_t n = streams_in(c), raw = c->holder->name.p == NULL ? n : 0;

	s->open += open ? n : -n;
	s->raw += open ? raw : -raw;
}

static struct capture *
capture_new(struct streams *s, struct holder *h, uint32_t number,
    const struct origin *o, unsigned set)
{
	struct capture *c = log_calloc(1, sizeof *c);

	c->holder = h;
	c->number = number;
	c->origin = origin_copy(o);
	c->streams = set;
	c->attempt = attempt_join(&s->attempts, o);
	LIST_INSERT_HEAD(&h->captures, c, entry);
	h->ncaptures++;
	if (number > h->newest)
		h->newest = number;
	s->count++;
	return (c);
}

static void
capture_free(struct streams *s, struct capture *c)
{
	LIST_REMOVE(c, entry);
	c->holder->ncaptures--;
	s->count--;
	attempt_part(c->attempt);
	origin_free(&c->origin);
	free(c);
}

struct capture *
streams_find(struct holder *h, uint32_t number)
{
	struct capture *c;

	LIST_FOREACH(c, &h->captures, entry)
		if (c->number == number)
			break;
	/* The next line is of the same one, most likely. */
	if (c != NULL && c != LIST_FIRST(&h->captures)) {
		LIST_REMOVE(c, entry);
		LIST_INSERT_HEAD(&h->captures, c, entry);
	}
	return (c);
}

struct capture *
streams_add(struct streams *s, struct holder *h, const struct capture_open *o,
    uint64_t serial)
{
	struct capture *c;

	c = capture_new(s, h, o->capture, &o->origin, o->streams);
	c->state = CAPTURE_OPENING;
	c->serial = serial;
	h->nopening++;
	LIST_INSERT_HEAD(&s->pending, c, pending);
	if (c->attempt != NULL)
		c->attempt->running++;
	count_open(s, c, true);
	return (c);
}

void
streams_end(struct streams *s, struct capture *c, enum stream_state end,
    uint64_t serial)
{
	assert(c->state == CAPTURE_OPEN);
	c->state = CAPTURE_ENDING;
	c->end = end;
	c->serial = serial;
	LIST_INSERT_HEAD(&s->pending, c, pending);
	if (c->attempt != NULL)
		c->attempt->running--;
}

void
streams_forget(struct streams *s, struct capture *c)
{
	assert(c->state == CAPTURE_LOST);
	capture_free(s, c);
}

void
streams_reopen(struct streams *s, struct capture *c)
{
	if (c->state == CAPTURE_ENDING)
		LIST_REMOVE(c, pending);
	else
		count_open(s, c, true);
	c->state = CAPTURE_OPEN;
	if (c->attempt != NULL)
		c->attempt->running++;
}

size_t
streams_of(const struct streams *s, struct span execution)
{
	const struct holder *h;
	const struct capture *c;
	size_t n = 0;

	LIST_FOREACH(h, &s->holders, entry)
		LIST_FOREACH(c, &h->captures, entry)
			n += c->state != CAPTURE_LOST &&
			    span_eq(c->origin.execution, execution);
	return (n);
}

/* -------------------------------------------------------------- holders */

static struct holder *
holder_new(struct streams *s, struct span name)
{
	struct holder *h = log_calloc(1, sizeof *h + name.n);

	h->uid = HOLDER_NOBODY;
	if (name.p != NULL) {
		h->name.n = name.n;
		h->name.p = memcpy(h->text, name.p, name.n);
	}
	LIST_INSERT_HEAD(&s->holders, h, entry);
	return (h);
}

static void
set_gone(struct streams *s, struct holder *h, bool gone, int64_t deadline)
{
	if (h->is_gone)
		TAILQ_REMOVE(&s->gone, h, gone);
	h->is_gone = gone;
	h->deadline = deadline;
	if (!gone)
		return;
	/* Deadlines are a grace from now, or now. */
	if (deadline < streams_deadline(s))
		TAILQ_INSERT_HEAD(&s->gone, h, gone);
	else
		TAILQ_INSERT_TAIL(&s->gone, h, gone);
}

/* Nobody holds anything here any more. */
static void
holder_settle(struct streams *s, struct holder *h)
{
	if (h->owner != NULL || h->ncaptures > 0)
		return;
	set_gone(s, h, false, 0);
	LIST_REMOVE(h, entry);
	free(h);
}

struct holder *
streams_holder(const struct streams *s, struct span name)
{
	struct holder *h = NULL;

	if (name.p != NULL)
		LIST_FOREACH(h, &s->holders, entry)
			if (h->name.p != NULL && span_eq(h->name, name))
				break;
	return (h);
}

struct holder *
streams_hold(struct streams *s, struct span name, uint32_t uid, void *owner,
    void (*on_opened)(void *owner))
{
	struct holder *h;

	if ((h = streams_holder(s, name)) == NULL)
		h = holder_new(s, name);
	set_gone(s, h, false, 0);
	h->uid = uid;
	h->owner = owner;
	h->on_opened = on_opened;
	return (h);
}

static bool
has_running(const struct holder *h)
{
	const struct capture *c;

	LIST_FOREACH(c, &h->captures, entry)
		if (c->state == CAPTURE_OPENING || c->state == CAPTURE_OPEN)
			return (true);
	return (false);
}

void
streams_release(struct streams *s, struct holder *h, const void *owner,
    int64_t deadline)
{
	if (h->owner != owner)
		return;
	h->owner = NULL;
	set_gone(s, h, has_running(h), deadline);
	holder_settle(s, h);
}

int64_t
streams_deadline(const struct streams *s)
{
	const struct holder *h = TAILQ_FIRST(&s->gone);

	return (h != NULL ? h->deadline : INT64_MAX);
}

struct holder *
streams_due(struct streams *s, int64_t now)
{
	struct holder *h = TAILQ_FIRST(&s->gone);

	if (h == NULL || h->deadline > now)
		return (NULL);
	/* What is still being opened is looked at again. */
	set_gone(s, h, h->nopening > 0, now + 1000);
	return (h);
}

/*
 * A holder that nobody is going to need, most likely: of lost captures only;
 * the oldest one of this user, else of any.
 */
static struct holder *
idle_holder(const struct streams *s, uint32_t uid)
{
	struct holder *h, *found = NULL;

	LIST_FOREACH(h, &s->holders, entry)
		if (h->owner == NULL && !has_running(h) &&
		    (found == NULL || h->uid == uid || found->uid != uid))
			found = h;
	return (found);
}

static bool
forget_lost(struct streams *s, struct holder *h)
{
	struct capture *c, *next;
	size_t before = s->count;

	for (c = LIST_FIRST(&h->captures); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		if (c->state == CAPTURE_LOST)
			capture_free(s, c);
	}
	holder_settle(s, h);
	return (s->count < before);
}

/* Has this user no more than is left for the others? */
static bool
leaves_room(const struct streams *s, uint32_t uid)
{
	const struct holder *h;
	const struct capture *c;
	size_t mine = 0, all = 0;

	LIST_FOREACH(h, &s->holders, entry)
		LIST_FOREACH(c, &h->captures, entry) {
			all += c->state != CAPTURE_LOST;
			mine += c->state != CAPTURE_LOST && h->uid == uid;
		}
	return (all < LIMIT_CAPTURES && mine < LIMIT_CAPTURES - all);
}

bool
streams_has_room(struct streams *s, const struct holder *h)
{
	struct holder *idle;

	if (h->name.p == NULL)
		return (s->raw < s->raw_max);
	if (h->ncaptures >= LIMIT_CAPTURES_EACH || !leaves_room(s, h->uid))
		return (false);
	while (s->count >= LIMIT_CAPTURES)
		if ((idle = idle_holder(s, h->uid)) == NULL ||
		    !forget_lost(s, idle))
			return (false);
	return (true);
}

/* --------------------------------------------------------------- commits */

static void
on_opened(struct capture *c, const struct batch *b)
{
	const struct stream_opening *o = &b->opening[c->opening];
	struct holder *h = c->holder;
	enum stream i;

	for (i = STREAM_NONE; i < STREAM_COUNT; i++)
		c->tally[i].row = o->row[i];
	attempt_learn(c->attempt, &o->used);
	c->state = CAPTURE_OPEN;
	if (--h->nopening == 0 && h->owner != NULL)
		h->on_opened(h->owner);
}

static void
on_ended(struct streams *s, struct capture *c)
{
	struct holder *h = c->holder;

	count_open(s, c, false);
	if (c->end != STREAM_CLOSED)
		s->lost += streams_in(c);
	c->state = CAPTURE_LOST;
	/* Who has no name does not come back. */
	if (c->end != STREAM_LOST || h->name.p == NULL)
		capture_free(s, c);
	holder_settle(s, h);
}

void
streams_committed(struct streams *s, const struct batch *b)
{
	struct capture *c, *next;

	for (c = LIST_FIRST(&s->pending); c != NULL; c = next) {
		next = LIST_NEXT(c, pending);
		if (c->serial != b->serial)
			continue;
		LIST_REMOVE(c, pending);
		if (c->state == CAPTURE_OPENING)
			on_opened(c, b);
		else
			on_ended(s, c);
	}
}

/* ----------------------------------------------------------- the restart */

/* The streams of a capture come one directly after the other. */
static struct capture *
restored(struct streams *s, const struct stream_row *r)
{
	struct holder *h = streams_holder(s, r->producer);
	struct capture *c = NULL;

	if (h == NULL)
		h = holder_new(s, r->producer);
	c = streams_find(h, r->capture);
	if (c == NULL || (c->streams & STREAM_BIT(r->stream)) != 0)
		c = capture_new(s, h, r->capture, &r->origin, 0);
	return (c);
}

void
streams_restore(const struct stream_row *r, void *arg)
{
	struct streams *s = arg;
	struct capture *c;

	/* Those that are too many are lost in the file, and here. */
	if (s->count >= LIMIT_CAPTURES && r->state == STREAM_LOST)
		return;
	c = restored(s, r);
	c->streams |= STREAM_BIT(r->stream);
	c->tally[r->stream].row = r->row;
	c->tally[r->stream].use = r->use;
	c->state = r->state == STREAM_LOST ? CAPTURE_LOST : CAPTURE_OPEN;
	attempt_learn(c->attempt, &r->attempt);
}

void
streams_await(struct streams *s, int64_t deadline)
{
	struct holder *h;
	struct capture *c;

	LIST_FOREACH(h, &s->holders, entry) {
		LIST_FOREACH(c, &h->captures, entry) {
			if (c->state != CAPTURE_OPEN)
				continue;
			count_open(s, c, true);
			if (c->attempt != NULL)
				c->attempt->running++;
		}
		set_gone(s, h, has_running(h), deadline);
	}
}

void
streams_free(struct streams *s)
{
	struct holder *h;
	struct capture *c;

	if (s == NULL)
		return;
	while ((h = LIST_FIRST(&s->holders)) != NULL) {
		while ((c = LIST_FIRST(&h->captures)) != NULL)
			capture_free(s, c);
		h->owner = NULL;
		holder_settle(s, h);
	}
	free(s);
}
