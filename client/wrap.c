#include "client/wrap.h"

#include <string.h>

#include "client/columns.h"
#include "proto/buf.h"

/* How many bytes of a line are so wide; colours have no width. */
static size_t
fitting(struct span line, int width)
{
	struct span rest = line, plain;
	const char *colour, *end;
	size_t n;

	for (;;) {
		colour = memchr(rest.p, '\033', rest.n);
		plain = (struct span){ rest.p, colour != NULL ?
		    (size_t)(colour - rest.p) : rest.n };
		n = columns_fit(plain, width);
		if (n < plain.n || colour == NULL)
			return ((size_t)(rest.p - line.p) + n);
		width -= columns_width(plain);
		end = memchr(colour, 'm', rest.n - plain.n);
		if (end == NULL)
			return (line.n);
		rest.n -= (size_t)(end + 1 - rest.p);
		rest.p = end + 1;
	}
}

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

/* A number stays with the next one of "12 345", and with its unit. */
static bool
is_gap(struct span line, size_t i)
{
	return (line.p[i] == ' ' && !is_digit(line.p[i - 1]));
}

/* Where to break, behind "from"; in a word that is too long for a line. */
static size_t
break_at(struct span line, size_t from, int width)
{
	size_t fits = fitting(line, width), i;

	if (fits == line.n)
		return (fits);
	for (i = fits; i > from; i--)
		if (is_gap(line, i))
			return (i);
	return (fits);
}

static void
put_line(struct buf *b, struct span line, int indent, int width)
{
	size_t from = (size_t)indent, n;
	int left = width;

	while ((n = break_at(line, from, left)) < line.n) {
		buf_add(b, line.p, n);
		buf_printf(b, "\n%*s", indent, "");
		n += line.p[n] == ' ';
		line = (struct span){ line.p + n, line.n - n };
		from = 0;
		left = width - indent;
	}
	buf_span(b, line);
	buf_char(b, '\n');
}

void
wrap_put(struct buf *b, struct span lines, int indent, int width)
{
	const char *end = lines.p + lines.n, *lf;

	if (width <= 2 * indent) {
		buf_span(b, lines);
		return;
	}
	while (lines.n > 0 && (lf = memchr(lines.p, '\n', lines.n)) != NULL) {
		put_line(b, (struct span){ lines.p, (size_t)(lf - lines.p) },
		    indent, width);
		lines = (struct span){ lf + 1, (size_t)(end - lf) - 1 };
	}
}
