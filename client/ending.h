/*
 * How a follow or a wait ends: what is said of it, and the exit code.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_ENDING_H
#define CLIENT_ENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "client/options.h"
#include "proto/request.h"
#include "proto/span.h"

/* Has the execution ended, be its output complete or not? */
bool	 ending_is_end(const struct end *);

/*
 * The exit code: that of the execution's result, if it counts, before that of
 * an output that is not complete.
 */
int	 ending_code(const struct end *, bool result_counts);

/* Say how it has ended; with_rows: and whether these rows are all. */
void	 ending_say(const struct end *, uint64_t rows, bool with_rows);

/* Say that there was no row, or no event. */
void	 ending_say_nothing(const struct options *, struct span execution,
	    bool audit);

/* Say that there is no such execution, and what a word with @ can be; the exit
   code. */
int	 ending_not_found(const struct options *, struct span execution);

/* Say which executions the prefix may stand for; the exit code. */
int	 ending_ambiguous(struct span prefix, const struct end *);

#endif
