/*
 * Which log rows, or events, a reader wants.  One piece of code judges rows from memory
 * and rows from the database.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_FILTER_H
#define PROTO_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record.h"
#include "proto/span.h"

struct audit_row;
struct log_row;

#define FILTER_TASKS_MAX	64

/* A zeroed filter lets everything through.  Texts are the maker's. */
struct filter {
	struct span	task[FILTER_TASKS_MAX];
	size_t		ntasks;		/* 0: any, and none */
	unsigned	levels;		/* bit 1 << enum level; 0: any */
	struct span	source;		/* p NULL: any */
	bool		has_since;
	int64_t		since;		/* ms, inclusive */
	bool		has_until;
	int64_t		until;		/* ms, inclusive */
	bool		has_attempt;
	int64_t		attempt;	/* as the metadata says */
	enum stream	stream;		/* likewise; STREAM_NONE: any */
	unsigned	types;		/* bit 1 << enum audit_type; 0: any */
};

/* Of an event only its type and time count. */
bool	 filter_match(const struct filter *, const struct log_row *);
bool	 filter_match_event(const struct filter *, const struct audit_row *);

/* Does it ask for what only log rows have? */
bool	 filter_is_for_rows(const struct filter *);

#endif
