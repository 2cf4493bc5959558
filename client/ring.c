#include "client/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/frame.h"

bool
ring_init(struct ring *r, size_t size, uint64_t acked)
{
	*r = (struct ring){ .size = size, .acked = acked };
	return ((r->p = malloc(size)) != NULL);
}

void
ring_free(struct ring *r)
{
	free(r->p);
	r->p = NULL;
}

size_t
ring_room(const struct ring *r)
{
	return (r->size - (size_t)(r->head - r->tail));
}

void
ring_put(struct ring *r, const void *frame, size_t n)
{
	size_t at = (size_t)(r->head % r->size);
	size_t first = r->size - at < n ? r->size - at : n;

	assert(n <= ring_room(r));
	memcpy(r->p + at, frame, first);
	memcpy(r->p, (const char *)frame + first, n - first);
	r->head += n;
}

int
ring_unsent(const struct ring *r, struct iovec iov[2])
{
	size_t at = (size_t)(r->sent % r->size);
	size_t n = (size_t)(r->head - r->sent);
	size_t first = r->size - at < n ? r->size - at : n;

	iov[0] = (struct iovec){ r->p + at, first };
	iov[1] = (struct iovec){ r->p, n - first };
	return (n == 0 ? 0 : n > first ? 2 : 1);
}

void
ring_sent(struct ring *r, size_t n)
{
	r->sent += n;
	assert(r->sent <= r->head);
}

/* The header of the frame at the offset: its whole size and its type. */
static size_t
frame_at(const struct ring *r, uint64_t offset, uint8_t *type)
{
	unsigned char header[FRAME_HEADER];
	size_t i;

	for (i = 0; i < sizeof header; i++)
		header[i] = (unsigned char)r->p[(offset + i) % r->size];
	*type = header[4];
	return (FRAME_HEADER + be_u32(header));
}

/* Let go of what is stored, but of nothing behind the offset "end". */
static void
drop(struct ring *r, uint64_t number, uint64_t end)
{
	uint8_t type;
	size_t n;

	while (r->tail < end) {
		n = frame_at(r, r->tail, &type);
		if (r->tail + n > end)
			break;
		/* FLUSH and MASK have no number of their own; they go with
		   what is before them. */
		if (type != FRAME_FLUSH && type != FRAME_MASK) {
			if (r->acked >= number)
				break;
			r->acked++;
		}
		r->tail += n;
	}
}

void
ring_ack(struct ring *r, uint64_t number)
{
	drop(r, number, r->sent);
}

void
ring_resume(struct ring *r, uint64_t number)
{
	drop(r, number, r->head);
	r->sent = r->tail;
}
