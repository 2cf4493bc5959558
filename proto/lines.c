#include "proto/lines.h"

#include "proto/text.h"

#define KEEP_BYTES	4096	/* of memory, when no line is held */
#define CHARACTER_MAX	4	/* bytes of one, in UTF-8 */

/* Give out the first n bytes of what is held, as a first or middle part. */
static void
give_part(struct lines *l, size_t n, lines_fn *fn, void *arg)
{
	l->sent = l->sent == PARTIAL_WHOLE ? PARTIAL_FIRST : PARTIAL_MIDDLE;
	fn((struct span){ l->held.p, n }, l->sent, arg);
	l->held.n -= n;
	memmove(l->held.p, l->held.p + n, l->held.n);
}

/* A line was long: do not keep the memory of it. */
static void
shrink(struct lines *l)
{
	struct buf rest = { 0 };

	if (l->held.cap <= KEEP_BYTES || l->held.n > KEEP_BYTES)
		return;
	buf_span(&rest, buf_text(&l->held));
	if (rest.failed)
		return;
	buf_free(&l->held);
	l->held = rest;
}

/* Give out the end of a line. */
static void
give_end(struct lines *l, struct span text, lines_fn *fn, void *arg)
{
	fn(text, l->sent == PARTIAL_WHOLE ? PARTIAL_WHOLE : PARTIAL_LAST, arg);
	l->sent = PARTIAL_WHOLE;
	buf_reset(&l->held);
	shrink(l);
}

/* Give out what is held as the end of a line; it may be just over one part. */
static void
end_held(struct lines *l, struct span text, lines_fn *fn, void *arg)
{
	if (text.n > LINES_MAX) {
		give_part(l, text_cut(text, LINES_MAX), fn, arg);
		text = buf_text(&l->held);
	}
	give_end(l, text, fn, arg);
}

static struct span
without_cr(struct span s)
{
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return (s);
}

/*
 * Hold more of a line.  Parts are given out only when what is held is over one
 * by two bytes: the byte over it may be the CR that is going to be dropped.
 */
static bool
hold(struct lines *l, struct span text, lines_fn *fn, void *arg)
{
	size_t n;

	while (text.n > 0) {
		n = LINES_HELD_MAX - l->held.n;
		if (n > text.n)
			n = text.n;
		/* At once what a part needs: to grow to it step by step leaves
		   holes of all sizes. */
		if (l->held.n + n > KEEP_BYTES)
			(void)buf_reserve(&l->held,
			    LINES_HELD_MAX - l->held.n);
		buf_add(&l->held, text.p, n);
		if (l->held.failed)
			return (false);
		text.p += n;
		text.n -= n;
		if (l->held.n == LINES_HELD_MAX)
			give_part(l, text_cut(buf_text(&l->held), LINES_MAX),
			    fn, arg);
	}
	return (true);
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
		if (!hold(l, text, fn, arg))
			return (false);
		if (lf != NULL)
			end_held(l, without_cr(buf_text(&l->held)), fn, arg);
	}
	return (true);
}

/* The bytes at the end of s that are a character's first, but not all. */
static size_t
unfinished(struct span s)
{
	size_t back, need;
	uint8_t c;

	for (back = 1; back < CHARACTER_MAX && back <= s.n; back++) {
		c = (uint8_t)s.p[s.n - back];
		if ((c & 0xc0) == 0x80)
			continue;
		need = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 :
		    c < 0xf5 ? 4 : 1;
		return (need > back ? back : 0);
	}
	return (0);
}

/* How many bytes may be given out before it is known how the line goes on. */
static size_t
settled(const struct lines *l)
{
	struct span held = buf_text(&l->held);
	struct span rest = without_cr(held);
	size_t n = rest.n < held.n ? held.n - rest.n : unfinished(held);
	size_t kept = l->keep != NULL && held.n > 0 ?
	    l->keep(held, l->arg) : 0;

	return (held.n - (kept > n ? kept : n));
}

bool
lines_flush(struct lines *l, lines_fn *fn, void *arg)
{
	size_t n = settled(l), part;

	if (n == 0)
		return (false);
	for (; n > 0; n -= part) {
		part = text_cut((struct span){ l->held.p, n }, LINES_MAX);
		give_part(l, part, fn, arg);
	}
	shrink(l);
	return (true);
}

bool
lines_holds(const struct lines *l)
{
	return (settled(l) > 0);
}

void
lines_finish(struct lines *l, lines_fn *fn, void *arg)
{
	if (l->held.n == 0 && l->sent == PARTIAL_WHOLE)
		return;
	end_held(l, buf_text(&l->held), fn, arg);
}

void
lines_free(struct lines *l)
{
	buf_free(&l->held);
	l->sent = PARTIAL_WHOLE;
}
