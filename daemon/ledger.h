/*
 * For each producer, how far it has come: taken in, with the writer, stored.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_LEDGER_H
#define DAEMON_LEDGER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* One producer; embedded in its owner.  Zero it, set the hook, add it. */
struct ledger_entry {
	LIST_ENTRY(ledger_entry) entry;
	uint64_t	 admitted;	/* highest number taken in */
	uint64_t	 sealed;	/* ... that is with the writer */
	uint64_t	 committed;	/* ... that is stored */
	/* "committed" has moved.  May remove itself, and no other. */
	void		(*on_committed)(void *arg);
	void		*arg;
};

/* A zeroed struct is an empty one. */
struct ledger {
	LIST_HEAD(, ledger_entry) list;
	size_t			  count;
};

void	 ledger_add(struct ledger *, struct ledger_entry *);
void	 ledger_remove(struct ledger *, struct ledger_entry *);

/* What was admitted goes to the writer. */
void	 ledger_seal(struct ledger *);

/* What was sealed is stored. */
void	 ledger_commit(struct ledger *);

/* Nothing is pending: what was admitted is done with. */
void	 ledger_settle(struct ledger *);

#endif
