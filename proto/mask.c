#include "proto/mask.h"

#include <stdlib.h>

#include "proto/mask_inner.h"

struct mask *
mask_new(void)
{
	return (calloc(1, sizeof(struct mask)));
}

static void
free_text(struct span s)
{
	char *p = (char *)(uintptr_t)s.p;

	if (p != NULL)
		explicit_bzero(p, s.n);
	free(p);
}

void
mask_free(struct mask *m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->nvalues; i++)
		free_text(m->value[i]);
	free(m->value);
	automaton_free(&m->forward);
	automaton_free(&m->backward);
	free(m);
}

void
mask_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_free(b);
}

size_t
mask_forms(const struct mask *m)
{
	return (m->forms);
}

static bool
has_value(const struct mask *m, struct span value)
{
	size_t i;

	for (i = 0; i < m->nvalues; i++)
		if (span_eq(m->value[i], value))
			return (true);
	return (false);
}

enum mask_result
mask_add(struct mask *m, struct span value)
{
	struct forms forms = { 0 };
	struct span *grown;
	char *copy;

	if (value.n < MASK_VALUE_MIN)
		return (MASK_SHORT);
	if (value.n > MASK_VALUE_MAX)
		return (MASK_LONG);
	if (has_value(m, value))
		return (MASK_OK);
	forms_add(&forms, value);
	if (m->nvalues == MASK_VALUES_MAX ||
	    m->bytes + value.n > MASK_BYTES_MAX ||
	    m->forms + forms.bytes > MASK_FORMS_MAX)
		return (MASK_FULL);
	grown = reallocarray(m->value, m->nvalues + 1, sizeof *grown);
	if (grown == NULL)
		return (MASK_NO_MEMORY);
	m->value = grown;
	if ((copy = malloc(value.n)) == NULL)
		return (MASK_NO_MEMORY);
	memcpy(copy, value.p, value.n);
	m->value[m->nvalues++] = (struct span){ copy, value.n };
	m->bytes += value.n;
	m->forms += forms.bytes;
	m->nforms += forms.count;
	m->has_forward = m->has_backward = false;
	return (MASK_OK);
}

/* ------------------------------------------------------------- building */

static int
compare(const void *a, const void *b)
{
	return (span_compare(*(const struct span *)a,
	    *(const struct span *)b));
}

static void
free_forms(struct forms *f)
{
	if (f->p != NULL)
		explicit_bzero(f->p, f->bytes);
	free(f->p);
	free(f->form);
}

static void
turn_round(struct forms *f)
{
	size_t i, k, n;
	char *p, c;

	for (i = 0; i < f->count; i++) {
		p = f->p + (f->form[i].p - f->p);
		n = f->form[i].n;
		for (k = 0; k < n / 2; k++) {
			c = p[k];
			p[k] = p[n - 1 - k];
			p[n - 1 - k] = c;
		}
	}
}

/* All forms of all values, sorted, each once; with MASK_TEXT among them. */
static bool
collect(const struct mask *m, struct forms *f, bool back)
{
	size_t i, n;

	/* A form that is dropped is written before it is. */
	f->p = malloc(strlen(MASK_TEXT) + m->forms + 6 * MASK_VALUE_MAX);
	f->form = calloc(1 + m->nforms, sizeof *f->form);
	if (f->p == NULL || f->form == NULL)
		return (false);
	memcpy(f->p, MASK_TEXT, strlen(MASK_TEXT));
	f->form[0] = (struct span){ f->p, strlen(MASK_TEXT) };
	f->count = 1;
	f->bytes = f->form[0].n;
	for (i = 0; i < m->nvalues; i++)
		forms_add(f, m->value[i]);
	if (back)
		turn_round(f);
	qsort(f->form, f->count, sizeof *f->form, compare);
	for (i = n = 1; i < f->count; i++)
		if (!span_eq(f->form[i], f->form[n - 1]))
			f->form[n++] = f->form[i];
	f->count = n;
	return (true);
}

/* MASK_TEXT, turned round. */
#define MASK_TEXT_BACK	"***TERCES***"

static bool
build(struct mask *m, struct automaton *a, bool back)
{
	struct forms f = { 0 };
	bool ok = collect(m, &f, back);

	automaton_free(a);
	if (ok)
		ok = automaton_build(a, f.form, f.count,
		    span_of(back ? MASK_TEXT_BACK : MASK_TEXT));
	free_forms(&f);
	return (ok);
}

static bool
ready(struct mask *m)
{
	if (!m->has_forward && m->nvalues > 0)
		m->has_forward = build(m, &m->forward, false);
	return (m->has_forward || m->nvalues == 0);
}

static bool
back_ready(struct mask *m)
{
	if (!m->has_backward && m->nvalues > 0)
		m->has_backward = build(m, &m->backward, true);
	return (m->has_backward || m->nvalues == 0);
}

/* -------------------------------------------------------------- regions */

/* Bytes [from, to) in which matches overlap. */
struct region {
	size_t	from;
	size_t	to;
	bool	secret;		/* something other than MASK_TEXT matches */
};

/* A text that is looked through, and what was found in it so far. */
struct search {
	struct span	 text;
	struct buf	*regions;	/* in order, apart from each other */
};

