/*
 * How far something long has come, on one line of a terminal.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_TEXT	160	/* bytes that hold the line */

struct progress {
	bool	shown;		/* stderr is a terminal */
	bool	drawn;		/* there is a line */
	int64_t	begun_ms;	/* monotonic */
};

void	 progress_begin(struct progress *, int64_t now_ms);

/* The line: bar and share where the whole is known, count, rate, time left. */
void	 progress_format(char out[PROGRESS_TEXT], const char *unit,
	    int64_t done, int64_t whole, int64_t ms);

void	 progress_draw(struct progress *, const char *unit, int64_t done,
	    int64_t whole, int64_t now_ms);

/* Take the line away. */
void	 progress_end(struct progress *);

#endif
