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

#include "proto/fault.h"
#include "proto/filter.h"
#include "proto/span.h"

struct buf;
struct json_t;

enum request_kind {
	REQUEST_LOGS,
	REQUEST_FOLLOW,
	REQUEST_AUDIT,
	REQUEST_STATUS,
};
#define REQUEST_KIND_COUNT	4

/*
 * Texts point into "doc" after request_decode, and stay valid until
 * request_free; a maker of requests points them where it likes and leaves doc
 * NULL.
 */
struct request {
	enum request_kind	 kind;
	bool			 wait;
	struct span		 execution;
	struct filter		 filter;
	int64_t			 lines;		/* last so many; 0: all */
	struct json_t		*doc;
};

/* Append a frame.  False if it is over the limit of a frame. */
bool	 request_put(struct buf *, const struct request *);

/* A REQUEST body.  On a fault *sentence says what is wrong. */
enum fault	 request_decode(struct span body, struct request *,
		    const char **sentence);
void		 request_free(struct request *);

enum notice {
	NOTICE_WAITING,
	NOTICE_LIVE,
};
#define NOTICE_COUNT	2

void	 notice_put(struct buf *, enum notice);

/* False if it is none that we know. */
bool	 notice_decode(struct span body, enum notice *);

enum end_reason {
	END_DONE,
	END_COMPLETE,
	END_NOT_FOUND,
};
#define END_REASON_COUNT	3

struct end {
	enum end_reason	 reason;
	int64_t		 rows;		/* sent for this request */
	bool		 found;		/* something is known of the execution */
	struct span	 event;		/* END_COMPLETE: the terminal event */
	struct json_t	*doc;		/* after end_decode: the owner of event */
};

void	 end_put(struct buf *, const struct end *);

/* False if the body is no END; on true the caller calls end_free. */
bool	 end_decode(struct span body, struct end *);
void	 end_free(struct end *);

#endif
