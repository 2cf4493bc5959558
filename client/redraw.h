/*
 * A screen that is drawn again in place, for --watch.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_REDRAW_H
#define CLIENT_REDRAW_H

#include <stdbool.h>

#include "proto/span.h"

struct buf;

struct redraw {
	int		 rows;		/* of the terminal */
	int		 columns;
	bool		 first;		/* nothing of ours is there yet */
	const char	*elsewhere;	/* how to see what does not fit */
};

/* How large is the terminal that stdout is? */
void	 redraw_measure(struct redraw *);

/*
 * Append what draws these lines over those of before, in one piece so that it
 * does not flicker.  Escape sequences in them are colours.  Lines that are too
 * long are wrapped; how many do not fit is said in the last row but one, and the
 * cursor stays in the last.
 */
void	 redraw_put(struct buf *, const struct redraw *, struct span text);

#endif
