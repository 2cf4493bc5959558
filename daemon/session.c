#include "daemon/session.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/context.h"
#include "daemon/follow.h"
#include "daemon/ingest.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/masked.h"
#include "sql/query.h"
#include "daemon/reader.h"
#include "daemon/secrets.h"
#include "daemon/timer.h"
#include "proto/buf.h"
#include "proto/frame.h"

#define LOOK_MS		500	/* between two looks at the engine's state */
#define TELL_IDS	10000	/* between two notices of the position */

/*
 * How a follow ends.  The terminal event is committed (query.event), but
 * records of the execution may be pending that came before anybody could know:
 * they are committed first, and the follow ends at the position behind them.
 */
enum ending {
	END_NOT_YET,
	END_SEEN,	/* waiting until the batch "end_serial" is committed
			   and the execution's streams have ended */
	END_PLACED,	/* at end_at */
};

struct session {
	struct conn			*conn;
	const struct roles_context	*world;
	bool				 active;	/* there is a request */
	struct query			 query;		/* of it */
	struct reader_turn		 turn;
	bool				 following;
	struct follower			 follower;
	enum ending			 ending;
	uint64_t			 end_serial;
	struct position			 end_at;
	int64_t				 told;	/* the newest position notice */
	struct timer			*look;	/* ends: the state is looked at */
	bool				 look_set;	/* the timer is */
	bool				 look_due;
	int64_t				 stated_at;	/* since when it tells of
						   an end, ms; 0: it does not */
	int64_t				 seen_at;	/* when the end was, ms */
	bool				 folding;	/* the summaries are brought
						   up to date */
	struct fold_waiter		 fold;
};

static bool
has_reached(const struct position *at, const struct position *goal)
{
	return (at->log >= goal->log && at->audit >= goal->audit);
}

/* The request is answered; the next one may come. */
static void
finish(struct session *s)
{
	if (s->following)
		follow_remove(s->world->follow, &s->follower);
	timer_clear(s->look);
	s->following = false;
	s->active = false;
	query_free(&s->query);
}

static void
send_end(struct session *s)
{
	query_end(&s->query);
	conn_send(s->conn, &s->query.out);
	finish(s);
}

/* Nothing more will come of the query. */
static void
answer(struct session *s)
{
	struct query *q = &s->query;

	if (q->request.kind != REQUEST_STATUS) {
		send_end(s);
		return;
	}
	s->world->put_status(&q->out, &q->counts, q->error.result !=
	    SQL_DONE ? q->error.text : NULL, s->world->arg);
	conn_send(s->conn, &q->out);
	finish(s);
}

static int64_t
drain_ms(const struct query *q)
{
	return (q->request.has_drain ? q->request.drain : DRAIN_MS);
}

/* Who believes at once need not look without a pause. */
static int64_t
look_ms(const struct query *q)
{
	int64_t drain = drain_ms(q);

	return (drain > 0 && drain < LOOK_MS ? drain : LOOK_MS);
}

/* Streams that are open are waited for, for a while; who wants the result only
   does not. */
static bool
has_streams(const struct session *s)
{
	const struct query *q = &s->query;

	return (q->request.kind != REQUEST_WAIT &&
	    clock_mono_ms() - s->seen_at < drain_ms(q) &&
	    ingest_captures_of(s->world->ingest, q->request.execution) > 0);
}

/*
 * The engine commits its state first, and its last line and event up to a
 * second later: an end without an event is believed after a while.
 */
static void
believe(struct session *s)
{
	struct query *q = &s->query;
	int64_t now = clock_mono_ms();
	int64_t drain = drain_ms(q);

	if (!q->audited && drain > DRAIN_BARE_MS)
		drain = DRAIN_BARE_MS;
	if (q->stated[0] == '\0') {
		s->stated_at = 0;
		return;
	}
	if (s->stated_at == 0)
		s->stated_at = now;
	if (q->event[0] == '\0' && now - s->stated_at >= drain)
		(void)strcpy(q->event, q->stated);
}

/* Has everything been delivered that belongs before the end? */
static bool
has_ended(struct session *s)
{
	const struct query *q = &s->query;
	struct ingest *in = s->world->ingest;

	if (q->request.no_exit)
		return (false);
	believe(s);
	if (s->ending == END_NOT_YET && q->event[0] != '\0') {
		s->ending = END_SEEN;
		s->seen_at = clock_mono_ms();
		s->end_serial = ingest_pending(in, q->request.execution);
	}
	if (s->ending == END_SEEN && ingest_serial(in) >= s->end_serial &&
	    !has_streams(s)) {
		s->ending = END_PLACED;
		s->end_at = *follow_published(s->world->follow);
	}
	return (s->ending == END_PLACED && has_reached(&q->at, &s->end_at));
}

/* All is delivered.  Last of all: is it complete? */
static void
end_follow(struct session *s)
{
	struct query *q = &s->query;

	if (q->judged || q->request.kind == REQUEST_WAIT) {
		send_end(s);
		return;
	}
	q->judge = true;
	reader_want(s->world->reader, &s->turn);
}

/* A follower whose filter lets little through learns how far it has come, so
   that its cursor does not stay far behind. */
static void
tell_position(struct session *s)
{
	struct query *q = &s->query;

	if (q->phase != QUERY_LIVE || q->at.log - s->told < TELL_IDS)
		return;
	s->told = q->at.log;
	notice_put(&q->out, &(struct notice){
		.kind = NOTICE_POSITION,
		.log = q->at.log,
	});
}

/*
 * The one place that decides what comes next for a session.  Called whenever
 * something may have changed: a page is made, rows were pushed, the file has
 * moved on, the peer has read.
 */
