#include "daemon/admin.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/context.h"
#include "daemon/ingest.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/peer.h"
#include "daemon/retention.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/row.h"
#include "proto/sweep.h"

#define TELL_MS		100	/* between two frames about how it goes */

struct admin {
	struct conn			*conn;
	const struct roles_context	*world;
	struct retention_watcher	 watcher;
	bool				 watches;
	int64_t				 told_at;	/* monotonic ms */
	struct buf			 out;
};

static const enum sweep_state state_of[] = {
	[RETENTION_RUNNING] = SWEEP_STATE_RUNNING,
	[RETENTION_DONE] = SWEEP_STATE_DONE,
	[RETENTION_WAITING] = SWEEP_STATE_WAITING,
	[RETENTION_OFF] = SWEEP_STATE_OFF,
	[RETENTION_FAILED] = SWEEP_STATE_FAILED,
};

static void
put_found(struct admin *a, const struct sweep_found *f)
{
	sweep_news_put(&a->out, &(struct sweep_news){
		.state = SWEEP_STATE_RUNNING,
		.execution = f->execution,
		.rows = f->rows,
		.kept = f->reason == SWEEP_GOES ? SPAN_NONE :
		    span_of(sweep_reason_name(f->reason)),
	});
}

static void
put_sweep(struct admin *a, const struct retention_news *news)
{
	const struct sweep *s = news->sweep;

	sweep_news_put(&a->out, &(struct sweep_news){
		.state = state_of[news->state],
		.rows = s->rows,
		.events = s->events,
		.expected = s->expected,
		.spared = s->spared,
		.reason = news->reason == NULL ? SPAN_NONE :
		    span_of(news->reason),
	});
}

/* One that does not read is not told, except at the end; who counts must be told
   all, and is gone if that is too much. */
static void
on_news(void *v, const struct retention_news *news)
{
	struct admin *a = v;
	int64_t now = clock_mono_ms();
	size_t i;

	for (i = 0; i < news->nfound; i++)
		put_found(a, &news->found[i]);
	if (news->state != RETENTION_RUNNING || (now - a->told_at >= TELL_MS &&
	    conn_queued(a->conn) <= LIMIT_READER_QUEUE)) {
		put_sweep(a, news);
		a->told_at = now;
	}
	if (news->state != RETENTION_RUNNING) {
		retention_leave(a->world->retention, &a->watcher);
		a->watches = false;
	}
	if (conn_queued(a->conn) > LIMIT_ADMIN_QUEUE) {
		buf_reset(&a->out);
		conn_fault(a->conn, FAULT_BAD_REQUEST,
		    "the answer is not read");
		return;
	}
	conn_send(a->conn, &a->out);
}

static void *
admin_open(struct conn *conn, const struct hello *hello, void *context)
{
	struct admin *a = log_calloc(1, sizeof *a);
	struct sender peer;

	(void)hello;
	a->conn = conn;
	a->world = context;
	peer_identify(conn_fd(conn), &peer);
	if (peer.uid == 0 || peer.uid == geteuid())
		conn_welcome(conn, &(struct welcome){ 0 });
	else
		conn_fault(conn, FAULT_NOT_YOURS,
		    "only root and the daemon's own user may do that");
	return (a);
}

static void
admin_frame(void *self, const struct frame *f)
{
	struct admin *a = self;
	struct sweep_request r;
	struct clock_mark now;
	const char *sentence;
	enum fault fault;

	if (f->type != FRAME_REQUEST)
		conn_fault(a->conn, FAULT_UNEXPECTED_TYPE,
		    "an admin sends REQUEST");
	else if (a->watches)
		conn_fault(a->conn, FAULT_UNEXPECTED_TYPE,
		    "the request before has not ended");
	else if ((fault = sweep_request_decode(f->body, &r, &sentence)) !=
	    FAULT_NONE)
		conn_fault(a->conn, fault, sentence);
	else {
		a->watcher = (struct retention_watcher){
			.dry = r.dry_run,
			.tell = on_news,
			.arg = a,
		};
		a->watches = true;
		a->told_at = 0;
		clock_mark(&now);
		retention_ask(a->world->retention, &a->watcher, r.yes, &now);
		ingest_poke(a->world->ingest);
	}
}

static void
admin_drained(void *self)
{
	(void)self;
}

/* What was begun goes on without whoever has asked. */
static bool
admin_eof(void *self)
{
	(void)self;
	return (true);
}

static void
admin_close(void *self)
{
	struct admin *a = self;

	if (a->watches)
		retention_leave(a->world->retention, &a->watcher);
	buf_free(&a->out);
	free(a);
}

const struct conn_role admin_role = {
	.open = admin_open,
	.frame = admin_frame,
	.drained = admin_drained,
	.eof = admin_eof,
	.close = admin_close,
};
