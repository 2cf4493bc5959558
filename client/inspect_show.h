/*
 * An inspection as text, as a timeline, as JSON.
 *
 * Layer: client.  Threads: pure functions, but for local time.
 */
#ifndef CLIENT_INSPECT_SHOW_H
#define CLIENT_INSPECT_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "client/inspection.h"
#include "client/options.h"

#define SHOW_TASKS_MAX	50	/* more are summarised: then so many of those */
#define SHOW_FAILED_MORE	3	/* that failed, beside the one the headline
				   names */
#define SHOW_FAILED	20	/* that failed, */
#define SHOW_RUNNING	10	/* that run, */
#define SHOW_SLOWEST	10	/* and that took longest of the others */
#define SHOW_ERRORS_LINES	5	/* last lines of what has failed */
#define SHOW_VALUE_MAX	200	/* characters of a value */

struct show {
	const struct options	*options;
	const struct inspection	*in;
	const bool		*chosen;	/* of each task; NULL: those
						   that are asked for */
	struct buf		*out;
	int			 width;	/* of the terminal; 0: any */
	int64_t			 now;
	const struct buf	*errors;	/* its last lines, as they are
						   printed */
};

void	 show_text(const struct show *);
void	 show_timeline(const struct show *);
void	 show_json(const struct show *);

/* Is the task one of those that are asked for? */
bool	 show_wants(const struct show *, const struct inspected_task *);

/* The one task that is asked for; SPAN_NONE. */
struct span	 show_asked(const struct options *);

/* Append a text of others, made safe; where it does not fit it is cut. */
void	 show_put(const struct show *, struct span, int width);

#endif