static void
poke(struct session *s)
{
	struct query *q = &s->query;
	const struct position *published;

	if (!s->active || s->folding || s->turn.state != TURN_IDLE)
		return;
	if (q->phase == QUERY_FOUND)
		query_adopt(q);
	if (s->follower.beyond) {
		q->beyond = true;
		q->phase = QUERY_OVER;
	}
	tell_position(s);
	conn_send(s->conn, &q->out);
	s->follower.ready = false;
	if (q->phase == QUERY_OVER) {
		answer(s);
		return;
	}
	if (conn_queued(s->conn) > LIMIT_READER_QUEUE)
		return;
	if (q->phase == QUERY_LIVE) {
		if (has_ended(s)) {
			end_follow(s);
			return;
		}
		published = follow_published(s->world->follow);
		if (has_reached(&q->at, published) && !s->look_due) {
			s->follower.ready = true;
			if (!s->look_set)
				timer_set(s->look, look_ms(q));
			s->look_set = true;
			return;
		}
		s->look_due = false;
		q->target = *published;
	}
	reader_want(s->world->reader, &s->turn);
}

static void
on_poke(void *v)
{
	poke(v);
}

static void
on_fold(void *v)
{
	struct session *s = v;

	s->folding = false;
	poke(s);
}

static void
on_look(void *v)
{
	struct session *s = v;

	s->look_due = true;
	s->look_set = false;
	poke(s);
}

static void
on_unreadable(struct session *s)
{
	struct query *q = &s->query;

	reader_complain(s->world->reader, q->error.text);
	conn_send(s->conn, &q->out);
	conn_complain(s->conn, FAULT_STORAGE, q->error.text);
	finish(s);
}

/* What the engine has written itself was never looked at. */
static void
mask_facts(struct session *s)
{
	struct query *q = &s->query;
	struct mask *mask;

	if (q->request.kind != REQUEST_INSPECT)
		return;
	mask = secrets_find(s->world->secrets, q->request.execution,
	    clock_mono_ms());
	if (mask != NULL)
		masked_frames(mask, &q->out);
}

static void
on_page(void *v)
{
	struct session *s = v;
	struct query *q = &s->query;

	mask_facts(s);

	/* How the daemon is can be said without the file. */
	if (q->request.kind == REQUEST_STATUS)
		q->phase = QUERY_OVER;
	else if (q->error.result != SQL_DONE && q->error.result != SQL_BUSY) {
		on_unreadable(s);
		return;
	}
	poke(s);
}

static void
on_release(void *v)
{
	struct session *s = v;

	if (s->active)
		query_free(&s->query);
	timer_free(s->look);
	free(s);
}

static void *
session_open(struct conn *conn, const struct hello *hello, void *context)
{
	struct session *s = log_calloc(1, sizeof *s);

	(void)hello;
	conn_welcome(conn, &(struct welcome){ 0 });
	s->conn = conn;
	s->world = context;
	s->look = timer_new(s->world->base, on_look, s);
	s->turn = (struct reader_turn){
		.query = &s->query,
		.done = on_page,
		.release = on_release,
		.arg = s,
	};
	s->fold = (struct fold_waiter){ .done = on_fold, .arg = s };
	s->follower = (struct follower){
		.query = &s->query,
		.poke = on_poke,
		.arg = s,
	};
	return (s);
}

static void
session_close(void *self)
{
	struct session *s = self;

	if (s->following)
		follow_remove(s->world->follow, &s->follower);
	s->following = false;
	if (s->folding)
		ingest_forget_fold(s->world->ingest, &s->fold);
	timer_clear(s->look);
	reader_abandon(s->world->reader, &s->turn);
}

/* Registered before the first page, so that nothing falls in between. */
static void
start(struct session *s, struct request *r)
{
	struct ingest *in = s->world->ingest;

	s->active = true;
	s->ending = END_NOT_YET;
	s->told = s->stated_at = 0;
	s->look_due = s->look_set = false;
	if (r->kind == REQUEST_FOLLOW || r->kind == REQUEST_WAIT) {
		s->following = true;
		s->follower.ready = s->follower.beyond = false;
		/* What is on its way to the disk exists. */
		r->wait = r->wait || ingest_pending(in, r->execution) != 0;
	}
	if (r->kind == REQUEST_STATUS)
		ingest_look(in);
	s->folding = r->kind == REQUEST_LIST || r->kind == REQUEST_INSPECT;
	query_init(&s->query, r);
	if (s->folding)
		ingest_await_fold(in, &s->fold);
	if (s->following) {
		follow_add(s->world->follow, &s->follower);
		ingest_hurry(in);
	}
	poke(s);
}

static void
session_frame(void *self, const struct frame *f)
{
	struct session *s = self;
	struct request request = { 0 };
	const char *sentence = NULL;
	enum fault fault;

	if (f->type != FRAME_REQUEST)
		conn_fault(s->conn, FAULT_UNEXPECTED_TYPE,
		    "a reader sends REQUEST");
	else if (s->active)
		conn_fault(s->conn, FAULT_UNEXPECTED_TYPE,
		    "the request before has not ended");
	else if ((fault = request_decode(f->body, &request, &sentence)) !=
	    FAULT_NONE)
		conn_fault(s->conn, fault, sentence);
	else
		start(s, &request);
}

static void
session_drained(void *self)
{
	poke(self);
}

/* A reader that has hung up wants nothing more. */
static bool
session_eof(void *self)
{
	(void)self;
	return (true);
}

const struct conn_role read_role = {
	.open = session_open,
	.frame = session_frame,
	.drained = session_drained,
	.eof = session_eof,
	.close = session_close,
};
