/*
 * Producers that vanish with open captures, and come back.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O; time comes in.
 */
#ifndef DAEMON_LOST_H
#define DAEMON_LOST_H

struct holder;
struct intake;

/* How long one that has vanished may take to come back, ms. */
#define LOST_GRACE_MS	2000

/* It did not come back in time, or said BYE: its captures are lost. */
void	 lost_holder(const struct intake *, struct holder *);

/* Its name has begun a new epoch: what the old ones left is lost for good. */
void	 lost_for_good(const struct intake *, struct holder *);

/* It has come back: what was lost is open again. */
void	 lost_found(const struct intake *, struct holder *);

#endif
