/*
 * How the commands that write use libexeclog: with patience, Ctrl-C, and a word
 * about what was refused.
 *
 * Layer: client.  Threads: one; refusals are printed by the library's.
 */
#ifndef CLIENT_DELIVER_H
#define CLIENT_DELIVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/execlog.h"
#include "client/unreachable.h"

struct options;

#define DELIVER_COMPLAINTS	10	/* refusals that are printed */

struct delivery {
	const struct options	*options;
	struct execlog		*log;
	bool			 bounded;	/* a daemon that acknowledges
						   nothing is none; else one
						   that answers is waited for */
	atomic_ulong		 refused;
	uint64_t		 preface;	/* records before the first line */
	atomic_ulong		 refused_behind;	/* refused, behind these */
	int64_t			 lost_at;	/* ms; 0: there is a daemon */
	uint64_t		 acked;		/* when that was last looked at */
	char			 reason[UNREACHABLE_TEXT];
};

enum deliver_result {
	DELIVER_OK,
	DELIVER_LOST,		/* no daemon for --timeout, or failed for good */
	DELIVER_INTERRUPTED,	/* by a signal */
};

/* False: d->reason says why.  The struct does not move until it is closed. */
bool	 deliver_open(struct delivery *, const struct options *, bool lazy);

/* Queue one, waiting for room.  Only DELIVER_OK has taken it. */
enum deliver_result	 deliver_log(struct delivery *,
			    const struct execlog_record *);
enum deliver_result	 deliver_event(struct delivery *,
			    const struct execlog_event *);

/* Has there been no daemon for --timeout, or has the handle failed? */
bool	 deliver_is_given_up(struct delivery *);

/* Why, or why there is no connection now: into d->reason. */
void	 deliver_explain(struct delivery *);

/* Begin to wait anew. */
void	 deliver_be_patient(struct delivery *);

/* The same for a capture: opening it, what it gives (*lines are counted as they
   are taken) that was read then, closing it. */
enum deliver_result	 deliver_open_capture(struct delivery *,
			    const struct execlog_capture_options *,
			    struct execlog_capture **);
enum deliver_result	 deliver_feed(struct delivery *,
			    struct execlog_capture *, enum execlog_stream,
			    int64_t read_at, const char *, size_t,
			    uint64_t *lines);
enum deliver_result	 deliver_close_capture(struct delivery *,
			    struct execlog_capture *);

/* Wait until all is acknowledged. */
enum deliver_result	 deliver_flush(struct delivery *);

/* Say how many were refused, and let go.  Returns how many are unacked. */
uint64_t	 deliver_close(struct delivery *);

/* Say that so many lines are lost, if that is the result; the exit code. */
int		 deliver_outcome(struct delivery *, enum deliver_result,
		    uint64_t lost);

#endif
