/*
 * States of an execution or a task, and what an audit event says of them.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_STATE_H
#define PROTO_STATE_H

#include <stdbool.h>

#include "proto/span.h"

enum state {
	STATE_PENDING,
	STATE_RUNNING,
	STATE_WAITING,
	STATE_SUCCESS,
	STATE_FAILED,
	STATE_CANCELLED,
};
#define STATE_COUNT	6
#define STATE_SENTENCE	"Invalid state. Must be one of: " \
	"PENDING, RUNNING, WAITING, SUCCESS, FAILED, CANCELLED"

const char	*state_name(enum state);

/* By name, in any case. */
bool		 state_parse(struct span, enum state *);

/* SUCCESS, FAILED, CANCELLED. */
bool		 state_is_end(enum state);

/*
 * The state that an event of this type and metadata says its execution to be
 * in; false if it says none: another type, or the state of a task.
 */
bool		 state_of_event(struct span type, struct span metadata,
		    enum state *);

/* Which member of a STATE_CHANGE's metadata has it: "to" or "to_state". */
struct span	 state_member(struct span metadata, const char *key,
		    const char *other);

#endif
