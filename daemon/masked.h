/*
 * Facts of an execution without the values registered for masking: what the
 * engine writes into the file itself has not passed admission.
 *
 * Layer: daemon.  Threads: the loop's.
 */
#ifndef DAEMON_MASKED_H
#define DAEMON_MASKED_H

struct buf;
struct mask;

/* Mask FACT and AUDIT_ROW frames, in place; the others stay. */
void	 masked_frames(struct mask *, struct buf *frames);

#endif
