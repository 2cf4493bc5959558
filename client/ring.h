/*
 * The queue of a producer: frames in the order of their numbers, from the
 * oldest that is not acknowledged to the newest, in one piece of memory.
 *
 *	tail ..... sent ..... head
 *	sent, not     to be
 *	acknowledged  sent
 *
 * One thread may add (ring_put) while another takes (all else), if the two
 * agree on "head" and "tail" with a lock; the bytes between need none.
 *
 * Layer: client.
 */
#ifndef CLIENT_RING_H
#define CLIENT_RING_H

#include <sys/types.h>
#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets count all bytes ever; the place in memory is the rest by size. */
struct ring {
	char		*p;
	size_t		 size;
	uint64_t	 tail;
	uint64_t	 sent;
	uint64_t	 head;
	uint64_t	 acked;		/* the number before the one at tail */
};

bool	 ring_init(struct ring *, size_t size, uint64_t acked);
void	 ring_free(struct ring *);

/* Bytes that can be put. */
size_t	 ring_room(const struct ring *);

/* Add a whole frame of n bytes; there is room. */
void	 ring_put(struct ring *, const void *frame, size_t n);

/* What is to be sent, in up to two pieces; returns how many. */
int	 ring_unsent(const struct ring *, struct iovec iov[2]);
void	 ring_sent(struct ring *, size_t n);

/* Everything up to this number is stored: let go of what was sent of it. */
void	 ring_ack(struct ring *, uint64_t number);

/*
 * A new connection, whose daemon has everything up to this number: send again
 * what is behind it.
 */
void	 ring_resume(struct ring *, uint64_t number);

#endif
