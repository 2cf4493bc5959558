#include "proto/mask.h"

#include "proto/mask_inner.h"

size_t
mask_stream_held(const struct mask_stream *s)
{
	return (s->held.n);
}

void
mask_stream_free(struct mask_stream *s)
{
	mask_wipe(&s->held);
	buf_free(&s->regions);
	*s = (struct mask_stream){ 0 };
}

/* Read on behind what is known; from the tail's beginning, if the automaton is
   another one. */
static void
scan(struct mask_stream *s, struct mask *m, size_t known)
{
	struct search search = { .text = buf_text(&s->held), .at = s->at,
	    .regions = &s->regions };

	if (s->key != m->key || s->state >= m->forward.count) {
		s->key = m->key;
		s->state = 0;
		buf_reset(&s->regions);
		known = 0;
	}
	s->state = automaton_scan(&m->forward, s->state,
	    (struct span){ s->held.p + known, s->held.n - known },
	    s->at + known, region_add, &search);
}

/* Give out everything before the position, which is in no region. */
static void
give(struct mask_stream *s, size_t until, struct buf *out)
{
	struct region *list;
	size_t n, done, size = until - s->at;

	list = region_list(&s->regions, &n);
	for (done = 0; done < n && list[done].to <= until; done++)
		;
	region_replace(list, done, (struct span){ s->held.p, size }, s->at,
	    out);
	if (s->held.n > size)
		memmove(s->held.p, s->held.p + size, s->held.n - size);
	buf_cut(&s->held, s->held.n - size);
	if (done > 0) {
		memmove(list, list + done, (n - done) * sizeof *list);
		buf_cut(&s->regions, (n - done) * sizeof *list);
	}
	s->at = until;
}

void
mask_stream_feed(struct mask_stream *s, struct mask *m, struct span bytes,
    struct buf *out)
{
	size_t known = s->held.n, until, n, i;
	struct region *list;

	buf_span(&s->held, bytes);
	if (m != NULL && !mask_ready(m))
		out->failed = true;
	if (s->held.failed || s->regions.failed)
		out->failed = true;
	if (out->failed || s->held.n == 0)
		return;
	until = s->at + s->held.n;
	if (m != NULL && m->nvalues > 0) {
		scan(s, m, known);
		/* What comes may match from here on, but not before. */
		until -= automaton_tail(&m->forward, s->state, true);
	} else
		buf_reset(&s->regions);
	list = region_list(&s->regions, &n);
	for (i = 0; i < n && list[i].to <= until; i++)
		;
	if (i < n && list[i].from < until)
		until = list[i].from;
	if (s->regions.failed)
		out->failed = true;
	else
		give(s, until, out);
}

void
mask_stream_finish(struct mask_stream *s, struct mask *m, struct buf *out)
{
	mask_stream_feed(s, m, (struct span){ "", 0 }, out);
	if (!out->failed && s->held.n > 0)
		give(s, s->at + s->held.n, out);
	mask_stream_free(s);
}
