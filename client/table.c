#include "client/table.h"

#include <sys/ioctl.h>

#include <stdlib.h>
#include <unistd.h>

#include "client/columns.h"
#include "client/escape.h"
#include "client/print_inner.h"

#define GAP	2	/* blanks between two columns */
#define DROPPED	(-1)	/* the width of a column that is left out */

int
table_terminal(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize w;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) ==
	    0 && w.ws_col > 0)
		return (w.ws_col);
	return (columns != NULL ? atoi(columns) : 0);
}

void
table_cut(struct buf *b, struct span s, int width)
{
	if (columns_width(s) <= width) {
		buf_span(b, s);
		return;
	}
	buf_add(b, s.p, columns_fit(s, width - 1));
	buf_str(b, "…");
}

void
table_safe(struct buf *b, struct span s)
{
	const char *tab;
	size_t n;

	for (; (tab = s.n > 0 ? memchr(s.p, '\t', s.n) : NULL) != NULL;
	    s = (struct span){ tab + 1, s.n - n - 1 }) {
		n = (size_t)(tab - s.p);
		escape_put(b, (struct span){ s.p, n }, true, false);
		buf_str(b, "^I");
	}
	escape_put(b, s, true, false);
}

void
table_add(struct table *t, struct span s, const char *color)
{
	struct table_cell *grown;
	size_t at = t->text.n;

	if (t->ncells == t->cap && !t->failed) {
		t->cap = t->cap == 0 ? 64 : 2 * t->cap;
		grown = realloc(t->cells, t->cap * sizeof *grown);
		t->failed = grown == NULL;
		if (!t->failed)
			t->cells = grown;
	}
	if (t->failed)
		return;
	table_safe(&t->text, s);
	t->cells[t->ncells++] = (struct table_cell){ at, t->text.n - at,
	    color };
}

void
table_free(struct table *t)
{
	buf_free(&t->text);
	free(t->cells);
}

static struct span
cell_text(const struct table *t, size_t i)
{
	return ((struct span){ t->text.p + t->cells[i].at, t->cells[i].n });
}

/* Widths of the columns; their sum with gaps. */
static int
measure(const struct table *t, int *widths)
{
	int i, n, sum = GAP * (t->ncolumns - 1);
	size_t cell;

	for (i = 0; i < t->ncolumns; i++)
		widths[i] = 0;
	for (cell = 0; cell < t->ncells; cell++) {
		i = (int)(cell % (size_t)t->ncolumns);
		n = columns_width(cell_text(t, cell));
		if (t->most[i] > 0 && n > t->most[i])
			n = t->most[i];
		if (n > widths[i])
			widths[i] = n;
	}
	for (i = 0; i < t->ncolumns; i++)
		sum += widths[i];
	return (sum);
}

/* By how much may a column be cut? */
static int
slack(const struct table *t, const int *widths, int i)
{
	return (t->cut[i] != 0 && widths[i] > TABLE_CUT_MIN ? widths[i] -
	    TABLE_CUT_MIN : 0);
}

/* Has a column nothing below its title? */
static bool
is_bare(const struct table *t, int column)
{
	size_t i = (size_t)(column + t->ncolumns);

	for (; i < t->ncells; i += (size_t)t->ncolumns)
		if (!span_is(cell_text(t, i), "-"))
			return (false);
	return (true);
}

/* Leave columns out, bare ones first, then in their order, until the others fit
   when they are cut; the excess that there is then. */
static int
drop(const struct table *t, int *widths, int excess)
{
	int order, i, most = 0;

	for (i = 0; i < t->ncolumns; i++)
		if (t->cut[i] != TABLE_CUT_LAST)
			most += slack(t, widths, i);
	for (order = 0; order <= TABLE_COLUMNS_MAX; order++)
		for (i = 0; i < t->ncolumns; i++) {
			if (widths[i] == DROPPED || t->drop[i] == 0 ||
			    !(order == 0 ? excess > 0 && is_bare(t, i) :
			    t->drop[i] == order && excess > most))
				continue;
			most -= slack(t, widths, i);	/* not a last one */
			excess -= widths[i] + GAP;
			widths[i] = DROPPED;
		}
	return (excess);
}

/* Make columns narrower, in their order, until all fit. */
static void
narrow(const struct table *t, int *widths, int excess)
{
	int order, i, less;

	for (order = 1; order <= TABLE_COLUMNS_MAX; order++)
		for (i = 0; i < t->ncolumns && excess > 0; i++) {
			if (t->cut[i] != order)
				continue;
			less = slack(t, widths, i) < excess ?
			    slack(t, widths, i) : excess;
			widths[i] -= less;
			excess -= less;
		}
}

static bool
is_last(const struct table *t, const int *widths, int column)
{
	while (++column < t->ncolumns && widths[column] == DROPPED)
		;
	return (column == t->ncolumns);
}

static void
put_blanks(struct buf *b, int n)
{
	for (; n > 0; n--)
		buf_char(b, ' ');
}

static void
put_cell(struct buf *b, const struct table *t, size_t cell, int width,
    bool last, bool color)
{
	int i = (int)(cell % (size_t)t->ncolumns), blanks;
	struct buf text = { 0 };

	table_cut(&text, cell_text(t, cell), width);
	blanks = width - columns_width(buf_text(&text));
	if (t->right[i])
		put_blanks(b, blanks);
	if (color && t->cells[cell].color != NULL)
		buf_str(b, t->cells[cell].color);
	buf_span(b, buf_text(&text));
	if (color && t->cells[cell].color != NULL)
		buf_str(b, PLAIN);
	if (!t->right[i] && !last)
		put_blanks(b, blanks);
	buf_free(&text);
}

void
table_put(struct buf *b, const struct table *t, int indent, int width,
    bool color)
{
	int widths[TABLE_COLUMNS_MAX], sum = measure(t, widths);
	size_t cell;
	int i;

	if (width > 0 && sum + indent > width)
		narrow(t, widths, drop(t, widths, sum + indent - width));
	for (cell = 0; cell < t->ncells; cell++) {
		i = (int)(cell % (size_t)t->ncolumns);
		if (widths[i] == DROPPED)
			continue;
		put_blanks(b, i == 0 ? indent : GAP);
		put_cell(b, t, cell, widths[i], is_last(t, widths, i), color);
		if (is_last(t, widths, i))
			buf_char(b, '\n');
	}
}