static struct region *
region_list(const struct buf *regions, size_t *n)
{
	*n = regions->n / sizeof(struct region);
	return ((struct region *)(void *)regions->p);
}

/* An automaton_fn.  Matches come in the order of their ends. */
static void
region_add(size_t from, size_t to, void *v)
{
	const struct search *s = v;
	struct region r = { .from = from, .to = to }, *list;
	size_t n;

	r.secret = !span_is((struct span){ s->text.p + from, to - from }, MASK_TEXT);
	list = region_list(s->regions, &n);
	while (n > 0 && list[n - 1].to > r.from) {
		n--;
		if (list[n].from < r.from)
			r.from = list[n].from;
		if (list[n].to > r.to)
			r.to = list[n].to;
		r.secret = r.secret || list[n].secret;
	}
	buf_cut(s->regions, n * sizeof r);
	buf_add(s->regions, &r, sizeof r);
}

/* Does the text change when the region is replaced? */
static bool
region_changes(const struct region *r, struct span text)
{
	return (r->secret && !span_is((struct span){ text.p + r->from,
	    r->to - r->from }, MASK_TEXT));
}

/* Append the text, replacing what is secret in n regions of it. */
static void
region_replace(const struct region *r, size_t n, struct span text,
    const char *instead, struct buf *out)
{
	size_t i, done = 0;

	for (i = 0; i < n; i++) {
		if (!r[i].secret)
			continue;
		buf_add(out, text.p + done, r[i].from - done);
		buf_str(out, instead);
		done = r[i].to;
	}
	buf_add(out, text.p + done, text.n - done);
}

/* ------------------------------------------------------------- applying */

/* The beginning of the text that is the end of a form. */
static void
add_head(struct mask *m, struct search *s)
{
	size_t n = s->text.n;

	if (!back_ready(m)) {
		s->regions->failed = true;
		return;
	}
	if (n > m->backward.longest)
		n = m->backward.longest;
	n = automaton_tail(&m->backward, automaton_scan_back(&m->backward,
	    (struct span){ s->text.p, n }), false);
	if (n >= MASK_PART_MIN)
		region_add(0, n, s);
}

/* Is the text, between two parts, a piece of a form?  Where it would take long to
   know, it is. */
static bool
is_inside(struct mask *m, struct span text)
{
	struct forms f = { 0 };
	bool is = m->forms > MASK_INSIDE_MAX || !collect(m, &f, false);
	size_t i;

	/* The first may be the decoy: it is no secret. */
	for (i = 0; i < f.count && !is; i++)
		is = !span_is(f.form[i], MASK_TEXT) && memmem(f.form[i].p,
		    f.form[i].n, text.p, text.n) != NULL;
	free_forms(&f);
	return (is);
}

static bool
apply(struct mask *m, struct span text, enum partial partial,
    const char *instead, struct buf *out)
{
	struct buf regions = { 0 };
	struct search s = { .text = text, .regions = &regions };
	struct region *list;
	bool changes = false;
	uint32_t state;
	size_t n, i;

	if (!ready(m)) {
		out->failed = true;
		return (true);
	}
	/* First, as it may reach over others: they come in order of ends. */
	if (partial == PARTIAL_MIDDLE || partial == PARTIAL_LAST)
		add_head(m, &s);
	state = automaton_scan(&m->forward, 0, text, 0, region_add, &s);
	n = automaton_tail(&m->forward, state, false);
	if ((partial == PARTIAL_FIRST || partial == PARTIAL_MIDDLE) &&
	    n >= MASK_PART_MIN)
		region_add(text.n - n, text.n, &s);
	if (partial == PARTIAL_MIDDLE && text.n >= MASK_PART_MIN &&
	    text.n < m->forward.longest && is_inside(m, text))
		region_add(0, text.n, &s);
	list = region_list(&regions, &n);
	for (i = 0; i < n && !changes; i++)
		changes = region_changes(&list[i], text);
	if (regions.failed)
		out->failed = changes = true;
	else if (changes)
		region_replace(list, n, text, instead, out);
	buf_free(&regions);
	return (changes);
}

bool
mask_apply_part(struct mask *m, struct span text, enum partial partial,
    struct buf *out)
{
	return (apply(m, text, partial, MASK_TEXT, out));
}

bool
mask_apply_shorter(struct mask *m, struct span text, enum partial partial,
    struct buf *out)
{
	return (apply(m, text, partial, MASK_SHORTER, out));
}

bool
mask_apply(struct mask *m, struct span text, struct buf *out)
{
	return (mask_apply_part(m, text, PARTIAL_WHOLE, out));
}

static void
pass_over(size_t from, size_t to, void *v)
{
	(void)from;
	(void)to;
	(void)v;
}

size_t
mask_tail(struct mask *m, struct span text)
{
	if (!ready(m))
		return (text.n);
	if (text.n > m->forward.longest) {
		text.p += text.n - m->forward.longest;
		text.n = m->forward.longest;
	}
	return (automaton_tail(&m->forward, automaton_scan(&m->forward, 0,
	    text, 0, pass_over, NULL), true));
}
