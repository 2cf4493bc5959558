/*
 * The inside of libexeclog: one handle, shared by its callers (handle.c) and
 * its thread (sender.c).
 *
 * Layer: client.  Threads: as said for each member.
 */
#ifndef CLIENT_HANDLE_H
#define CLIENT_HANDLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "client/execlog.h"
#include "client/link.h"
#include "client/masks.h"
#include "client/ring.h"
#include "proto/paths.h"
#include "proto/text.h"

struct execlog {
	/* Fixed when it is opened. */
	char		 path[PATHS_MAX];
	char		 name[TEXT_ID_MAX + 2];
	char		 who[TEXT_ID_MAX + 1];
	bool		 keeps_name;	/* a stable one: no BYE */
	bool		 nonblocking;
	uint64_t	 stored;
	void		(*on_refused)(uint64_t, const char *, const char *,
			    void *);
	void		*arg;
	int		 patience;	/* ms, of the first connection; then
					   0: LINK_PATIENCE */
	char		*canary;	/* a byte that is 0 in a forked child */
	int		 wake;		/* an eventfd: the thread is to look */
	pthread_t	 thread;

	/* Under the lock. */
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;	/* acked, connected, failed */
	struct buf	 scratch;	/* a frame being made */
	struct ring	 ring;		/* bytes in it: see ring.h */
	struct masks	 masks;		/* kept for the next connection */
	bool		 masked;	/* values have been in memory */
	int64_t		 mask_tag;	/* of the newest MASK */
	int64_t		 mask_goal;	/* of the one that a flush waits for */
	int64_t		 mask_known;	/* of the newest that the daemon has
					   looked at */
	uint64_t	 number;	/* of the newest that was taken */
	uint32_t	 captures;	/* number of the newest; begins behind
					   all that a stable name can have used:
					   each took a record's number, too */
	uint64_t	 flushed;	/* FLUSH was put for this one */
	bool		 connected;
	bool		 failed;	/* for good */
	bool		 stop;
	bool		 asleep;	/* the thread waits for "wake" */
	char		 reason[EXECLOG_REASON];

	/* The thread's; before it is started, the opener's. */
	struct link	 link;
	int64_t		 epoch;		/* 0: not granted yet */
	int		 delay;		/* ms until the next try */
	bool		 lingered;	/* nothing came for a moment */
};

/* Can it be used at all?  NULL is what a failed open gave. */
enum execlog_result	 handle_usable(const struct execlog *);

/*
 * Makes the frame of "what" in h->scratch, with the number behind h->number;
 * false: it cannot be sent.
 */
typedef bool	 encode_fn(struct execlog *h, const void *what);

/* Queue one; waits for room, or would block.  Takes the lock. */
enum execlog_result	 handle_submit(struct execlog *, encode_fn *,
			    const void *what);

/* With the lock: wait until n bytes can be put, or would block. */
enum execlog_result	 handle_await_room(struct execlog *, size_t n);

/* With the lock, and room. */
bool			 handle_put(struct execlog *, encode_fn *,
			    const void *what);

struct deadline {
	bool		never;
	struct timespec	at;		/* monotonic */
};

void	 sender_deadline(struct deadline *, int timeout);

void	 sender_lock(struct execlog *);
void	 sender_unlock(struct execlog *);

/*
 * With the lock: wait for a change, with a deadline or NULL; false when that
 * has passed.
 */
bool	 sender_wait(struct execlog *, const struct deadline *);

/* With the lock: there is something to send. */
void	 sender_wake(struct execlog *);

/* With the lock: ask for the acknowledgement of all that was taken. */
void	 sender_flush(struct execlog *);

/*
 * Connect, and put the queue right by what the daemon has; "cancel" readable: give
 * up.  Without the lock; by the opener, then by the thread.
 */
bool	 sender_connect(struct execlog *, int cancel);

/* The lock and the condition. */
void	 sender_init(struct execlog *);
void	 sender_fini(struct execlog *);

/* Start the thread; false and errno. */
bool	 sender_start(struct execlog *);
void	 sender_stop(struct execlog *);

#endif
