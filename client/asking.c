#include "client/asking.h"

#include <string.h>

#include "client/ending.h"
#include "client/escape.h"
#include "client/feed.h"
#include "client/interrupt.h"

/* The answer is over: -1, or the exit code. */
static int
on_end(const struct options *o, const struct request *r, struct span body)
{
	struct span id = r->execution;
	struct end end;
	int code = -1;

	if (!end_decode(body, &end)) {
		complain("the daemon sent a frame that cannot be read");
		return (EXIT_FAILURE_OTHER);
	}
	if (end.reason == END_NOT_FOUND)
		code = ending_not_found(o, id);
	else if (end.reason == END_AMBIGUOUS)
		code = ending_ambiguous(id, &end);
	end_free(&end);
	return (code);
}

/* ms for the first answer, where --timeout is shorter than is usual; else 0. */
static int
patience(const struct options *o)
{
	if (o->timeout < 0 || o->timeout >= LINK_PATIENCE)
		return (0);
	return (o->timeout > 0 ? o->timeout : 1);
}

/* What the daemon has said of the request is no reason to ask again. */
static int
on_lost(const struct feed *f, const struct options *o)
{
	enum fault fault = f->link.fault;

	if (patience(o) > 0 && strncmp(f->link.reason, LINK_NO_ANSWER,
	    strlen(LINK_NO_ANSWER)) == 0) {
		say("-- timed out --");
		return (EXIT_TIMEOUT);
	}
	if (o->tries_again && interrupt_signal() == 0 &&
	    (fault == FAULT_NONE || fault == FAULT_SHUTTING_DOWN ||
	    fault == FAULT_TOO_MANY))
		return (ASKING_AWAY);
	return (feed_lost(f, o));
}

static int
read_all(const struct options *o, const struct request *r, struct feed *feed,
    void (*fn)(const struct frame *, void *arg), void *arg)
{
	struct frame f;

	for (;;) {
		switch (feed_next(feed, &f)) {
		case LINK_OK:
			if (f.type == FRAME_END)
				return (on_end(o, r, f.body));
			fn(&f, arg);
			break;
		case LINK_NOTHING:
			(void)feed_wait(feed, -1);
			break;
		case LINK_WOKEN:
			break;
		case LINK_LOST:
			return (on_lost(feed, o));
		}
		if (interrupt_signal() != 0)
			return (EXIT_SIGNAL + interrupt_signal());
	}
}

int
asking_run(const struct options *o, const struct request *r,
    void (*fn)(const struct frame *, void *arg), void *arg)
{
	struct feed feed;
	int code;

	if (!feed_open(&feed, o, patience(o)))
		return (on_lost(&feed, o));
	if (!feed_ask(&feed, r)) {
		complain("the request is too long");
		code = EXIT_USAGE;
	} else
		code = read_all(o, r, &feed, fn, arg);
	feed_close(&feed);
	return (code);
}
