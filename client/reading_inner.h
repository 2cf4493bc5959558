/*
 * The inside of a reading, for the two files that are its code: reading.c asks
 * and prints, seek.c finds out where to begin.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_READING_INNER_H
#define CLIENT_READING_INNER_H

#include "client/feed.h"
#include "client/grep.h"
#include "client/mark.h"
#include "client/print.h"

struct reading {
	const struct options	*options;
	struct request		 request;
	struct feed		 feed;
	struct printer		 printer;
	struct mark		 mark;
	struct buf		 name;		/* of the execution, if its
						   prefix was given */
	struct grep		 grep;
	uint64_t		 most;		/* rows to print; 0: all */
	int64_t			 until;		/* monotonic ms */
	bool			 seeks;		/* what is heard of rows that are gone
						   is heard again */
	bool			 away;		/* not connected */
	int64_t			 back_at;	/* connected since, again */
	int			 retry_ms;	/* the next pause; 0: none yet */
};

/* Does it go on when the stored rows are over? */
bool	 reading_is_live(const struct reading *);

/* ms until --timeout. */
int64_t	 reading_left(const struct reading *);

/* feed_open, within that time. */
bool	 reading_connect(const struct reading *, struct feed *);

/* The same, for the first time: -1, or the exit code after a line of
   complaint. */
int	 reading_open(struct reading *, struct feed *);

/* The whole id, where the beginning of one was given. */
void	 reading_set_execution(struct reading *, struct span execution);

void	 reading_on_notice(struct reading *, struct span body);
int	 reading_on_end(struct reading *, const struct end *);

/* The connection is lost: -1 if it is worth another try, after a pause; else a
   line of complaint was printed and this is the exit code. */
int	 reading_give_up(struct reading *, const struct feed *);
void	 reading_pause(struct reading *);

/* Somebody, or the time, wants us to stop: the exit code, else -1. */
int	 reading_stopped(struct reading *);

/*
 * Take up the cursor that was given; where only the beginning of the id was,
 * ask of which execution that is.  -1, or the exit code.
 */
int	 reading_take_mark(struct reading *);

/*
 * The last N that match an expression: the daemon does not know it.  The mark
 * is set before the oldest of them; there is none if all are to be shown.
 * -1, or the exit code.
 */
int	 reading_seek(struct reading *);

#endif
