#include "proto/automaton.h"

#include <stdlib.h>

#define ROOT		0
#define FORKS		(1u << 8)	/* link is a fork's index */
#define DECOY		(1u << 9)	/* a beginning of the decoy only */
#define LINK_SHIFT	10

/*
 * label, the flags above and link: the node to go on from when no child fits,
 * or the fork that says it.  The first child is the next node, if that is one
 * deeper.
 */
struct automaton_node {
	uint32_t	bits;
	uint16_t	depth;
	uint16_t	longest;	/* pattern that ends here; 0: none */
};

struct automaton_fork {
	uint32_t	link;
	uint32_t	first;		/* of its children in byte, child */
	uint32_t	n;
};

static uint8_t
label_of(const struct automaton_node *n)
{
	return ((uint8_t)n->bits);
}

static uint32_t
link_of(const struct automaton *a, uint32_t i)
{
	uint32_t bits = a->node[i].bits, link = bits >> LINK_SHIFT;

	return ((bits & FORKS) != 0 ? a->fork[link].link : link);
}

static bool
has_first_child(const struct automaton_node *n)
{
	return (n[1].depth == n->depth + 1);
}

/* The child of a node that is not the root; 0: there is none. */
static uint32_t
child_of(const struct automaton *a, uint32_t i, uint8_t c)
{
	const struct automaton_node *n = &a->node[i];
	const struct automaton_fork *f;
	const uint8_t *p;
	uint32_t k;

	if (label_of(&n[1]) == c && has_first_child(n))
		return (i + 1);
	if ((n->bits & FORKS) == 0)
		return (0);
	f = &a->fork[n->bits >> LINK_SHIFT];
	p = a->byte + f->first;
	for (k = 0; k < f->n; k++)
		if (p[k] == c)
			return (a->child[f->first + k]);
	return (0);
}

static uint32_t
step(const struct automaton *a, uint32_t state, uint8_t c)
{
	uint32_t next;

	while (state != ROOT) {
		if ((next = child_of(a, state, c)) != 0)
			return (next);
		state = link_of(a, state);
	}
	return (a->root[c]);
}

/* ------------------------------------------------------------- building */

/* Patterns [lo, hi) agree in "depth" bytes and need a node at that depth. */
struct pending {
	uint32_t	 lo;
	uint32_t	 hi;
	uint32_t	 depth;
	uint32_t	*slot;		/* where its index goes */
};

struct build {
	struct automaton	*a;
	const struct span	*pattern;
	struct span		 decoy;
	struct pending		*todo;
	size_t			 ntodo;
	uint32_t		*order;		/* nodes by depth */
};

/* Behind the patterns from lo on that have the same byte at this depth. */
static uint32_t
group_end(const struct build *b, uint32_t lo, uint32_t hi, uint32_t depth)
{
	char c = b->pattern[lo].p[depth];

	while (lo < hi && b->pattern[lo].p[depth] == c)
		lo++;
	return (lo);
}

static void
postpone(struct build *b, uint32_t lo, uint32_t hi, uint32_t depth,
    uint32_t *slot)
{
	b->todo[b->ntodo++] = (struct pending){ lo, hi, depth, slot };
}

/* The node has more children than the first: those of the patterns from lo. */
static void
add_fork(struct build *b, uint32_t node, uint32_t lo, uint32_t hi,
    uint32_t depth)
{
	struct automaton *a = b->a;
	struct automaton_fork *f = &a->fork[a->nforks];
	uint32_t end;

	a->node[node].bits |= FORKS | (uint32_t)a->nforks++ << LINK_SHIFT;
	*f = (struct automaton_fork){ .first = (uint32_t)a->nchildren };
	for (; lo < hi; lo = end) {
		end = group_end(b, lo, hi, depth);
		a->byte[a->nchildren] = (uint8_t)b->pattern[lo].p[depth];
		postpone(b, lo, end, depth + 1, &a->child[a->nchildren++]);
		f->n++;
	}
}

/*
 * A chain of first children.  What branches off is postponed, the deepest to
 * be the next: so the node behind a leaf is never deeper than that.
 */
static void
add_chain(struct build *b, struct pending p)
{
	struct automaton *a = b->a;
	struct automaton_node *n;
	uint32_t end;

	*p.slot = (uint32_t)a->count;
	for (;; p.hi = end, p.depth++) {
		n = &a->node[a->count++];
		*n = (struct automaton_node){ .depth = (uint16_t)p.depth,
		    .bits = (uint8_t)b->pattern[p.lo].p[p.depth - 1] };
		if (p.hi - p.lo == 1 && span_eq(b->pattern[p.lo], b->decoy))
			n->bits |= DECOY;
		if (b->pattern[p.lo].n == p.depth) {
			n->longest = n->depth;
			p.lo++;
		}
		if (p.lo == p.hi)
			return;
		end = group_end(b, p.lo, p.hi, p.depth);
		if (end < p.hi)
			add_fork(b, (uint32_t)a->count - 1, end, p.hi,
			    p.depth);
	}
}

static void
add_nodes(struct build *b, size_t n)
{
	uint32_t lo, end;

	b->a->count = 1;
	for (lo = 0; lo < n; lo = end) {
		end = group_end(b, lo, (uint32_t)n, 0);
		postpone(b, lo, end, 1,
		    &b->a->root[(uint8_t)b->pattern[lo].p[0]]);
		while (b->ntodo > 0)
			add_chain(b, b->todo[--b->ntodo]);
	}
}

