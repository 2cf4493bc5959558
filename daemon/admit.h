/*
 * Admission: from what a producer sent to the rows of a batch, or to the row
 * that says why not.  Decides the time of receipt.
 *
 * Nothing that is secret gets past here: messages and metadata are masked
 * before they are in a batch.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_ADMIT_H
#define DAEMON_ADMIT_H

#include <stdint.h>

#include "proto/fault.h"
#include "proto/span.h"
#include "proto/text.h"

struct admit;
struct audit;
struct batch;
struct origin;
struct record;
struct secrets;
struct sender;

/* secrets, the caller's, may be NULL: nothing is masked. */
struct admit	*admit_new(struct secrets *);
void		 admit_free(struct admit *);

/*
 * Add the rows of a record or event to the batch.  wall and mono are the two
 * clocks in ms.  On a refusal a WARN row is added instead, if the execution id
 * is usable; it is counted.
 */
enum refusal	 admit_log(struct admit *, struct batch *,
		    const struct record *, int64_t wall, int64_t mono);
enum refusal	 admit_audit(struct admit *, struct batch *,
		    const struct audit *, const struct sender *,
		    int64_t wall, int64_t mono);

/* Count a refusal, and add the WARN row that says so in its place, if the
   execution id of the origin is usable. */
void		 admit_refused_row(struct admit *, struct batch *,
		    const struct origin *, enum refusal, int64_t wall,
		    int64_t mono);

/*
 * Add a row of the daemon's own, in the execution and task of the origin.
 * metadata is the text of an object.
 */
void		 admit_own(struct admit *, struct batch *,
		    const struct origin *, enum level, struct span message,
		    struct span metadata, int64_t wall, int64_t mono);

/* The text without secrets of the execution; valid until the next call. */
struct span	 admit_masked(struct admit *, struct span execution,
		    struct span text, int64_t mono);

/* The batch is committed: executions whose end was in it have ended. */
void		 admit_committed(struct admit *, const struct batch *,
		    int64_t mono);

/* How many were refused. */
uint64_t	 admit_refused(const struct admit *);

#endif
