/*
 * The reader thread: queries take turns, a page each.
 *
 * Layer: daemon.  Threads: the loop's; pages are made in the reader's own.
 */
#ifndef DAEMON_READER_H
#define DAEMON_READER_H

#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct pages;
struct query;
struct reader;

/* One query's place in the queue; embedded in its owner. */
struct reader_turn {
	TAILQ_ENTRY(reader_turn) entry;
	struct query	*query;		/* or what else is to be done */
	void		(*run)(struct reader_turn *, struct pages *);
	enum { TURN_IDLE, TURN_WAITING, TURN_RUNNING } state;
	bool		 abandoned;	/* while running */
	void		(*done)(void *arg);
	void		(*release)(void *arg);
	void		*arg;
};

/* Pages are the caller's and outlive the reader.  NULL and errno. */
struct reader	*reader_start(struct event_base *, struct pages *);
void		 reader_stop(struct reader *);

/*
 * Ask for a page of turn->query; the turn is idle.  done(arg) is called in the
 * loop when it is made.  Until then the query belongs to the reader.
 */
void		 reader_want(struct reader *, struct reader_turn *);

/*
 * The owner goes: release(arg) is called, at once or, if a page is being made,
 * when that is done; "done" is not called again.
 */
void		 reader_abandon(struct reader *, struct reader_turn *);

/* The file cannot be read: log it, but not for each who asks. */
void		 reader_complain(struct reader *, const char *why);

#endif
