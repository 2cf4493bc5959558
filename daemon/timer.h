/*
 * A one-shot timer of the event loop.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_TIMER_H
#define DAEMON_TIMER_H

#include <stdint.h>

struct event_base;
struct timer;

/* fn(arg) runs in the loop when the timer ends. */
struct timer	*timer_new(struct event_base *, void (*fn)(void *arg),
		    void *arg);

/* Takes NULL. */
void		 timer_free(struct timer *);

/* Run ms from now (0: next turn), instead of whatever was set before. */
void		 timer_set(struct timer *, int64_t ms);
void		 timer_set_us(struct timer *, int64_t us);
void		 timer_clear(struct timer *);

#endif
