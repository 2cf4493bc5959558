#include "daemon/batch.h"

#include <stdlib.h>

#include "daemon/limits.h"
#include "daemon/log.h"

#define FIRST_ROWS	64	/* room in the arrays to begin with */
#define BYTES_PER_PAGE	3500	/* of rows; a page has 4096 */

struct batch *
batch_new(void)
{
	return (log_calloc(1, sizeof(struct batch)));
}

void
batch_free(struct batch *b)
{
	if (b == NULL)
		return;
	batch_tidy(b);
	free(b);
}

void
batch_tidy(struct batch *b)
{
	uint64_t serial = b->serial;

	arena_free(&b->texts);
	names_free(&b->executions);
	names_free(&b->tasks);
	free(b->log);
	free(b->audit);
	free(b->mark);
	free(b->claim);
	free(b->forget);
	free(b->present);
	free(b->opening);
	free(b->stream);
	*b = (struct batch){ .serial = serial };
}

void
batch_reset(struct batch *b, uint64_t serial)
{
	arena_reset(&b->texts);
	names_reset(&b->executions);
	names_reset(&b->tasks);
	b->nlog = b->naudit = b->nmark = b->nclaim = b->nforget = 0;
	b->nopening = b->nstream = b->npresent = 0;
	b->bytes = 0;
	b->urgent = b->watched = b->ordered = b->sweep = false;
	b->serial = serial;
}

/* Room for one more of size bytes in an array of n. */
static void *
grow(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return (array);
	*cap = *cap == 0 ? FIRST_ROWS : *cap * 2;
	if ((array = reallocarray(array, *cap, size)) == NULL)
		log_no_memory();
	return (array);
}

static struct span
keep(struct batch *b, struct span s)
{
	b->bytes += s.n;
	return (arena_copy(&b->texts, s));
}

static void
begin(struct batch *b, int64_t now)
{
	if (batch_is_empty(b))
		b->begun_ms = now;
}

void
batch_add_log(struct batch *b, const struct log_row *r, int64_t now)
{
	struct log_row *row;

	begin(b, now);
	b->log = grow(b->log, b->nlog, &b->log_cap, sizeof *b->log);
	row = &b->log[b->nlog++];
	*row = *r;
	row->execution = keep(b, r->execution);
	row->task = keep(b, r->task);
	row->level = keep(b, r->level);
	row->source = keep(b, r->source);
	row->message = keep(b, r->message);
	row->metadata = keep(b, r->metadata);
	b->bytes += sizeof *row;
	(void)names_add(&b->executions, row->execution);
	if (row->task.p != NULL)
		(void)names_add(&b->tasks, row->task);
}

void
batch_add_audit(struct batch *b, const struct audit_row *r, int64_t now)
{
	struct audit_row *row;

	begin(b, now);
	b->audit = grow(b->audit, b->naudit, &b->audit_cap, sizeof *b->audit);
	row = &b->audit[b->naudit++];
	*row = *r;
	row->execution = keep(b, r->execution);
	row->type = keep(b, r->type);
	row->metadata = keep(b, r->metadata);
	b->bytes += sizeof *row;
	(void)names_add(&b->executions, row->execution);
}

size_t
batch_add_mark(struct batch *b, const struct producer_mark *m, int64_t now)
{
	struct producer_mark *mark;

	begin(b, now);
	b->mark = grow(b->mark, b->nmark, &b->mark_cap, sizeof *b->mark);
	mark = &b->mark[b->nmark];
	*mark = *m;
	mark->producer = keep(b, m->producer);
	return (b->nmark++);
}

size_t
batch_add_claim(struct batch *b, const struct producer_claim *c, int64_t now)
{
	struct producer_claim *claim;

	begin(b, now);
	b->claim = grow(b->claim, b->nclaim, &b->claim_cap, sizeof *b->claim);
	claim = &b->claim[b->nclaim];
	*claim = *c;
	claim->producer = keep(b, c->producer);
	return (b->nclaim++);
}

void
batch_add_forget(struct batch *b, struct span producer, int64_t now)
{
	begin(b, now);
	b->forget = grow(b->forget, b->nforget, &b->forget_cap,
	    sizeof *b->forget);
	b->forget[b->nforget++] = keep(b, producer);
}

void
batch_add_present(struct batch *b, struct span producer)
{
	b->present = grow(b->present, b->npresent, &b->present_cap,
	    sizeof *b->present);
	b->present[b->npresent++] = keep(b, producer);
}

size_t
batch_add_opening(struct batch *b, const struct stream_opening *o, int64_t now)
{
	struct stream_opening *opening;

	begin(b, now);
	b->opening = grow(b->opening, b->nopening, &b->opening_cap,
	    sizeof *b->opening);
	opening = &b->opening[b->nopening];
	*opening = *o;
	opening->origin.execution = keep(b, o->origin.execution);
	opening->origin.task = keep(b, o->origin.task);
	opening->origin.source = keep(b, o->origin.source);
	opening->producer = keep(b, o->producer);
	opening->refused = keep(b, o->refused);
	return (b->nopening++);
}

size_t
batch_add_stream(struct batch *b, const struct stream_mark *m, int64_t now)
{
	struct stream_mark *mark;

	begin(b, now);
	b->stream = grow(b->stream, b->nstream, &b->stream_cap,
	    sizeof *b->stream);
	mark = &b->stream[b->nstream];
	*mark = *m;
	mark->cut = keep(b, m->cut);
	b->bytes += sizeof *mark;
	return (b->nstream++);
}

bool
batch_is_empty(const struct batch *b)
{
	return (b->nlog + b->naudit + b->nmark + b->nclaim + b->nforget +
	    b->nopening + b->nstream == 0);
}

size_t
batch_rows(const struct batch *b)
{
	return (b->nlog + b->naudit);
}

/* Each execution and task has a place of its own in each index, where a page
   or two change; the rows themselves go to the end of the table. */
static size_t
dirty_pages(const struct batch *b)
{
	return (2 * b->executions.count + 2 * b->tasks.count +
	    b->bytes / BYTES_PER_PAGE);
}

bool
batch_is_full(const struct batch *b, const struct batch_limit *limit)
{
	return (b->bytes >= LIMIT_BATCH_BYTES ||
	    batch_rows(b) >= limit->rows || dirty_pages(b) >= limit->pages);
}

bool
batch_has(const struct batch *b, struct span execution)
{
	return (names_has(&b->executions, execution));
}

bool
batch_is_due(const struct batch *b, int64_t now, size_t rows_trigger,
    int64_t age_trigger)
{
	return (!batch_is_empty(b) && (b->urgent ||
	    batch_rows(b) >= rows_trigger ||
	    now - b->begun_ms >= age_trigger));
}
