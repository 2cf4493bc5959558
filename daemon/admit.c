#include "daemon/admit.h"

#include <stdlib.h>

#include "daemon/batch.h"
#include "daemon/log.h"
#include "daemon/secrets.h"
#include "proto/audit.h"
#include "proto/buf.h"
#include "proto/capture.h"
#include "proto/json.h"
#include "proto/mask.h"
#include "proto/record.h"
#include "proto/row.h"
#include "proto/stored.h"

#define STEP_MS	60000	/* a clock that goes back further is followed */

struct admit {
	int64_t		received;	/* the newest time of receipt, ms */
	uint64_t	refused;
	struct secrets	*secrets;	/* NULL: none */
	struct buf	text;		/* scratch */
	struct buf	metadata;
	struct buf	stripped;
	struct buf	masked_text;
	struct buf	masked_metadata;
};

struct admit *
admit_new(struct secrets *secrets)
{
	struct admit *a = log_calloc(1, sizeof *a);

	a->secrets = secrets;
	return (a);
}

void
admit_free(struct admit *a)
{
	if (a == NULL)
		return;
	buf_free(&a->text);
	buf_free(&a->metadata);
	buf_free(&a->stripped);
	buf_free(&a->masked_text);
	buf_free(&a->masked_metadata);
	free(a);
}

uint64_t
admit_refused(const struct admit *a)
{
	return (a->refused);
}

/* The time of receipt does not run back, unless the clock was really set. */
static int64_t
receipt(struct admit *a, int64_t wall)
{
	if (wall < a->received && a->received - wall < STEP_MS)
		return (a->received);
	if (wall < a->received)
		log_line(LOG_NOTICE, "the clock was set back by %lld s",
		    (long long)(a->received - wall) / 1000);
	a->received = wall;
	return (wall);
}

static void
check_memory(const struct admit *a)
{
	if (a->text.failed || a->metadata.failed || a->stripped.failed ||
	    a->masked_text.failed || a->masked_metadata.failed)
		log_no_memory();
}

/* -------------------------------------------------------------- secrets */

static struct mask *
mask_for(struct admit *a, struct span execution, int64_t mono)
{
	return (a->secrets != NULL ?
	    secrets_find(a->secrets, execution, mono) : NULL);
}

static struct span
mask_text(struct admit *a, struct mask *m, struct span text,
    enum partial partial)
{
	buf_reset(&a->masked_text);
	if (m != NULL && mask_apply_part(m, text, partial, &a->masked_text))
		text = buf_text(&a->masked_text);
	check_memory(a);
	return (text);
}

/* What is no object is refused where that is found out. */
static struct span
mask_metadata(struct admit *a, struct mask *m, struct span metadata)
{
	buf_reset(&a->masked_metadata);
	if (m != NULL && metadata.p != NULL &&
	    mask_apply_json(m, metadata, &a->masked_metadata))
		metadata = buf_text(&a->masked_metadata);
	check_memory(a);
	return (metadata);
}

/* What is cut out goes first: the ends that then meet may be a secret. */
static void
mask_record(struct admit *a, struct mask *m, struct record *r)
{
	buf_reset(&a->stripped);
	if (stored_strip(r, &a->stripped))
		r->metadata = buf_text(&a->stripped);
	r->metadata = mask_metadata(a, m, r->metadata);
	r->message = mask_text(a, m, r->message, r->torn ?
	    partial_torn((enum partial)r->partial) : (enum partial)r->partial);
}

struct span
admit_masked(struct admit *a, struct span execution, struct span text,
    int64_t mono)
{
	if (text.p == NULL)
		return (text);
	return (mask_text(a, mask_for(a, execution, mono), text,
	    PARTIAL_WHOLE));
}

void
admit_committed(struct admit *a, const struct batch *b, int64_t mono)
{
	enum audit_type type;
	size_t i;

	if (a->secrets == NULL || secrets_count(a->secrets) == 0)
		return;
	for (i = 0; i < b->naudit; i++)
		if (audit_type_parse(b->audit[i].type, &type) &&
		    audit_is_terminal(type))
			secrets_ended(a->secrets, b->audit[i].execution, mono);
}

/* ----------------------------------------------------------------- rows */

