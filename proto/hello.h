/*
 * The first exchange: HELLO and WELCOME (docs/protocol.md, section 2).
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_HELLO_H
#define PROTO_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/capture.h"
#include "proto/fault.h"
#include "proto/span.h"

struct buf;
struct json_t;

enum role {
	ROLE_PRODUCE,
	ROLE_READ,
	ROLE_STREAM,
	ROLE_ADMIN,
};
#define ROLE_COUNT	4

const char	*role_name(enum role);

/*
 * What a HELLO says.  A producer may have a name; then it may resume the epoch
 * that it was granted before.  A stream says whose output it is; all bytes
 * behind its HELLO are text.  Texts point into "doc" after hello_decode, until
 * hello_free.
 */
struct hello {
	enum role	 role;
	struct span	 producer;	/* p NULL: unnamed */
	bool		 resumes;	/* epoch and acked are given */
	int64_t		 epoch;
	int64_t		 acked;		/* highest number acknowledged */
	struct origin	 origin;	/* of a stream, as are: */
	enum stream	 stream;
	enum level	 level;		/* of lines that do not say theirs */
	bool		 masked;	/* not read until there are values to
					   be masked for its execution */
	struct json_t	*doc;
};

/* Append a frame.  "who" is the program and its version. */
void	 hello_put(struct buf *, const struct hello *, const char *who);

/*
 * A HELLO body.  On FAULT_NONE the caller calls hello_free; else *sentence
 * says what is wrong.
 */
enum fault	 hello_decode(struct span body, struct hello *,
		    const char **sentence);
void		 hello_free(struct hello *);

/* The answer; epoch and number are 0 for who has no name. */
struct welcome {
	int64_t	epoch;
	int64_t	number;		/* numbers go on behind this one */
};
void	 welcome_put(struct buf *, const struct welcome *);

/* Is it a WELCOME of our version? */
bool	 welcome_decode(struct span body, struct welcome *);

#endif
