/*
 * Tables of text: columns as wide as what is in them, and narrower where the
 * terminal is.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_TABLE_H
#define CLIENT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/buf.h"

#define TABLE_COLUMNS_MAX	10
#define TABLE_CUT_LAST		TABLE_COLUMNS_MAX
#define TABLE_STATE_MAX		20	/* columns of a state: others write them,
					   too */
#define TABLE_TEXT_MAX		60	/* of a type, a workflow; ids are whole */
#define TABLE_CUT_MIN		8	/* columns that are cut are not cut
					   shorter */

struct table_cell {
	size_t		at;	/* in text */
	size_t		n;
	const char	*color;	/* NULL: none */
};

struct table {
	int			 ncolumns;
	bool			 right[TABLE_COLUMNS_MAX];	/* numbers */
	int			 most[TABLE_COLUMNS_MAX];	/* columns of
					   the terminal; 0: any number */
	int			 cut[TABLE_COLUMNS_MAX];	/* may be cut:
					   1 first, then 2, ...; 0: never;
					   TABLE_CUT_LAST: when others have
					   been left out */
	int			 drop[TABLE_COLUMNS_MAX];	/* likewise, left
					   out where that is not enough; if
					   there is only "-" in it, before
					   any is cut */
	struct buf		 text;
	struct table_cell	*cells;
	size_t			 ncells;
	size_t			 cap;
	bool			 failed;
};

/* Append a text of others so that it stays in its cell: as escape_put, and TAB
   is ^I, because nobody knows how wide that is. */
void	 table_safe(struct buf *, struct span);

/* Add the next cell; its text is made safe. */
void	 table_add(struct table *, struct span, const char *color);

/* Append the lines, at most so wide (0: any; wider if what must not be cut is)
   and indented so far. */
void	 table_put(struct buf *, const struct table *, int indent, int width,
	    bool color);
void	 table_free(struct table *);

/* Append at most so many columns of a text; what is cut ends in an ellipsis. */
void	 table_cut(struct buf *, struct span, int width);

/* Columns of the terminal that stdout is, or COLUMNS; 0: any number. */
int	 table_terminal(void);

#endif
