#include "client/rowjson.h"

#include "client/facts.h"
#include "proto/buf.h"
#include "proto/json.h"
#include "proto/row.h"

/* The separator before, and the first part of, an object. */
static void
begin_object(struct buf *b, int64_t id, struct span execution,
    enum format format, bool first)
{
	if (format == FORMAT_JSON)
		buf_str(b, first ? "[" : ",\n ");
	buf_char(b, '{');
	jput_i64(b, "id", id);
	jput_text(b, "execution_id", execution);
}

/* An object as it is stored, on one line; anything else is null. */
static void
put_metadata(struct buf *b, struct span metadata)
{
	size_t i;

	jput_key(b, "metadata");
	i = b->n;
	if (metadata.p != NULL && jtext_is_object(metadata))
		buf_span(b, metadata);
	else
		buf_str(b, "null");
	if (b->failed)
		return;
	/* A line break in valid JSON stands between its parts. */
	for (; i < b->n; i++)
		if (b->p[i] == '\n' || b->p[i] == '\r')
			b->p[i] = ' ';
}

static void
end_object(struct buf *b, enum format format)
{
	buf_char(b, '}');
	if (format == FORMAT_NDJSON)
		buf_char(b, '\n');
}

void
rowjson_log(struct buf *b, const struct log_row *r, enum format format,
    bool first)
{
	begin_object(b, r->id, r->execution, format, first);
	if (r->task.p != NULL)
		jput_text(b, "task_id", r->task);
	else {
		jput_key(b, "task_id");
		buf_str(b, "null");
	}
	jput_i64(b, "timestamp", r->timestamp);
	jput_text(b, "level", r->level);
	jput_text(b, "source", r->source);
	jput_text(b, "message", r->message);
	put_metadata(b, r->metadata);
	end_object(b, format);
}

/* Who has sent an event, or null. */
static void
put_origin(struct buf *b, const struct sender *s, bool iso)
{
	jput_key(b, "origin");
	if (!s->known) {
		buf_str(b, "null");
		return;
	}
	buf_char(b, '{');
	if (iso)
		facts_put_time(b, "received_at", s->received);
	else
		jput_i64(b, "received_at", s->received);
	jput_i64(b, "uid", s->uid);
	jput_i64(b, "gid", s->gid);
	jput_i64(b, "pid", s->pid);
	if (s->metadata.p != NULL)
		put_metadata(b, s->metadata);
	buf_char(b, '}');
}

static void
put_event(struct buf *b, const struct audit_row *r, enum format format,
    bool first, bool iso)
{
	begin_object(b, r->id, r->execution, format, first);
	jput_text(b, "event_type", r->type);
	jput_i64(b, "timestamp", r->timestamp);
	if (iso)
		facts_put_time(b, "occurred_at", r->timestamp);
	put_metadata(b, r->metadata);
	put_origin(b, &r->sender, iso);
	end_object(b, format);
}

void
rowjson_audit(struct buf *b, const struct audit_row *r, enum format format,
    bool first)
{
	put_event(b, r, format, first, false);
}

void
rowjson_inspected(struct buf *b, const struct audit_row *r, bool first)
{
	put_event(b, r, FORMAT_JSON, first, true);
}
