/*
 * What is known of one execution, put together from the daemon's facts: the
 * engine's tables go before audit events, these before streams and lines.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_INSPECTION_H
#define CLIENT_INSPECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/facts.h"

#define INSPECTION_BYTES_MAX	(64 * 1024 * 1024)	/* of all texts: from there
						on no value and no event is
						kept, from twice as much on
						nothing; as much again is what
						is made of them */
#define INSPECTION_TASKS_MAX	10000	/* the rest is not shown, as is: */
#define INSPECTION_ATTEMPTS_MAX	1000	/* of a task */
#define INSPECTION_EVENTS_MAX	100000
#define INSPECTION_MISSING_MAX	5	/* streams that are named */

struct audit_row;

/* Texts belong to the inspection, p NULL: not known; so FACTS_NO_TIME. */
struct inspected_attempt {
	int64_t		number;
	struct span	state;
	int64_t		started;
	int64_t		ended;
	int64_t		duration;	/* ms; -1: not known */
	struct span	reason;		/* why there was another one */
	bool		streams_only;	/* nothing else tells of it */
};

enum inspected_value {
	VALUE_INPUTS,
	VALUE_OUTPUTS,
	VALUE_ERROR,
	VALUE_NEEDS,	/* an array, or one string */
};
#define VALUE_COUNT	4

struct inspected_task {
	struct span	 id;
	struct span	 type;
	struct span	 state;
	struct span	 reason_code;	/* the engine's, as the next */
	struct span	 message;
	struct span	 reason;	/* one of them, or what events say */
	int64_t		 created;	/* the engine's */
	int64_t		 started;
	int64_t		 ended;
	int64_t		 duration;	/* ms; -1: not known */
	struct buf	 value[VALUE_COUNT];	/* JSON, or other text; n 0:
						   none */
	struct inspected_attempt *attempt;
	size_t		 nattempts;
	bool		 engine;	/* the engine's table has it */
	bool		 events;	/* events tell of it */
	bool		 open;		/* a stream of it is */
	int64_t		 first_line;
	int64_t		 last_line;
	size_t		 order;		/* in which it was heard of */
};

/* By whom it was cancelled, and why, by the event. */
struct inspected_cancel {
	bool		told;		/* there was one */
	struct span	by;
	struct span	reason;
	struct span	message;
	bool		has_sender;	/* who has sent it */
	uint32_t	uid;
	uint32_t	pid;
};

/* An event, as it was received. */
struct inspection_keep;

struct inspection {
	struct fact_execution	 execution;
	struct span		 reason_code;
	struct span		 message;	/* the engine's, or of FAILED */
	struct span		 failed_task;	/* by the event */
	struct inspected_cancel	 cancel;
	bool			 engine;	/* the engine's table has it */
	bool			 known;		/* there was a fact */
	struct inspected_task	*task;
	size_t			 ntasks;
	size_t			*slot;		/* task by id: index + 1 */
	struct audit_row	*event;		/* texts are kept */
	size_t			 nevents;
	size_t			 event_cap;
	size_t			 nstreams;
	size_t			 nopen;
	size_t			 nlost;
	size_t			 ncut;		/* not all was captured */
	int64_t			 stream_lines;
	int64_t			 dropped_lines;
	struct buf		 missing;	/* "build attempt 2 stderr, ..." */
	size_t			 nmissing;
	struct inspection_keep	*keep;		/* texts */
	size_t			 most;		/* set before the first frame:
						   INSPECTION_BYTES_MAX */
	size_t			 bytes;		/* that are kept */
	bool			 full;		/* of values and events */
	bool			 truncated;	/* something is left out */
	bool			 failed;	/* no memory */
};

/* Nothing of an execution goes on behind its end: until when, ms. */
int64_t	 inspection_now(const struct inspection *, int64_t now_ms);

/* Frames as they come; then settle, once: what follows from what. */
void	 inspection_frame(struct inspection *, const struct frame *);
void	 inspection_settle(struct inspection *, int64_t now_ms);
void	 inspection_free(struct inspection *);

/* What an operator needs first: the task that has failed, or NULL, and why.  Of
   the task that is asked for, if there is one. */
const struct inspected_task *inspection_failing(const struct inspection *,
			    struct span asked, struct span *why);

/* true, false; *has false: there are no streams. */
bool	 inspection_is_complete(const struct inspection *, bool *has);

/* For the files that are its code: a copy of a text, SPAN_NONE when there is too
   much; a task, made if it is new, NULL when there are too many. */
struct span		 inspection_text(struct inspection *, struct span);
struct inspected_task	*inspection_task(struct inspection *, struct span id);
struct inspected_attempt *inspection_attempt(struct inspection *,
			    struct inspected_task *, int64_t number);
void	 inspection_event(struct inspection *, const struct audit_row *);
void	 inspection_keep_event(struct inspection *, const struct audit_row *);

/* Is there room for so many bytes more of a value or an event?  They are counted;
   once there was none there is none any more. */
bool	 inspection_room(struct inspection *, size_t n);

#endif