static void
add_row(struct admit *a, struct batch *b, const struct record *r,
    struct span message, int64_t wall, int64_t mono)
{
	const struct log_row row = {
		.timestamp = r->has_timestamp ? r->timestamp : wall,
		.execution = r->execution,
		.task = r->task,
		.level = span_of(level_name((enum level)r->level)),
		.source = r->source,
		.message = message,
		.metadata = a->metadata.n > 0 ?
		    buf_text(&a->metadata) : SPAN_NONE,
	};

	check_memory(a);
	batch_add_log(b, &row, mono);
}

/* The row that stands where a refused record would have been. */
static void
add_refused(struct admit *a, struct batch *b, const struct origin *o,
    enum refusal refusal, int64_t wall, int64_t mono)
{
	struct record r = {
		.execution = o->execution,
		.task = o->task.p != NULL && text_is_id(o->task) ? o->task :
		    SPAN_NONE,
		.source = span_of(RECORD_SOURCE_OWN),
		.level = LEVEL_WARN,
	};

	a->refused++;
	if (!text_is_id(o->execution))
		return;
	buf_reset(&a->metadata);
	buf_char(&a->metadata, '{');
	jput_text(&a->metadata, "event", span_of("refused"));
	jput_text(&a->metadata, "code", span_of(refusal_code(refusal)));
	buf_char(&a->metadata, '}');
	buf_reset(&a->text);
	buf_str(&a->text, "a record was refused: ");
	buf_str(&a->text, refusal_sentence(refusal));
	add_row(a, b, &r, buf_text(&a->text), wall, mono);
}

void
admit_refused_row(struct admit *a, struct batch *b, const struct origin *o,
    enum refusal refusal, int64_t wall, int64_t mono)
{
	add_refused(a, b, o, refusal, receipt(a, wall), mono);
}

void
admit_own(struct admit *a, struct batch *b, const struct origin *o,
    enum level level, struct span message, struct span metadata, int64_t wall,
    int64_t mono)
{
	struct record r = {
		.execution = o->execution,
		.task = o->task,
		.source = span_of(RECORD_SOURCE_OWN),
		.level = (uint8_t)level,
	};

	buf_reset(&a->metadata);
	buf_span(&a->metadata, metadata);
	add_row(a, b, &r, message, receipt(a, wall), mono);
}

enum refusal
admit_log(struct admit *a, struct batch *b, const struct record *given,
    int64_t wall, int64_t mono)
{
	struct record record = *given, *r = &record;
	struct stored stored;
	enum refusal refusal = record_check(r);
	struct mask *m;

	wall = receipt(a, wall);
	if (refusal == REFUSAL_NONE &&
	    (m = mask_for(a, r->execution, mono)) != NULL)
		mask_record(a, m, r);
	if (refusal == REFUSAL_NONE &&
	    !stored_begin(&stored, r, &a->text, &a->metadata))
		refusal = REFUSAL_METADATA;
	if (refusal != REFUSAL_NONE) {
		add_refused(a, b, &(struct origin){ .execution = r->execution,
		    .task = r->task }, refusal, wall, mono);
		return (refusal);
	}
	while (stored_next(&stored, r))
		add_row(a, b, r, stored.message, wall, mono);
	return (REFUSAL_NONE);
}

enum refusal
admit_audit(struct admit *a, struct batch *b, const struct audit *e,
    const struct sender *sender, int64_t wall, int64_t mono)
{
	enum refusal refusal = audit_check(e);
	struct audit_row row;
	struct span metadata;

	wall = receipt(a, wall);
	if (refusal != REFUSAL_NONE) {
		add_refused(a, b, &(struct origin){
		    .execution = e->execution }, refusal, wall, mono);
		return (refusal);
	}
	metadata = mask_metadata(a, mask_for(a, e->execution, mono),
	    e->metadata);
	row = (struct audit_row){
		.timestamp = e->has_timestamp ? e->timestamp : wall,
		.execution = e->execution,
		.type = span_of(audit_type_name(e->type)),
		.metadata = metadata.p != NULL ? metadata : span_of("{}"),
		.sender = *sender,
	};
	row.sender.received = wall;
	batch_add_audit(b, &row, mono);
	return (REFUSAL_NONE);
}
