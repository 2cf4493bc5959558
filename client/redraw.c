#include "client/redraw.h"

#include <sys/ioctl.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/columns.h"
#include "client/table.h"
#include "proto/buf.h"
#include "proto/text.h"

#define HOME		"\033[H"
#define CLEAR		"\033[2J"
#define CLEAR_LINE	"\033[K"
#define CLEAR_REST	"\033[J"
#define ROWS_DEFAULT	24	/* where the terminal does not say */
#define COLUMNS_DEFAULT	80
#define TAB_STOP	8
#define HINT_BYTES	200

void
redraw_measure(struct redraw *r)
{
	struct winsize w = { 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	r->rows = w.ws_row > 0 ? w.ws_row : ROWS_DEFAULT;
	r->columns = table_terminal();
	if (r->columns <= 0)
		r->columns = COLUMNS_DEFAULT;
}

/* What stands at s.p: its bytes; how wide it is behind so many columns. */
static size_t
unit(struct span s, int column, int *width)
{
	size_t n = 2;
	uint32_t c;

	*width = 0;
	if (s.n > 1 && s.p[0] == '\033' && s.p[1] == '[') {
		while (n < s.n && (s.p[n] < '@' || s.p[n] > '~'))
			n++;
		return (n < s.n ? n + 1 : n);
	}
	n = text_utf8(s.p, s.n, &c);
	*width = n == 0 ? 1 : c == '\t' ? TAB_STOP - column % TAB_STOP :
	    columns_of(c);
	return (n > 0 ? n : 1);
}

/* A row that is full has nothing behind it: to clear there would take its last
   character. */
static void
end_row(struct buf *b, bool full)
{
	buf_str(b, full ? "\n" : CLEAR_LINE "\n");
}

/* Append the first rows of a line, wrapped by us; how many rows it has. */
static int
put_line(struct buf *b, struct span s, int columns, int most)
{
	int rows = 0, column = 0, width;
	size_t n;

	for (; s.n > 0; s = (struct span){ s.p + n, s.n - n }) {
		n = unit(s, column, &width);
		if (width > 0 && column > 0 && column + width > columns) {
			if (rows < most)
				end_row(b, column == columns);
			rows++;
			column = 0;
		}
		/* Colours end also where nobody sees them. */
		if (*s.p == '\t' && rows < most)
			buf_printf(b, "%*s", width, "");
		else if (rows < most || *s.p == '\033')
			buf_add(b, s.p, n);
		column += width;
	}
	if (rows < most)
		end_row(b, column >= columns);
	return (rows + 1);
}

static struct span
next_line(struct span *s)
{
	const char *lf = memchr(s->p, '\n', s->n);
	struct span line = { s->p, lf != NULL ? (size_t)(lf - s->p) : s->n };
	size_t n = line.n + (lf != NULL);

	*s = (struct span){ s->p + n, s->n - n };
	return (line);
}

static bool
fits(struct span text, int rows, int columns)
{
	struct buf nowhere = { 0 };

	while (text.n > 0 && rows >= 0)
		rows -= put_line(&nowhere, next_line(&text), columns, 0);
	buf_free(&nowhere);
	return (rows >= 0);
}

void
redraw_put(struct buf *b, const struct redraw *r, struct span text)
{
	int left = r->rows - 1, rows;
	char hint[HINT_BYTES];
	size_t hidden = 0;

	left -= !fits(text, left, r->columns);
	buf_str(b, r->first ? HOME CLEAR : HOME);
	while (text.n > 0) {
		rows = put_line(b, next_line(&text), r->columns, left);
		hidden += rows > left;
		left = rows > left ? 0 : left - rows;
	}
	if (hidden > 0) {
		(void)snprintf(hint, sizeof hint, "-- %zu more line%s: %s --",
		    hidden, hidden == 1 ? "" : "s", r->elsewhere);
		table_cut(b, span_of(hint), r->columns);
		end_row(b, columns_width(span_of(hint)) >= r->columns);
	}
	buf_str(b, CLEAR_REST);
}
