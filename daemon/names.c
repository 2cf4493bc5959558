#include "daemon/names.h"

#include <sys/random.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

#define FIRST_CAP	64

struct name {
	struct span	text;		/* p NULL: a free slot */
	uint64_t	hash;
	size_t		number;
};

/* Two halves of a product, folded: each bit depends on all. */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return ((uint64_t)product ^ (uint64_t)(product >> 64));
}

static uint64_t
hash_of(uint64_t key, struct span s)
{
	uint64_t h = key, word;

	for (; s.n >= sizeof word; s.p += sizeof word, s.n -= sizeof word) {
		memcpy(&word, s.p, sizeof word);
		h = mix(h ^ word, 0x9e3779b97f4a7c15ULL ^ key);
	}
	word = 0;
	memcpy(&word, s.p, s.n);
	return (mix(h ^ word, 0xe7037ed1a0b428dbULL ^ s.n));
}

/* The slot that has the name, or the free one where it belongs. */
static struct name *
find(const struct names *n, struct span text, uint64_t hash)
{
	size_t mask = n->cap - 1, i;
	struct name *slot;

	for (i = hash & mask;; i = (i + 1) & mask) {
		slot = &n->slots[i];
		if (slot->text.p == NULL ||
		    (slot->hash == hash && span_eq(slot->text, text)))
			return (slot);
	}
}

static void
grow(struct names *n)
{
	struct names old = *n;
	size_t i;

	/* Where things lie in memory is random, too. */
	if (n->key == 0 && getrandom(&n->key, sizeof n->key,
	    GRND_NONBLOCK) == -1)
		n->key = (uintptr_t)n;
	n->cap = n->cap == 0 ? FIRST_CAP : 2 * n->cap;
	n->slots = log_calloc(n->cap, sizeof *n->slots);
	for (i = 0; i < old.cap; i++)
		if (old.slots[i].text.p != NULL)
			*find(n, old.slots[i].text, old.slots[i].hash) =
			    old.slots[i];
	free(old.slots);
}

size_t
names_add(struct names *n, struct span text)
{
	struct name *slot;
	uint64_t hash;

	assert(text.p != NULL);
	if (2 * n->count >= n->cap)
		grow(n);
	hash = hash_of(n->key, text);
	slot = find(n, text, hash);
	if (slot->text.p == NULL)
		*slot = (struct name){ text, hash, n->count++ };
	return (slot->number);
}

bool
names_has(const struct names *n, struct span text)
{
	return (n->count > 0 &&
	    find(n, text, hash_of(n->key, text))->text.p != NULL);
}

void
names_reset(struct names *n)
{
	if (n->count > 0)
		memset(n->slots, 0, n->cap * sizeof *n->slots);
	n->count = 0;
}

void
names_free(struct names *n)
{
	free(n->slots);
	*n = (struct names){ 0 };
}
