/*
 * Whole lines on a terminal, again and again.
 */
#include <sys/ioctl.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/screen.h"
#include "client/table.h"
#include "client/wrap.h"
#include "proto/buf.h"

#define ROWS_DEFAULT	24	/* of a terminal that does not say */

static void
put_cut(struct buf *out, struct span line, int width)
{
	if (width <= 0 || wrap_fitting(line, width) == line.n)
		buf_span(out, line);
	else {
		buf_add(out, line.p, wrap_fitting(line, width - 1));
		buf_str(out, memchr(line.p, '\033', line.n) != NULL ?
		    "\033[0m…" : "…");
	}
	buf_str(out, "\033[K\n");
}

static size_t
count_lines(const struct buf *b)
{
	size_t i, lines = 0;

	for (i = 0; i < b->n; i++)
		lines += b->p[i] == '\n';
	return (lines);
}

static size_t
terminal_rows(void)
{
	struct winsize w;

	return (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 3 ?
	    w.ws_row : ROWS_DEFAULT);
}

void
screen_redraw(const struct buf *b, bool first)
{
	size_t rows = terminal_rows() - 1, lines = count_lines(b), i;
	size_t shown = lines > rows ? rows - 1 : lines, at = 0, n;
	int width = table_terminal();
	struct buf out = { 0 };

	buf_str(&out, first ? "\033[H\033[2J" : "\033[H");
	for (i = 0; i < shown; i++, at += n + 1) {
		n = (size_t)((const char *)memchr(b->p + at, '\n', b->n - at) -
		    (b->p + at));
		put_cut(&out, (struct span){ b->p + at, n }, width);
	}
	if (shown < lines)
		buf_printf(&out, "-- %zu more lines --\033[K\n",
		    lines - shown);
	buf_str(&out, "\033[J");
	if (!out.failed)
		(void)fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
}
