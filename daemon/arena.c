#include "daemon/arena.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

#define CHUNK_BYTES	(256 * 1024)

struct arena_chunk {
	struct arena_chunk	*next;	/* filled before this one */
	size_t			 used;
	size_t			 size;
	char			 bytes[];
};

static struct arena_chunk *
chunk_new(size_t size, struct arena_chunk *next)
{
	struct arena_chunk *c = malloc(sizeof *c + size);

	if (c == NULL)
		log_no_memory();
	c->next = next;
	c->used = 0;
	c->size = size;
	return (c);
}

struct span
arena_copy(struct arena *a, struct span s)
{
	char *p;

	if (s.p == NULL)
		return (s);
	if (a->chunk == NULL || a->chunk->size - a->chunk->used < s.n)
		a->chunk = chunk_new(s.n > CHUNK_BYTES ? s.n : CHUNK_BYTES,
		    a->chunk);
	p = a->chunk->bytes + a->chunk->used;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	a->chunk->used += s.n;
	return ((struct span){ p, s.n });
}

static void
free_all(struct arena_chunk *c)
{
	struct arena_chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
}

void
arena_reset(struct arena *a)
{
	if (a->chunk == NULL)
		return;
	free_all(a->chunk->next);
	a->chunk->next = NULL;
	a->chunk->used = 0;
}

void
arena_free(struct arena *a)
{
	free_all(a->chunk);
	a->chunk = NULL;
}
