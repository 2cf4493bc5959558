/*
 * Rows as JSON: an object on a line, or the next one of an array.  It is valid,
 * whatever bytes are stored.
 *
 * Layer: client.  Threads: pure functions.
 */
#ifndef CLIENT_ROWJSON_H
#define CLIENT_ROWJSON_H

#include <stdbool.h>

#include "client/options.h"

struct audit_row;
struct buf;
struct log_row;

/* Append; "first" of an array.  The array's end is the caller's. */
void	 rowjson_log(struct buf *, const struct log_row *, enum format,
	    bool first);
void	 rowjson_audit(struct buf *, const struct audit_row *, enum format,
	    bool first);

/* The same for inspect, where what is named *_at is ISO 8601; there is one more of
   these, occurred_at, for the timestamp. */
void	 rowjson_inspected(struct buf *, const struct audit_row *, bool first);

#endif
