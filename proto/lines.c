#include "proto/lines.h"

#include "proto/text.h"

/* Give out the first n bytes of the held line as a first or middle part. */
static void
give_part(struct lines *l, size_t n, lines_fn *fn, void *arg)
{
	l->sent = l->sent == PARTIAL_WHOLE ? PARTIAL_FIRST : PARTIAL_MIDDLE;
	fn((struct span){ l->held.p, n }, l->sent, arg);
	memmove(l->held.p, l->held.p + n, l->held.n - n);
	l->held.n -= n;
}

/* As much as a part can have. */
static void
give_full_part(struct lines *l, lines_fn *fn, void *arg)
{
	give_part(l, text_cut(buf_text(&l->held), LINES_MAX), fn, arg);
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

/* Hold more of the line; what is more than a part can have is given out. */
static bool
hold(struct lines *l, struct span text, lines_fn *fn, void *arg)
{
	size_t n;

	for (; text.n > 0; text.p += n, text.n -= n) {
		n = LINES_HELD_MAX - l->held.n;
		if (n > text.n)
			n = text.n;
		buf_add(&l->held, text.p, n);
		if (l->held.failed)
			return (false);
		/* One more byte may be the CR that is going to be dropped. */
		if (l->held.n > LINES_MAX + 1)
			give_full_part(l, fn, arg);
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
		if (lf == NULL)
			continue;
		text = without_cr(buf_text(&l->held));
		if (text.n > LINES_MAX) {
			give_full_part(l, fn, arg);
			text = without_cr(buf_text(&l->held));
		}
		give_end(l, text, fn, arg);
	}
	return (true);
}

/* How many bytes the UTF-8 character has that begins with c. */
static size_t
character(unsigned char c)
{
	return (c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1);
}

/*
 * Bytes at the end that may mean something else when more comes: a CR, or the
 * beginning of a character.
 */
static size_t
unfinished(struct span s)
{
	size_t n;

	if (s.n > 0 && s.p[s.n - 1] == '\r')
		return (1);
	for (n = 1; n <= 3 && n <= s.n; n++)
		if (character((unsigned char)s.p[s.n - n]) > 1)
			return (character((unsigned char)s.p[s.n - n]) > n ?
			    n : 0);
	return (0);
}

/* Bytes that a flush gives out. */
static size_t
ready(const struct lines *l)
{
	struct span held = buf_text(&l->held);
	size_t rest = unfinished(held), kept = 0;

	if (l->keep != NULL && held.n > 0)
		kept = l->keep(held, l->arg);
	return (held.n - (kept > rest ? kept : rest));
}

bool
lines_flush(struct lines *l, lines_fn *fn, void *arg)
{
	if (ready(l) == 0)
		return (false);
	if (l->held.n > LINES_MAX)
		give_full_part(l, fn, arg);
	if (ready(l) > 0)
		give_part(l, ready(l), fn, arg);
	return (true);
}

bool
lines_holds(const struct lines *l)
{
	return (ready(l) > 0);
}

void
lines_finish(struct lines *l, lines_fn *fn, void *arg)
{
	if (l->held.n == 0 && l->sent == PARTIAL_WHOLE)
		return;
	if (l->held.n > LINES_MAX)
		give_full_part(l, fn, arg);
	give_end(l, buf_text(&l->held), fn, arg);
}

void
lines_free(struct lines *l)
{
	buf_free(&l->held);
	l->sent = PARTIAL_WHOLE;
}
