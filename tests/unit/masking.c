#include "tests/unit/masking.h"

struct mask *
mask_of(const char *const *values)
{
	struct mask *m = mask_new();

	assert_non_null(m);
	for (; *values != NULL; values++)
		assert_int_equal(mask_add(m, span_of(*values)), MASK_OK);
	return (m);
}

void
apply(struct mask *m, struct span text, enum partial partial, struct buf *out)
{
	buf_reset(out);
	if (!mask_apply_part(m, text, partial, out)) {
		assert_int_equal(out->n, 0);
		buf_span(out, text);
	}
	assert_false(out->failed);
}

void
assert_part(struct mask *m, const char *text, enum partial partial,
    const char *want)
{
	struct buf b = { 0 };

	apply(m, span_of(text), partial, &b);
	assert_text(buf_text(&b), want);
	buf_free(&b);
}

void
assert_masked(struct mask *m, const char *text, const char *want)
{
	assert_part(m, text, PARTIAL_WHOLE, want);
}

/* ------------------------------------------------------------- generator */

unsigned long seed;

size_t
below(size_t n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return ((seed >> 33) % n);
}

size_t
random_text(char *p, size_t max)
{
	static const char letter[] = "aab*\\/\"S +\n\xc3";
	size_t n = below(max + 1), i;

	for (i = 0; i < n; i++)
		p[i] = letter[below(sizeof letter - 1)];
	return (n);
}

struct known known;

void
know(void)
{
	char value[20];
	struct span v;
	size_t i, n = 1 + below(4);

	known.mask = mask_new();
	known.forms = (struct forms){ .p = known.text, .form = known.form };
	for (i = 0; i < n; i++) {
		v = (struct span){ value, random_text(value, sizeof value) };
		if (mask_add(known.mask, v) == MASK_OK)
			forms_add(&known.forms, v);
	}
}

/* Text with whole and half forms in it. */
size_t
known_text(char *p, size_t max)
{
	struct span f;
	size_t n = random_text(p, max / 4), from, k;

	while (known.forms.count > 0 && below(4) > 0) {
		f = below(4) == 0 ? span_of(MASK_TEXT) :
		    known.form[below(known.forms.count)];
		from = below(3) == 0 ? below(f.n) : 0;
		k = below(3) == 0 ? below(f.n - from) : f.n - from;
		if (n + k + 5 > max)
			break;
		memcpy(p + n, f.p + from, k);
		n += k;
		n += random_text(p + n, 4);
	}
	return (n);
}
