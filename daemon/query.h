/*
 * A reader's request being answered, a page at a time.
 *
 * START: take the file's position; is the execution known?  SEEK: walk back to
 * the row that "lines" begins with.  STORED: rows by (timestamp, id) up to the
 * position.  LIVE (follow only): rows behind the position, by id; "at" says
 * how far.  OVER: nothing more will come.
 *
 * Layer: daemon.  Threads: the reader thread while a page is made, else the
 * loop; never both.
 */
#ifndef DAEMON_QUERY_H
#define DAEMON_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/request.h"
#include "sql/pages.h"

enum query_phase {
	QUERY_START,
	QUERY_SEEK,
	QUERY_STORED,
	QUERY_LIVE,
	QUERY_OVER,
};

#define QUERY_EVENT_MAX	16	/* bytes of a terminal event's name, with 0 */

struct query {
	struct request		request;	/* owned */
	enum query_phase	phase;
	struct place		place;		/* SEEK, STORED: where we are */
	int64_t			wanted;		/* SEEK: rows still to find */
	struct position		limit;		/* STORED: up to here */
	struct position		at;		/* LIVE: delivered up to here */
	struct position		target;		/* LIVE: a page goes up to here */
	struct buf		out;		/* frames, for the loop to take */
	int64_t			rows;		/* put into frames so far */
	bool			found;		/* the execution is known */
	char			event[QUERY_EVENT_MAX];	/* the terminal event,
						   empty while there is none */
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

#endif
