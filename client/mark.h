/*
 * How far a reader has come: the cursor behind what was printed, and the file
 * that keeps it (--cursor-file).
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_MARK_H
#define CLIENT_MARK_H

#include <stdbool.h>

#include "proto/cursor.h"
#include "proto/request.h"

struct log_row;

struct mark {
	struct cursor	at;
	bool		known;		/* at is set */
	int		fd;		/* of the file; -1: none */
	const char	*path;		/* its name */
	bool		made;		/* there was none */
	bool		is_given;	/* one to begin at: */
	char		given[CURSOR_TEXT + 2];
	const char	*place;		/* where that was given */
	char		kept[CURSOR_TEXT];	/* what is in the file */
};

/*
 * Note the cursor in "after", or in the file at path; each may be NULL.  A
 * file that is not there, or empty, is no cursor.  False: a line of complaint
 * was printed.
 */
bool	 mark_open(struct mark *, const char *after, const char *path);

/* A file that was made and has got no cursor is removed. */
void	 mark_close(struct mark *);

/* Begin at the cursor that was given, if one was; false: it is none of this
   execution's. */
bool	 mark_take(struct mark *, struct span execution);

/* Something came. */
void	 mark_notice(struct mark *, const struct notice *);
void	 mark_row(struct mark *, const struct log_row *);

/* All that was asked for has come. */
void	 mark_done(struct mark *);

/* What was printed has left us: note it in the file.  False: it cannot be. */
bool	 mark_keep(struct mark *, struct span execution);

#endif
