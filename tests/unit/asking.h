/*
 * What the tests of queries share: rows of others, a question, and what the
 * pages of its answer say.
 */
#ifndef TESTS_ASKING_H
#define TESTS_ASKING_H

#include "sql/query.h"
#include "tests/unit/support.h"

#define INSERT	"INSERT INTO execution_logs(execution_id, task_id, " \
	"timestamp, level, source, message) "
#define EVENT	"INSERT INTO execution_audit_events(execution_id, " \
	"event_type, timestamp, metadata) "

/* A request from its JSON text. */
void	 put_question(struct query *, const char *question);

/* Ids of rows, "a" before those of events, and notices by name, behind "said";
   "out" is empty then. */
void	 note_frames(struct buf *out, struct buf *said);

void	 next_page(struct world *, struct query *, struct buf *said);

/* Pages until it is over or live; how many there were. */
int	 pages_of(struct world *, struct query *, struct buf *said);

#endif
