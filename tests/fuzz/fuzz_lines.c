/*
 * The splitter: whatever the bytes, the pieces and the flushes, lines rejoined
 * from their parts are what came in.
 *
 * The input is a script.  A byte says how many bytes come next as a piece
 * (0x3f), whether they come so often that the line gets long (0x40), and
 * whether there is a flush behind them (0x80).
 */
#include <stdlib.h>

#include "proto/lines.h"
#include "proto/text.h"

#define TIMES		1200		/* that a piece comes for a long line */
#define TOTAL_MAX	(3 * LINES_MAX)	/* bytes that are fed, about */

#define CHECK(true)	((true) ? (void)0 : abort())

struct joined {
	struct buf	text;
	size_t		cut;
	bool		open;
};

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
join(struct span text, enum partial partial, void *v)
{
	struct joined *j = v;
	size_t back, n;

	CHECK(text.n <= LINES_MAX);
	CHECK(j->open == (partial == PARTIAL_MIDDLE ||
	    partial == PARTIAL_LAST));
	CHECK(text.n > 0 || partial == PARTIAL_WHOLE ||
	    partial == PARTIAL_LAST);
	buf_span(&j->text, text);
	for (back = 1; j->open && back <= 3 && back <= j->cut; back++) {
		n = j->text.n - j->cut + back;
		CHECK(text_utf8(j->text.p + j->cut - back, n, NULL) <= back);
	}
	j->open = partial == PARTIAL_FIRST || partial == PARTIAL_MIDDLE;
	if (!j->open)
		buf_char(&j->text, '\n');
	j->cut = j->text.n;
}

static void
flush(struct lines *l, struct joined *j)
{
	bool holds = lines_holds(l);

	CHECK(lines_flush(l, join, j) == holds);
	CHECK(l->held.n <= 3 && !lines_holds(l));
}

/* What came in, without CR before LF and with an LF at the end. */
static void
compare(struct span in, struct span out)
{
	size_t i, o = 0;

	for (i = 0; i < in.n; i++) {
		if (in.p[i] == '\r' && i + 1 < in.n && in.p[i + 1] == '\n')
			continue;
		CHECK(o < out.n && out.p[o] == in.p[i]);
		o++;
	}
	if (in.n > 0 && in.p[in.n - 1] != '\n') {
		CHECK(o < out.n && out.p[o] == '\n');
		o++;
	}
	CHECK(o == out.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct lines l = { .sent = PARTIAL_WHOLE };
	struct joined j = { .open = false };
	struct buf in = { 0 };
	size_t piece, times, from;
	uint8_t how;

	while (n > 0 && in.n < TOTAL_MAX) {
		how = *p++;
		n--;
		piece = (how & 0x3f) < n ? how & 0x3f : n;
		from = in.n;
		for (times = how & 0x40 ? TIMES : 1; times > 0; times--)
			buf_add(&in, p, piece);
		p += piece;
		n -= piece;
		CHECK(!in.failed);
		if (in.n > from)
			CHECK(lines_feed(&l, in.p + from, in.n - from, join,
			    &j));
		CHECK(l.held.n < LINES_HELD_MAX);
		if (how & 0x80)
			flush(&l, &j);
	}
	lines_finish(&l, join, &j);
	CHECK(!j.open && !lines_flush(&l, join, &j));
	compare(buf_text(&in), buf_text(&j.text));
	lines_free(&l);
	buf_free(&j.text);
	buf_free(&in);
	return (0);
}
