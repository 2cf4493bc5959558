/*
 * A reader's request being answered, a page at a time.
 *
 * START: take the file's position; is the execution known?  FIND: the id is
 * none; of which is it the prefix?  FOUND: query_adopt is to be called.  SEEK:
 * walk back to the row that "lines" begins with.  STORED: rows by (timestamp,
 * id) up to the limit.  BACK: the same, newest first.  RANGE: what came behind
 * a cursor, by id.  FACTS (inspect): what is known beside events.  LIVE (follow and wait): rows behind the limit, by id; "at"
 * says how far.  OVER: nothing more will come.
 *
 * Layer: sql.  Threads: one at a time; in the daemon the reader thread while a
 * page is made, else the loop.
 */
#ifndef SQL_QUERY_H
#define SQL_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/request.h"
#include "sql/inspect.h"
#include "sql/pages.h"

/* Bytes of frames that one page makes, about. */
#define QUERY_PAGE_BYTES	(128 * 1024)

enum query_phase {
	QUERY_START,
	QUERY_FIND,
	QUERY_FOUND,
	QUERY_SEEK,
	QUERY_STORED,
	QUERY_BACK,
	QUERY_RANGE,
	QUERY_FACTS,
	QUERY_LIVE,
	QUERY_OVER,
};

#define QUERY_EVENT_MAX	16	/* bytes of a terminal event's name, with 0 */

struct query {
	struct request		request;	/* owned */
	enum query_phase	phase;
	struct place		place;		/* SEEK, STORED, BACK: where */
	int64_t			wanted;		/* SEEK, BACK: still; < 0: all */
	struct position		limit;		/* of the stored rows */
	struct position		at;		/* RANGE, LIVE: delivered so far */
	struct position		target;		/* and a page goes up to here */
	struct buf		out;		/* frames, for the owner to take */
	int64_t			rows;		/* put into frames so far */
	int64_t			removed;	/* by retention, as far as told or
						   before anything was asked */
	bool			removed_known;
	bool			found;		/* the execution is known */
	bool			beyond;		/* the cursor is not of this file */
	struct buf		names;		/* FIND: ids, each with a 0; at the
						   end of a follow: streams */
	size_t			nnames;
	bool			judge;		/* LIVE: which streams are missing? */
	bool			judged;		/* ... is known, as is: */
	bool			open;		/* they are open, not lost */
	struct buf		name;		/* the id instead of its prefix */
	char			event[QUERY_EVENT_MAX];	/* the terminal event,
						   empty while there is none */
	char			stated[QUERY_EVENT_MAX];	/* LIVE: what it would
						   be by the engine's state */
	bool			audited;	/* if so: it has events */
	struct inspect		inspect;	/* FACTS: where */
	int64_t			looked;		/* SEEK: rows */
	struct counts		counts;		/* a status request's answer */
	struct sql_error	error;		/* of the last page */
};

/* Takes over *request. */
void	 query_init(struct query *, struct request *);
void	 query_free(struct query *);

/*
 * Make a page: go on from where the last one ended, append frames to "out".
 * On anything but SQL_DONE in error.result the page may be tried again.
 */
void	 query_page(struct query *, struct pages *);

/*
 * FOUND: if there is one execution, begin again with that one and say so in
 * "out"; if there is none, or several, the query is over.
 */
void	 query_adopt(struct query *);

/* How a query that is over has ended, as a frame in "out". */
void	 query_end(struct query *);

#endif