/* By counting. */
static bool
sort_by_depth(struct build *b)
{
	const struct automaton *a = b->a;
	uint32_t *start = calloc(a->longest + 2, sizeof *start);
	size_t i;

	b->order = calloc(a->count, sizeof *b->order);
	if (start == NULL || b->order == NULL) {
		free(start);
		return (false);
	}
	for (i = 0; i < a->count; i++)
		start[a->node[i].depth + 1]++;
	for (i = 1; i <= a->longest; i++)
		start[i] += start[i - 1];
	for (i = 0; i < a->count; i++)
		b->order[start[a->node[i].depth]++] = (uint32_t)i;
	free(start);
	return (true);
}

/* Where to go on when no child of this child fits. */
static void
link_child(struct automaton *a, uint32_t parent, uint32_t child)
{
	struct automaton_node *n = &a->node[child];
	uint32_t link = parent == ROOT ? ROOT :
	    step(a, link_of(a, parent), label_of(n));

	if ((n->bits & FORKS) != 0)
		a->fork[n->bits >> LINK_SHIFT].link = link;
	else
		n->bits |= link << LINK_SHIFT;
	if (n->longest == 0)
		n->longest = a->node[link].longest;
}

/* The link of a node needs those of all that are less deep. */
static void
link_nodes(struct build *b)
{
	struct automaton *a = b->a;
	const struct automaton_node *n;
	const struct automaton_fork *f;
	uint32_t i, k;
	size_t at;

	for (i = 0; i < 256; i++)
		if (a->root[i] != 0)
			link_child(a, ROOT, a->root[i]);
	for (at = 1; at < a->count; at++) {
		i = b->order[at];
		n = &a->node[i];
		if (has_first_child(n))
			link_child(a, i, i + 1);
		if ((n->bits & FORKS) == 0)
			continue;
		f = &a->fork[n->bits >> LINK_SHIFT];
		for (k = 0; k < f->n; k++)
			link_child(a, i, a->child[f->first + k]);
	}
}

/* Nodes, the root included: what a pattern shares with the one before it is
   there already. */
static size_t
count_nodes(const struct span *p, size_t n)
{
	size_t i, k, count = 1;

	for (i = 0; i < n; i++) {
		for (k = 0; i > 0 && k < p[i].n && k < p[i - 1].n &&
		    p[i].p[k] == p[i - 1].p[k]; k++)
			;
		count += p[i].n - k;
	}
	return (count);
}

bool
automaton_build(struct automaton *a, const struct span *patterns, size_t n,
    struct span decoy)
{
	struct build b = { .a = a, .pattern = patterns, .decoy = decoy };
	size_t i;
	bool ok;

	*a = (struct automaton){ 0 };
	/* One more, so that there is a node behind each. */
	a->node = calloc(count_nodes(patterns, n) + 1, sizeof *a->node);
	a->fork = calloc(n + 1, sizeof *a->fork);
	a->byte = calloc(n + 1, sizeof *a->byte);
	a->child = calloc(n + 1, sizeof *a->child);
	b.todo = calloc(n + 1, sizeof *b.todo);
	for (i = 0; i < n; i++)
		if (patterns[i].n > a->longest)
			a->longest = patterns[i].n;
	ok = a->node != NULL && a->fork != NULL && a->byte != NULL &&
	    a->child != NULL && b.todo != NULL;
	if (ok) {
		add_nodes(&b, n);
		ok = sort_by_depth(&b);
	}
	if (ok)
		link_nodes(&b);
	free(b.todo);
	free(b.order);
	if (!ok)
		automaton_free(a);
	return (ok);
}

void
automaton_free(struct automaton *a)
{
	if (a->node != NULL)
		explicit_bzero(a->node, a->count * sizeof *a->node);
	if (a->byte != NULL)
		explicit_bzero(a->byte, a->nchildren);
	free(a->node);
	free(a->fork);
	free(a->byte);
	free(a->child);
	explicit_bzero(a, sizeof *a);
}

/* ------------------------------------------------------------ searching */

uint32_t
automaton_scan(const struct automaton *a, uint32_t state, struct span text,
    size_t at, automaton_fn *fn, void *arg)
{
	size_t i, longest;

	if (a->node == NULL)
		return (ROOT);
	for (i = 0; i < text.n; i++) {
		state = step(a, state, (uint8_t)text.p[i]);
		if ((longest = a->node[state].longest) > 0)
			fn(at + i + 1 - longest, at + i + 1, arg);
	}
	return (state);
}

uint32_t
automaton_scan_back(const struct automaton *a, struct span text)
{
	uint32_t state = ROOT;
	size_t i;

	if (a->node == NULL)
		return (ROOT);
	for (i = text.n; i > 0; i--)
		state = step(a, state, (uint8_t)text.p[i - 1]);
	return (state);
}

/* Does anything go on from here, of a pattern that is wanted? */
static bool
goes_on(const struct automaton *a, uint32_t state, bool decoy)
{
	const struct automaton_node *n = &a->node[state];

	return ((has_first_child(n) || (n->bits & FORKS) != 0) &&
	    (decoy || (n->bits & DECOY) == 0));
}

size_t
automaton_tail(const struct automaton *a, uint32_t state, bool decoy)
{
	while (state != ROOT && !goes_on(a, state, decoy))
		state = link_of(a, state);
	return (state == ROOT ? 0 : a->node[state].depth);
}

size_t
automaton_size(const struct automaton *a)
{
	return (a->count * sizeof *a->node + a->nforks * sizeof *a->fork +
	    a->nchildren * (sizeof *a->byte + sizeof *a->child));
}
