#include "client/producer.h"

#include "client/escape.h"
#include "client/times.h"
#include "proto/audit.h"
#include "proto/fault.h"
#include "proto/json.h"
#include "proto/record.h"

#define PUSH_BYTES	(64 * 1024)	/* send when so much is queued */

bool
producer_open(struct producer *p, const char *path)
{
	*p = (struct producer){ 0 };
	return (link_open(&p->link, path, ROLE_PRODUCE));
}

void
producer_close(struct producer *p)
{
	link_close(&p->link);
	buf_free(&p->frame);
}

uint64_t
producer_unacked(const struct producer *p)
{
	return (p->number - p->acked);
}

static void
on_refused(struct producer *p, struct span body)
{
	struct complaint c;
	struct json_t *doc;

	if (++p->refused > PRODUCER_COMPLAINTS ||
	    (doc = complaint_decode(body, &c)) == NULL)
		return;
	complain("record %lld was refused: %.*s (%.*s)", (long long)c.number,
	    (int)c.message.n, c.message.p, (int)c.code.n, c.code.p);
	jdoc_free(doc);
}

/* Read answers; waits for at most timeout ms for the first. */
static enum link_result
read_answers(struct producer *p, int timeout)
{
	enum link_result result;
	struct frame f;

	while ((result = link_next(&p->link, &f, timeout)) == LINK_OK) {
		if (f.type == FRAME_ACK && f.body.n == sizeof p->acked)
			p->acked = be_u64(f.body.p);
		else if (f.type == FRAME_REFUSED)
			on_refused(p, f.body);
		timeout = 0;
	}
	return (result == LINK_NOTHING ? LINK_OK : result);
}

enum link_result
producer_push(struct producer *p)
{
	if (link_push(&p->link) == LINK_LOST)
		return (LINK_LOST);
	return (read_answers(p, 0));
}

/* Wait until this number is acknowledged or the time has passed. */
static enum link_result
await(struct producer *p, uint64_t number, int timeout)
{
	int64_t until = times_monotonic_ms() + timeout, left;
	enum link_result result;

	while (p->acked < number) {
		left = timeout < 0 ? -1 : until - times_monotonic_ms();
		if (timeout >= 0 && left <= 0)
			return (LINK_NOTHING);
		if (link_push(&p->link) == LINK_LOST)
			return (LINK_LOST);
		result = read_answers(p, (int)left);
		if (result != LINK_OK)
			return (result);
	}
	return (LINK_OK);
}

/* Ask the daemon to commit now, because somebody is about to wait. */
static void
put_flush(struct producer *p, uint64_t number)
{
	size_t mark = frame_begin(&p->link.out, FRAME_FLUSH);

	buf_u64(&p->link.out, number);
	(void)frame_end(&p->link.out, mark);
}

/*
 * Queue p->frame.  The window is two halves: when the newer one is full, the
 * older one must be acknowledged.
 */
static enum link_result
submit(struct producer *p)
{
	enum link_result result;
	uint64_t older;

	p->number++;
	p->since += p->frame.n;
	buf_span(&p->link.out, buf_text(&p->frame));
	buf_reset(&p->frame);
	if (p->since >= PRODUCER_WINDOW / 2) {
		older = p->mark;
		p->mark = p->number;
		p->since = 0;
		put_flush(p, p->number);
		if ((result = await(p, older, -1)) != LINK_OK)
			return (result);
	}
	if (link_unsent(&p->link) < PUSH_BYTES)
		return (LINK_OK);
	/* What the socket does not take now, it takes when answers come. */
	while (link_unsent(&p->link) >= PUSH_BYTES) {
		if ((result = producer_push(p)) != LINK_OK)
			return (result);
		if (link_unsent(&p->link) >= PUSH_BYTES &&
		    ((result = link_wait(&p->link, -1)) == LINK_LOST ||
		    result == LINK_INTERRUPTED))
			return (result);
	}
	return (LINK_OK);
}

enum link_result
producer_log(struct producer *p, struct record *r)
{
	r->number = p->number + 1;
	if (!record_put(&p->frame, r)) {
		/* Only a programmer can make one that does not fit. */
		p->refused++;
		complain("a record does not fit into a frame");
		return (LINK_OK);
	}
	return (submit(p));
}

enum link_result
producer_event(struct producer *p, struct audit *a)
{
	a->number = p->number + 1;
	if (!audit_put(&p->frame, a)) {
		p->refused++;
		complain("the event is over 64 KiB");
		return (LINK_OK);
	}
	return (submit(p));
}

enum link_result
producer_flush(struct producer *p, int timeout)
{
	if (p->link.fd == -1)
		return (LINK_LOST);
	if (p->acked == p->number)
		return (LINK_OK);
	put_flush(p, p->number);
	return (await(p, p->number, timeout));
}
