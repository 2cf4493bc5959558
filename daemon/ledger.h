/*
 * For each producer, how far it has come: taken in, with the writer, stored.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_LEDGER_H
#define DAEMON_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proto/row.h"
#include "proto/span.h"

struct batch;
struct holder;
struct producer_claim;

/*
 * One producer; embedded in its owner.  Zero it, set the hooks, add it.  One
 * that has a name is also marked in each batch that holds something of it.
 */
struct ledger_entry {
	LIST_ENTRY(ledger_entry) entry;
	struct span	 name;		/* the owner's; p NULL: none */
	struct sender	 sender;	/* who that is */
	int64_t		 epoch;		/* until its claim is granted: the one
					   to resume, or INT64_MAX for a new
					   one, which will be the newest */
	uint64_t	 admitted;	/* highest number taken in */
	uint64_t	 sealed;	/* ... that is with the writer */
	uint64_t	 committed;	/* ... that is stored */
	size_t		 open_bytes;	/* of its records in the open batch */
	size_t		 sealed_bytes;	/* ... that are with the writer */
	uint64_t	 marked;	/* serial of the batch with its mark */
	size_t		 mark;		/* and where in it */
	uint64_t	 claimed;	/* the same for its claim; 0: none */
	size_t		 claim;
	struct holder	*holder;	/* of its captures; NULL: has none */
	/* "committed" has moved.  May remove itself, and no other, as may
	   the other two. */
	void		(*on_committed)(void *arg);
	/* The claim was judged; NULL for who has no name. */
	void		(*on_claimed)(const struct producer_claim *,
			    void *arg);
	/* Somebody else has claimed the name. */
	void		(*on_fenced)(void *arg);
	/* The captures it has opened are committed. */
	void		(*on_opened)(void *arg);
	void		*arg;
};

/* A zeroed struct is an empty one. */
struct ledger {
	LIST_HEAD(, ledger_entry) list;
	size_t			  count;
	size_t			  active;	/* have bytes pending */
};

void	 ledger_add(struct ledger *, struct ledger_entry *);
void	 ledger_remove(struct ledger *, struct ledger_entry *);

/*
 * Whoever else has the name of this one is told so, unless it is another
 * user's, or this one wants to resume an older epoch: then the claim fails.
 */
void	 ledger_fence(struct ledger *, const struct ledger_entry *claimant,
	    bool resumes);

/*
 * One more was admitted and has made the batch so many bytes larger.  Who has a
 * name is marked there.
 */
void	 ledger_admit(struct ledger *, struct ledger_entry *, struct batch *,
	    size_t bytes, int64_t now);

/* Bytes of this producer that are not committed. */
size_t	 ledger_pending(const struct ledger_entry *);

/* Give the batch's claims their answers. */
void	 ledger_answer(struct ledger *, const struct batch *);

/* Who has a name and is connected, into a batch that sweeps. */
void	 ledger_present(const struct ledger *, struct batch *);

/* What was admitted goes to the writer. */
void	 ledger_seal(struct ledger *);

/* What was sealed is stored. */
void	 ledger_commit(struct ledger *);

/* Nothing is pending: what was admitted is done with. */
void	 ledger_settle(struct ledger *);

#endif
