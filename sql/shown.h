/*
 * Texts of others on their way to a reader: without the values of keys that look
 * secret, and not longer than they may be.  Whatever the engine's tables and the
 * metadata of events say goes through here; ids of executions and tasks go as
 * they are.
 *
 * Layer: sql.  Threads: pure functions.
 */
#ifndef SQL_SHOWN_H
#define SQL_SHOWN_H

#include "proto/row.h"
#include "proto/span.h"

struct buf;

/* Bytes of a message or reason.  A FACT has one of them at most, and four names of
   ROW_NAME_MAX: all escaped that is 60 KiB, and it may have 64. */
#define SHOWN_TEXT_MAX	6144

/* The text itself, or what was appended to the empty buffer instead of it. */
struct span	 shown_text(struct buf *, struct span, size_t max);

/* Append a member of JSON; nothing where there is no text. */
void	 shown_put(struct buf *, const char *key, struct span, size_t max);

/* Append an AUDIT_ROW frame. */
void	 shown_event(struct buf *, const struct audit_row *);

#endif
