/*
 * Rows on stdout, in the formats of the contract.
 *
 * Layer: client.  Threads: one per printer.
 */
#ifndef CLIENT_PRINT_H
#define CLIENT_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"

struct audit_row;
struct log_row;
struct options;

struct printer {
	const struct options	*options;
	struct buf		 line;	/* scratch */
	struct buf		 open;	/* whose line is not ended yet; empty:
					   nobody's */
	uint64_t		 rows;
};

void	 print_begin(struct printer *, const struct options *);
void	 print_log(struct printer *, const struct log_row *);
void	 print_audit(struct printer *, const struct audit_row *);

/* What ends the output: an open line, an array. */
void	 print_end(struct printer *);
void	 print_free(struct printer *);

/*
 * Let stdout have everything.  False: it takes no more; *code is what to exit
 * with.  A pipe that was closed is quiet, and no failure.
 */
bool	 print_flush(int *code);

#endif
