#include "daemon/timer.h"

#include <stdlib.h>

#include <event2/event.h>

#include "daemon/log.h"

struct timer {
	struct event	*event;
	void		(*fn)(void *);
	void		*arg;
};

static void
on_event(evutil_socket_t fd, short what, void *v)
{
	struct timer *t = v;

	(void)fd;
	(void)what;
	t->fn(t->arg);
}

struct timer *
timer_new(struct event_base *base, void (*fn)(void *), void *arg)
{
	struct timer *t = log_calloc(1, sizeof *t);

	t->fn = fn;
	t->arg = arg;
	if ((t->event = evtimer_new(base, on_event, t)) == NULL)
		log_no_memory();
	return (t);
}

void
timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	event_free(t->event);
	free(t);
}

void
timer_set(struct timer *t, int64_t ms)
{
	timer_set_us(t, ms * 1000);
}

void
timer_set_us(struct timer *t, int64_t us)
{
	struct timeval tv = { 0 };

	if (us > 0) {
		tv.tv_sec = (time_t)(us / 1000000);
		tv.tv_usec = (suseconds_t)(us % 1000000);
	}
	(void)evtimer_add(t->event, &tv);
}

void
timer_clear(struct timer *t)
{
	(void)evtimer_del(t->event);
}
