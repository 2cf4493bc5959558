/*
 * A sweep as the role admin asks for it and is told of it: REQUEST and SWEEP
 * (docs/protocol.md, section 4.8).
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_SWEEP_H
#define PROTO_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/span.h"

struct buf;
struct json_t;

struct sweep_request {
	bool	dry_run;	/* count only */
	bool	yes;		/* the clock is right */
};
void		 sweep_request_put(struct buf *, const struct sweep_request *);

/* A REQUEST body of this role.  On a fault *sentence says what is wrong. */
enum fault	 sweep_request_decode(struct span body, struct sweep_request *,
		    const char **sentence);

enum sweep_state {
	SWEEP_STATE_RUNNING,
	SWEEP_STATE_DONE,
	SWEEP_STATE_WAITING,	/* the clock has moved: "yes" is asked for */
	SWEEP_STATE_OFF,	/* everything is kept */
	SWEEP_STATE_FAILED,	/* it will be tried again */
};
#define SWEEP_STATE_COUNT	5
const char	*sweep_state_name(enum sweep_state);

/* How far a sweep has come; or, with an execution, what it would do to it. */
struct sweep_news {
	enum sweep_state state;
	int64_t		 rows;		/* removed so far; of the execution */
	int64_t		 events;
	int64_t		 expected;	/* rows, about */
	int64_t		 spared;	/* executions */
	struct span	 reason;	/* why not; p NULL: none */
	struct span	 execution;	/* p NULL: none */
	struct span	 kept;		/* its rows stay, because it is this;
					   p NULL: they go */
	struct json_t	*doc;		/* after decoding: the owner */
};
void		 sweep_news_put(struct buf *, const struct sweep_news *);

/* False if the body is none; on true the caller calls sweep_news_free. */
bool		 sweep_news_decode(struct span body, struct sweep_news *);
void		 sweep_news_free(struct sweep_news *);

#endif
