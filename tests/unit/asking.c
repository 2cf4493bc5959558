#include "tests/unit/asking.h"

#include "proto/frame.h"

void
note_frames(struct buf *out, struct buf *said)
{
	struct audit_row event;
	struct log_row row;
	struct frame f;
	struct notice notice;
	size_t at = 0;

	for (; at < out->n; at += f.size) {
		assert_int_equal(frame_decode(out->p + at, out->n - at, &f),
		    FRAME_OK);
		if (f.type == FRAME_LOG_ROW) {
			assert_true(log_row_decode(f.body, &row));
			buf_printf(said, "%lld ", (long long)row.id);
		} else if (f.type == FRAME_AUDIT_ROW) {
			assert_true(audit_row_decode(f.body, &event));
			buf_printf(said, "a%lld ", (long long)event.id);
		} else {
			assert_int_equal(f.type, FRAME_NOTICE);
			assert_true(notice_decode(f.body, &notice));
			if (notice.kind == NOTICE_LIVE)
				buf_str(said, "live ");
			if (notice.kind == NOTICE_WAITING)
				buf_str(said, "waiting ");
			notice_free(&notice);
		}
	}
	buf_reset(out);
}

void
put_question(struct query *q, const char *question)
{
	const char *sentence;
	struct request r;

	assert_int_equal(request_decode(span_of(question), &r, &sentence),
	    FAULT_NONE);
	query_init(q, &r);
}

void
next_page(struct world *w, struct query *q, struct buf *said)
{
	query_page(q, w->pages);
	assert_int_equal(q->error.result, SQL_DONE);
	note_frames(&q->out, said);
}

int
pages_of(struct world *w, struct query *q, struct buf *said)
{
	int n = 0;

	while (q->phase < QUERY_LIVE) {
		next_page(w, q, said);
		n++;
	}
	return (n);
}
