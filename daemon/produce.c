#include "daemon/produce.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/context.h"
#include "daemon/ingest.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "proto/audit.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/record.h"

struct producer {
	struct conn		*conn;
	struct ingest		*ingest;
	struct ledger_entry	 in;
	uint64_t		 acked;		/* number of the last ACK sent */
	bool			 eof;
	struct buf		 out;		/* scratch */
};

/*
 * At most one ACK is unsent; the next one stands for all since.  The last ones
 * before a stop are sent in any case.
 */
static void
send_ack(struct producer *p)
{
	bool may = conn_queued(p->conn) == 0 || ingest_is_draining(p->ingest);
	size_t mark;

	if (p->acked < p->in.committed && may) {
		p->acked = p->in.committed;
		mark = frame_begin(&p->out, FRAME_ACK);
		buf_u64(&p->out, p->acked);
		(void)frame_end(&p->out, mark);
		conn_send(p->conn, &p->out);
	}
	if (p->eof && p->acked == p->in.admitted)
		conn_finish(p->conn);
}

static void
on_committed(void *v)
{
	send_ack(v);
}

static void *
producer_open(struct conn *conn, void *context)
{
	struct roles_context *world = context;
	struct producer *p = log_calloc(1, sizeof *p);

	p->conn = conn;
	p->ingest = world->ingest;
	p->in.on_committed = on_committed;
	p->in.arg = p;
	ingest_add_producer(p->ingest, &p->in);
	return (p);
}

static void
producer_close(void *self)
{
	struct producer *p = self;

	ingest_remove_producer(p->ingest, &p->in);
	buf_free(&p->out);
	free(p);
}

/* Is it the number that follows?  0 in a JSON form: whichever that is. */
static bool
number_follows(struct producer *p, uint64_t number, bool json)
{
	char sentence[96];

	if (number == p->in.admitted + 1 || (json && number == 0))
		return (true);
	(void)snprintf(sentence, sizeof sentence,
	    "number %llu does not follow %llu", (unsigned long long)number,
	    (unsigned long long)p->in.admitted);
	conn_fault(p->conn, FAULT_BAD_NUMBER, sentence);
	return (false);
}

/*
 * A record or event was taken in.  If its value is not stored, say so before
 * its number can be acknowledged.
 */
static void
taken(struct producer *p, enum refusal refusal)
{
	if (refusal != REFUSAL_NONE) {
		refusal_put(&p->out, p->in.admitted, refusal);
		conn_send(p->conn, &p->out);
	}
	ingest_poke(p->ingest);
}

static void
on_record(struct producer *p, const struct record *r, bool json)
{
	if (number_follows(p, r->number, json))
		taken(p, ingest_log(p->ingest, &p->in, r));
}

static void
on_log(struct producer *p, struct span body)
{
	struct record r;

	if (record_decode(body, &r))
		on_record(p, &r, false);
	else
		conn_fault(p->conn, FAULT_BAD_RECORD,
		    "the parts of a LOG do not add up");
}

static void
on_log_json(struct producer *p, struct span body)
{
	struct record r;
	struct json_t *doc;

	if ((doc = record_from_json(body, &r)) == NULL) {
		conn_fault(p->conn, FAULT_BAD_JSON,
		    "LOG_JSON is not a JSON object");
		return;
	}
	on_record(p, &r, true);
	jdoc_free(doc);
}

static void
on_audit(struct producer *p, struct span body)
{
	struct audit a;
	struct json_t *doc;

	if ((doc = audit_from_json(body, &a)) == NULL) {
		conn_fault(p->conn, FAULT_BAD_JSON,
		    "EVENT is not a JSON object");
		return;
	}
	if (number_follows(p, a.number, true))
		taken(p, ingest_audit(p->ingest, &p->in, &a));
	jdoc_free(doc);
}

static void
on_flush(struct producer *p, struct span body)
{
	uint64_t number;

	if (body.n != sizeof number) {
		conn_fault(p->conn, FAULT_BAD_RECORD, "FLUSH has 8 bytes");
		return;
	}
	number = be_u64(body.p);
	if (number > p->in.admitted)
		conn_fault(p->conn, FAULT_BAD_NUMBER,
		    "FLUSH is beyond the last number");
	else if (number > p->in.committed)
		ingest_hurry(p->ingest);
}

static void
producer_frame(void *self, const struct frame *f)
{
	struct producer *p = self;

	switch (f->type) {
	case FRAME_LOG:
		on_log(p, f->body);
		break;
	case FRAME_LOG_JSON:
		on_log_json(p, f->body);
		break;
	case FRAME_EVENT:
		on_audit(p, f->body);
		break;
	case FRAME_FLUSH:
		on_flush(p, f->body);
		break;
	default:
		conn_fault(p->conn, FAULT_UNEXPECTED_TYPE,
		    "a producer sends LOG, LOG_JSON, EVENT and FLUSH");
		break;
	}
}

static bool
producer_wants(void *self)
{
	struct producer *p = self;

	return (ingest_has_room(p->ingest) &&
	    conn_queued(p->conn) < LIMIT_PRODUCER_QUEUE);
}

static void
producer_drained(void *self)
{
	struct producer *p = self;

	send_ack(p);
	conn_resume(p->conn);
}

/* A peer that has closed its side may still read its acknowledgements. */
static bool
producer_eof(void *self)
{
	struct producer *p = self;

	p->eof = true;
	if (p->acked == p->in.admitted)
		return (true);
	ingest_hurry(p->ingest);
	return (false);
}

const struct conn_role produce_role = {
	.open = producer_open,
	.frame = producer_frame,
	.wants = producer_wants,
	.drained = producer_drained,
	.eof = producer_eof,
	.close = producer_close,
};
