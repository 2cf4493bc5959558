#include "daemon/masked.h"

#include "daemon/log.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/mask.h"
#include "proto/row.h"

static void
put_fact(struct mask *m, struct buf *out, const struct frame *f)
{
	size_t mark = frame_begin(out, FRAME_FACT);

	if (!mask_apply_json(m, f->body, out))
		buf_span(out, f->body);
	(void)frame_end(out, mark);
}

/* What to show of it: of others it may be any text. */
static struct span
masked(struct mask *m, struct span metadata, struct buf *text)
{
	if (metadata.p == NULL || (!mask_apply_json(m, metadata, text) &&
	    !mask_apply(m, metadata, text)))
		return (metadata);
	if (text->failed)
		log_no_memory();
	return (buf_text(text));
}

static void
put_event(struct mask *m, struct buf *out, const struct frame *f)
{
	struct buf text = { 0 }, said = { 0 };
	struct audit_row r;

	if (!audit_row_decode(f->body, &r))
		return;
	r.metadata = masked(m, r.metadata, &text);
	r.sender.metadata = masked(m, r.sender.metadata, &said);
	audit_row_put(out, &r);
	buf_free(&text);
	buf_free(&said);
}

void
masked_frames(struct mask *m, struct buf *frames)
{
	struct buf out = { 0 };
	struct frame f;
	size_t at = 0;

	while (at < frames->n && frame_decode(frames->p + at, frames->n - at,
	    &f) == FRAME_OK) {
		if (f.type == FRAME_FACT)
			put_fact(m, &out, &f);
		else if (f.type == FRAME_AUDIT_ROW)
			put_event(m, &out, &f);
		else
			buf_add(&out, frames->p + at, f.size);
		at += f.size;
	}
	if (out.failed)
		log_no_memory();
	buf_free(frames);
	*frames = out;
}
