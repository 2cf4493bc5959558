#include "client/feed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/escape.h"
#include "client/interrupt.h"
#include "client/options.h"
#include "proto/version.h"

#define BUSY_PAGES	100	/* a page is tried so often: 5 s of waiting */

static bool
open_db(struct feed *f)
{
	struct sql_error error;

	f->link = (struct link){ .fd = -1, .wake = -1 };
	if ((f->pages = pages_visit(f->db, &error)) != NULL)
		return (true);
	(void)snprintf(f->link.reason, sizeof f->link.reason, "%.*s%s",
	    LINK_REASON - 128, error.text, error.result == SQL_FOREIGN ?
	    "; if tables of execlog are missing: execlog migrate up --db "
	    "PATH" : "");
	return (false);
}

bool
feed_open(struct feed *f, const struct options *o, int patience)
{
	struct welcome welcome;

	*f = (struct feed){ .db = o->db };
	if (o->db != NULL)
		return (open_db(f));
	return (link_open(&f->link, o->socket, interrupt_fd(), patience,
	    &(struct hello){ .role = ROLE_READ }, "execlog " EXECLOG_VERSION,
	    &welcome));
}

int
feed_lost(const struct feed *f, const struct options *o)
{
	if (o->db == NULL)
		return (options_unreachable(o, f->link.reason));
	complain("%s: %s", o->db, f->link.reason);
	return (EXIT_UNREACHABLE);
}

void
feed_close(struct feed *f)
{
	if (f->db == NULL)
		link_close(&f->link);
	else {
		query_free(&f->query);
		pages_close(f->pages);
	}
}

bool
feed_ask(struct feed *f, const struct request *r)
{
	struct request copy = *r;

	if (f->db != NULL) {
		query_init(&f->query, &copy);
		return (true);
	}
	/* Who waits for the result prints nothing. */
	if (r->kind != REQUEST_WAIT)
		f->link.watch = STDOUT_FILENO;
	if (!request_put(&f->link.out, r))
		return (false);
	(void)link_push(&f->link);
	return (true);
}

/* More frames into the query's buffer, which is empty. */
static bool
make_page(struct feed *f)
{
	struct query *q = &f->query;
	int tries = 0;

	switch (q->phase) {
	case QUERY_OVER:
		query_end(q);
		f->ended = true;
		return (true);
	case QUERY_FOUND:
		query_adopt(q);
		return (true);
	default:
		break;
	}
	do
		query_page(q, f->pages);
	while (q->error.result == SQL_BUSY && ++tries < BUSY_PAGES);
	if (q->error.result == SQL_DONE)
		return (true);
	(void)snprintf(f->link.reason, sizeof f->link.reason, "%s",
	    q->error.text);
	return (false);
}

enum link_result
feed_next(struct feed *f, struct frame *frame)
{
	struct buf *out = &f->query.out;

	if (f->db == NULL)
		return (link_next(&f->link, frame, 0));
	while (f->at == out->n) {
		buf_reset(out);
		f->at = 0;
		if (f->ended)
			return (LINK_NOTHING);
		if (!make_page(f))
			return (LINK_LOST);
	}
	if (out->failed || frame_decode(out->p + f->at, out->n - f->at,
	    frame) != FRAME_OK) {
		(void)strcpy(f->link.reason, "out of memory");
		return (LINK_LOST);
	}
	f->at += frame->size;
	return (LINK_OK);
}

enum link_result
feed_wait(struct feed *f, int timeout)
{
	return (f->db == NULL ? link_wait(&f->link, timeout) : LINK_NOTHING);
}
