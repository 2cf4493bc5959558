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

static void
put_event(struct mask *m, struct buf *out, const struct frame *f)
{
	struct buf text = { 0 };
	struct audit_row r;

	if (!audit_row_decode(f->body, &r))
		return;
	/* Of others it may be any text. */
	if (mask_apply_json(m, r.metadata, &text) ||
	    mask_apply(m, r.metadata, &text))
		r.metadata = buf_text(&text);
	if (text.failed)
		log_no_memory();
	audit_row_put(out, &r);
	buf_free(&text);
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
