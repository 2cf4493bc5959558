/*
 * What readers ask and how an answer ends: REQUEST, NOTICE and END
 * (docs/protocol.md, section 4).
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_REQUEST_H
#define PROTO_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/cursor.h"
#include "proto/fault.h"
#include "proto/filter.h"
#include "proto/span.h"

struct buf;
struct json_t;

/* How long an end that only the engine's state tells of is not believed, ms;
   the second one where there are no events at all. */
#define DRAIN_MS	10000
#define DRAIN_BARE_MS	2000

enum request_kind {
	REQUEST_LOGS,
	REQUEST_FOLLOW,
	REQUEST_WAIT,		/* a follow that wants the end only */
	REQUEST_AUDIT,
	REQUEST_STATUS,
	REQUEST_LIST,
	REQUEST_INSPECT,
};
#define REQUEST_KIND_COUNT	7

#define LIST_LINES_MAX	10000	/* executions in one list */
#define LIST_LINES	20	/* without "lines" */

/*
 * Texts point into "doc" after request_decode, and stay valid until
 * request_free; a maker of requests points them where it likes and leaves doc
 * NULL.
 */
struct request {
	enum request_kind	 kind;
	bool			 wait;
	bool			 no_exit;	/* go on behind the end */
	bool			 reverse;	/* newest first */
	bool			 prefix;	/* the id may be one */
	bool			 all;		/* AUDIT: of every execution,
						   which has no id then */
	struct span		 execution;
	struct filter		 filter;
	int64_t			 lines;		/* last so many; -1: all */
	int64_t			 looks;		/* logs with lines: rows looked at
						   for them; 0: all */
	unsigned		 states;	/* list: a set; 0: any */
	bool			 values;	/* inspect: inputs, outputs */
	bool			 has_drain;	/* else DRAIN_MS */
	int64_t			 drain;		/* ms; 0: no waiting */
	bool			 has_after;
	struct cursor		 after;
	struct json_t		*doc;
};

/* Append a frame.  False if it is over the limit of a frame. */
bool	 request_put(struct buf *, const struct request *);

/* A REQUEST body.  On a fault *sentence says what is wrong. */
enum fault	 request_decode(struct span body, struct request *,
		    const char **sentence);
void		 request_free(struct request *);

enum notice_kind {
	NOTICE_WAITING,		/* nothing is stored yet */
	NOTICE_STORED,		/* the stored rows go up to id log */
	NOTICE_LIVE,		/* they are sent; the others follow */
	NOTICE_POSITION,	/* all up to id log is sent */
	NOTICE_EXECUTION,	/* the prefix stands for this one */
	NOTICE_REMOVED,		/* retention has removed rows before this place,
				   which were not sent */
};
#define NOTICE_COUNT	6

struct notice {
	enum notice_kind kind;
	int64_t		 log;
	struct span	 execution;	/* of NOTICE_EXECUTION */
	int64_t		 rows;		/* of NOTICE_REMOVED */
	bool		 at_most;	/* ... some of them may have been */
	struct json_t	*doc;		/* after notice_decode: its owner */
};

void	 notice_put(struct buf *, const struct notice *);

/* False if it is none that we know; on true the caller calls notice_free. */
bool	 notice_decode(struct span body, struct notice *);
void	 notice_free(struct notice *);

enum end_reason {
	END_DONE,
	END_COMPLETE,
	END_LOST,		/* as complete, but streams were lost */
	END_OPEN,		/* ... are still open, after "drain" */
	END_NOT_FOUND,
	END_AMBIGUOUS,		/* a prefix of several */
	END_BEYOND,		/* the cursor is not of this file as it is */
};
#define END_REASON_COUNT	7
#define END_NAMES_MAX		6	/* of those several, or of streams: one
					   more than people are shown */

struct end {
	enum end_reason	 reason;
	int64_t		 rows;		/* sent for this request */
	bool		 found;		/* something is known of the execution */
	struct span	 event;		/* the terminal event */
	struct span	 name[END_NAMES_MAX];	/* AMBIGUOUS: some executions;
						   LOST, OPEN: some streams */
	size_t		 nnames;
	struct json_t	*doc;		/* after end_decode: the owner of event */
};

void	 end_put(struct buf *, const struct end *);

/* False if the body is no END; on true the caller calls end_free. */
bool	 end_decode(struct span body, struct end *);
void	 end_free(struct end *);

#endif
