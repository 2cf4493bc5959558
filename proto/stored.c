#include "proto/stored.h"

#include "proto/buf.h"
#include "proto/json.h"
#include "proto/record.h"
#include "proto/text.h"

#define KEYS_MAX	4	/* attempt, stream, partial, raw */
#define REPLACED_MAX	3	/* bytes of U+FFFD, for one byte of text */

/* What execlog itself says about a row; it wins over the client. */
struct own {
	const char	*key[KEYS_MAX];
	size_t		 n;
};

static void
put_own(struct buf *b, struct own *own, const struct record *r,
    enum partial partial, struct span raw)
{
	if (r->has_attempt) {
		own->key[own->n++] = "attempt";
		jput_i64(b, "attempt", r->attempt);
	}
	if (r->stream != STREAM_NONE) {
		own->key[own->n++] = "stream";
		jput_text(b, "stream",
		    span_of(stream_name((enum stream)r->stream)));
	}
	if (partial != PARTIAL_WHOLE) {
		own->key[own->n++] = "partial";
		jput_text(b, "partial", span_of(partial_name(partial)));
	}
	if (raw.p != NULL) {
		own->key[own->n++] = "raw";
		jput_key(b, "raw");
		buf_char(b, '"');
		text_base64(b, raw);
		buf_char(b, '"');
	}
}

/* Append the inside of the object "client", from its first member on. */
static void
put_members(struct buf *b, struct span client)
{
	size_t open = 0, i;

	while (client.p[open] != '{')
		open++;
	for (i = open + 1; memchr(" \t\r\n", client.p[i], 4) != NULL; i++)
		;
	if (client.p[i] != '}')
		buf_char(b, ',');
	buf_add(b, client.p + i, client.n - i);
}

/* May the object have this member, perhaps with its key written in escapes? */
static bool
may_have(struct span object, const char *key)
{
	return (jtext_member(object, key).p != NULL ||
	    memchr(object.p, '\\', object.n) != NULL);
}

/*
 * The client's object with our members before its own.  Its text stays as it
 * was written, but for members of ours, which are taken out.
 */
static void
put_metadata(struct buf *b, const struct record *r, enum partial partial,
    struct span raw)
{
	struct own own = { .n = 0 };
	struct buf kept = { 0 };
	struct span client = r->metadata;
	size_t i;

	buf_reset(b);
	buf_char(b, '{');
	put_own(b, &own, r, partial, raw);
	if (client.p == NULL) {
		if (own.n > 0)
			buf_char(b, '}');
		else
			buf_reset(b);
		return;
	}
	if (own.n == 0) {
		buf_reset(b);
		buf_span(b, client);
		return;
	}
	for (i = 0; i < own.n; i++) {
		if (may_have(client, own.key[i])) {
			(void)jput_without(&kept, client, own.key, own.n);
			client = buf_text(&kept);
			break;
		}
	}
	put_members(b, client);
	buf_free(&kept);
}

bool
stored_strip(const struct record *r, struct buf *kept)
{
	struct own own = { .n = 0 };
	bool parts = r->partial != PARTIAL_WHOLE ||
	    r->message.n > STORED_RAW_MAX / 2;
	size_t i;

	if (r->metadata.p == NULL)
		return (false);
	if (r->has_attempt)
		own.key[own.n++] = "attempt";
	if (r->stream != STREAM_NONE)
		own.key[own.n++] = "stream";
	if (parts)
		own.key[own.n++] = "partial";
	if (!text_is_clean(r->message))
		own.key[own.n++] = "raw";
	for (i = 0; i < own.n; i++)
		if (may_have(r->metadata, own.key[i]))
			return (jput_without(kept, r->metadata, own.key,
			    own.n));
	return (false);
}

bool
stored_begin(struct stored *s, const struct record *r, struct buf *text,
    struct buf *metadata)
{
	*s = (struct stored){ .text = text, .metadata = metadata };
	return (r->metadata.p == NULL || jtext_is_object(r->metadata));
}

/* The part of a line that the piece [from, to) of a record is. */
static enum partial
part_of(const struct record *r, size_t from, size_t to)
{
	bool first = from == 0 && (r->partial == PARTIAL_WHOLE ||
	    r->partial == PARTIAL_FIRST);
	bool last = to == r->message.n && (r->partial == PARTIAL_WHOLE ||
	    r->partial == PARTIAL_LAST);

	if (first)
		return (last ? PARTIAL_WHOLE : PARTIAL_FIRST);
	return (last ? PARTIAL_LAST : PARTIAL_MIDDLE);
}

bool
stored_next(struct stored *s, const struct record *r)
{
	struct span raw;
	size_t max;

	if (s->next > r->message.n || (s->next == r->message.n && s->next > 0))
		return (false);
	raw = (struct span){ r->message.p + s->next, r->message.n - s->next };
	if (text_is_clean(r->message)) {
		raw.n = text_cut(raw, RECORD_MESSAGE_MAX);
		s->message = raw;
		put_metadata(s->metadata, r,
		    part_of(r, s->next, s->next + raw.n), SPAN_NONE);
		s->next += raw.n + (raw.n == 0);
		return (true);
	}
	max = STORED_RAW_MAX;
	if (max > RECORD_MESSAGE_MAX / REPLACED_MAX)
		max = RECORD_MESSAGE_MAX / REPLACED_MAX;
	raw.n = text_cut(raw, max);
	buf_reset(s->text);
	text_clean(s->text, raw);
	s->message = buf_text(s->text);
	put_metadata(s->metadata, r,
	    part_of(r, s->next, s->next + raw.n), raw);
	s->next += raw.n;
	return (true);
}
