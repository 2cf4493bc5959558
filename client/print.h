/*
 * Rows on stdout, in the formats of the contract.
 *
 * Layer: client.  Threads: one per printer.
 */
#ifndef CLIENT_PRINT_H
#define CLIENT_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "client/join.h"
#include "proto/buf.h"

struct audit_row;
struct log_row;
struct options;

struct printer {
	const struct options	*options;
	struct buf		 line;	/* scratch */
	struct joiner		 join;	/* lines whose end is to come */
	uint64_t		 rows;
};

void	 print_begin(struct printer *, const struct options *);
void	 print_log(struct printer *, const struct log_row *);
void	 print_audit(struct printer *, const struct audit_row *);

/* What ends the output: lines without their end, an array. */
void	 print_end(struct printer *);
void	 print_free(struct printer *);

/*
 * Let stdout have everything.  False: it takes no more; *code is what to exit
 * with.  A pipe that was closed is quiet, and no failure: what was known in
 * *code stays, -1 becomes EXIT_OK.
 */
bool	 print_flush(int *code);

/* Has the reader of stdout gone? */
bool	 print_is_unread(void);

#endif
