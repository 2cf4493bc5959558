#include "daemon/produce.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/context.h"
#include "daemon/ingest.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/secrets.h"
#include "daemon/peer.h"
#include "proto/audit.h"
#include "proto/buf.h"
#include "proto/capture.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/masking.h"
#include "proto/record.h"
#include "sql/store.h"

struct producer {
	struct conn		*conn;
	struct ingest		*ingest;
	struct secrets		*secrets;
	struct ledger_entry	 in;
	uint64_t		 acked;		/* number of the last ACK sent */
	bool			 asked;		/* for an ACK, by a FLUSH of what
						   is committed already */
	bool			 eof;
	bool			 welcome;	/* WELCOME was sent */
	struct buf		 name;		/* the entry's name */
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

	if ((p->acked < p->in.committed || p->asked) && may) {
		p->asked = false;
		p->acked = p->in.committed;
		mark = frame_begin(&p->out, FRAME_ACK);
		buf_u64(&p->out, p->acked);
		(void)frame_end(&p->out, mark);
		conn_send(p->conn, &p->out);
	}
	if (p->eof && p->welcome && p->acked == p->in.admitted)
		conn_finish(p->conn);
}

static void
on_committed(void *v)
{
	send_ack(v);
}

/* How a claim that is not granted ends the connection. */
static void
turn_away(struct producer *p, enum claim_result result)
{
	if (result == CLAIM_UNKNOWN)
		conn_fault(p->conn, FAULT_UNKNOWN_PRODUCER,
		    "there is nothing to resume: this producer or epoch is not "
		    "known");
	else if (result == CLAIM_NOT_YOURS)
		conn_fault(p->conn, FAULT_NOT_YOURS,
		    "this producer belongs to another user");
	else
		conn_fault(p->conn, FAULT_FENCED,
		    "there has been a newer connection of this producer");
}

static void
on_claimed(const struct producer_claim *c, void *v)
{
	struct producer *p = v;
	const bool resumes = p->in.epoch != INT64_MAX;
	struct welcome w = {
		.epoch = c->granted,
		.number = (int64_t)c->number,
	};

	if (c->result != CLAIM_GRANTED) {
		turn_away(p, c->result);
		return;
	}
	p->in.epoch = c->granted;
	p->in.admitted = p->in.sealed = p->in.committed = c->number;
	p->acked = c->number;
	p->welcome = true;
	ingest_resume(p->ingest, &p->in, resumes);
	conn_welcome(p->conn, &w);
	conn_resume(p->conn);
}

static void
on_opened(void *v)
{
	struct producer *p = v;

	conn_resume(p->conn);
}

static void
on_fenced(void *v)
{
	turn_away(v, CLAIM_FENCED);
}

static void
claim(struct producer *p, const struct hello *hello)
{
	struct producer_claim c = {
		.resumes = hello->resumes,
		.epoch = hello->epoch,
		.acked = (uint64_t)hello->acked,
	};

	buf_span(&p->name, hello->producer);
	if (p->name.failed)
		log_no_memory();
	p->in.name = buf_text(&p->name);
	p->in.epoch = hello->resumes ? hello->epoch : INT64_MAX;
	c.producer = p->in.name;
	c.uid = p->in.sender.uid;
	ingest_claim(p->ingest, &p->in, &c);
}

static void *
producer_open(struct conn *conn, const struct hello *hello, void *context)
{
	struct roles_context *world = context;
	struct producer *p = log_calloc(1, sizeof *p);

	p->conn = conn;
	p->ingest = world->ingest;
	p->secrets = world->secrets;
	peer_identify(conn_fd(conn), &p->in.sender);
	p->in.on_committed = on_committed;
	p->in.on_claimed = on_claimed;
	p->in.on_fenced = on_fenced;
	p->in.on_opened = on_opened;
	p->in.arg = p;
	ingest_add_producer(p->ingest, &p->in);
	if (hello->producer.p != NULL)
		claim(p, hello);
	else {
		p->welcome = true;
		conn_welcome(conn, &(struct welcome){ 0 });
	}
	return (p);
}

