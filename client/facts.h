/*
 * Facts of the daemon's about executions, read from FACT frames
 * (docs/protocol.md, 4.7).
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_FACTS_H
#define CLIENT_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/span.h"

#define FACTS_NO_TIME	INT64_MIN

/* Texts point into the document.  Times are ms, or FACTS_NO_TIME. */
struct fact_execution {
	struct span	execution;
	struct span	workflow;	/* p NULL: none, as the state's */
	struct span	state;
	int64_t		created;
	int64_t		started;
	int64_t		ended;
	int64_t		first;		/* of its lines and events */
	int64_t		last;
	int64_t		lines;
	int64_t		errors;
	int64_t		warnings;
	int64_t		removed;	/* of the lines, by retention */
};

/* False if it is no such fact. */
bool	 facts_execution(const struct json_t *, struct fact_execution *);

int64_t	 facts_time(const struct json_t *, const char *key);
int64_t	 facts_number(const struct json_t *, const char *key);
struct span facts_text(const struct json_t *, const char *key);

/* When it has begun, as far as is known. */
int64_t	 facts_start(const struct fact_execution *);

/* ms; of one that goes on: until now.  -1: it is not known. */
int64_t	 facts_duration(const struct fact_execution *, int64_t now);

/* Has it ended, by its state? */
bool	 facts_has_ended(struct span state);

/* Append a member: ISO 8601 text, or null, as for years before 0 or behind 9999. */
void	 facts_put_time(struct buf *, const char *key, int64_t ms);

#endif
