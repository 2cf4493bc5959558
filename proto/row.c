#include "proto/row.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/text.h"

#define ROW_FIXED	20	/* bytes before the lengths */
#define ROW_HAS_TASK	0x01
#define ROW_HAS_METADATA 0x02
#define ROW_HAS_SENDER	0x01
#define ROW_CUT		0x04
#define SENDER_FIXED	20	/* bytes of a sender, behind the lengths */

static struct span
limited(struct span s, size_t max, bool *cut)
{
	if (s.n > max) {
		s.n = text_cut(s, max);
		*cut = true;
	}
	return (s);
}

static void
sender_put(struct buf *b, const struct sender *s)
{
	buf_u64(b, (uint64_t)s->received);
	buf_u32(b, s->uid);
	buf_u32(b, s->gid);
	buf_u32(b, s->pid);
}

static struct sender
sender_of(const char *p, struct span metadata)
{
	return ((struct sender){
		.known = true,
		.received = (int64_t)be_u64(p),
		.uid = be_u32(p + 8),
		.gid = be_u32(p + 12),
		.pid = be_u32(p + 16),
		.metadata = metadata.n > 0 ? metadata : SPAN_NONE,
	});
}

/* sender may be NULL. */
static void
row_put(struct buf *b, enum frame_type type, int64_t id, int64_t timestamp,
    uint8_t flags, const struct span *text, size_t n,
    const struct sender *sender)
{
	size_t i, mark;

	mark = frame_begin(b, type);
	buf_u64(b, (uint64_t)id);
	buf_u64(b, (uint64_t)timestamp);
	buf_u8(b, flags);
	buf_add(b, "\0\0\0", 3);
	for (i = 0; i < n; i++)
		buf_u32(b, (uint32_t)text[i].n);
	if (sender != NULL)
		sender_put(b, sender);
	for (i = 0; i < n; i++)
		buf_span(b, text[i]);
	(void)frame_end(b, mark);
}

void
log_row_put(struct buf *b, const struct log_row *r)
{
	bool cut = r->cut;
	struct span text[6] = {
		limited(r->execution, ROW_NAME_MAX, &cut),
		limited(r->task, ROW_NAME_MAX, &cut),
		limited(r->level, ROW_NAME_MAX, &cut),
		limited(r->source, ROW_NAME_MAX, &cut),
		limited(r->message, ROW_MESSAGE_MAX, &cut),
		r->metadata,
	};

	/* Half a JSON object is none. */
	if (text[5].n > ROW_METADATA_MAX) {
		text[5] = SPAN_NONE;
		cut = true;
	}
	row_put(b, FRAME_LOG_ROW, r->id, r->timestamp,
	    (uint8_t)((text[1].p != NULL ? ROW_HAS_TASK : 0) |
	    (text[5].p != NULL ? ROW_HAS_METADATA : 0) | (cut ? ROW_CUT : 0)),
	    text, 6, NULL);
}

void
audit_row_put(struct buf *b, const struct audit_row *r)
{
	bool cut = r->cut, sent = r->sender.known;
	struct span text[4] = {
		limited(r->execution, ROW_NAME_MAX, &cut),
		limited(r->type, ROW_NAME_MAX, &cut),
		r->metadata,
		r->sender.metadata,
	};
	size_t i;

	for (i = 2; i < 4; i++)
		if (text[i].n > ROW_METADATA_MAX) {
			text[i] = span_of("{}");
			cut = true;
		}
	row_put(b, FRAME_AUDIT_ROW, r->id, r->timestamp,
	    (uint8_t)((sent ? ROW_HAS_SENDER : 0) | (cut ? ROW_CUT : 0)),
	    text, sent ? 4 : 3, sent ? &r->sender : NULL);
}

/* Split the texts of a row, which begin so many bytes behind their lengths;
   false if they do not add up. */
static bool
row_decode(struct span body, struct span *text, size_t n, size_t gap)
{
	const char *p = body.p + ROW_FIXED + 4 * n + gap;
	size_t i, left;

	if (body.n < ROW_FIXED + 4 * n + gap)
		return (false);
	left = body.n - ROW_FIXED - 4 * n - gap;
	for (i = 0; i < n; i++) {
		text[i] = (struct span){ p,
		    be_u32(body.p + ROW_FIXED + 4 * i) };
		if (text[i].n > left)
			return (false);
		left -= text[i].n;
		p += text[i].n;
	}
	return (left == 0);
}

bool
log_row_decode(struct span body, struct log_row *r)
{
	struct span text[6];
	uint8_t flags;

	if (!row_decode(body, text, 6, 0))
		return (false);
	flags = (uint8_t)body.p[16];
	*r = (struct log_row){
		.id = (int64_t)be_u64(body.p),
		.timestamp = (int64_t)be_u64(body.p + 8),
		.execution = text[0],
		.task = (flags & ROW_HAS_TASK) != 0 ? text[1] : SPAN_NONE,
		.level = text[2],
		.source = text[3],
		.message = text[4],
		.metadata = (flags & ROW_HAS_METADATA) != 0 ?
		    text[5] : SPAN_NONE,
		.cut = (flags & ROW_CUT) != 0,
	};
	return (true);
}

bool
audit_row_decode(struct span body, struct audit_row *r)
{
	struct span text[4];
	bool sent;

	if (body.n < ROW_FIXED)
		return (false);
	sent = ((uint8_t)body.p[16] & ROW_HAS_SENDER) != 0;
	if (!row_decode(body, text, sent ? 4 : 3, sent ? SENDER_FIXED : 0))
		return (false);
	*r = (struct audit_row){
		.id = (int64_t)be_u64(body.p),
		.timestamp = (int64_t)be_u64(body.p + 8),
		.execution = text[0],
		.type = text[1],
		.metadata = text[2],
		.sender = sent ? sender_of(body.p + ROW_FIXED + 4 * 4,
		    text[3]) : (struct sender){ 0 },
		.cut = ((uint8_t)body.p[16] & ROW_CUT) != 0,
	};
	return (true);
}