static void
producer_close(void *self)
{
	struct producer *p = self;

	ingest_remove_producer(p->ingest, &p->in);
	buf_free(&p->name);
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
	if (json && number == UINT64_MAX)
		(void)snprintf(sentence, sizeof sentence,
		    "number is not a whole number");
	else
		(void)snprintf(sentence, sizeof sentence,
		    "number %llu does not follow %llu",
		    (unsigned long long)number,
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
		    "LOG_JSON is not a JSON object, or has a key twice");
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
		    "EVENT is not a JSON object, or has a key twice");
		return;
	}
	if (number_follows(p, a.number, true))
		taken(p, ingest_audit(p->ingest, &p->in, &a));
	jdoc_free(doc);
}

static void
on_open(struct producer *p, struct span body)
{
	struct capture_open o;
	struct json_t *doc;

	if ((doc = capture_open_from_json(body, &o)) == NULL) {
		conn_fault(p->conn, FAULT_BAD_JSON,
		    "OPEN is not a JSON object, or has a key twice");
		return;
	}
	/* Who cannot come back by its name cannot hold anything. */
	if (p->in.name.p == NULL)
		o.refusal = REFUSAL_CAPTURE;
	if (number_follows(p, o.number, true))
		taken(p, ingest_open(p->ingest, &p->in, &o));
	jdoc_free(doc);
}

static void
on_line(struct producer *p, struct span body)
{
	struct line l;

	if (!line_decode(body, &l))
		conn_fault(p->conn, FAULT_BAD_RECORD,
		    "the parts of a LINE do not add up");
	else if (number_follows(p, l.number, false))
		taken(p, ingest_line(p->ingest, &p->in, &l));
}

static void
on_close(struct producer *p, struct span body)
{
	struct capture_close c;
	struct json_t *doc;

	if ((doc = capture_close_from_json(body, &c)) == NULL) {
		conn_fault(p->conn, FAULT_BAD_JSON,
		    "CLOSE is not a JSON object, or has a key twice");
		return;
	}
	if (number_follows(p, c.number, true))
		taken(p, ingest_close(p->ingest, &p->in, &c));
	jdoc_free(doc);
}

/* Its own number is 0: it has none. */
static void
on_mask(struct producer *p, struct span body)
{
	struct masking m;
	struct json_t *doc;
	enum refusal refusal;

	if ((doc = masking_from_json(body, &m)) == NULL) {
		conn_fault(p->conn, FAULT_BAD_JSON,
		    "MASK is not a JSON object, or has a key twice");
		return;
	}
	refusal = secrets_add(p->secrets, p->in.sender.uid, &m,
	    clock_mono_ms());
	if (refusal != REFUSAL_NONE)
		refusal_put(&p->out, 0, refusal);
	if (m.tag != 0)
		masked_put(&p->out, m.tag);
	conn_send(p->conn, &p->out);
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
	else {
		p->asked = true;
		send_ack(p);
	}
}

/* All is acknowledged and nothing more will come. */
static void
on_bye(struct producer *p, struct span body)
{
	if (body.n != 0 || p->in.committed != p->in.admitted) {
		conn_fault(p->conn, FAULT_UNEXPECTED_TYPE,
		    "BYE is empty, and comes after the last ACK");
		return;
	}
	if (p->in.name.p != NULL)
		ingest_forget(p->ingest, &p->in);
	conn_finish(p->conn);
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
	case FRAME_BYE:
		on_bye(p, f->body);
		break;
	case FRAME_OPEN:
		on_open(p, f->body);
		break;
	case FRAME_LINE:
		on_line(p, f->body);
		break;
	case FRAME_CLOSE:
		on_close(p, f->body);
		break;
	case FRAME_MASK:
		on_mask(p, f->body);
		break;
	default:
		conn_fault(p->conn, FAULT_UNEXPECTED_TYPE,
		    "a producer sends LOG, LOG_JSON, EVENT, FLUSH, BYE, OPEN, "
		    "LINE, CLOSE and MASK");
		break;
	}
}

static bool
producer_wants(void *self)
{
	struct producer *p = self;

	return (p->welcome && !ingest_is_opening(&p->in) &&
	    ingest_has_room(p->ingest, &p->in) &&
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
