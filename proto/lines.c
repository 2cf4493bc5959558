#include "proto/lines.h"

#include "proto/text.h"

/* Give out a first or middle part of the held line. */
static void
give_part(struct lines *l, lines_fn *fn, void *arg)
{
	struct span held = buf_text(&l->held);
	size_t n = text_cut(held, LINES_MAX);

	l->sent = l->sent == PARTIAL_WHOLE ? PARTIAL_FIRST : PARTIAL_MIDDLE;
	fn((struct span){ held.p, n }, l->sent, arg);
	memmove(l->held.p, l->held.p + n, l->held.n - n);
	l->held.n -= n;
}

/* Give out the end of a line. */
static void
give_end(struct lines *l, struct span text, lines_fn *fn, void *arg)
{
	fn(text, l->sent == PARTIAL_WHOLE ? PARTIAL_WHOLE : PARTIAL_LAST, arg);
	l->sent = PARTIAL_WHOLE;
	buf_reset(&l->held);
}

static struct span
without_cr(struct span s)
{
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return (s);
}

bool
lines_feed(struct lines *l, const char *p, size_t n, lines_fn *fn, void *arg)
{
	const char *lf, *end = p + n;
	struct span text;

	for (; p < end; p = lf != NULL ? lf + 1 : end) {
		lf = memchr(p, '\n', (size_t)(end - p));
		text.p = p;
		text.n = (size_t)((lf != NULL ? lf : end) - p);
		if (lf != NULL && l->held.n == 0 && text.n <= LINES_MAX) {
			give_end(l, without_cr(text), fn, arg);
			continue;
		}
		buf_span(&l->held, text);
		if (l->held.failed)
			return (false);
		/* One more byte may be the CR that is going to be dropped. */
		while (l->held.n > LINES_MAX + 1)
			give_part(l, fn, arg);
		if (lf == NULL)
			continue;
		text = without_cr(buf_text(&l->held));
		if (text.n > LINES_MAX) {
			give_part(l, fn, arg);
			text = without_cr(buf_text(&l->held));
		}
		give_end(l, text, fn, arg);
	}
	return (true);
}

void
lines_finish(struct lines *l, lines_fn *fn, void *arg)
{
	if (l->held.n == 0 && l->sent == PARTIAL_WHOLE)
		return;
	if (l->held.n > LINES_MAX)
		give_part(l, fn, arg);
	give_end(l, buf_text(&l->held), fn, arg);
}

void
lines_free(struct lines *l)
{
	buf_free(&l->held);
	l->sent = PARTIAL_WHOLE;
}
