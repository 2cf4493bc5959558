/*
 * The values to be masked, by execution: shared by all connections, kept in
 * memory only, and forgotten some time after nobody can need them any more.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O; time comes in, but for the
 * timer that sees to forgetting.
 */
#ifndef DAEMON_SECRETS_H
#define DAEMON_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/span.h"

struct event_base;
struct mask;
struct masking;
struct secrets;

struct secrets_hooks {
	/* Are there streams of this execution that may still say something? */
	bool	(*in_use)(struct span execution, void *arg);
	/* An execution has values for the first time. */
	void	(*on_first)(void *arg);
	void	*arg;
};

/* base NULL: the caller calls secrets_expire.  Hooks may be NULL. */
struct secrets	*secrets_new(struct event_base *, const struct secrets_hooks *);

/* Wiped. */
void		 secrets_free(struct secrets *);

/*
 * Add values of a user.  REFUSAL_NONE, or REFUSAL_MASK when some of them are not
 * taken: the others are.  An execution is counted as the user's who came first.
 */
enum refusal	 secrets_add(struct secrets *, uint32_t uid,
		    const struct masking *, int64_t now);

/* What masks this execution; NULL: it has no values.  Valid until the loop
   turns. */
struct mask	*secrets_find(struct secrets *, struct span execution,
		    int64_t now);

/*
 * The execution's terminal event is committed, or something else that may have
 * been the last: LIMIT_SECRETS_MS after this, and after its last stream was in
 * use, its values are forgotten.
 */
void		 secrets_ended(struct secrets *, struct span execution,
		    int64_t now);

/* Forget what is due; the timer does it once a minute. */
void		 secrets_expire(struct secrets *, int64_t now);

/* Executions that have values. */
size_t		 secrets_count(const struct secrets *);

#endif
