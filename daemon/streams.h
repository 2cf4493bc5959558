/*
 * The captures that are open, or may be again: who holds them, whose output it
 * is, how much of it has come.
 *
 * What is here is what the rows of execlog_streams that are not closed say,
 * and what is on its way there; after a restart it is made of them again.
 * What happens to a capture is decided in capture.c.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_STREAMS_H
#define DAEMON_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/attempt.h"
#include "proto/capture.h"
#include "sql/store.h"

struct batch;

/* One stream of a capture. */
struct tally {
	int64_t		  row;		/* in execlog_streams */
	struct stream_use use;
	uint64_t	  marked;	/* serial of the batch with its mark */
	size_t		  mark;		/* and where in it */
};

/*
 * OPENING and ENDING are until the batch "serial" is committed.  LOST ones are
 * kept for the case that their producer comes back.
 */
enum capture_state {
	CAPTURE_OPENING,
	CAPTURE_OPEN,
	CAPTURE_ENDING,
	CAPTURE_LOST,
};

struct capture {
	LIST_ENTRY(capture) entry;	/* in its holder */
	LIST_ENTRY(capture) pending;	/* OPENING, ENDING */
	struct holder	*holder;
	enum capture_state state;
	uint64_t	 serial;
	size_t		 opening;	/* OPENING: where in the batch */
	enum stream_state end;		/* ENDING: not open */
	uint32_t	 number;
	struct origin	 origin;	/* own memory */
	unsigned	 streams;	/* a set */
	struct tally	 tally[STREAM_COUNT];
	struct attempt	*attempt;	/* NULL: no task, so no share */
};
LIST_HEAD(capture_list, capture);

#define HOLDER_NOBODY	UINT32_MAX

/*
 * Who holds captures: a named producer, over all its connections, or one raw
 * stream.
 */
struct holder {
	LIST_ENTRY(holder) entry;
	TAILQ_ENTRY(holder) gone;	/* if is_gone */
	bool		 is_gone;
	int64_t		 deadline;	/* if is_gone: then it is too late, ms */
	struct span	 name;		/* in text; p NULL: a raw stream */
	uint32_t	 uid;		/* whose it is; HOLDER_NOBODY: not heard
					   of since the start */
	struct capture_list captures;
	size_t		 ncaptures;
	size_t		 nopening;	/* of them, those in OPENING */
	uint32_t	 newest;	/* highest number of a capture */
	void		*owner;		/* the connection; NULL: none */
	/* No capture is OPENING any more. */
	void		(*on_opened)(void *owner);
	char		 text[];
};

struct streams {
	LIST_HEAD(, holder) holders;
	TAILQ_HEAD(, holder) gone;	/* without owner, with captures that
					   are not lost, by deadline */
	struct attempt_list attempts;
	struct capture_list pending;
	size_t		 count;		/* captures, lost ones too */
	size_t		 open;		/* streams that are not lost */
	size_t		 raw;		/* of them, raw ones */
	size_t		 raw_max;
	uint64_t	 share;		/* bytes of an attempt */
	uint64_t	 dropped_lines;	/* since the start */
	uint64_t	 lost;		/* streams, since the start */
};

struct streams	*streams_new(size_t raw_max, uint64_t share);
void		 streams_free(struct streams *);

/* At start: a stream that the file knows as open or lost.  For store_streams;
   arg is the struct streams. */
void		 streams_restore(const struct stream_row *, void *arg);

/* All that was restored: its producers may come back until the deadline. */
void		 streams_await(struct streams *, int64_t deadline);

/*
 * The holder of this name, who is from now on held by the owner; a new one if
 * there is none, or if the name has p NULL.
 */
struct holder	*streams_hold(struct streams *, struct span name,
		    uint32_t uid, void *owner,
		    void (*on_opened)(void *owner));

/* Is there one of this name?  NULL: no. */
struct holder	*streams_holder(const struct streams *, struct span name);

/* The owner is gone, if it still is that; what it held is lost at deadline. */
void		 streams_release(struct streams *, struct holder *,
		    const void *owner, int64_t deadline);

/* When the first holder is due; INT64_MAX: none will be. */
int64_t		 streams_deadline(const struct streams *);

/* One that is due: its captures are to be lost.  NULL: none. */
struct holder	*streams_due(struct streams *, int64_t now);

/* The capture of this number, NULL if there is none. */
struct capture	*streams_find(struct holder *, uint32_t number);

/*
 * May this holder have one more?  Not if its user has as many that are not lost
 * as others could still have: so there is always room for one more user.
 * Forgets lost ones to make room, that user's first.
 */
bool		 streams_has_room(struct streams *, const struct holder *);

/* A new capture, OPENING in the batch "serial"; the texts are copied. */
struct capture	*streams_add(struct streams *, struct holder *,
		    const struct capture_open *, uint64_t serial);

/* It ends in the batch "serial". */
void		 streams_end(struct streams *, struct capture *,
		    enum stream_state end, uint64_t serial);

/* One that is LOST need not be kept in mind any more. */
void		 streams_forget(struct streams *, struct capture *);

/* One that is LOST, or ENDING like that, is open again. */
void		 streams_reopen(struct streams *, struct capture *);

/*
 * The batch is committed: what was OPENING is open, with the rows it was
 * given; what was ENDING is gone, or lost.
 */
void		 streams_committed(struct streams *, const struct batch *);

/*
 * How many captures of this execution are neither closed nor lost in the file,
 * or on their way there: for who waits until there are none.
 */
size_t		 streams_of(const struct streams *, struct span execution);

#endif
